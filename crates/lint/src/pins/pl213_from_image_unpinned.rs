//! # PL213 from-image-unpinned
//!
//! `COPY --from=image` takes files out of another image, and the name moves: no tag or `latest`. What
//! is copied changes without a change of the Dockerfile, and the cache may keep an old state as long as
//! it likes.
//!
//! Name the version, best with its digest: `COPY --from=ghcr.io/astral-sh/uv:0.5.9@sha256:... /uv /bin/`.

use plimsoll_dockerfile::stages;
use plimsoll_dockerfile::syntax::{Flag, Instruction};
use plimsoll_model::{Diagnostic, Reference};

use super::pl201_base_latest::is_moving;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let found = file.staged().filter_map(|(stage, statement)| {
        let Instruction::Copy { flags, .. } = &statement.instruction else { return None };
        let (flag, image) = image_copied_from(file, flags, stage)?;
        let message =
            format!("files come from {}:latest, another image every day", image.familiar_repository());
        is_moving(&image).then(|| report.info(message).at(source, flag.span, "name a version"))
    });
    found.collect()
}

/// The image that `--from` names, unless it is a stage or a named context.
pub(crate) fn image_copied_from<'f>(
    file: &File<'_>,
    flags: &'f [Flag],
    stage: usize,
) -> Option<(&'f Flag, Reference)> {
    let flag = flags.iter().find(|flag| flag.name == "from")?;
    let name = &flag.value.as_ref()?.text;
    let is_number = name.parse::<usize>().is_ok();
    // A name without registry or tag may be a context of `--build-context`.
    let is_image = name.contains(['/', ':', '.']) && !name.contains('$');
    let is_stage = stages::find_stage(file.dockerfile, name, stage).is_some();
    let reference = (is_image && !is_number && !is_stage).then(|| name.parse().ok()).flatten()?;
    Some((flag, reference))
}

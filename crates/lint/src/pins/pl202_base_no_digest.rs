//! # PL202 base-no-digest
//!
//! FROM names a tag without a digest. Tags move: `python:3.13-slim` is rebuilt with every fix of
//! Debian. With a digest two builds begin with the same bytes, and a bot can propose the next digest.
//!
//! `lint --pin` writes the digests. Off unless asked for: nearly every Dockerfile lacks them.

use plimsoll_model::Diagnostic;

use super::pl201_base_latest::is_moving;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let stages = file.dockerfile.stages.iter().enumerate();
    let found = stages.filter_map(|(index, stage)| {
        let image = file.image(index).filter(|image| image.digest.is_none() && !is_moving(image))?;
        let message = format!("the tag of {image} may move: no digest pins it");
        Some(report.info(message).at(source, stage.from.image.span, "add @sha256:..."))
    });
    found.collect()
}

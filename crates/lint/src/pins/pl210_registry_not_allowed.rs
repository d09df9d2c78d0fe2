//! # PL210 registry-not-allowed
//!
//! An image comes from a registry that the project does not allow. Which ones it does, `allowed-registries`
//! of `plimsoll.toml` says, or `--trusted-registry`; without either nothing is reported.
//!
//! Use an image of an allowed registry, or have its images mirrored there.

use plimsoll_dockerfile::stages;
use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Reference, Span};

use crate::file::File;
use crate::rule::Report;
use crate::stage_facts::flag_value;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let allowed = file.settings.allowed_registries.join(", ");
    let bases = (0..file.dockerfile.stages.len()).filter_map(|at| {
        let span = file.dockerfile.stages[at].from.image.span;
        Some((file.image(at)?, span))
    });
    let found = bases.chain(copied(file)).filter(|(image, _)| !file.settings.allow(&image.registry));
    let finding = |(image, span): (Reference, Span)| {
        let found = report.error(format!("{} is none of the registries that are allowed", image.registry));
        found.at(&file.dockerfile.source, span, "comes from there").note(format!("allowed: {allowed}"))
    };
    found.map(finding).collect()
}

/// Images that files are copied from.
fn copied(file: &File<'_>) -> Vec<(Reference, Span)> {
    let images = file.staged().filter_map(|(stage, statement)| {
        let Instruction::Copy { flags, .. } = &statement.instruction else { return None };
        let from = flag_value(flags, "from")?;
        if from.contains('$') || stages::find_stage(file.dockerfile, from, stage).is_some() {
            return None;
        }
        let flag = flags.iter().find(|flag| flag.name == "from")?;
        Some((from.parse().ok()?, flag.span))
    });
    images.collect()
}

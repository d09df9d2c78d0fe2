//! # DL3026 allowed-registry
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for: an image comes
//! from a registry that `allowed-registries` does not name. PL210 knows the variables of FROM as well.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::at_spans;
use crate::file::File;
use crate::rule::Report;
use crate::stage_facts::flag_value;

/// What an image without a registry comes from, by two names.
const USUAL: [&str; 2] = ["docker.io", "hub.docker.com"];

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut names: Vec<&str> = Vec::new();
    let mut spans = Vec::new();
    for stage in &file.dockerfile.stages {
        let image = stage.from.image.text.as_str();
        if !names.contains(&image) && !is_allowed(file, image) {
            spans.push(stage.span);
        }
        names.extend(stage.from.name.as_ref().map(|name| name.text.as_str()));
        for statement in &stage.statements {
            let Instruction::Copy { flags, .. } = &statement.instruction else { continue };
            let Some(from) = flag_value(flags, "from") else { continue };
            let is_stage = names.contains(&from) || from.bytes().all(|byte| byte.is_ascii_digit());
            if !is_stage && !is_allowed(file, from) {
                spans.push(statement.span);
            }
        }
    }
    let found = || report.error("the image comes from a registry that is not allowed");
    at_spans(&file.dockerfile.source, spans.into_iter(), found)
}

/// hadolint takes the first part of a name for a registry where it has a dot or a port.
fn is_allowed(file: &File<'_>, image: &str) -> bool {
    let registry = image.split_once('/').map(|(first, _)| first).filter(|first| first.contains(['.', ':']));
    match registry {
        Some(registry) => file.settings.allow(registry),
        None => image == "scratch" || USUAL.iter().any(|registry| file.settings.allow(registry)),
    }
}

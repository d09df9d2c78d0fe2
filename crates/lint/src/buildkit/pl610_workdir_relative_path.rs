//! # PL610 WorkdirRelativePath
//!
//! The first WORKDIR of a stage is a relative path: it is taken from the working directory of the base,
//! which may be another one in its next version.
//!
//! Write an absolute path: `WORKDIR /app`.

use plimsoll_contract::stage::{Applied, Work};
use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Edit};

use super::{Step, Walk};
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = walk.done().filter_map(|(step, applied)| {
        let Instruction::Workdir(text) = &step.statement.instruction else { return None };
        let path = step.words.first()?;
        if step.workdir_set || is_absolute(&path.text, &step.os) {
            return None;
        }
        let found =
            report.warning(format!("WORKDIR '{}' depends on the working directory of the base", path.text));
        let mut found = step.point(walk, found, text.span, "a relative path");
        if !step.is_trigger && text.text == path.text && !text.text.is_empty() {
            found.fix = absolute(step, applied).map(|(replacement, safe)| {
                let title = format!("write {replacement}");
                walk.fix(title, vec![Edit { span: text.span, replacement }], safe)
            });
        }
        Some(found)
    });
    found.collect()
}

/// The absolute path, and whether it is sure to be the same directory.
fn absolute(step: &Step<'_>, applied: &Applied) -> Option<(String, bool)> {
    match &applied.work {
        _ if step.os == "windows" => None,
        Work::MakeDirectory(path) => Some((path.clone(), step.base_known)),
        _ => Some(("/".to_string(), step.base_known)),
    }
}

fn is_absolute(path: &str, os: &str) -> bool {
    let rooted = |path: &str| path.starts_with(['/', '\\']);
    match (os, path.split_once(':')) {
        ("windows", Some((drive, rest))) if drive.len() == 1 => rooted(rest),
        ("windows", _) => rooted(path),
        _ => path.starts_with('/'),
    }
}

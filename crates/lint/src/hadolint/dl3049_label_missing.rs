//! # DL3049 label-missing
//!
//! `label-schema` names a label that the image does not have. A stage counts unless it, what it is built on, or
//! the stage built on it has the label, or files are copied from it.

use plimsoll_dockerfile::syntax::{Instruction, Stage};
use plimsoll_model::Diagnostic;

use super::words::unquoted;
use crate::file::File;
use crate::rule::Report;
use crate::stage_facts::flag_value;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let stages = &file.dockerfile.stages;
    let mut found = Vec::new();
    for (label, _) in &file.settings.labels {
        let labelled = labelled(stages, label);
        for (at, stage) in stages.iter().enumerate() {
            let name = stage.from.name.as_ref().map(|name| name.text.as_str());
            let child = |child: usize| parent(stages, child) == Some(at) && labelled[child];
            let is_used =
                (at + 1..stages.len()).any(child) || name.is_some_and(|name| is_copied(stages, at, name));
            if !labelled[at] && !is_used {
                let missing = report.info(format!("label {label} is missing"));
                found.push(missing.at(&file.dockerfile.source, stage.span, ""));
            }
        }
    }
    found
}

/// Which stages have a label, inherited ones too.
fn labelled(stages: &[Stage], label: &str) -> Vec<bool> {
    let mut labelled: Vec<bool> = Vec::new();
    for (at, stage) in stages.iter().enumerate() {
        let own = stage.statements.iter().any(|statement| match &statement.instruction {
            Instruction::Label(pairs) => pairs.iter().any(|pair| unquoted(&pair.name.text) == label),
            _ => false,
        });
        labelled.push(own || parent(stages, at).is_some_and(|parent| labelled[parent]));
    }
    labelled
}

/// The earlier stage of exactly this name.
fn parent(stages: &[Stage], at: usize) -> Option<usize> {
    let image = &stages[at].from.image.text;
    let is_it = |stage: &Stage| stage.from.name.as_ref().is_some_and(|name| name.text == *image);
    stages[..at].iter().rposition(is_it)
}

fn is_copied(stages: &[Stage], at: usize, name: &str) -> bool {
    stages[at + 1..].iter().flat_map(|stage| &stage.statements).any(|statement| {
        match &statement.instruction {
            Instruction::Copy { flags, .. } => flag_value(flags, "from") == Some(name),
            _ => false,
        }
    })
}

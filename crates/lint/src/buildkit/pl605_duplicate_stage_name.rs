//! # PL605 DuplicateStageName
//!
//! Two stages have the same name. Whoever uses the name gets the latest stage above, and nothing can use
//! the earlier one any more.
//!
//! Give each stage a name of its own.

use plimsoll_dockerfile::syntax::{Instruction, Stage, Statement};
use plimsoll_model::{Diagnostic, Edit, Fix, Span};

use super::Walk;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    if !walk.is_read {
        return Vec::new();
    }
    let stages = &walk.dockerfile.stages;
    let found = stages.iter().enumerate().filter_map(|(index, stage)| {
        let (name, written) = (name_of(stage)?, stage.from.name.as_ref()?);
        let earlier = stages[..index].iter().rfind(|stage| name_of(stage).as_ref() == Some(&name))?;
        let found = report.warning(format!("the name '{name}' is given to two stages"));
        let mut found = walk.point(found, stage.span, written.span, "from here on this stage is meant");
        found = found.context(walk.source(), earlier.span, "the earlier one");
        found.fix = rename(walk, index, &name);
        Some(found)
    });
    found.collect()
}

fn name_of(stage: &Stage) -> Option<String> {
    stage.from.name.as_ref().map(|name| name.text.to_lowercase())
}

/// Give this stage a free name, here and wherever it is meant below. `--target` may name it too, so
/// that this is not for sure.
fn rename(walk: &Walk<'_>, index: usize, name: &str) -> Option<Fix> {
    let stages = &walk.dockerfile.stages;
    let taken = |candidate: &String| stages.iter().any(|stage| name_of(stage).as_ref() == Some(candidate));
    let free = (2..=stages.len() + 1).map(|number| format!("{name}-{number}")).find(|name| !taken(name))?;
    let edit = |span| Edit { span, replacement: free.clone() };
    let mut edits = vec![edit(stages[index].from.name.as_ref()?.span)];
    for stage in &stages[index + 1..] {
        if stage.from.image.text == name {
            edits.push(edit(stage.from.image.span));
        }
        for statement in &stage.statements {
            if mounts_from(statement, name) {
                return None;
            }
            edits.extend(copies_from(statement, name).map(edit));
        }
        if name_of(stage).as_deref() == Some(name) {
            break;
        }
    }
    Some(walk.fix(format!("call this stage {free}"), edits, false))
}

fn copies_from(statement: &Statement, name: &str) -> Option<Span> {
    let Instruction::Copy { flags, .. } = &statement.instruction else { return None };
    let from = flags.iter().find(|flag| flag.name == "from")?.value.as_ref()?;
    from.text.eq_ignore_ascii_case(name).then_some(from.span)
}

fn mounts_from(statement: &Statement, name: &str) -> bool {
    let Instruction::Run { flags, .. } = &statement.instruction else { return false };
    let mut mounts = flags.iter().filter(|flag| flag.name == "mount").filter_map(|flag| flag.value.as_ref());
    let from = format!("from={name}");
    mounts.any(|mount| mount.text.to_lowercase().contains(&from))
}

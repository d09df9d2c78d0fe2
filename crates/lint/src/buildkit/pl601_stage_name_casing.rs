//! # PL601 StageNameCasing
//!
//! Stage names are compared in lower case: `FROM x AS Build` makes a stage `build`. A later `FROM Build`
//! does not find it, since FROM compares letter by letter.
//!
//! Write the name in lower case: `FROM x AS build`.

use plimsoll_model::{Diagnostic, Edit};

use super::Walk;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let names = walk.stages().filter_map(|stage| match stage.from.words.as_slice() {
        [_, _, name] if name.text != name.text.to_lowercase() => Some((stage, name)),
        _ => None,
    });
    let found = names.map(|(stage, name)| {
        let lower = name.text.to_lowercase();
        let found = report.info(format!("the stage is called '{lower}', not '{}'", name.text));
        let edits = vec![Edit { span: name.span, replacement: lower }];
        walk.point(found, stage.span, name.span, "in lower case everywhere").fix(walk.fix(
            "write it in lower case",
            edits,
            true,
        ))
    });
    found.collect()
}

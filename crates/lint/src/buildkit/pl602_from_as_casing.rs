//! # PL602 FromAsCasing
//!
//! `FROM` and `AS` of one line are written in different cases.
//!
//! Write both the same: `FROM x AS build` or `from x as build`.

use plimsoll_model::{Diagnostic, Edit};

use super::Walk;
use super::casing::Casing;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = walk.stages().filter_map(|stage| {
        // BuildKit looks at the second word of three or more, whatever it is.
        let [_, word, _, ..] = stage.from.words.as_slice() else { return None };
        let from = walk.source().slice(stage.span).split_whitespace().next()?;
        let casing = Casing::of(from)?;
        let same = casing.apply(&word.text);
        if same == word.text {
            return None;
        }
        let found = report.info(format!("'{from}' and '{}' are not written in the same case", word.text));
        let mut found = walk.point(found, stage.span, word.span, casing.name());
        if word.text.eq_ignore_ascii_case("as") {
            let edits = vec![Edit { span: word.span, replacement: same.clone() }];
            found.fix = Some(walk.fix(format!("write {same}"), edits, true));
        }
        Some(found)
    });
    found.collect()
}

//! What the rules find.

use std::cell::OnceCell;

use plimsoll_model::{Diagnostic, Span};

use crate::buildkit::{Build, Walk};
use crate::catalogue::RULES;
use crate::file::File;
use crate::rule::{Check, Rule};
use crate::run_commands::Runs;
use crate::subject::Subject;

/// Everything that the wanted rules find in a contract, the worst first, then by place.
pub fn findings(subject: &Subject<'_>, wanted: impl Fn(&Rule) -> bool) -> Vec<Diagnostic> {
    let found = RULES.iter().flat_map(|rule| match rule.check {
        Check::Contract(check) if wanted(rule) => check(subject, &rule.report()),
        _ => Vec::new(),
    });
    let mut found: Vec<Diagnostic> = found.collect();
    // What the builder refuses is not stored: nothing else about that line is true.
    let refused: Vec<Span> = found.iter().filter(|found| found.code == "PL124").filter_map(place).collect();
    let inside = |other: Span| refused.iter().any(|span| other.start <= span.start && span.end <= other.end);
    found.retain(|found| found.code == "PL124" || !place(found).is_some_and(inside));
    sort(&mut found);
    found
}

/// Everything that the wanted rules find in the text of a Dockerfile, in the same order.
pub fn file_findings(file: &File<'_>, wanted: impl Fn(&Rule) -> bool) -> Vec<Diagnostic> {
    let runs = OnceCell::new();
    let found = RULES.iter().flat_map(|rule| match rule.check {
        Check::File(check) if wanted(rule) => check(file, &rule.report()),
        Check::Runs(check) if wanted(rule) => check(runs.get_or_init(|| Runs::read(file)), &rule.report()),
        _ => Vec::new(),
    });
    let mut found: Vec<Diagnostic> = found.collect();
    sort(&mut found);
    found
}

/// Everything that the wanted ones of BuildKit's checks find, in the same order. Whether the file itself
/// silences some of them is for [`CheckComments`](crate::CheckComments) to say.
pub fn build_findings(build: &Build<'_, '_>, wanted: impl Fn(&Rule) -> bool) -> Vec<Diagnostic> {
    let walk = Walk::through(build);
    let found = RULES.iter().flat_map(|rule| match rule.check {
        Check::Build(check) if wanted(rule) => check(&walk, &rule.report()),
        _ => Vec::new(),
    });
    let mut found: Vec<Diagnostic> = found.collect();
    sort(&mut found);
    found
}

/// Worst first, then by place, then by code.
pub fn sort(found: &mut [Diagnostic]) {
    let start = |found: &Diagnostic| place(found).map_or(0, |span| span.start);
    found.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then(start(a).cmp(&start(b))).then_with(|| a.code.cmp(&b.code))
    });
}

fn place(found: &Diagnostic) -> Option<Span> {
    found.place().map(|label| label.span)
}

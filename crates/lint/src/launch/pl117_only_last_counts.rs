//! # PL117 only-last-counts
//!
//! Of several CMD, ENTRYPOINT or HEALTHCHECK instructions in one stage only the last one counts; the
//! others have no effect.
//!
//! Remove the earlier ones. To start two programs, start one of them from the other, or make two
//! images.

use plimsoll_dockerfile::syntax::{Instruction, Stage};
use plimsoll_model::{Diagnostic, Edit, Fix, Source, Span};

use crate::edits::whole_lines;
use crate::rule::Report;
use crate::subject::Subject;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some((dockerfile, _)) = subject.written else { return Vec::new() };
    let words = ["CMD", "ENTRYPOINT", "HEALTHCHECK"];
    let stages = dockerfile.stages.iter();
    stages
        .flat_map(|stage| {
            words.into_iter().flat_map(|word| repeated(stage, word, &dockerfile.source, report))
        })
        .collect()
}

fn repeated(stage: &Stage, word: &str, source: &Source, report: &Report) -> Vec<Diagnostic> {
    let is_word = |instruction: &Instruction| {
        let of = match instruction {
            Instruction::Cmd(_) => "CMD",
            Instruction::Entrypoint(_) => "ENTRYPOINT",
            Instruction::Healthcheck { .. } | Instruction::HealthcheckNone => "HEALTHCHECK",
            _ => "",
        };
        of == word
    };
    let spans: Vec<Span> =
        stage.statements.iter().filter(|s| is_word(&s.instruction)).map(|statement| statement.span).collect();
    let Some((last, earlier)) = spans.split_last() else { return Vec::new() };
    let without_effect = |span: &Span| {
        let found = report.warning(format!("this {word} has no effect: only the last one of a stage counts"));
        found.at(source, *span, "no effect").context(source, *last, "this one counts").fix(Fix {
            title: "remove it".to_string(),
            source: source.clone(),
            edits: vec![Edit { span: whole_lines(source, *span), replacement: String::new() }],
            safe: true,
        })
    };
    earlier.iter().map(without_effect).collect()
}

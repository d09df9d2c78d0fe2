//! What an editor shows beside the pointer: rules, what becomes PID 1, what an instruction means.

use plimsoll_contract::contract::Launch;
use plimsoll_dockerfile::syntax::{Instruction, Statement};
use plimsoll_lint::rule;
use plimsoll_model::{Diagnostic, Span};

use super::diagnostics::Place;
use crate::render::contract::launch_table;

/// The page with a chapter for every instruction.
const INSTRUCTIONS: &str = include_str!("../../../../docs/reference/dockerfile.md");

/// Markdown about a byte of the file. `launches` are those of a stage by its number, if they can be told.
pub fn hover(
    place: &Place<'_>,
    findings: &[Diagnostic],
    at: usize,
    launches: impl Fn(usize) -> Option<Vec<Launch>>,
) -> Option<String> {
    let touched = |span: Span| span.start <= at && at <= span.end;
    let mut chapters: Vec<String> =
        findings.iter().filter(|found| touched(place.span_of(found))).map(manual).collect();
    chapters.dedup();
    let parsed = plimsoll_dockerfile::parse(place.source.clone());
    let stages = parsed.dockerfile.stages.iter().enumerate();
    for (number, stage) in stages {
        let from = Span::new(stage.span.start, stage.span.start + "FROM".len());
        chapters.extend(Some("FROM").filter(|_| touched(from)).and_then(meaning));
        for statement in &stage.statements {
            if starts_something(statement) && touched(statement.span) {
                chapters.extend(launches(number).map(|launches| started(&launches)));
            }
        }
    }
    let dockerfile = &parsed.dockerfile;
    let others = dockerfile.global_args.iter().chain(&dockerfile.homeless);
    let statements = dockerfile.stages.iter().flat_map(|stage| &stage.statements).chain(others);
    for statement in statements.flat_map(with_trigger).filter(|one| touched(one.keyword.span)) {
        chapters.extend(meaning(&statement.keyword.text));
    }
    (!chapters.is_empty()).then(|| chapters.join("\n\n---\n\n"))
}

fn with_trigger(statement: &Statement) -> Vec<&Statement> {
    match &statement.instruction {
        Instruction::Onbuild { trigger, .. } => vec![statement, trigger],
        _ => vec![statement],
    }
}

fn starts_something(statement: &Statement) -> bool {
    matches!(statement.instruction, Instruction::Entrypoint(_) | Instruction::Cmd(_))
}

/// The finding, and the manual of its rule.
fn manual(found: &Diagnostic) -> String {
    let title = format!("**{} {}**: {}", found.code, found.name, found.message);
    match rule(&found.code) {
        Some(rule) => format!("{title}\n\n{}", rule.manual().trim()),
        None => title,
    }
}

fn started(launches: &[Launch]) -> String {
    format!("PID 1 will be\n\n```text\n{}\n```", launch_table(launches).trim_end())
}

/// What the reference says of an instruction, up to its tables.
fn meaning(keyword: &str) -> Option<String> {
    let heading = format!("\n## {}\n", keyword.to_uppercase());
    let (_, chapter) = INSTRUCTIONS.split_once(&heading)?;
    let chapter = chapter.split("\n## ").next()?;
    let mut paragraphs = Vec::new();
    for paragraph in chapter.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        paragraphs.push(paragraph);
        if paragraph.ends_with('.') {
            break;
        }
    }
    Some(paragraphs.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_has_a_meaning() {
        for keyword in plimsoll_dockerfile::INSTRUCTIONS {
            let meaning = meaning(keyword).unwrap_or_else(|| panic!("nothing is said of {keyword}"));
            assert!(
                meaning.starts_with(&format!("`{keyword} ")) || meaning.starts_with("As COPY"),
                "{meaning}"
            );
            assert!(
                meaning.ends_with('.') && !meaning.contains("\n#") && !meaning.contains("\n|"),
                "{meaning}"
            );
        }
        assert!(meaning("user").is_some_and(|text| text.contains("who RUN and the container run as")));
        assert_eq!(meaning("RUM"), None);
    }
}

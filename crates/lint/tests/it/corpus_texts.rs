//! Every Dockerfile of the corpus goes through all rules about the text: labels lie where they should,
//! edits apply and parse, safe ones change nothing twice, and what is on by default stays rare.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_lint::RULES;
use plimsoll_model::{Diagnostic, Fix, Severity};
use plimsoll_testkit::corpus;

use crate::project::text_findings;

/// Findings a file, of all rules of these families that are on by default.
const NOISE_LIMIT: f64 = 1.5;

fn apply(fix: &Fix) -> String {
    let mut text = fix.source.text().to_string();
    let mut end = text.len();
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|edit| edit.span.start);
    for edit in edits.iter().rev() {
        assert!(edit.span.end <= end, "edits overlap: {fix:?}");
        end = edit.span.start;
        text.replace_range(edit.span.start..edit.span.end, &edit.replacement);
    }
    text
}

fn errors(text: &str) -> usize {
    let parsed = plimsoll_dockerfile::parse(plimsoll_model::Source::new("f", text));
    parsed.diagnostics.iter().filter(|found| found.severity == Severity::Error).count()
}

fn check(name: &str, found: &Diagnostic, errors_before: usize) {
    for label in &found.labels {
        let text = label.source.text().get(label.span.start..label.span.end);
        assert!(text.is_some_and(|text| !text.is_empty()), "{name}: {found:?}");
    }
    assert!(found.place().is_some(), "{name}: {found:?}");
    assert!(found.message.len() <= 140 && !found.message.contains('\n'), "{name}: {}", found.message);
    if let Some(fix) = &found.fix {
        let text = apply(fix);
        assert!(errors(&text) <= errors_before, "{name}: {} breaks the file:\n{text}", found.code);
    }
}

#[test]
fn rules_about_the_text_on_all_files() {
    let Some(corpus) = corpus() else { return };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut fixes: BTreeMap<String, usize> = BTreeMap::new();
    let (mut files, show) = (0, std::env::var("PLIMSOLL_SHOW").unwrap_or_default());
    for record in corpus.buildkit() {
        let name = record["file"].as_str().unwrap();
        let text = corpus.text(name);
        let directory = corpus.path(name).parent().unwrap().to_path_buf();
        let (_, found) = text_findings(name, &text, &directory, |_| true);
        files += 1;
        let before = errors(&text);
        for found in &found {
            check(name, found, before);
            if show == found.code {
                let label = found.place().unwrap();
                let line = label.source.line(label.span.start);
                let words = label.source.slice(label.span).lines().next().unwrap_or("");
                eprintln!("{name}:{line}: {} | {words}", found.message);
            }
            *counts.entry(found.code.clone()).or_default() += 1;
            if let Some(fix) = &found.fix {
                *fixes.entry(found.code.clone()).or_default() += 1;
                if fix.safe {
                    let (_, again) =
                        text_findings(name, &apply(fix), &directory, |rule| rule.code == found.code);
                    let here = |list: &[Diagnostic]| list.iter().filter(|one| one.code == found.code).count();
                    let all =
                        |list: &[Diagnostic]| list.iter().map(|one| one.code.clone()).collect::<Vec<_>>();
                    assert!(
                        here(&again) < here(&all_of(name, &text, &directory, &found.code)),
                        "{name}: {} is still there: {:?}\n{}",
                        found.code,
                        all(&again),
                        apply(fix)
                    );
                }
            }
        }
    }
    let is_on: BTreeSet<&str> = RULES.iter().filter(|rule| rule.is_on).map(|rule| rule.code).collect();
    let (on, off): (Vec<_>, Vec<_>) = counts.iter().partition(|(code, _)| is_on.contains(code.as_str()));
    let total: usize = on.iter().map(|(_, count)| **count).sum();
    let noise = total as f64 / files as f64;
    eprintln!("{files} files, {noise:.2} findings a file\non: {on:?}\noff: {off:?}\nwith an edit: {fixes:?}");
    assert!(files > 600, "only {files} files");
    assert!(noise < NOISE_LIMIT, "{noise:.2} findings a file");
}

fn all_of(name: &str, text: &str, directory: &std::path::Path, code: &str) -> Vec<Diagnostic> {
    text_findings(name, text, directory, |rule| rule.code == code).1
}

/// Damaged files: cut anywhere, lines in another order, quotes changed, other line ends.
#[test]
fn no_damage_makes_a_rule_about_the_text_panic() {
    let Some(corpus) = corpus() else { return };
    for (at, record) in corpus.buildkit().iter().enumerate().step_by(4) {
        let name = record["file"].as_str().unwrap();
        let text = corpus.text(name);
        let directory = corpus.path(name).parent().unwrap().to_path_buf();
        let cut = (0..=text.len() * (at % 7 + 1) / 8).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let reversed: Vec<&str> = text.lines().rev().collect();
        for damaged in [
            text[..cut].to_string(),
            reversed.join("\n"),
            text.replace('"', "'").replace("&&", "$("),
            text.replace("RUN ", "RUN <<EOF ").replace(' ', "é"),
            text.replace('\n', "\r\n"),
            text.replace("RUN ", "RUN [\"sh\", \"-c\", \"").replace('\n', "\"]\n"),
            text.replace("COPY", "ADD").replace("RUN", "ONBUILD RUN"),
        ] {
            let before = errors(&damaged);
            for found in text_findings(name, &damaged, &directory, |_| true).1 {
                if let Some(fix) = &found.fix {
                    assert!(errors(&apply(fix)) <= before, "{name}: {found:?}");
                }
            }
        }
    }
}

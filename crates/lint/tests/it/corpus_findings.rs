//! Every Dockerfile of the corpus goes through all rules: nothing panics, every label lies inside
//! its source, every edit applies, and the reports stay rare.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_contract::origin::ContextEntry;
use plimsoll_contract::{BaseImage, Question, from_dockerfile};
use plimsoll_lint::{Subject, findings};
use plimsoll_model::{Diagnostic, ImageConfig, Platform, Reference, Source};

use plimsoll_testkit::corpus;

/// The entries of the context directory of a Dockerfile, as far as the corpus has them.
pub fn context(directory: &Path, path: &str) -> Option<ContextEntry> {
    let path = directory.join(path);
    if path.is_dir() {
        return Some(ContextEntry::Directory);
    }
    Some(ContextEntry::File { bytes: std::fs::read(path).ok()?, mode: 0o755 })
}

pub(crate) fn check(found: &Diagnostic) {
    for label in &found.labels {
        let text = label.source.text();
        assert!(text.get(label.span.start..label.span.end).is_some(), "{found:?}");
    }
    let mut end = 0;
    for edit in found.fix.iter().flat_map(|fix| &fix.edits) {
        assert!(edit.span.start >= end, "edits overlap: {found:?}");
        end = edit.span.end;
    }
    if let Some(fix) = &found.fix {
        assert!(fix.source.text().get(..end).is_some(), "{found:?}");
    }
}

/// All rules on one text, with the files beside it as the context.
fn run(name: &str, text: String, directory: &Path) -> Option<Vec<Diagnostic>> {
    let amd64 = Platform::parse("linux/amd64").unwrap();
    let parsed = plimsoll_dockerfile::parse(Source::new(name, text));
    let reader = |path: &str| context(directory, path);
    let base = |_: &Reference| Some(BaseImage { config: ImageConfig::default(), tree: None });
    let question = Question::new(amd64, &base, &reader);
    let prediction = from_dockerfile(&parsed.dockerfile, &question).ok()?;
    let subject = Subject {
        contract: &prediction.contract,
        written: Some((&parsed.dockerfile, &prediction)),
        tree: None,
        context: &reader,
    };
    let found = findings(&subject, |_| true);
    found.iter().for_each(check);
    Some(found)
}

#[test]
fn all_rules_on_all_files() {
    let Some(corpus) = corpus() else { return };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut files, show) = (0, std::env::var("PLIMSOLL_SHOW").unwrap_or_default());
    for record in corpus.buildkit() {
        let name = record["file"].as_str().unwrap();
        let text = corpus.text(name);
        let directory = corpus.path(name).parent().unwrap().to_path_buf();
        let Some(found) = run(name, text, &directory) else { continue };
        files += 1;
        for found in found {
            if show == found.code {
                let line = found.place().map_or(0, |label| label.source.line(label.span.start));
                eprintln!("{name}:{line}: {} {}", found.message, found.certainty.word());
            }
            *counts.entry(found.code).or_default() += 1;
        }
    }
    eprintln!("{files} files: {counts:?}");
    assert!(files > 600, "only {files} files");
    // Real projects mostly start: a rule of severity error that fires in one of twenty is a bad rule.
    for code in ["PL102", "PL107", "PL108", "PL109", "PL110", "PL112", "PL114", "PL115", "PL120", "PL124"] {
        let count = counts.get(code).copied().unwrap_or(0);
        assert!(count * 20 < files, "{code} fires {count} times");
    }
}

/// Damaged files: cut anywhere, lines in another order, quotes and brackets changed.
#[test]
fn no_damage_makes_a_rule_panic() {
    let Some(corpus) = corpus() else { return };
    for (at, record) in corpus.buildkit().iter().enumerate().step_by(STEP) {
        let name = record["file"].as_str().unwrap();
        let text = corpus.text(name);
        let directory = corpus.path(name).parent().unwrap().to_path_buf();
        let cut = (0..=text.len() * (at % 7 + 1) / 8).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let reversed: Vec<&str> = text.lines().rev().collect();
        let first = text.lines().find(|line| line.starts_with("FROM")).unwrap_or("FROM x");
        for damaged in [
            text[..cut].to_string(),
            format!("{first}\n{}", reversed.join("\n")),
            text.replace('"', "'").replace("RUN ", "CMD "),
            text.replace("RUN ", "ENTRYPOINT ").replace('[', "[ä"),
            text.replace("RUN ", "ENTRYPOINT [\"sh\", \"-c\", \"").replace('\n', "$@\"]\n"),
            text.replace('\n', "\r\n"),
        ] {
            run(name, damaged, &directory);
        }
    }
}

/// Every so many files are damaged, to keep the test short.
const STEP: usize = 5;

//! Every Dockerfile of the corpus goes through all rules: nothing panics, every label lies inside
//! its source, every edit applies, and the reports stay rare.

use std::collections::BTreeMap;

use plimsoll_contract::origin::ContextEntry;
use plimsoll_contract::stage::Platforms;
use plimsoll_contract::{BaseImage, Question, Subject, findings, from_dockerfile};
use plimsoll_model::{Diagnostic, ImageConfig, Platform, Reference, Source};

use crate::corpus::{corpus, records};

/// The entries of the context directory of a Dockerfile, as far as the corpus has them.
fn context(directory: &std::path::Path, path: &str) -> Option<ContextEntry> {
    let path = directory.join(path);
    if path.is_dir() {
        return Some(ContextEntry::Directory);
    }
    Some(ContextEntry::File { bytes: std::fs::read(path).ok()?, mode: 0o755 })
}

fn check(found: &Diagnostic) {
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

#[test]
fn all_rules_on_all_files() {
    let Some(corpus) = corpus() else { return };
    let amd64 = Platform::parse("linux/amd64").unwrap();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut files, show) = (0, std::env::var("PLIMSOLL_SHOW").unwrap_or_default());
    for record in records(&corpus) {
        let name = record["file"].as_str().unwrap();
        let text = String::from_utf8_lossy(&std::fs::read(corpus.join(name)).unwrap()).into_owned();
        let parsed = plimsoll_dockerfile::parse(Source::new(name, text));
        let directory = corpus.join(name).parent().unwrap().to_path_buf();
        let reader = |path: &str| context(&directory, path);
        let base = |_: &Reference| Some(BaseImage { config: ImageConfig::default(), tree: None });
        let question = Question {
            target: None,
            build_args: BTreeMap::new(),
            platforms: Platforms { build: amd64.clone(), target: amd64.clone() },
            base: &base,
            context: &reader,
        };
        let Ok(prediction) = from_dockerfile(&parsed.dockerfile, &question) else { continue };
        let subject = Subject {
            contract: &prediction.contract,
            written: Some((&parsed.dockerfile, &prediction)),
            tree: None,
            context: &reader,
        };
        files += 1;
        for found in findings(&subject) {
            check(&found);
            if show == found.code {
                let line = found.place().map_or(0, |label| label.source.line(label.span.start));
                eprintln!("{name}:{line}: {} {}", found.message, found.certainty.word());
            }
            *counts.entry(found.code).or_default() += 1;
        }
    }
    eprintln!("{files} files: {counts:?}");
    assert!(files > 600, "only {files} files");
    // Real projects mostly start: a rule of severity error that fires in one of ten is a bad rule.
    for code in ["PL102", "PL107", "PL108", "PL109", "PL110", "PL112", "PL114", "PL115", "PL120", "PL124"] {
        let count = counts.get(code).copied().unwrap_or(0);
        assert!(count * 20 < files, "{code} fires {count} times");
    }
}

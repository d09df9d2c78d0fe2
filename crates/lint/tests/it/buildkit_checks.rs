//! Every Dockerfile of the corpus: each of BuildKit's checks must find what the real one found, in the
//! same lines.

use std::collections::BTreeMap;

use plimsoll_contract::{BaseImage, Question, from_dockerfile};
use plimsoll_dockerfile::Parsed;
use plimsoll_lint::{Build, CheckComments, build_findings};
use plimsoll_model::{Diagnostic, ImageConfig, Platform, Reference, Severity, Source};
use plimsoll_testkit::corpus;
use serde_json::{Value, json};

use crate::corpus_findings::check;

/// How often each check is found in each line.
type Lines = BTreeMap<(String, usize), usize>;

/// Differences that are meant, each with its reason: file, check.
const ACCEPTED: [(&str, &str); 0] = [];

/// The base image of the records: nothing but `PATH`.
fn base() -> ImageConfig {
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let whole = json!({"architecture": "amd64", "os": "linux", "config": {"Env": [path]}});
    ImageConfig::from_json(whole.to_string().as_bytes()).unwrap()
}

/// Ask something about a text, its base at hand.
fn asked<T>(name: &str, text: &str, about: impl Fn(&Parsed, &Question<'_>) -> T) -> T {
    let parsed = plimsoll_dockerfile::parse(Source::new(name, text));
    let (config, amd64) = (base(), Platform::parse("linux/amd64").unwrap());
    let base = |_: &Reference| Some(BaseImage { config: config.clone(), tree: None });
    let question = Question::new(amd64, &base, &|_| None);
    about(&parsed, &question)
}

/// What `--check` would show of a text.
fn shown(name: &str, text: &str) -> Vec<Diagnostic> {
    asked(name, text, |parsed, question| {
        let found = build_findings(&Build { parsed, question, ignore: None }, |_| true);
        let Ok(comments) = CheckComments::of(&parsed.dockerfile) else { return Vec::new() };
        found.into_iter().filter(|found| comments.allow(found)).collect()
    })
}

/// The configuration of the image and the number of errors in the text.
fn built(name: &str, text: &str) -> (Option<ImageConfig>, usize) {
    asked(name, text, |parsed, question| {
        let errors = parsed.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        (from_dockerfile(&parsed.dockerfile, question).ok().map(|found| found.config), errors.count())
    })
}

fn ours(name: &str, text: &str) -> Lines {
    let mut lines = Lines::new();
    for found in shown(name, text) {
        let label = found.place().unwrap();
        *lines.entry((found.name.clone(), label.source.line(label.span.start))).or_default() += 1;
    }
    lines
}

fn buildkits(record: &Value) -> Lines {
    let mut lines = Lines::new();
    for warning in record["lint"].as_array().unwrap() {
        let rule = warning["rule"].as_str().unwrap().to_string();
        let line = usize::try_from(warning["line"].as_u64().unwrap()).unwrap();
        *lines.entry((rule, line)).or_default() += 1;
    }
    lines
}

#[test]
fn the_checks_find_what_buildkit_finds() {
    let Some(corpus) = corpus() else { return };
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut differences = Vec::new();
    for record in corpus.buildkit() {
        let file = record["file"].as_str().unwrap();
        let (ours, theirs) = (ours(file, &corpus.text(file)), buildkits(&record));
        let mut all: Vec<&(String, usize)> = ours.keys().chain(theirs.keys()).collect();
        all.sort();
        all.dedup();
        for key in all {
            let count = |lines: &Lines| lines.get(key).copied().unwrap_or(0);
            let (own, their) = (count(&ours), count(&theirs));
            let sum = counts.entry(key.0.clone()).or_default();
            *sum = (sum.0 + own, sum.1 + their);
            if own != their && !ACCEPTED.contains(&(file, &key.0)) {
                differences.push(format!("{file}:{}: {} {own} times, BuildKit {their} times", key.1, key.0));
            }
        }
    }
    for (check, (own, their)) in &counts {
        eprintln!("{check}: {own}, BuildKit {their}");
    }
    assert!(counts.len() >= 12, "only {} checks were met", counts.len());
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

/// Applying a fix makes the finding go away, gives no other, and leaves the image as it was.
#[test]
fn fixes_remove_what_they_are_for() {
    let Some(corpus) = corpus() else { return };
    let mut fixed = 0;
    for record in corpus.buildkit() {
        let file = record["file"].as_str().unwrap();
        let text = corpus.text(file);
        let before = ours(file, &text);
        for found in shown(file, &text) {
            let Some(fix) = found.fix.as_ref().filter(|fix| fix.safe) else { continue };
            let mut after = text.clone();
            for edit in fix.edits.iter().rev() {
                after.replace_range(edit.span.start..edit.span.end, &edit.replacement);
            }
            let sum = |lines: &Lines, name: &str| -> usize {
                lines.iter().filter(|((check, _), _)| check == name).map(|(_, count)| count).sum()
            };
            let again = ours(file, &after);
            let (had, has) = (sum(&before, &found.name), sum(&again, &found.name));
            assert!(has < had, "{file}: {} is still found {has} times of {had}", found.name);
            assert!(
                again.values().sum::<usize>() < before.values().sum(),
                "{file}: {} gives others",
                found.name
            );
            // MAINTAINER becomes a label: that is what is wanted.
            if found.name != "MaintainerDeprecated" {
                assert_eq!(built(file, &after), built(file, &text), "{file}: {}", found.name);
            }
            fixed += 1;
        }
    }
    eprintln!("{fixed} fixes applied");
    assert!(fixed > 500, "only {fixed}");
}

/// Damaged files: cut anywhere, lines in another order, other quotes. Nothing panics, every label lies
/// inside of its source, and edits do not overlap.
#[test]
fn no_damage_makes_a_check_panic() {
    let Some(corpus) = corpus() else { return };
    for (at, record) in corpus.buildkit().iter().enumerate() {
        let name = record["file"].as_str().unwrap();
        let text = corpus.text(name);
        let cut = (0..=text.len() * (at % 7 + 1) / 8).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let reversed: Vec<&str> = text.lines().rev().collect();
        let damages = [
            text.clone(),
            text[..cut].to_string(),
            format!("FROM x AS y\n{}", reversed.join("\n")),
            text.replace(' ', " \\\n\n "),
            text.replace('\n', "\r\n"),
            text.replace("RUN ", "ENV ").replace('=', " "),
        ];
        damages.iter().flat_map(|damaged| shown(name, damaged)).for_each(|found| check(&found));
    }
}

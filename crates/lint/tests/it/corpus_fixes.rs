//! Every Dockerfile of the corpus with its edits applied: it still parses, a second run changes nothing, and
//! the image's configuration stays as it was but for what the rules speak of.

use std::collections::BTreeMap;

use plimsoll_contract::{BaseImage, Question, from_dockerfile};
use plimsoll_lint::{Day, Examination, Fixes, Selection, Settings, fix};
use plimsoll_model::{ImageConfig, Platform, Reference, Source};
use plimsoll_testkit::corpus;

use crate::corpus_findings::context;

/// The fields that a rule's edit may change.
const SPOKEN_OF: &[(&str, &[&str])] = &[
    ("PL1", &["entrypoint", "cmd"]),
    ("PL121", &["stop_signal"]),
    ("PL122", &["stop_signal"]),
    ("PL130", &["env"]),
    // What a variable was given goes on into whatever names it.
    ("PL318", &["env", "working_dir", "user", "exposed_ports", "volumes", "labels"]),
    ("PL401", &["user"]),
    ("PL402", &["user"]),
    ("PL607", &["entrypoint", "cmd"]),
    ("PL608", &["author", "labels"]),
    // The variable that was meant: whatever it stands in.
    ("PL611", &["env", "labels", "user", "working_dir"]),
    ("DL4000", &["author", "labels"]),
];

/// The fields in which two configurations differ.
fn changed(before: &ImageConfig, after: &ImageConfig) -> Vec<&'static str> {
    let fields = [
        ("author", before.author != after.author),
        ("entrypoint", before.entrypoint != after.entrypoint),
        ("cmd", before.cmd != after.cmd),
        ("env", before.env != after.env),
        ("user", before.user != after.user),
        ("working_dir", before.working_dir != after.working_dir),
        ("exposed_ports", before.exposed_ports != after.exposed_ports),
        ("volumes", before.volumes != after.volumes),
        ("labels", before.labels != after.labels),
        ("stop_signal", before.stop_signal != after.stop_signal),
        ("healthcheck", before.healthcheck != after.healthcheck),
        ("shell", before.shell != after.shell),
        ("on_build", before.on_build != after.on_build),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

fn config(source: &Source, question: &Question<'_>) -> Option<ImageConfig> {
    let parsed = plimsoll_dockerfile::parse(source.clone());
    from_dockerfile(&parsed.dockerfile, question).ok().map(|prediction| prediction.config)
}

/// The lines of a text that are comments.
fn comments(source: &Source) -> Vec<String> {
    let parsed = plimsoll_dockerfile::parse(source.clone());
    parsed.dockerfile.comments.iter().map(|span| source.slice(*span).trim().to_string()).collect()
}

/// What went wrong with a file, and how often each rule's edit was applied to it.
struct Checked {
    wrong: Vec<String>,
    counts: BTreeMap<String, usize>,
}

fn check(name: &str, text: String, question: &Question<'_>, fixes: Fixes) -> Checked {
    let selection = Selection::new(&["all".to_string()], &[], &[]).unwrap();
    let today = Day::new(2026, 11, 28).unwrap();
    let settings = &Settings::default();
    let examination =
        Examination { question, files: None, ignore: None, selection: &selection, settings, today };
    let source = Source::new(name, text);
    let parsed_before = examination.examine(&source).parses;
    let fixed = fix(&source, &examination, fixes);
    let text = fixed.source.text();
    let codes: Vec<&str> = fixed.applied.iter().map(|one| one.code.as_str()).collect();
    let mut wrong = Vec::new();
    let mut expect = |good: bool, what: String| {
        if !good {
            wrong.push(format!("{name}: {codes:?} {what}:\n{text}"));
        }
    };
    expect(fixed.left.parses || !parsed_before, "break it".to_string());
    let again = fix(&fixed.source, &examination, fixes);
    let second: Vec<&str> = again.applied.iter().map(|one| one.code.as_str()).collect();
    expect(again.source.text() == text, format!("leave {second:?} to a second run"));
    let configs = (config(&source, question), config(&fixed.source, question));
    if let (true, (Some(before), Some(after))) = (parsed_before, configs) {
        let may = |field: &&str| {
            SPOKEN_OF.iter().any(|(start, fields)| {
                fields.contains(field) && codes.iter().any(|code| code.starts_with(start))
            })
        };
        let wrong: Vec<&str> = changed(&before, &after).into_iter().filter(|field| !may(field)).collect();
        expect(wrong.is_empty(), format!("change {wrong:?}"));
    }
    if !codes.contains(&"PL801") {
        let (before, after) = (comments(&source), comments(&fixed.source));
        let lost = before.iter().find(|comment| !after.contains(comment));
        expect(lost.is_none(), format!("lose the comment {lost:?}"));
    }
    expect(
        source.text().starts_with('\u{feff}') == text.starts_with('\u{feff}'),
        "lose the mark".to_string(),
    );
    let all_windows = |text: &str| text.matches("\r\n").count() == text.matches('\n').count();
    expect(!all_windows(source.text()) || all_windows(text), "mix line ends".to_string());
    let mut counts = BTreeMap::new();
    for code in &codes {
        *counts.entry(code.to_string()).or_default() += 1;
    }
    Checked { wrong, counts }
}

#[test]
fn edits_keep_what_they_do_not_speak_of() {
    let Some(corpus) = corpus() else { return };
    let amd64 = Platform::parse("linux/amd64").unwrap();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong: Vec<String> = Vec::new();
    for (at, record) in corpus.buildkit().iter().enumerate() {
        let name = record["file"].as_str().unwrap();
        let directory = corpus.path(name).parent().unwrap().to_path_buf();
        let reader = |path: &str| context(&directory, path);
        let known = |_: &Reference| Some(BaseImage { config: ImageConfig::default(), tree: None });
        let question = Question::new(amd64.clone(), &known, &reader);
        let text = corpus.text(name);
        let mut try_with = |text: String, fixes: Fixes| {
            let checked = check(name, text, &question, fixes);
            wrong.extend(checked.wrong);
            for (code, count) in checked.counts {
                *counts.entry(code).or_default() += count;
            }
        };
        try_with(text.clone(), Fixes::All);
        try_with(text.clone(), Fixes::Safe);
        if at.is_multiple_of(STEP) && !text.contains('\r') {
            try_with(format!("\u{feff}{}", text.replace('\n', "\r\n")), Fixes::All);
        }
    }
    eprintln!("applied: {counts:?}");
    assert!(wrong.is_empty(), "{} times:\n{}", wrong.len(), wrong[..wrong.len().min(SHOWN)].join("\n"));
    assert!(counts.values().sum::<usize>() > 300, "{counts:?}");
}

/// Every so many files go through it with the line ends and the mark of another system, too.
const STEP: usize = 5;

/// So many failures are shown.
const SHOWN: usize = 20;

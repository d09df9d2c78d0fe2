//! hadolint's rules against hadolint: the same rules at the same lines of every file of the corpus.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_dockerfile::Parsed;
use plimsoll_lint::RULES;
use plimsoll_testkit::corpus;

use crate::project::text_findings;

/// What hadolint and we do not agree on, with the reason: rule, a part of the file's name, line.
const ACCEPTED: &[(&str, &str, usize, &str)] = &[
    ("DL3002", "OracleRACStorageServer/containerfiles/latest/Containerfile", 58, BLANK),
    ("DL3002", "OracleRACStorageServer/dockerfiles/latest/Dockerfile", 56, BLANK),
    ("DL3033", "postgresql-container/13/Dockerfile.rhel9", 45, FIRST_LINE),
    ("DL3033", "postgresql-container/13/Dockerfile.rhel9", 46, FIRST_LINE),
    ("DL4006", "postgresql-container/13/Dockerfile.rhel9", 45, FIRST_LINE),
    ("DL4006", "postgresql-container/13/Dockerfile.rhel9", 46, FIRST_LINE),
    ("DL3025", "testfiles/escapes/Dockerfile", 14, ESCAPES),
    ("DL3025", "testfiles-negative/shykes-nested-json/Dockerfile", 1, "the builder refuses the instruction"),
    ("DL3066", "OracleRealApplicationClusters/dockerfiles/19.3.0/Dockerfile", 254, NAMED_USER),
    ("DL3066", "OracleRealApplicationClusters/dockerfiles/19.3.0/Dockerfile", 293, NAMED_USER),
    ("DL3066", "OracleRealApplicationClusters/samples/applypatch/latest/Containerfile", 94, NAMED_USER),
];

const ESCAPES: &str = "hadolint does not read all escapes of JSON";
const NAMED_USER: &str = "hadolint says nothing of ${USER}, and speaks of every other variable";
const BLANK: &str = "a blank behind `USER root` hides root from hadolint";
const FIRST_LINE: &str = "a line of nothing but a continuation begins the instruction for BuildKit";

/// Rule, line: level.
type Found = BTreeMap<(String, usize), String>;

/// The rules that comments of a file switch off: everywhere, and at a line.
struct Ignored {
    everywhere: BTreeSet<String>,
    at: BTreeMap<usize, BTreeSet<String>>,
}

fn ignored(parsed: &Parsed) -> Ignored {
    let source = &parsed.dockerfile.source;
    let mut ignored = Ignored { everywhere: BTreeSet::new(), at: BTreeMap::new() };
    for comment in &parsed.dockerfile.comments {
        let text = source.slice(*comment).trim_start().trim_start_matches('#').trim_start();
        let Some(rest) = text.strip_prefix("hadolint").map(str::trim_start) else { continue };
        let (is_global, rest) = match rest.strip_prefix("global") {
            Some(rest) => (true, rest.trim_start()),
            None => (false, rest),
        };
        let Some(list) = rest.strip_prefix("ignore").and_then(|rest| rest.trim_start().strip_prefix('='))
        else {
            continue;
        };
        let list = list.split('#').next().unwrap_or("");
        let codes = list.split(',').map(|code| code.trim().to_string());
        match is_global {
            true => ignored.everywhere.extend(codes),
            false => ignored.at.entry(source.line(comment.start) + 1).or_default().extend(codes),
        }
    }
    ignored
}

fn ours(name: &str, text: &str, directory: &std::path::Path) -> Found {
    let (parsed, found) = text_findings(name, text, directory, |rule| rule.code.starts_with("DL"));
    let ignored = ignored(&parsed);
    let places = found.into_iter().map(|found| {
        let label = found.place().unwrap();
        ((found.code.clone(), label.source.line(label.span.start)), found.severity.word().to_string())
    });
    let kept = places.filter(|((code, line), _)| {
        let here = ignored.at.get(line).is_some_and(|codes| codes.contains(code));
        !here && !ignored.everywhere.contains(code)
    });
    kept.collect()
}

#[test]
fn the_same_results_on_all_files() {
    let Some(corpus) = corpus() else { return };
    let results = corpus.hadolint();
    let show = std::env::var("PLIMSOLL_SHOW").unwrap_or_default();
    // Rule: agreed, only ours, only theirs.
    let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let (mut files, mut unread, mut accepted) = (0, 0, BTreeSet::new());
    for (name, list) in results.as_object().unwrap() {
        let list = list.as_array().unwrap();
        // hadolint could not read the file and says nothing else of it.
        if list.iter().any(|one| one[0] == "DL1000") {
            unread += 1;
            continue;
        }
        files += 1;
        let theirs = list.iter().map(|one| {
            let place = (one[0].as_str().unwrap().to_string(), one[1].as_u64().unwrap() as usize);
            // There is no level below info here.
            (place, one[2].as_str().unwrap().replace("style", "info"))
        });
        let theirs: Found = theirs.filter(|((code, _), _)| code.starts_with("DL")).collect();
        let directory = corpus.path(name).parent().unwrap().to_path_buf();
        let ours = ours(name, &corpus.text(name), &directory);
        let places: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        for one in places {
            let reason = ACCEPTED
                .iter()
                .position(|(code, file, line, _)| *code == one.0 && name.contains(file) && *line == one.1);
            let side = match (ours.get(one), theirs.get(one)) {
                (Some(ours), Some(theirs)) => {
                    assert_eq!(ours, theirs, "the level of {} in {name}:{}", one.0, one.1);
                    0
                }
                (Some(_), None) => 1,
                _ => 2,
            };
            if side > 0 {
                if let Some(reason) = reason {
                    accepted.insert(reason);
                    continue;
                }
                if show == one.0 || show == "all" {
                    eprintln!("{name}:{}: {} only {}", one.1, one.0, ["", "ours", "theirs"][side]);
                }
            }
            counts.entry(one.0.clone()).or_default()[side] += 1;
        }
    }
    eprintln!("{files} files compared, {unread} not read by hadolint; rule: agreed, only ours, only theirs");
    for (code, count) in &counts {
        eprintln!("{code} {count:?}");
    }
    assert!(files > 600, "only {files} files");
    for (at, entry) in ACCEPTED.iter().enumerate() {
        assert!(accepted.contains(&at), "no longer a difference: {entry:?}");
    }
    let unknown: Vec<&String> =
        counts.keys().filter(|code| !RULES.iter().any(|rule| rule.code == code.as_str())).collect();
    assert!(unknown.is_empty(), "hadolint has rules that are missing here: {unknown:?}");
    let different: Vec<_> = counts.iter().filter(|(_, [_, ours, theirs])| ours + theirs > 0).collect();
    assert!(different.is_empty(), "{different:?}");
}

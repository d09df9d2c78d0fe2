//! The edits of findings, applied until nothing is left to apply.

use std::borrow::Cow;
use std::collections::BTreeSet;

use plimsoll_model::{Diagnostic, Edit, Fix, Source};

use crate::examine::{Examination, Examined};

/// Edits can make others possible, so files are examined again; real ones are done after three rounds.
const ROUNDS: usize = 20;

/// Which edits are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixes {
    /// Those that keep the meaning.
    Safe,
    /// Also those a person should look at.
    All,
}

/// An edit that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The rule that proposed it.
    pub code: String,
    /// What it achieves.
    pub title: String,
    /// The line it began in, in the text of its round.
    pub line: usize,
}

impl Applied {
    /// The edits of a finding in a text, as applied.
    pub(crate) fn of(found: &Diagnostic, source: &Source) -> Applied {
        Applied {
            code: found.code.clone(),
            title: found.fix.as_ref().map_or(String::new(), |fix| fix.title.clone()),
            line: edits(found).first().map_or(1, |edit| source.line(edit.span.start)),
        }
    }
}

/// A file with its edits applied.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// The new text, under the same name.
    pub source: Source,
    /// What was done, in order.
    pub applied: Vec<Applied>,
    /// What is still wrong.
    pub left: Examined,
}

/// Whether the edit of a finding may be applied to a file.
pub fn is_applicable(found: &Diagnostic, source: &Source, fixes: Fixes) -> bool {
    let allowed = |fix: &Fix| fix.source == *source && (fix.safe || fixes == Fixes::All);
    found.fix.as_ref().is_some_and(allowed)
}

/// Apply what findings propose. A file that could be built can be built afterwards.
pub fn fix(source: &Source, examination: &Examination<'_, '_>, fixes: Fixes) -> Fixed {
    let mut at = Fixed { source: source.clone(), applied: Vec::new(), left: examination.examine(source) };
    let mut seen = BTreeSet::from([source.text().to_string()]);
    let mut refused: BTreeSet<String> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let mut candidates = candidates(&at.left.findings, &at.source, fixes);
        candidates.retain(|found| !refused.contains(&key(found)));
        let together = compatible(&candidates);
        if together.is_empty() {
            break;
        }
        let better = step(&at, &together, examination, &seen).or_else(|| {
            // One of them does harm: the first that does none goes alone, the others are tried again.
            candidates.iter().find_map(|one| {
                let better = step(&at, &[one], examination, &seen);
                if better.is_none() {
                    refused.insert(key(one));
                }
                better
            })
        });
        let Some(better) = better else { break };
        seen.insert(better.source.text().to_string());
        at = better;
    }
    at
}

/// Findings whose edits may be applied to a text, in its order.
pub(crate) fn candidates(found: &[Diagnostic], source: &Source, fixes: Fixes) -> Vec<Diagnostic> {
    let wanted = |found: &&Diagnostic| is_applicable(found, source, fixes);
    let mut found: Vec<Diagnostic> = found.iter().filter(wanted).cloned().collect();
    found.sort_by_key(|found| edits(found).first().map_or(0, |edit| edit.span.start));
    found
}

pub(crate) fn edits(found: &Diagnostic) -> &[Edit] {
    found.fix.as_ref().map_or(&[], |fix| &fix.edits)
}

/// What an edit is, wherever in the file.
fn key(found: &Diagnostic) -> String {
    let change = |edit: &Edit| {
        let source = found.fix.as_ref().map_or("", |fix| fix.source.slice(edit.span));
        format!("{source}\u{0}{}\u{0}", edit.replacement)
    };
    format!("{}\u{0}{}", found.code, edits(found).iter().map(change).collect::<String>())
}

/// As many as do not touch one another, the first in the text first.
pub(crate) fn compatible(candidates: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut chosen = Vec::new();
    for found in candidates {
        if edits(found).iter().all(|edit| taken.iter().all(|other| !touches(edit, other))) {
            taken.extend(edits(found));
            chosen.push(found);
        }
    }
    chosen
}

fn touches(a: &Edit, b: &Edit) -> bool {
    a.span.start == b.span.start || (a.span.start < b.span.end && b.span.start < a.span.end)
}

/// The file with these edits, unless they change nothing, lead back to where we were, or break it.
fn step(
    at: &Fixed,
    chosen: &[&Diagnostic],
    examination: &Examination<'_, '_>,
    seen: &BTreeSet<String>,
) -> Option<Fixed> {
    let mut all: Vec<&Edit> = chosen.iter().flat_map(|found| edits(found)).collect();
    all.sort_by_key(|edit| edit.span);
    let text = apply(&at.source, &all)?;
    if seen.contains(&text) {
        return None;
    }
    let source = Source::new(at.source.name(), text);
    let left = examination.examine(&source);
    if at.left.parses && !left.parses {
        return None;
    }
    let mut applied = at.applied.clone();
    applied.extend(chosen.iter().map(|found| Applied::of(found, &at.source)));
    Some(Fixed { source, applied, left })
}

/// The new text of an edit, with the line ends its source has.
pub fn replacement<'a>(source: &Source, edit: &'a Edit) -> Cow<'a, str> {
    match source.text().contains("\r\n") {
        true => Cow::Owned(edit.replacement.replace("\r\n", "\n").replace('\n', "\r\n")),
        false => Cow::Borrowed(&edit.replacement),
    }
}

/// The text with edits in ascending order; `None` if one of them lies outside of it.
pub(crate) fn apply(source: &Source, edits: &[&Edit]) -> Option<String> {
    let text = source.text();
    let mut changed = String::with_capacity(text.len());
    let mut end = 0;
    for edit in edits {
        changed.push_str(text.get(end..edit.span.start)?);
        changed.push_str(&replacement(source, edit));
        end = edit.span.end;
    }
    changed.push_str(text.get(end..)?);
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{examination, with_question};
    use plimsoll_model::{Severity, Span};

    fn fixed(text: &str, fixes: Fixes) -> (String, Vec<Applied>) {
        with_question(|question| {
            let fixed = fix(&Source::new("Dockerfile", text), &examination(question), fixes);
            (fixed.source.text().to_string(), fixed.applied)
        })
    }

    #[test]
    fn comments_blanks_line_ends_and_the_mark_stay() {
        let text = "\u{feff}# a\r\nFROM x\r\n\r\nMAINTAINER  me # you\r\n  # plimsoll ignore=PL608 reason=\"no\"\r\nUSER 1\r\n# end";
        let (text, applied) = fixed(text, Fixes::Safe);
        assert_eq!(
            text,
            "\u{feff}# a\r\nFROM x\r\n\r\nLABEL org.opencontainers.image.authors=\"me # you\"\r\nUSER 1\r\n# end"
        );
        assert_eq!(
            applied.iter().map(|one| (one.code.as_str(), one.line)).collect::<Vec<_>>(),
            [("PL608", 4), ("PL801", 5)]
        );
    }

    #[test]
    fn what_needs_a_yes_waits_for_it() {
        let text = "FROM x\nUSER 1\nENTRYPOINT /server --port 80\nCMD [\"-v\"]\n";
        assert_eq!(fixed(text, Fixes::Safe).0, text);
        let (once, applied) = fixed(text, Fixes::All);
        assert!(once.contains("ENTRYPOINT [\"/server\", \"--port\", \"80\"]"), "{once}");
        assert_eq!(applied[0].code, "PL101");
        assert_eq!(fixed(&once, Fixes::All).0, once);
    }

    fn proposal(source: &Source, code: &str, edits: &[(usize, usize, &str)]) -> Diagnostic {
        let edit = |(start, end, text): &(usize, usize, &str)| Edit {
            span: Span::new(*start, *end),
            replacement: text.to_string(),
        };
        let edits = edits.iter().map(edit).collect();
        let fix = Fix { title: String::new(), source: source.clone(), edits, safe: true };
        Diagnostic::new(code, "", Severity::Info, "").fix(fix)
    }

    #[test]
    fn edits_that_touch_wait_for_the_next_round() {
        let source = Source::new("f", "abcdef");
        let found = [
            proposal(&source, "a", &[(0, 2, "x"), (4, 5, "y")]),
            proposal(&source, "b", &[(1, 3, "")]),
            proposal(&source, "c", &[(2, 4, "z")]),
            proposal(&source, "d", &[(4, 4, "")]),
        ];
        let chosen = compatible(&found);
        assert_eq!(chosen.iter().map(|found| found.code.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        let mut all: Vec<&Edit> = chosen.iter().flat_map(|found| edits(found)).collect();
        all.sort_by_key(|edit| edit.span);
        assert_eq!(apply(&source, &all).unwrap(), "xzyf");
        assert_eq!(apply(&source, &[&Edit { span: Span::new(5, 9), replacement: String::new() }]), None);
    }

    #[test]
    fn an_edit_that_breaks_the_file_is_refused() {
        with_question(|question| {
            let examination = examination(question);
            let source = Source::new("Dockerfile", "FROM x\nUSER 1\nCMD [\"a\"]\n");
            let start = |found: Diagnostic| Fixed {
                source: source.clone(),
                applied: Vec::new(),
                left: Examined { findings: vec![found], parses: true, ignored: 0 },
            };
            let seen = BTreeSet::new();
            let harm = start(proposal(&source, "a", &[(0, 4, "FORM")]));
            assert!(step(&harm, &[&harm.left.findings[0]], &examination, &seen).is_none());
            let good = start(proposal(&source, "a", &[(12, 13, "2")]));
            assert!(step(&good, &[&good.left.findings[0]], &examination, &seen).is_some());
        });
    }
}

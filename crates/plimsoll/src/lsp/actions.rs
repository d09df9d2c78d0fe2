//! The edits an editor offers: those of findings, all safe ones at once, a comment that keeps a finding back.

use plimsoll_lint::{Fixes, ignore_edit, is_applicable, replacement};
use plimsoll_model::{Diagnostic, Edit, Fix, Span};
use serde_json::{Value, json};

use super::diagnostics::Place;

/// The kind of an edit that answers a finding.
pub const QUICK_FIX: &str = "quickfix";

/// The kind of all safe edits together; editors can be told to apply it when a file is saved.
pub const FIX_ALL: &str = "source.fixAll.plimsoll";

/// Whether a kind is asked for, by itself or by a wider one.
pub fn is_wanted(kind: &str, only: Option<&[&str]>) -> bool {
    let within = |asked: &str| {
        asked.is_empty()
            || kind.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    only.is_none_or(|only| only.iter().any(|asked| within(asked)))
}

/// The edits of the findings that touch a span.
pub fn quick_fixes(place: &Place<'_>, findings: &[Diagnostic], asked: Span) -> Vec<Value> {
    let touching = findings.iter().filter(|found| {
        let span = place.span_of(found);
        span.start <= asked.end && asked.start <= span.end
    });
    // Repairs first: they are what most people want.
    let (repairs, comments): (Vec<_>, Vec<_>) =
        touching.map(|found| (repair(place, found), comment(place, found))).unzip();
    let mut actions: Vec<Value> = repairs.into_iter().flatten().collect();
    for comment in comments.into_iter().flatten() {
        // One comment is enough for all that a rule finds in an instruction.
        if !actions.iter().any(|action| action["edit"] == comment["edit"]) {
            actions.push(comment);
        }
    }
    actions
}

/// All safe edits together.
pub fn fix_all(place: &Place<'_>, repaired: &str) -> Value {
    let edit = difference(place.source.text(), repaired);
    let edit = json!({ "range": place.range(edit.span).to_json(), "newText": edit.replacement });
    json!({
        "title": "plimsoll: repair all that keeps its meaning",
        "kind": FIX_ALL,
        "edit": { "changes": { place.uri: [edit] } },
    })
}

fn repair(place: &Place<'_>, found: &Diagnostic) -> Option<Value> {
    let fix = found.fix.as_ref().filter(|_| is_applicable(found, place.source, Fixes::All))?;
    let mut action = action(place, found, fix, &format!("{}: {}", found.code, fix.title));
    action["isPreferred"] = fix.safe.into();
    Some(action)
}

fn comment(place: &Place<'_>, found: &Diagnostic) -> Option<Value> {
    let fix = ignore_edit(found, place.source)?;
    Some(action(place, found, &fix, &fix.title))
}

fn action(place: &Place<'_>, found: &Diagnostic, fix: &Fix, title: &str) -> Value {
    let edit = |edit: &Edit| {
        let text = replacement(place.source, edit);
        json!({ "range": place.range(edit.span).to_json(), "newText": text })
    };
    let edits: Vec<Value> = fix.edits.iter().map(edit).collect();
    json!({
        "title": title,
        "kind": QUICK_FIX,
        "diagnostics": [place.diagnostic(found)],
        "edit": { "changes": { place.uri: edits } },
    })
}

/// One edit from a text to another, without what they begin and end with alike.
fn difference(old: &str, new: &str) -> Edit {
    let alike = |(a, b): &(char, char)| a == b;
    let length = |chars: &mut dyn Iterator<Item = (char, char)>| -> usize {
        chars.take_while(alike).map(|(c, _)| c.len_utf8()).sum()
    };
    let start = length(&mut old.chars().zip(new.chars()));
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = length(&mut old_rest.chars().rev().zip(new_rest.chars().rev()));
    Edit {
        span: Span::new(start, old.len() - end),
        replacement: new_rest[..new_rest.len() - end].to_string(),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Severity, Source};

    use super::super::positions::Encoding;
    use super::*;

    #[test]
    fn kinds_are_asked_for_by_wider_ones() {
        assert!(is_wanted(FIX_ALL, None));
        for only in ["source", "source.fixAll", "source.fixAll.plimsoll", ""] {
            assert!(is_wanted(FIX_ALL, Some(&[only])), "{only}");
        }
        for only in ["source.fix", "quickfix", "source.fixAll.eslint"] {
            assert!(!is_wanted(FIX_ALL, Some(&["refactor", only])), "{only}");
        }
        assert!(!is_wanted(QUICK_FIX, Some(&[])));
    }

    #[test]
    fn one_comment_for_all_that_a_rule_finds_in_an_instruction() {
        let source = Source::new("Dockerfile", "FROM x\nEXPOSE 1 2\nUSER 1\n");
        let place = Place {
            uri: "file:///Dockerfile",
            source: &source,
            context: None,
            encoding: Encoding::Utf16,
            shows_related: false,
        };
        let found = |start: usize, end: usize| {
            Diagnostic::new("PL129", "", Severity::Info, "").at(&source, Span::new(start, end), "")
        };
        let findings = [found(14, 15), found(16, 17), found(18, 24)];
        let count = |start: usize, end: usize| quick_fixes(&place, &findings, Span::new(start, end)).len();
        assert_eq!(count(7, 17), 1, "both of one instruction");
        assert_eq!(count(0, 24), 2, "and the one of the next");
        assert_eq!(count(15, 15), 1, "a pointer at the end of a place touches it");
        assert_eq!(count(0, 6), 0);
    }

    #[test]
    fn a_difference_leads_from_one_text_to_the_other() {
        for (old, new) in [
            ("", ""),
            ("aä", "aö"),
            ("aa", "aaa"),
            ("abc", ""),
            ("", "abc"),
            ("a1b2c", "a3b4c"),
            ("äö", "äüö"),
        ] {
            let edit = difference(old, new);
            let mut text = old.to_string();
            text.replace_range(edit.span.start..edit.span.end, &edit.replacement);
            assert_eq!(text, new, "{old:?}: {edit:?}");
        }
        assert_eq!(difference("abcd", "abXd").span, Span::new(2, 3));
    }
}

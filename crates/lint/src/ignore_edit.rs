//! The edit that keeps a finding back: a comment above the instruction, its reason left to the person.

use plimsoll_model::{Diagnostic, Fix, Source, Span};

use crate::catalogue::RULES;
use crate::edits::insert;
use crate::hiding::{is_refusal, place_in};
use crate::ignore_comments::instructions;
use crate::rule::Check;

/// What stands for the reason until somebody writes it.
const REASON: &str = "...";

/// A comment that keeps a finding back: above the instruction it is in, or for the whole file above the first
/// one. `None` for what no comment keeps back.
pub fn ignore_edit(found: &Diagnostic, source: &Source) -> Option<Fix> {
    let about_comments =
        RULES.iter().any(|rule| rule.code == found.code && matches!(rule.check, Check::Comments(_)));
    if is_refusal(found) || about_comments {
        return None;
    }
    let parsed = plimsoll_dockerfile::parse(source.clone());
    let instructions = instructions(&parsed.dockerfile);
    let around = |place: Span| {
        let contains = |span: &&Span| span.start <= place.start && place.start < span.end.max(span.start + 1);
        instructions.iter().find(contains)
    };
    let (above, reach) = match place_in(found, source).and_then(around) {
        Some(instruction) => (instruction, ""),
        None => (instructions.iter().min()?, "global "),
    };
    let before = source.text().get(..above.start)?;
    let start = before.trim_end_matches([' ', '\t']).len();
    let indent = &before[start..];
    let code = &found.code;
    let comment = format!("{indent}# plimsoll {reach}ignore={code} reason=\"{REASON}\"\n");
    let title = match reach.is_empty() {
        true => format!("ignore {code} here, with a reason"),
        false => format!("ignore {code} in this file, with a reason"),
    };
    Some(insert(source, start, comment, &title, false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::replacement;
    use crate::tests::{examination, with_question};

    /// The text with the comment about each finding, and the codes that are found then.
    fn ignored(text: &str) -> Vec<(String, String, Vec<String>)> {
        with_question(|question| {
            let source = Source::new("Dockerfile", text);
            let examine = |source: &Source| examination(question).examine(source).findings;
            let one = |found: Diagnostic| {
                let fix = ignore_edit(&found, &source)?;
                let edit = &fix.edits[0];
                let mut text = source.text().to_string();
                text.insert_str(edit.span.start, &replacement(&source, edit));
                let left = examine(&Source::new("Dockerfile", text.as_str()));
                Some((found.code, text, left.into_iter().map(|found| found.code).collect()))
            };
            examine(&source).into_iter().filter_map(one).collect()
        })
    }

    #[test]
    fn the_comment_keeps_the_finding_back() {
        let text = "\u{feff}# escape=`\r\nFROM x\r\n\tMAINTAINER me\r\nENTRYPOINT /a -b\r\nCMD c\r\n";
        let ignored = ignored(text);
        assert!(ignored.iter().any(|(code, ..)| code == "PL608"), "{ignored:?}");
        for (code, text, left) in &ignored {
            assert!(!left.contains(code), "{code} is still found in {text}");
            assert!(!left.iter().any(|code| code.starts_with("PL8")), "{left:?}: {text}");
            assert!(text.starts_with("\u{feff}# escape=`\r\n"), "{text}");
            assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
        }
        let maintainer = ignored.iter().find(|(code, ..)| code == "PL608").unwrap();
        assert!(
            maintainer.1.contains("\n\t# plimsoll ignore=PL608 reason=\"...\"\r\n\tMAINTAINER me\r\n"),
            "{}",
            maintainer.1
        );
    }

    #[test]
    fn what_cannot_be_kept_back_gets_no_comment() {
        assert!(ignored("FROM x\nRUM y\n").iter().all(|(code, ..)| !code.starts_with("PL0")));
        let unused = "FROM x\n# plimsoll ignore=PL608 reason=\"no\"\nUSER 1\n";
        assert!(ignored(unused).iter().all(|(code, ..)| code != "PL801"));
    }
}

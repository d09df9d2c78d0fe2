//! # PL803 ignore-mistaken
//!
//! An ignore comment that cannot be read keeps nothing back. It is written
//!
//! ```text
//! # plimsoll ignore=PL401,PL403 until=2027-01-31 reason="the base image needs it"
//! ```
//!
//! before an instruction, or with `global ignore=` for the whole file. The rules are named by code or name; the
//! reason must be there, the last day need not.

use plimsoll_model::{Diagnostic, user};

use crate::catalogue::RULES;
use crate::hiding::{Comments, Judged};
use crate::ignore_comments::{Form, Mistake};
use crate::rule::Report;

pub(crate) fn check(comments: &Comments<'_>, report: &Report) -> Vec<Diagnostic> {
    let own = comments.list.iter().filter(|judged| judged.comment.form == Form::Plimsoll);
    own.flat_map(|judged| match &judged.comment.mistake {
        Some(mistake) => vec![mistaken(comments, judged, mistake, report)],
        None => unknown_rules(comments, judged, report),
    })
    .collect()
}

fn mistaken(comments: &Comments<'_>, judged: &Judged, mistake: &Mistake, report: &Report) -> Diagnostic {
    let why = match mistake {
        Mistake::NoRule => "it names no rule".to_string(),
        Mistake::NoReason => "it says no reason=\"...\"".to_string(),
        Mistake::NoInstruction => {
            "no instruction follows it; global ignore= is for the whole file".to_string()
        }
        Mistake::NoDay(text) => format!("until={text} is no day; until=2027-01-31 is one"),
        Mistake::Unknown(word) => format!("'{word}' is neither until=DAY nor reason=\"...\""),
    };
    let found = report.warning(format!("the comment keeps nothing back: {why}"));
    found.at(comments.source, judged.comment.span, "")
}

/// Names that are nobody's. Those in comments of other linters are theirs.
fn unknown_rules(comments: &Comments<'_>, judged: &Judged, report: &Report) -> Vec<Diagnostic> {
    let known =
        |word: &str| word.to_uppercase().starts_with("PL0") || RULES.iter().any(|rule| rule.is_called(word));
    let unknown = judged.comment.words.iter().filter(|word| !known(&word.text));
    let found = unknown.map(|word| {
        let names = RULES.iter().flat_map(|rule| [rule.code, rule.name]);
        let near =
            user::nearest(&word.text, names).map_or(String::new(), |near| format!("; did you mean {near}?"));
        let found = report.warning(format!("there is no rule '{}'{near}", word.text));
        found.at(comments.source, word.span, "")
    });
    found.collect()
}

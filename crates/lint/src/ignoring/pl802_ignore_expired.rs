//! # PL802 ignore-expired
//!
//! The last day of an ignore comment is over: what it kept back is reported again. Somebody wanted to look at
//! it once more.
//!
//! Repair what is found now and remove the comment, or give it another day.

use plimsoll_model::Diagnostic;

use crate::hiding::Comments;
use crate::rule::Report;

pub(crate) fn check(comments: &Comments<'_>, report: &Report) -> Vec<Diagnostic> {
    let expired = comments.list.iter().filter(|judged| judged.expired && judged.comment.mistake.is_none());
    let found = expired.filter_map(|judged| {
        let until = judged.comment.until?;
        let found =
            report.warning(format!("the comment keeps nothing back any more: its last day was {until}"));
        Some(found.at(comments.source, judged.comment.span, ""))
    });
    found.collect()
}

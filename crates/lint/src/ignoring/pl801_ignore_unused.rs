//! # PL801 ignore-unused
//!
//! An ignore comment keeps nothing back: the rule it names was checked and finds nothing there. The comment
//! says something that is no longer true, and would hide the next mistake of that kind.
//!
//! Remove the comment, or the name from its list.

use plimsoll_model::{Diagnostic, Edit, Fix, Source, Span};

use crate::hiding::{Comments, Judged};
use crate::ignore_comments::Form;
use crate::rule::Report;

pub(crate) fn check(comments: &Comments<'_>, report: &Report) -> Vec<Diagnostic> {
    let idle = comments.list.iter().filter(|judged| !judged.idle.is_empty());
    idle.map(|judged| finding(comments.source, judged, report)).collect()
}

fn finding(source: &Source, judged: &Judged, report: &Report) -> Diagnostic {
    let comment = &judged.comment;
    let names: Vec<&str> = judged.idle.iter().map(|at| comment.words[*at].text.as_str()).collect();
    let where_to = if comment.instruction.is_some() { "the next instruction" } else { "the file" };
    let mut found =
        report.info(format!("nothing to ignore: {} finds nothing in {where_to}", names.join(", ")));
    for at in &judged.idle {
        found = found.at(source, comment.words[*at].span, "");
    }
    let all_idle = judged.idle.len() == comment.words.len();
    // A directive of the builder may say more than what to skip.
    match all_idle && comment.form != Form::BuildKit {
        true => found.fix(Fix {
            title: "remove the comment".to_string(),
            source: source.clone(),
            edits: vec![Edit { span: whole_line(source, comment.span), replacement: String::new() }],
            // Another linter may still need its comment.
            safe: comment.form == Form::Plimsoll,
        }),
        false => found,
    }
}

/// A line with its end.
fn whole_line(source: &Source, span: Span) -> Span {
    let text = source.text();
    let start = text[..span.start].rfind('\n').map_or(span.start, |at| at + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at + 1);
    Span::new(start, end)
}

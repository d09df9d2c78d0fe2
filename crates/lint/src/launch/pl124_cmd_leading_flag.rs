//! # PL124 cmd-leading-flag
//!
//! Words that begin with `--` right after the instruction are the builder's own flags, so
//! `CMD --port 8080` is refused: `unknown flag: --port`.
//!
//! Default arguments for an ENTRYPOINT are written in exec form: `CMD ["--port", "8080"]`.

use plimsoll_model::{Diagnostic, Edit, Fix, Span};

use super::exec_form;
use crate::rule::Report;
use crate::subject::Subject;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some((dockerfile, _)) = subject.written else { return Vec::new() };
    let source = &dockerfile.source;
    let mut all = Vec::new();
    for statement in dockerfile.stages.iter().flat_map(|stage| &stage.statements) {
        let word = statement.keyword.text.to_ascii_uppercase();
        let after = statement.keyword.span.end;
        let text = source.slice(Span::new(after, statement.span.end.max(after)));
        let blank = text.len() - text.trim_start().len();
        if !matches!(word.as_str(), "CMD" | "ENTRYPOINT") || !text.trim_start().starts_with("--") {
            continue;
        }
        let place = Span::new(after + blank, statement.span.end);
        let found = report.error(format!("the builder takes this for a flag of {word}"));
        let mut found = found.at(source, place, "write the arguments in exec form");
        if let Some(words) = exec_form::literal_words(text) {
            found.fix = Some(Fix {
                title: "exec form".to_string(),
                source: source.clone(),
                edits: vec![Edit { span: place, replacement: exec_form::json_array(&words) }],
                safe: true,
            });
        }
        all.push(found);
    }
    all
}

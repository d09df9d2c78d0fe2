//! Our own document, `plimsoll.lint/1`.

use plimsoll_lint::Applied;
use plimsoll_model::{Diagnostic, Fix, Severity};
use serde_json::{Value, json};

use super::place::region;
use crate::render::contract::finding_json;
use crate::work::linting::{LintReport, LintedFile};

pub fn render(report: &LintReport) -> Value {
    let sum = |of: fn(&LintedFile) -> usize| report.files.iter().map(of).sum::<usize>();
    json!({
        "schema": "plimsoll.lint/1",
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "baselineGone": report.gone.iter().map(|(identity, count)| json!({
            "file": identity.file, "code": identity.code, "line": identity.line, "count": count,
        })).collect::<Vec<_>>(),
        "summary": {
            "files": report.files.len(),
            "errors": report.count(Severity::Error),
            "warnings": report.count(Severity::Warning),
            "infos": report.count(Severity::Info),
            "fixed": sum(LintedFile::fixed),
            "ignored": sum(|file| file.ignored),
            "inBaseline": sum(|file| file.known),
        },
    })
}

fn file(file: &LintedFile) -> Value {
    json!({
        "file": file.name(),
        "parses": file.parses(),
        "findings": file.findings.iter().map(finding).collect::<Vec<_>>(),
        "fixed": file.applied.iter().map(applied).collect::<Vec<_>>(),
        "fixedBeside": file.changed_beside().map(|(name, beside)| json!({
            "file": name, "fixed": beside.applied.iter().map(applied).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "ignored": file.ignored,
        "inBaseline": file.known,
    })
}

fn applied(one: &Applied) -> Value {
    json!({ "code": one.code, "title": one.title, "line": one.line })
}

fn finding(found: &Diagnostic) -> Value {
    let mut value = finding_json(found);
    value["fix"] = json!(found.fix.as_ref().map(fix));
    value
}

fn fix(fix: &Fix) -> Value {
    let edits = fix.edits.iter().map(|edit| {
        let place = region(&fix.source, edit.span);
        json!({
            "line": place.line, "column": place.column, "endLine": place.end_line, "endColumn": place.end_column,
            "offset": edit.span.start, "endOffset": edit.span.end,
            "replacement": edit.replacement,
        })
    });
    json!({ "title": fix.title, "safe": fix.safe, "file": fix.source.name(), "edits": edits.collect::<Vec<_>>() })
}

//! What `hadolint --format json` prints, with hadolint's codes where it has one.

use plimsoll_lint::is_hadolint;
use plimsoll_model::{Diagnostic, Severity};
use serde_json::{Value, json};

use super::name_elsewhere;
use super::place::{file, place};
use crate::work::linting::LintReport;

/// What hadolint calls style; there is no level below info here.
const STYLE: [&str; 1] = ["DL3048"];

fn level(found: &Diagnostic) -> &'static str {
    match found.severity {
        Severity::Info if STYLE.contains(&found.code.as_str()) => "style",
        severity => severity.word(),
    }
}

pub fn render(report: &LintReport) -> Value {
    let entries = report.findings().map(|(dockerfile, found)| {
        let (line, column) = place(found).map_or((1, 1), |(_, at)| (at.line, at.column));
        json!({
            "code": name_elsewhere(found, is_hadolint).unwrap_or(&found.code),
            "column": column,
            "file": file(found, dockerfile.name()),
            "level": level(found),
            "line": line,
            "message": found.message,
        })
    });
    Value::Array(entries.collect())
}

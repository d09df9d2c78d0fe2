//! What `hadolint --format json` prints, with hadolint's codes where it has one.

use plimsoll_lint::is_hadolint;
use serde_json::{Value, json};

use super::name_elsewhere;
use super::place::{file, place};
use crate::work::linting::LintReport;

pub fn render(report: &LintReport) -> Value {
    let entries = report.findings().map(|(dockerfile, found)| {
        let (line, column) = place(found).map_or((1, 1), |(_, at)| (at.line, at.column));
        json!({
            "code": name_elsewhere(found, is_hadolint).unwrap_or(&found.code),
            "column": column,
            "file": file(found, dockerfile.name()),
            "level": found.severity.word(),
            "line": line,
            "message": found.message,
        })
    });
    Value::Array(entries.collect())
}

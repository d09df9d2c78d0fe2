//! GitLab's report of code quality (Code Climate's form).

use std::collections::BTreeMap;

use plimsoll_lint::Identity;
use plimsoll_model::{Digest, Severity};
use serde_json::{Value, json};

use super::place::{file, line};
use crate::work::linting::LintReport;

pub fn render(report: &LintReport) -> Value {
    let mut seen: BTreeMap<Identity, usize> = BTreeMap::new();
    let entries = report.findings().map(|(dockerfile, found)| {
        let identity = Identity::of(dockerfile.name(), found);
        let text = format!("{}\n{}\n{}", identity.code, identity.file, identity.line);
        // Equal lines have the same identity, and a fingerprint must be unique.
        let count = seen.entry(identity).or_default();
        *count += 1;
        let severity = match found.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Info => "info",
        };
        json!({
            "description": found.message,
            "check_name": found.code,
            "fingerprint": Digest::of(format!("{text}\n{count}").as_bytes()).hex(),
            "severity": severity,
            "location": {
                "path": file(found, dockerfile.name()),
                "lines": { "begin": line(found) },
            },
        })
    });
    Value::Array(entries.collect())
}

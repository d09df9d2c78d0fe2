//! SARIF 2.1.0 (OASIS), as code scanning services take it.

use plimsoll_lint::{Identity, Rule};
use plimsoll_model::{Diagnostic, Digest, Fix, Label, Severity, Source, Span};
use serde_json::{Value, json};

use super::place::region;
use super::rule_of;
use crate::work::linting::LintReport;

pub fn render(report: &LintReport) -> Value {
    let mut codes: Vec<&str> = report.findings().map(|(_, found)| found.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let index = |code: &str| codes.binary_search(&code).unwrap_or_default();
    let results = report.findings().map(|(file, found)| result(file.name(), found, index(&found.code)));
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "plimsoll",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(report, code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

/// A rule with its manual; for the parser's codes there is only the code.
fn rule(report: &LintReport, code: &str) -> Value {
    let found = report.findings().map(|(_, found)| found).find(|found| found.code == code);
    match found.and_then(rule_of) {
        Some(rule) => json!({
            "id": rule.code,
            "name": rule.name,
            "shortDescription": { "text": first_sentence(rule) },
            "help": { "text": rule.manual().trim(), "markdown": rule.manual().trim() },
        }),
        None => {
            json!({ "id": code, "shortDescription": { "text": "The Dockerfile as the builder reads it." } })
        }
    }
}

fn first_sentence(rule: &Rule) -> String {
    let manual = rule.manual();
    let paragraph: Vec<&str> = manual.trim().lines().take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    paragraph.split_once(". ").map_or(paragraph.clone(), |(first, _)| format!("{first}."))
}

fn result(file: &str, found: &Diagnostic, rule_index: usize) -> Value {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let text = std::iter::once(&found.message).chain(&found.notes).cloned().collect::<Vec<_>>().join("\n");
    let main = found.place();
    let others = found.labels.iter().filter(|label| main != Some(label)).enumerate();
    let locations = main.map_or_else(
        || json!({ "physicalLocation": { "artifactLocation": { "uri": uri(file) } } }),
        location,
    );
    let related: Vec<Value> = others
        .map(|(at, label)| {
            let mut place = location(label);
            place["id"] = json!(at);
            if !label.text.is_empty() {
                place["message"] = json!({ "text": label.text });
            }
            place
        })
        .collect();
    let identity = Identity::of(file, found);
    let identity = format!("{}\n{}\n{}", identity.code, identity.file, identity.line);
    json!({
        "ruleId": found.code,
        "ruleIndex": rule_index,
        "level": level,
        "message": { "text": text },
        "locations": [locations],
        "relatedLocations": related,
        "fixes": found.fix.iter().map(fix).collect::<Vec<_>>(),
        "partialFingerprints": { "plimsoll/1": Digest::of(identity.as_bytes()).hex() },
        "properties": { "certainty": found.certainty.word() },
    })
}

fn location(label: &Label) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(label.source.name()) },
        "region": place(&label.source, label.span),
    }})
}

fn place(source: &Source, span: Span) -> Value {
    let place = region(source, span);
    json!({
        "startLine": place.line, "startColumn": place.column,
        "endLine": place.end_line, "endColumn": place.end_column,
    })
}

fn fix(fix: &Fix) -> Value {
    let replacements = fix.edits.iter().map(|edit| {
        json!({
            "deletedRegion": place(&fix.source, edit.span),
            "insertedContent": { "text": edit.replacement },
        })
    });
    json!({
        "description": { "text": fix.title },
        "artifactChanges": [{
            "artifactLocation": { "uri": uri(fix.source.name()) },
            "replacements": replacements.collect::<Vec<_>>(),
        }],
    })
}

/// A path as the reference of a URI (RFC 3986).
fn uri(path: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    let encoded: String = path.bytes().map(encode).collect();
    if path.starts_with('/') { format!("file://{encoded}") } else { encoded }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("a b/Dockerfile.ä"), "a%20b/Dockerfile.%C3%A4");
        assert_eq!(uri("/srv/a:b"), "file:///srv/a%3Ab");
    }
}

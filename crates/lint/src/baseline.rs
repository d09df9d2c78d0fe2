//! Findings that are known already: only new ones are reported.
//!
//! A finding is the same one as long as rule, file and the text of its line are the same; its number does not
//! count, so lines may be added above.

use std::collections::BTreeMap;

use plimsoll_model::Diagnostic;
use serde_json::{Value, json};

use crate::hiding::is_refusal;

const SCHEMA: &str = "plimsoll.lint-baseline/1";

/// What makes two findings the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The file as messages name it.
    pub file: String,
    /// The rule.
    pub code: String,
    /// The text of the line, without blanks at its ends.
    pub line: String,
}

impl Identity {
    /// That of a finding in a file.
    pub fn of(file: &str, found: &Diagnostic) -> Identity {
        let line = found.place().and_then(|label| {
            let span = label.source.line_span(label.source.line(label.span.start))?;
            Some(label.source.slice(span).trim().to_string())
        });
        Identity { file: file.to_string(), code: found.code.clone(), line: line.unwrap_or_default() }
    }
}

/// Known findings and how often each is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeMap<Identity, usize>,
}

impl Baseline {
    /// Read what [`Baseline::to_text`] wrote.
    pub fn parse(text: &str) -> Result<Baseline, String> {
        let document: Value =
            serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        match document["schema"].as_str() {
            Some(SCHEMA) => {}
            Some(other) => return Err(format!("its schema is {other}, not {SCHEMA}")),
            None => return Err(format!("it has no schema {SCHEMA}")),
        }
        let entries = document["findings"].as_array().ok_or("it has no list of findings")?;
        let mut known = BTreeMap::new();
        for (at, entry) in entries.iter().enumerate() {
            let text = |name: &str| entry[name].as_str().map(str::to_string);
            let read = || {
                let count = usize::try_from(entry["count"].as_u64()?).ok()?;
                Some((Identity { file: text("file")?, code: text("code")?, line: text("line")? }, count))
            };
            let (identity, count) =
                read().ok_or_else(|| format!("finding {} has no file, code, line and count", at + 1))?;
            known.insert(identity, count);
        }
        Ok(Baseline { known })
    }

    /// As JSON, in the order of files.
    pub fn to_text(&self) -> String {
        let entries = self.known.iter().map(|(identity, count)| {
            json!({ "file": identity.file, "code": identity.code, "line": identity.line, "count": count })
        });
        let document = json!({ "schema": SCHEMA, "findings": entries.collect::<Vec<_>>() });
        format!("{document:#}\n")
    }

    /// Record the findings of a file. What keeps a file from being built is never known already.
    pub fn record(&mut self, file: &str, findings: &[Diagnostic]) {
        for found in findings.iter().filter(|found| !is_refusal(found)) {
            *self.known.entry(Identity::of(file, found)).or_default() += 1;
        }
    }

    /// Take the known findings of a file away; returns how many.
    pub fn hide(&mut self, file: &str, findings: &mut Vec<Diagnostic>) -> usize {
        let before = findings.len();
        findings.retain(|found| {
            let left = self.known.get_mut(&Identity::of(file, found)).filter(|left| **left > 0);
            match left {
                Some(left) if !is_refusal(found) => {
                    *left -= 1;
                    false
                }
                _ => true,
            }
        });
        before - findings.len()
    }

    /// What was known and is gone, of the files that count.
    pub fn gone(&self, counts: impl Fn(&str) -> bool) -> Vec<(Identity, usize)> {
        let left = self.known.iter().filter(|(identity, left)| **left > 0 && counts(&identity.file));
        left.map(|(identity, left)| (identity.clone(), *left)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::{Severity, Source, Span};

    fn found(code: &str, text: &str, line: usize) -> Diagnostic {
        let source = Source::new("f", text);
        let span = source.line_span(line).unwrap();
        Diagnostic::new(code, "", Severity::Warning, "").at(&source, Span::new(span.start, span.end), "")
    }

    #[test]
    fn a_line_may_move_and_counts_matter() {
        let mut baseline = Baseline::default();
        baseline.record("f", &[found("PL1", "USER a\n", 1), found("PL2", "USER a\n", 1)]);
        let mut baseline = Baseline::parse(&baseline.to_text()).unwrap();
        let moved = "RUN x\n  USER a\nUSER a\n";
        let mut now = vec![found("PL1", moved, 2), found("PL1", moved, 3), found("PL1", moved, 1)];
        assert_eq!(baseline.hide("f", &mut now), 1);
        assert_eq!(now.len(), 2, "the second of the same line is new");
        assert_eq!(baseline.hide("g", &mut vec![found("PL2", "USER a\n", 1)]), 0, "another file");
        let gone = baseline.gone(|_| true);
        assert_eq!(gone.iter().map(|(gone, _)| gone.code.as_str()).collect::<Vec<_>>(), ["PL2"]);
        assert_eq!(baseline.gone(|file| file == "g"), []);
    }

    #[test]
    fn what_does_not_parse_is_never_known() {
        let mut error = found("PL001", "RUM x\n", 1);
        error.severity = Severity::Error;
        let mut baseline = Baseline::default();
        baseline.record("f", std::slice::from_ref(&error));
        assert_eq!(baseline, Baseline::default());
    }

    #[test]
    fn other_documents_are_refused() {
        for text in ["", "[]", "{\"schema\":\"x\"}", "{\"schema\":\"plimsoll.lint-baseline/1\"}"] {
            assert!(Baseline::parse(text).is_err(), "{text}");
        }
        let text = "{\"schema\":\"plimsoll.lint-baseline/1\",\"findings\":[{\"file\":\"f\"}]}";
        assert!(Baseline::parse(text).unwrap_err().contains("finding 1"));
    }
}

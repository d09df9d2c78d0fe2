//! Findings as editors show them.

use std::path::Path;

use plimsoll_lint::{place_in, rule};
use plimsoll_model::{Certainty, Diagnostic, Label, Severity, Source, Span};
use serde_json::{Value, json};

use super::file_uri::uri_of;
use super::positions::{Encoding, Lines, Range};

/// The file findings are in, as the editor knows it.
pub struct Place<'a> {
    /// Its address.
    pub uri: &'a str,
    /// The text that was examined.
    pub source: &'a Source,
    /// Where files of the build context lie, if that is known.
    pub context: Option<&'a Path>,
    /// What the editor's columns count.
    pub encoding: Encoding,
    /// The editor shows other places of a finding.
    pub shows_related: bool,
}

impl Place<'_> {
    /// The places of a span of the file.
    pub fn range(&self, span: Span) -> Range {
        Lines::new(self.source.text(), self.encoding).range(span)
    }

    /// The span of a finding in the file: its main place, or where it points from. The beginning of the file
    /// if it is about all of it.
    pub fn span_of(&self, found: &Diagnostic) -> Span {
        place_in(found, self.source).unwrap_or_default()
    }

    /// A finding for the editor.
    pub fn diagnostic(&self, found: &Diagnostic) -> Value {
        let mut shown = json!({
            "range": self.range(self.span_of(found)).to_json(),
            "severity": level(found.severity),
            "code": found.code,
            "source": "plimsoll",
            "message": message(found),
        });
        if self.shows_related {
            shown["relatedInformation"] = self.related(found).into();
        }
        shown
    }

    /// What the labels say, each at its place, and where to read more.
    fn related(&self, found: &Diagnostic) -> Vec<Value> {
        let here = || json!({ "uri": self.uri, "range": self.range(self.span_of(found)).to_json() });
        let said = found.labels.iter().filter(|label| !label.text.is_empty());
        let related = |label: &Label| {
            let location = self.location(label).unwrap_or_else(here);
            json!({ "location": location, "message": label.text })
        };
        let manual = rule(&found.code).map(
            |rule| json!({ "location": here(), "message": format!("more: plimsoll explain {}", rule.code) }),
        );
        said.map(related).chain(manual).collect()
    }

    /// The place of a label, if the editor can go there: in this file, or in a script of the build context.
    fn location(&self, label: &Label) -> Option<Value> {
        if label.source == *self.source {
            return Some(json!({ "uri": self.uri, "range": self.range(label.span).to_json() }));
        }
        let path = self.context?.join(label.source.name());
        // Some scripts are only in a base image or in the Dockerfile; this one may have changed meanwhile.
        let is_there = std::fs::read_to_string(&path).is_ok_and(|text| text == label.source.text());
        let range = Lines::new(label.source.text(), self.encoding).range(label.span);
        is_there.then(|| json!({ "uri": uri_of(&path), "range": range.to_json() }))
    }
}

/// The protocol's DiagnosticSeverity.
fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Error => 1,
        Severity::Warning => 2,
        Severity::Info => 3,
    }
}

/// The fact, and below it what follows.
fn message(found: &Diagnostic) -> String {
    let doubt = "likely, not certain: plimsoll prove decides it".to_string();
    let doubt = (found.certainty == Certainty::Likely).then_some(doubt);
    let lines = std::iter::once(&found.message).chain(&found.notes).chain(&doubt);
    lines.map(String::as_str).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_places_are_told_where_they_are_known() {
        let source = Source::new("/p/Dockerfile", "FROM x\nENTRYPOINT [\"/𝒳\", \"b\"]\n");
        let script = Source::new("no/such/script.sh", "#!/bin/sh\nserver\n");
        let found = Diagnostic::new("PL104", "script-no-exec", Severity::Warning, "the fact")
            .at(&script, Span::new(10, 16), "stays a child")
            .context(&source, Span::new(19, 25), "starts the script")
            .note("a note")
            .certainty(Certainty::Likely);
        let place = Place {
            uri: "file:///p/Dockerfile",
            source: &source,
            context: Some(Path::new("/p")),
            encoding: Encoding::Utf16,
            shows_related: true,
        };
        let shown = place.diagnostic(&found);
        let range = json!({ "start": { "line": 1, "character": 12 }, "end": { "line": 1, "character": 16 } });
        assert_eq!(shown["range"], range);
        assert_eq!(shown["severity"], 2);
        assert_eq!(shown["message"], "the fact\na note\nlikely, not certain: plimsoll prove decides it");
        let related = shown["relatedInformation"].as_array().unwrap();
        let said: Vec<&str> = related.iter().map(|one| one["message"].as_str().unwrap()).collect();
        assert_eq!(said, ["stays a child", "starts the script", "more: plimsoll explain PL104"]);
        for one in related {
            assert_eq!(one["location"], json!({ "uri": "file:///p/Dockerfile", "range": range }));
        }
        let shown = Place { shows_related: false, ..place }.diagnostic(&found);
        assert!(shown.get("relatedInformation").is_none());
    }
}

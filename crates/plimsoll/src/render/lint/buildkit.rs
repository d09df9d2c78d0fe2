//! What `docker build --call=check,format=json` prints (BuildKit, `frontend/subrequests/lint`): warnings, the
//! texts they point into, and the error that ends the build.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_lint::is_buildkit;
use plimsoll_model::{Diagnostic, Source};
use serde_json::{Map, Value, json};

use super::place::{Region, place};
use super::{name_elsewhere, rule_of};
use crate::work::linting::LintReport;

pub fn render(report: &LintReport) -> Value {
    let mut sources: Vec<&Source> = Vec::new();
    let (mut warnings, mut error) = (Vec::new(), Value::Null);
    for (file, found) in report.findings() {
        let (source, at) = place(found).map_or((&file.source, None), |(source, at)| (source, Some(at)));
        let index = sources.iter().position(|known| *known == source).unwrap_or_else(|| {
            sources.push(source);
            sources.len() - 1
        });
        let location = location(index, at);
        // What does not parse is found by none of the rules.
        match rule_of(found) {
            None if !file.parses() && error.is_null() => {
                error = json!({ "message": found.message, "location": location });
            }
            _ => warnings.push(warning(found, location)),
        }
    }
    let sources = sources.into_iter().map(|source| {
        json!({
            "fileName": source.name(),
            "language": "Dockerfile",
            "data": STANDARD.encode(source.text()),
        })
    });
    let mut document = json!({ "warnings": warnings, "sources": sources.collect::<Vec<_>>() });
    if !error.is_null() {
        document["buildError"] = error;
    }
    document
}

fn warning(found: &Diagnostic, location: Value) -> Value {
    let theirs = name_elsewhere(found, is_buildkit);
    let name = theirs.unwrap_or(if found.name.is_empty() { &found.code } else { &found.name });
    let mut warning = json!({ "ruleName": name, "description": found.message, "detail": found.message });
    if let Some(name) = theirs {
        warning["url"] = json!(format!("https://docs.docker.com/go/dockerfile/rule/{}/", kebab(name)));
    }
    warning["location"] = location;
    warning
}

/// Empty values are left out, as everywhere in BuildKit's documents.
fn location(index: usize, at: Option<Region>) -> Value {
    let mut location = Map::new();
    if index > 0 {
        location.insert("sourceIndex".to_string(), json!(index));
    }
    if let Some(at) = at {
        let position = |line: usize, column: usize| match column {
            0 => json!({ "line": line }),
            column => json!({ "line": line, "character": column }),
        };
        let (start, end) = (position(at.line, at.column - 1), position(at.end_line, at.end_column - 1));
        location.insert("ranges".to_string(), json!([{ "start": start, "end": end }]));
    }
    Value::Object(location)
}

/// `JSONArgsRecommended` as docker's pages are called: `json-args-recommended`.
fn kebab(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut kebab = String::new();
    for (at, c) in letters.iter().enumerate() {
        let after_small = at > 0 && letters[at - 1].is_ascii_lowercase();
        let before_small = at > 0 && letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (after_small || before_small) {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::kebab;

    #[test]
    fn names_of_pages() {
        assert_eq!(kebab("JSONArgsRecommended"), "json-args-recommended");
        assert_eq!(kebab("SecretsUsedInArgOrEnv"), "secrets-used-in-arg-or-env");
        assert_eq!(kebab("StageNameCasing"), "stage-name-casing");
    }
}

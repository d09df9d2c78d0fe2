//! The files an editor has open, with the text it has of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use plimsoll_lint::Fixes;
use serde_json::Value;

use super::file_uri::path_of;
use super::positions::{Encoding, Lines, Range};
use crate::work::dockerfiles::is_dockerfile;
use crate::work::linting::{LintedFile, Linting, Repair};

/// The open Dockerfiles by their addresses.
pub type Documents = BTreeMap<String, Document>;

/// An open Dockerfile.
pub struct Document {
    /// Its path, if it is a file.
    pub path: Option<PathBuf>,
    /// The editor's number of this text.
    pub version: Option<i64>,
    /// The editor was told what is wrong with this text.
    pub is_published: bool,
    text: String,
    examined: Option<Rc<LintedFile>>,
}

/// A change of a text: a place with its new text, or all of it.
pub struct Change {
    range: Option<Range>,
    text: String,
}

impl Change {
    /// Read one.
    pub fn from_json(value: &Value) -> Option<Self> {
        let range = match value.get("range") {
            None | Some(Value::Null) => None,
            Some(range) => Some(Range::from_json(range)?),
        };
        Some(Change { range, text: value.get("text")?.as_str()?.to_string() })
    }
}

impl Document {
    /// A file that was opened, if it is a Dockerfile by its name or by what the editor says.
    pub fn open(uri: &str, language: &str, version: Option<i64>, text: &str) -> Option<Self> {
        let path = path_of(uri);
        let name = path.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy());
        let is_ours =
            language.eq_ignore_ascii_case("dockerfile") || name.is_some_and(|name| is_dockerfile(&name));
        let document =
            Document { path, version, is_published: false, text: text.to_string(), examined: None };
        is_ours.then_some(document)
    }

    /// The text changes.
    pub fn change(&mut self, change: &Change, encoding: Encoding) {
        match change.range {
            None => self.text.clone_from(&change.text),
            Some(range) => {
                let span = Lines::new(&self.text, encoding).span(range);
                self.text.replace_range(span.start..span.end, &change.text);
            }
        }
        self.forget();
    }

    /// What is known of it may hold no longer.
    pub fn forget(&mut self) {
        (self.examined, self.is_published) = (None, false);
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong with the text.
    pub fn examined(&mut self, linting: &Linting<'_>) -> Rc<LintedFile> {
        let examine = || Rc::new(linting.unsaved(self.path.as_deref(), &self.text));
        self.examined.get_or_insert_with(examine).clone()
    }

    /// The text with all edits that keep its meaning; `None` if there are none.
    pub fn repaired(&self, linting: &Linting<'_>) -> Option<String> {
        let linting = Linting { repair: Repair::Apply(Fixes::Safe), ..linting.clone() };
        let repaired = linting.unsaved(self.path.as_deref(), &self.text).repaired?;
        (repaired.text() != self.text).then(|| repaired.text().to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(text: &str, changes: &[Value]) -> String {
        let mut document = Document::open("untitled:1", "dockerfile", None, text).unwrap();
        for change in changes {
            document.change(&Change::from_json(change).unwrap(), Encoding::Utf16);
        }
        document.text
    }

    fn part(from: (u64, u64), to: (u64, u64), text: &str) -> Value {
        let place = |(line, character): (u64, u64)| json!({ "line": line, "character": character });
        json!({ "range": { "start": place(from), "end": place(to) }, "text": text })
    }

    #[test]
    fn changes_follow_one_another() {
        assert_eq!(
            changed(
                "FROM 𝒳\nUSER 1\n",
                &[part((0, 5), (0, 7), "a"), part((1, 5), (1, 6), "2"), part((2, 0), (2, 0), "CMD b\n")]
            ),
            "FROM a\nUSER 2\nCMD b\n"
        );
        assert_eq!(changed("a", &[part((9, 9), (99, 0), "b"), part((0, 9), (0, 0), "")]), "");
        assert_eq!(changed("a", &[json!({ "text": "b" })]), "b");
        assert!(Change::from_json(&json!({ "range": { "start": 1 }, "text": "b" })).is_none());
        assert!(Change::from_json(&json!({ "text": 1 })).is_none());
    }

    #[test]
    fn files_are_dockerfiles_by_name_or_language() {
        let is_ours = |uri: &str, language: &str| Document::open(uri, language, None, "").is_some();
        assert!(is_ours("file:///a/Dockerfile.dev", "plaintext"));
        assert!(is_ours("file:///a/Containerfile", ""));
        assert!(is_ours("file:///a/build", "dockerfile"));
        assert!(!is_ours("file:///a/Dockerfile.dockerignore", "ignore"));
        assert!(!is_ours("untitled:Dockerfile", "plaintext"));
    }
}

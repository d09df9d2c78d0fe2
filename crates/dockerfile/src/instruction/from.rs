//! FROM.

use super::{Context, Head};
use crate::lines::Fragment;
use crate::syntax::{From, Text};

impl Context<'_> {
    /// The parts of FROM, as far as they are there: a stage begins even if its FROM is broken.
    pub(super) fn from(&mut self, head: &Head<'_>) -> From {
        let words = head.arguments.words();
        let platform = head.flags.iter().find(|flag| flag.name == "platform");
        let image = words.first().copied().unwrap_or(head.arguments).text();
        let name = match words.as_slice() {
            [_] => None,
            [_, keyword, name] if keyword.as_str().eq_ignore_ascii_case("as") => {
                self.check_stage_name(*name);
                Some(name.text())
            }
            words => {
                self.wrong_words(words);
                None
            }
        };
        let platform = platform.and_then(|flag| flag.value.clone());
        From { image, name, platform, words: words.into_iter().map(Fragment::text).collect() }
    }

    fn wrong_words(&mut self, words: &[Fragment<'_>]) {
        match words {
            [] => self.missing("FROM", "an image"),
            [_, keyword] if keyword.as_str().eq_ignore_ascii_case("as") => {
                self.problems.error("PL005", keyword.span(), "the name of the stage is missing after AS");
            }
            [_, second, rest @ ..] => {
                let message = format!("'{}' after the image: FROM image [AS name]", second.as_str());
                let report = self.problems.error("PL005", second.span(), message);
                match rest {
                    [] => drop(report.note(format!("to name the stage write AS {}", second.as_str()))),
                    _ if second.as_str().starts_with('#') => {
                        report.note("a comment stands on a line of its own");
                    }
                    _ => {}
                }
            }
            [_] => {}
        }
    }

    fn check_stage_name(&mut self, name: Fragment<'_>) {
        if !is_stage_name(name.as_str()) {
            let message = format!("'{}' is no stage name", name.as_str());
            self.problems
                .error("PL006", name.span(), message)
                .note("a stage name is a letter, then letters, digits, '-', '_' and '.'");
        }
    }
}

/// BuildKit's rule: `^[a-z][a-z0-9-_.]*$` after lower-casing (`instructions/parse.go` validStageName).
fn is_stage_name(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
}

/// `scratch` is no image: the stage starts empty.
impl From {
    /// Whether the stage starts from nothing.
    pub fn is_scratch(&self) -> bool {
        let Text { text, .. } = &self.image;
        text == "scratch"
    }
}

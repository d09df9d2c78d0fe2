//! Collecting messages; the table of their codes is in the crate's documentation.

use plimsoll_model::{Diagnostic, Edit, Fix, Severity, Source, Span};

/// Collects messages about one source.
#[derive(Debug)]
pub(crate) struct Problems {
    source: Source,
    pub list: Vec<Diagnostic>,
}

impl Problems {
    pub fn new(source: &Source) -> Self {
        Problems { source: source.clone(), list: Vec::new() }
    }

    /// Report what BuildKit refuses.
    pub fn error(&mut self, code: &str, span: Span, message: impl Into<String>) -> Report<'_> {
        self.report(code, Severity::Error, span, message.into())
    }

    /// Report what BuildKit accepts and nobody means.
    pub fn warning(&mut self, code: &str, span: Span, message: impl Into<String>) -> Report<'_> {
        self.report(code, Severity::Warning, span, message.into())
    }

    fn report(&mut self, code: &str, severity: Severity, span: Span, message: String) -> Report<'_> {
        let at = self.list.len();
        self.list.push(Diagnostic::new(code, "", severity, message).at(&self.source, span, ""));
        Report { source: &self.source, diagnostic: &mut self.list[at] }
    }
}

/// A message just reported, to be refined.
pub(crate) struct Report<'a> {
    source: &'a Source,
    diagnostic: &'a mut Diagnostic,
}

impl Report<'_> {
    /// Add a line that helps.
    pub fn note(self, note: impl Into<String>) -> Self {
        self.diagnostic.notes.push(note.into());
        self
    }

    /// Propose to write something else at a place.
    pub fn replace(self, title: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        self.diagnostic.fix = Some(Fix {
            title: title.into(),
            source: self.source.clone(),
            edits: vec![Edit { span, replacement: replacement.into() }],
            safe: false,
        });
        self
    }
}

/// The most similar of the known words, if one is similar enough to be meant.
pub(crate) fn nearest(word: &str, known: &[&str]) -> Option<String> {
    // Nothing this long is a slip of the finger, and comparing it would take time.
    if word.len() > 64 {
        return None;
    }
    let known: Vec<String> = known.iter().map(|known| known.to_string()).collect();
    plimsoll_model::user::nearest(word, known.iter())
}

/// `; did you mean 'x'?`, or nothing.
pub(crate) fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or(String::new(), |word| format!("; did you mean '{word}'?"))
}

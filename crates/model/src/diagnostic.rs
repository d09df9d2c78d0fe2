//! A message about something a person wrote: one sentence, the place, the consequence, the edit.

use crate::source::{Source, Span};

/// How much a finding matters, by its consequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Could be better.
    Info,
    /// Will hurt in production.
    Warning,
    /// Will not start, or will not do what is written.
    Error,
}

impl Severity {
    /// The word shown to people and written to JSON.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// How sure we are that the finding is true of this image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// True unless something we cannot see says otherwise.
    Likely,
    /// Follows from the files at hand.
    Certain,
    /// Seen in a real run.
    Proven,
}

impl Certainty {
    /// The word shown to people and written to JSON.
    pub fn word(self) -> &'static str {
        match self {
            Certainty::Likely => "likely",
            Certainty::Certain => "certain",
            Certainty::Proven => "proven",
        }
    }
}

/// A place a message points at, with the words to put beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The text pointed into.
    pub source: Source,
    /// The place.
    pub span: Span,
    /// What to say there; may be empty.
    pub text: String,
    /// The main place of the message (`^^^`), as opposed to context (`---`).
    pub primary: bool,
}

/// Replace the bytes of `span` by `replacement`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The place.
    pub span: Span,
    /// The new text.
    pub replacement: String,
}

/// A proposed change to one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the change achieves, in a few words.
    pub title: String,
    /// The text the edits apply to.
    pub source: Source,
    /// Edits in ascending order, not overlapping.
    pub edits: Vec<Edit>,
    /// Mechanical and meaning-preserving: may be applied without asking.
    pub safe: bool,
}

/// One finding or error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code such as `PL101`.
    pub code: String,
    /// Stable name such as `args-ignored`; empty for plain syntax errors.
    pub name: String,
    /// How much it matters.
    pub severity: Severity,
    /// How sure we are.
    pub certainty: Certainty,
    /// One sentence: the fact.
    pub message: String,
    /// Where; the first primary label is the place of the message.
    pub labels: Vec<Label>,
    /// Consequences and proofs, one line each.
    pub notes: Vec<String>,
    /// What to change.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A diagnostic without place, certain, to be refined with the `with_*` and `at` methods.
    pub fn new(code: &str, name: &str, severity: Severity, message: impl Into<String>) -> Self {
        Diagnostic {
            code: code.to_string(),
            name: name.to_string(),
            severity,
            certainty: Certainty::Certain,
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            fix: None,
        }
    }

    /// Point at the main place.
    #[must_use]
    pub fn at(mut self, source: &Source, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { source: source.clone(), span, text: text.into(), primary: true });
        self
    }

    /// Point at a place that gives context.
    #[must_use]
    pub fn context(mut self, source: &Source, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { source: source.clone(), span, text: text.into(), primary: false });
        self
    }

    /// Add a line that says a consequence or a proof.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Say that the finding is not certain.
    #[must_use]
    pub fn certainty(mut self, certainty: Certainty) -> Self {
        self.certainty = certainty;
        self
    }

    /// Propose a change.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// The main place: the first primary label.
    pub fn place(&self) -> Option<&Label> {
        self.labels.iter().find(|label| label.primary).or(self.labels.first())
    }
}

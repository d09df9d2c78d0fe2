//! How an error becomes an exit code, a heading and hints: in this one place.

use std::fmt;
use std::io;
use std::path::Path;

use plimsoll_model::Diagnostic;

/// What kind of failure ended a verb; each has its own exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Findings at or above the asked severity.
    Findings,
    /// A wrong command line or configuration.
    Usage,
    /// A Dockerfile or manifest does not parse.
    Parse,
    /// The build failed.
    Build,
    /// An experiment contradicts the contract, or a required proof failed.
    Contradiction,
    /// This machine cannot run experiments; the static part is done.
    Machine,
    /// Anything else: a store, a registry, a file.
    Failure,
    /// docker's own codes of `run` and `exec`: 125, 126, 127.
    Engine(u8),
}

impl ErrorKind {
    /// The process' exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Findings | ErrorKind::Failure => 1,
            ErrorKind::Usage => 2,
            ErrorKind::Parse => 3,
            ErrorKind::Build => 4,
            ErrorKind::Contradiction => 5,
            ErrorKind::Machine => 6,
            ErrorKind::Engine(code) => code,
        }
    }
}

/// The end of a verb that failed.
#[derive(Debug)]
pub struct CommandError {
    /// Decides the exit code.
    pub kind: ErrorKind,
    /// One sentence; empty when the diagnostics say it all.
    pub message: String,
    /// What to do, one line each.
    pub hints: Vec<String>,
    /// Messages with places, shown before the sentence.
    pub diagnostics: Vec<Diagnostic>,
}

impl CommandError {
    /// A failure with a sentence.
    pub fn new(kind: ErrorKind, message: impl fmt::Display) -> Self {
        CommandError { kind, message: message.to_string(), hints: Vec::new(), diagnostics: Vec::new() }
    }

    /// A wrong command line.
    pub fn usage(message: impl fmt::Display) -> Self {
        CommandError::new(ErrorKind::Usage, message)
    }

    /// A failure of kind [`ErrorKind::Failure`].
    pub fn failure(message: impl fmt::Display) -> Self {
        CommandError::new(ErrorKind::Failure, message)
    }

    /// A file that cannot be read or written; `doing` is the verb.
    pub fn file(doing: &str, path: &Path, error: &io::Error) -> Self {
        CommandError::failure(format!(
            "cannot {doing} {}: {}",
            path.display(),
            plimsoll_image::error::reason(error)
        ))
    }

    /// Several failures of one verb that went on after each.
    pub fn all(failed: Vec<CommandError>) -> Self {
        let sentences: Vec<&str> = failed.iter().map(|error| error.message.as_str()).collect();
        let mut all = CommandError::failure(sentences.join("\nerror: "));
        for hint in failed.into_iter().flat_map(|error| error.hints) {
            if !all.hints.contains(&hint) {
                all.hints.push(hint);
            }
        }
        all
    }

    /// Failures shown as diagnostics only.
    pub fn with_diagnostics(kind: ErrorKind, diagnostics: Vec<Diagnostic>) -> Self {
        CommandError { kind, message: String::new(), hints: Vec::new(), diagnostics }
    }

    /// Add a line that says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What a verb returns: its exit code, or why it failed.
pub type CommandResult = Result<u8, CommandError>;

//! Why a build failed.

use plimsoll_model::{Diagnostic, Source, Span};

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The Dockerfile (or the asked target) cannot be built as written.
    #[error("the Dockerfile has {} error{}", .0.len(), if .0.len() == 1 { "" } else { "s" })]
    Dockerfile(Vec<Diagnostic>),
    /// The command line asks for a stage that the Dockerfile does not have.
    #[error("{}", .0.message)]
    Target(Box<Diagnostic>),
    /// An instruction that is well written and cannot be carried out: a file that is missing, a user
    /// nobody knows.
    #[error("{}", .0.message)]
    Refused(Box<Diagnostic>),
    /// Instructions that only another machine, or an emulator, could run.
    #[error("the Dockerfile runs programs of another platform")]
    Foreign(Vec<Diagnostic>),
    /// A RUN ended with an exit code other than 0.
    #[error("{command} ended with exit code {code}")]
    RunFailed {
        /// Text of the instruction, first line.
        command: String,
        /// Exit code, 128+n for a signal.
        code: i32,
        /// The file.
        source_text: Source,
        /// The instruction.
        span: Span,
        /// The last lines it printed.
        tail: Vec<String>,
        /// What it left is kept as [`crate::failed_step::NAME`].
        kept: bool,
    },
    /// A RUN could not be started.
    #[error("{command} cannot start: {why}")]
    RunNotStarted {
        /// Text of the instruction, first line.
        command: String,
        /// One sentence.
        why: String,
        /// The file.
        source_text: Source,
        /// The instruction.
        span: Span,
    },
    /// The base image could not be had.
    #[error("{message}")]
    Base {
        /// One sentence.
        message: String,
        /// The file.
        source_text: Source,
        /// The image in FROM.
        span: Span,
    },
    /// Another stage failed before this one was done.
    #[error("given up because another stage failed")]
    GivenUp,
    /// What was to be taken over as a cache is none.
    #[error(transparent)]
    NotACache(crate::cache_image::NotACache),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] plimsoll_image::Error),
    /// The file system failed.
    #[error("{doing} {path}: {source}")]
    File {
        /// What was attempted, as `cannot read`.
        doing: &'static str,
        /// Where.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl BuildError {
    /// The failure as a diagnostic with its place, where it has one.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let severity = plimsoll_model::Severity::Error;
        match self {
            BuildError::Dockerfile(diagnostics) | BuildError::Foreign(diagnostics) => diagnostics.clone(),
            BuildError::Target(found) | BuildError::Refused(found) => vec![(**found).clone()],
            BuildError::RunFailed { code, source_text, span, tail, kept, .. } => {
                let found = Diagnostic::new("PL020", "run-failed", severity, self.to_string()).at(
                    source_text,
                    first_line(source_text, *span),
                    format!("exit code {code}"),
                );
                let tail = tail.iter().map(|line| format!("| {line}"));
                let name = crate::failed_step::NAME;
                let look = format!("to look at what it left: plimsoll run --rm -it {name}");
                vec![tail.chain(kept.then_some(look)).fold(found, Diagnostic::note)]
            }
            BuildError::RunNotStarted { source_text, span, .. } => {
                let place = first_line(source_text, *span);
                vec![Diagnostic::new("PL021", "run-not-started", severity, self.to_string()).at(
                    source_text,
                    place,
                    "",
                )]
            }
            BuildError::Base { source_text, span, .. } => {
                vec![Diagnostic::new("PL022", "no-base-image", severity, self.to_string()).at(
                    source_text,
                    *span,
                    "",
                )]
            }
            BuildError::GivenUp
            | BuildError::NotACache(_)
            | BuildError::Store(_)
            | BuildError::File { .. } => Vec::new(),
        }
    }
}

/// A long RUN is pointed at by its first line.
fn first_line(source: &Source, span: Span) -> Span {
    let end = source.slice(span).find('\n').map_or(span.end, |at| span.start + at);
    Span::new(span.start, end)
}

//! An instruction with the text it stands in.

use plimsoll_dockerfile::syntax::{Instruction, Statement};
use plimsoll_image::Error as ImageError;
use plimsoll_model::{Diagnostic, Severity, Source, Span};

use crate::copy::CopyError;
use crate::error::BuildError;
use crate::plan::first_line;

/// An instruction with the text it stands in: the Dockerfile, or a trigger of the base image.
pub(crate) struct Place<'a> {
    pub(crate) source: &'a Source,
    pub(crate) statement: &'a Statement,
}

impl Place<'_> {
    /// The instruction's first line.
    pub(crate) fn text(&self) -> String {
        first_line(self.source.slice(self.statement.span))
    }

    /// One-based line in the text.
    pub(crate) fn line(&self) -> usize {
        self.source.line(self.statement.span.start)
    }

    /// An instruction that is well written and cannot be carried out.
    pub(crate) fn refuse(&self, message: impl std::fmt::Display) -> BuildError {
        self.refuse_at(self.statement.span, message)
    }

    /// [`Place::refuse`], pointing at the word that is the reason.
    pub(crate) fn refuse_at(&self, span: Span, message: impl std::fmt::Display) -> BuildError {
        let found = Diagnostic::new("PL025", "cannot-be-built", Severity::Error, message.to_string());
        BuildError::Refused(Box::new(found.at(self.source, span, "")))
    }

    /// [`Place::refuse`], pointing at the value of a flag.
    pub(crate) fn refuse_flag(&self, name: &str, message: impl std::fmt::Display) -> BuildError {
        self.refuse_at(self.flag(name), message)
    }

    /// The value of a flag; the instruction if it has none of that name.
    pub(crate) fn flag(&self, name: &str) -> Span {
        let flags = match &self.statement.instruction {
            Instruction::Copy { flags, .. } | Instruction::Run { flags, .. } => flags.as_slice(),
            _ => &[],
        };
        let flag = flags.iter().find(|flag| flag.name == name);
        let span = flag.map(|flag| flag.value.as_ref().map_or(flag.span, |value| value.span));
        span.unwrap_or(self.statement.span)
    }

    /// A COPY that failed: files that do not go together are the person's, all else is the store's.
    pub(crate) fn copy_failed(&self, error: CopyError) -> BuildError {
        match error {
            CopyError::Image(
                error @ (ImageError::Path { .. }
                | ImageError::HostileEntry { .. }
                | ImageError::Refused { .. }
                | ImageError::BrokenStream { .. }),
            ) => self.refuse(error),
            CopyError::Image(error) => BuildError::Store(error),
            CopyError::Source { span, .. } => self.refuse_at(span, error),
            CopyError::ManyToOne { .. } => self.refuse_at(self.destination(), error),
        }
    }

    /// The destination of a COPY or ADD.
    fn destination(&self) -> Span {
        match &self.statement.instruction {
            Instruction::Copy { destination, .. } => destination.span,
            _ => self.statement.span,
        }
    }
}

//! A Dockerfile with what lies beside it, for the rules about its text.

use plimsoll_contract::Prediction;
use plimsoll_dockerfile::syntax::{Dockerfile, Statement};
use plimsoll_model::Source;

use crate::settings::Settings;

/// What rules about the text look at.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// The text, parsed.
    pub dockerfile: &'a Dockerfile,
    /// Its stages evaluated, if it has one to build.
    pub prediction: Option<&'a Prediction<'a>>,
    /// The build context, if it is at hand.
    pub context: Option<&'a dyn ContextFiles>,
    /// What some rules compare with.
    pub settings: &'a Settings,
}

impl<'a> File<'a> {
    /// The instructions of all stages, in order; FROM and what comes before it are not among them.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &'a Statement> {
        self.dockerfile.stages.iter().flat_map(|stage| &stage.statements)
    }
}

/// A build context as a directory, ignored files included.
pub trait ContextFiles {
    /// Whether a clean path relative to the context's root is there.
    fn exists(&self, path: &str) -> bool;
    /// Whether the ignore file keeps a path out of the build.
    fn is_ignored(&self, path: &str) -> bool;
    /// Bytes of a file, or of all files below a directory that are not ignored.
    fn size(&self, path: &str) -> u64;
    /// The text of the context's own `.dockerignore`, empty where there is none; `None` where another ignore
    /// file counts.
    fn ignore_file(&self) -> Option<Source>;
}

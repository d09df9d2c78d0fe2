//! What a rule is, and the words its messages begin with.

use plimsoll_model::{Diagnostic, Severity, head_comment};

use crate::buildkit::Walk;
use crate::file::File;
use crate::hiding::Comments;
use crate::run_commands::Runs;
use crate::subject::Subject;

/// One rule: a file of this crate.
pub struct Rule {
    /// Stable code such as `PL101`; hadolint's own for its rules.
    pub code: &'static str,
    /// Stable name such as `args-ignored`; BuildKit's own for its checks.
    pub name: &'static str,
    /// What other linters call it: their ignore comments and settings count for it.
    pub aliases: &'static [&'static str],
    /// It is checked without being asked for.
    pub is_on: bool,
    pub(crate) comment: &'static str,
    pub(crate) check: Check,
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub(crate) enum Check {
    /// The contract, of a Dockerfile or of an image.
    Contract(fn(&Subject<'_>, &Report) -> Vec<Diagnostic>),
    /// The text of a Dockerfile and what lies beside it.
    File(fn(&File<'_>, &Report) -> Vec<Diagnostic>),
    /// What BuildKit meets on its way through a Dockerfile.
    Build(fn(&Walk<'_>, &Report) -> Vec<Diagnostic>),
    /// The ignore comments of a Dockerfile, after they were applied.
    Comments(fn(&Comments<'_>, &Report) -> Vec<Diagnostic>),
    /// The same, and what its RUN instructions run.
    Runs(fn(&Runs<'_>, &Report) -> Vec<Diagnostic>),
}

impl Rule {
    /// What the rule is about, in Markdown: the comment at the head of its file, its title left out.
    pub fn manual(&self) -> String {
        head_comment::manual(self.comment)
    }

    /// Whether a person means this rule: its code, its name or an alias, in any case.
    pub fn is_called(&self, word: &str) -> bool {
        let own = [self.code, self.name];
        own.iter().chain(self.aliases).any(|name| name.eq_ignore_ascii_case(word))
    }

    pub(crate) fn report(&self) -> Report {
        Report { code: self.code, name: self.name }
    }

    /// It concerns how the image is launched: part of what `explain` says of a contract.
    pub fn is_about_launching(&self) -> bool {
        ["PL1", "PL4", "PL5"].iter().any(|family| self.code.starts_with(family))
    }
}

/// A rule's own code and name, for its messages.
pub(crate) struct Report {
    pub code: &'static str,
    pub name: &'static str,
}

impl Report {
    pub fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, self.name, Severity::Error, message)
    }

    pub fn warning(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, self.name, Severity::Warning, message)
    }

    pub fn info(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, self.name, Severity::Info, message)
    }
}

//! Rules about containers of a manifest, one file each; the comment at its head is its manual.

mod pl505_probe_port;
mod pl506_security_fields;
#[cfg(test)]
mod tests;

use plimsoll_contract::Contract;
use plimsoll_model::{Diagnostic, Severity, Source, head_comment};

use crate::read::Container;

/// What a rule looks at.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The manifest.
    pub source: &'a Source,
    /// The container.
    pub container: &'a Container,
    /// What its image promises, if that is at hand.
    pub contract: Option<&'a Contract>,
    /// The words it starts with, as far as they are known.
    pub argv: &'a [String],
}

/// One rule: a file of this directory.
pub struct Rule {
    /// Stable code.
    pub code: &'static str,
    /// Stable name.
    pub name: &'static str,
    comment: &'static str,
    check: fn(&Subject<'_>, &Report) -> Vec<Diagnostic>,
}

macro_rules! rules {
    ($($code:literal $name:literal $module:ident,)*) => {
        /// All rules in the order of their codes.
        pub const RULES: &[Rule] = &[$(Rule {
            code: $code,
            name: $name,
            comment: {
                const FILE: &str = include_str!(concat!(stringify!($module), ".rs"));
                const COMMENT: [u8; head_comment::length(FILE)] = head_comment::first(FILE);
                head_comment::text(&COMMENT)
            },
            check: $module::check,
        }),*];
    };
}

rules! {
    "PL505" "probe-port" pl505_probe_port,
    "PL506" "k8s-security-fields" pl506_security_fields,
}

impl Rule {
    /// What the rule is about, in Markdown.
    pub fn manual(&self) -> String {
        head_comment::manual(self.comment)
    }
}

/// Everything that the rules find in a container.
pub fn findings(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let found =
        RULES.iter().flat_map(|rule| (rule.check)(subject, &Report { code: rule.code, name: rule.name }));
    found.collect()
}

/// A rule's own code and name, for its messages.
struct Report {
    code: &'static str,
    name: &'static str,
}

impl Report {
    fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, self.name, Severity::Error, message)
    }

    fn warning(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, self.name, Severity::Warning, message)
    }
}

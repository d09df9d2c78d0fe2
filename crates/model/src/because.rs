//! Why a value is what it is. A reason travels with its value up to the line of YAML.

use crate::reference::Reference;
use crate::source::{Source, Span};

/// The reason of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// A person wrote it there.
    Written {
        /// The text it stands in.
        source: Source,
        /// The place.
        span: Span,
    },
    /// It comes with the base image.
    BaseImage {
        /// The image as named in the Dockerfile or on the command line.
        reference: Reference,
    },
    /// It stands in the image's configuration; where it came from before that is not known.
    ImageConfig,
    /// The runtime does it when nothing is said; the text names the rule.
    RuntimeDefault(&'static str),
    /// Asked for on the command line with this flag.
    Asked(String),
    /// Seen in a run.
    Observed {
        /// The id of the experiment that saw it; repeat it with `plimsoll prove --case ID`.
        experiment: String,
        /// What was seen, in one phrase.
        fact: String,
    },
    /// Follows from another value; the text says which.
    Derived(String),
    /// Neither written nor seen; the text says why this value was taken.
    Assumed(String),
}

impl Because {
    /// The reason in one phrase, as a comment or a table column shows it.
    pub fn phrase(&self) -> String {
        match self {
            Because::Written { source, span } => {
                format!("{}:{}", source.name(), source.line(span.start))
            }
            Because::BaseImage { reference } => format!("base image {reference}"),
            Because::ImageConfig => "image config".to_string(),
            Because::RuntimeDefault(rule) => format!("default: {rule}"),
            Because::Asked(flag) => format!("asked: {flag}"),
            Because::Observed { experiment, fact } => format!("{fact} ({experiment})"),
            Because::Derived(from) => format!("derived: {from}"),
            Because::Assumed(why) => format!("assumed: {why}"),
        }
    }
}

/// A value with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reasoned<T> {
    /// The value.
    pub value: T,
    /// Why it is what it is.
    pub because: Because,
}

impl<T> Reasoned<T> {
    /// Join a value and its reason.
    pub fn new(value: T, because: Because) -> Self {
        Reasoned { value, because }
    }

    /// Change the value, keep the reason.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reasoned<U> {
        Reasoned { value: change(self.value), because: self.because }
    }
}

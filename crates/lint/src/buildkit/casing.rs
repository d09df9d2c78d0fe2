//! Lower case, upper case, and neither.

/// The case a word is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Casing {
    /// All letters are small.
    Lower,
    /// All letters are capital.
    Upper,
}

impl Casing {
    /// The case of a word; `None` if it is mixed.
    pub(crate) fn of(word: &str) -> Option<Casing> {
        match word {
            lower if lower == lower.to_lowercase() => Some(Casing::Lower),
            upper if upper == upper.to_uppercase() => Some(Casing::Upper),
            _ => None,
        }
    }

    /// A word in this case.
    pub(crate) fn apply(self, word: &str) -> String {
        match self {
            Casing::Lower => word.to_lowercase(),
            Casing::Upper => word.to_uppercase(),
        }
    }

    /// `lower case` or `upper case`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Casing::Lower => "lower case",
            Casing::Upper => "upper case",
        }
    }
}

//! The texts of a FROM line, expanded with the variables that count there.

use std::cell::RefCell;
use std::collections::BTreeSet;

use plimsoll_contract::stage::Scope;
use plimsoll_dockerfile::expand;
use plimsoll_dockerfile::syntax::Text;
use plimsoll_model::{Platform, Reference};

/// A text after expansion, and the variables it names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expansion {
    /// The result; `None` if it cannot be expanded.
    pub text: Option<String>,
    /// Variables that have a value.
    pub known: BTreeSet<String>,
    /// Variables that have none.
    pub unknown: BTreeSet<String>,
}

impl Expansion {
    pub(super) fn of(text: &Text, scope: &Scope) -> Expansion {
        let used = RefCell::new(Expansion::default());
        let expanded = expand::expand(&text.text, scope.escape(), &|name| {
            let value = scope.global(name);
            let mut used = used.borrow_mut();
            let names = if value.is_some() { &mut used.known } else { &mut used.unknown };
            names.insert(name.to_string());
            value
        });
        Expansion { text: expanded.ok(), ..used.into_inner() }
    }

    /// No variable stands in the text.
    pub(crate) fn is_constant(&self) -> bool {
        self.known.is_empty() && self.unknown.is_empty()
    }
}

/// A FROM line, expanded.
#[derive(Debug, Clone)]
pub(crate) struct FromLine {
    /// The index of its stage.
    pub stage: usize,
    /// The base.
    pub image: Expansion,
    /// `--platform`.
    pub platform: Option<Expansion>,
}

/// A name as BuildKit reads it: 64 hexadecimal digits are the id of an image, and no name.
pub(crate) fn read_image(name: &str) -> Option<Reference> {
    let is_id = name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    name.parse().ok().filter(|_| !is_id)
}

/// A platform as people write it, also one that Go does not know.
pub(crate) fn read_platform(text: &str) -> Option<Platform> {
    Platform::parse_normalised(text).or_else(|| Platform::parse(text))
}

//! JSON values that know where they stand, read as Go reads them: `null` is nothing, and names of keys
//! match whatever their case.

use serde_json::Value;

use super::error::ProfileError;

/// A value of a document.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    value: &'a Value,
    /// The way to it; empty for the document.
    place: String,
}

impl<'a> Node<'a> {
    pub(super) fn document(value: &'a Value) -> Self {
        Node { value, place: String::new() }
    }

    /// The sentence that this value is wrong.
    pub(super) fn wrong(&self, why: impl Into<String>) -> ProfileError {
        let place = if self.place.is_empty() { "its top".to_string() } else { self.place.clone() };
        ProfileError::Wrong { place, why: why.into() }
    }

    /// The value of a key of this object. A rule whose `Args` were overlooked would hold for all arguments.
    pub(super) fn field(&self, name: &str) -> Result<Option<Node<'a>>, ProfileError> {
        let Value::Object(fields) = self.value else {
            return Err(self.wrong("an object is expected here"));
        };
        let mut found = fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let Some((key, value)) = found.next() else { return Ok(None) };
        let place = if self.place.is_empty() { key.clone() } else { format!("{}.{key}", self.place) };
        let node = Node { value, place };
        match found.next() {
            Some((other, _)) => Err(node.wrong(format!("'{other}' is the same key"))),
            None => Ok(Some(node).filter(|node| !node.value.is_null())),
        }
    }

    /// The members of a list; none if the key is missing.
    pub(super) fn list(&self, name: &str) -> Result<Vec<Node<'a>>, ProfileError> {
        let Some(node) = self.field(name)? else { return Ok(Vec::new()) };
        let Value::Array(values) = node.value else { return Err(node.wrong("a list is expected here")) };
        let member =
            |(index, value): (usize, &'a Value)| Node { value, place: format!("{}[{index}]", node.place) };
        Ok(values.iter().enumerate().map(member).collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, ProfileError> {
        self.value.as_str().ok_or_else(|| self.wrong("a text is expected here"))
    }

    /// A number from 0 on; 0 if the key is missing.
    pub(super) fn number(&self, name: &str) -> Result<u64, ProfileError> {
        let Some(node) = self.field(name)? else { return Ok(0) };
        let whole = node.value.as_u64();
        whole.ok_or_else(|| node.wrong("a whole number from 0 to 18446744073709551615 is expected here"))
    }
}

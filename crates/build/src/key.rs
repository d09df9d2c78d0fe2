//! Cache keys: a digest over everything a step's result depends on, and nothing else.
//!
//! A step sees the files below it, so its key starts with the digests of the layers, not with the
//! instructions that made them: changed metadata rebuilds no RUN, and a rebuilt stage with equal
//! files invalidates nothing that copies from it.

use plimsoll_model::Digest;
use sha2::Digest as _;

/// Collects the parts of a key. Every part is length-prefixed, so no two lists of parts collide.
pub struct KeyHasher(sha2::Sha256);

/// Changes when the meaning of a step's result changes.
const VERSION: &str = "plimsoll step 1";

impl KeyHasher {
    /// A key for this kind of step on these layers.
    pub fn new(kind: &str, layers: impl IntoIterator<Item = Digest>) -> Self {
        let mut hasher = KeyHasher(sha2::Sha256::new());
        hasher.add(VERSION.as_bytes());
        hasher.add(kind.as_bytes());
        let layers: Vec<Digest> = layers.into_iter().collect();
        hasher.number(layers.len() as u64);
        layers.iter().for_each(|layer| hasher.add(layer.to_string().as_bytes()));
        hasher
    }

    /// Add a part.
    pub fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// Add a number.
    pub fn number(&mut self, number: u64) {
        self.add(&number.to_le_bytes());
    }

    /// Add a list of texts.
    pub fn list<'a>(&mut self, parts: impl IntoIterator<Item = &'a str>) {
        let parts: Vec<&str> = parts.into_iter().collect();
        self.number(parts.len() as u64);
        parts.iter().for_each(|part| self.add(part.as_bytes()));
    }

    /// The key.
    pub fn finish(self) -> Digest {
        Digest::from_raw(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_of_parts_collide() {
        let key = |parts: &[&str]| {
            let mut hasher = KeyHasher::new("x", []);
            hasher.list(parts.iter().copied());
            hasher.finish()
        };
        let keys = [key(&[]), key(&[""]), key(&["ab"]), key(&["a", "b"]), key(&["", "ab"])];
        for (at, one) in keys.iter().enumerate() {
            assert!(keys[at + 1..].iter().all(|other| other != one));
        }
    }
}

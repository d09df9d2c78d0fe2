//! The file form of a digest memory, version 1: records of 48 bytes, sorted, 16 of the file's state and
//! 32 of its digest. It is searched as it lies.

use plimsoll_model::Digest;

use super::State;
use crate::error::Result;
use crate::store::{Shortcut, Store};

/// Contexts remembered in a store: 64.
const FILE: Shortcut = Shortcut { directory: "hashes", magic: b"plimsoll digest memory 1\n", files: 64 };

const STATE: usize = size_of::<State>();
const RECORD: usize = STATE + 32;

/// The records of a file, still as they lie on disk.
#[derive(Debug, Default)]
pub(super) struct Records(Vec<u8>);

/// What is kept under a name; `None` if it is not whole.
pub(super) fn read(store: &Store, name: &Digest) -> Option<Records> {
    FILE.read(store, name).filter(|bytes| bytes.len() % RECORD == 0).map(Records)
}

/// Keep records under a name.
pub(super) fn write(store: &Store, name: &Digest, records: &Records) -> Result<()> {
    FILE.write(store, name, &records.0)
}

/// From records that are sorted by state.
impl FromIterator<(State, [u8; 32])> for Records {
    fn from_iter<I: IntoIterator<Item = (State, [u8; 32])>>(records: I) -> Self {
        let mut bytes = Vec::new();
        for (state, digest) in records {
            bytes.extend_from_slice(&state);
            bytes.extend_from_slice(&digest);
        }
        Records(bytes)
    }
}

impl Records {
    fn all(&self) -> &[[u8; RECORD]] {
        self.0.as_chunks().0
    }

    pub(super) fn len(&self) -> usize {
        self.all().len()
    }

    /// The record at a place.
    pub(super) fn get(&self, at: usize) -> (State, [u8; 32]) {
        let record = &self.all()[at];
        (std::array::from_fn(|byte| record[byte]), std::array::from_fn(|byte| record[STATE + byte]))
    }

    /// Place and digest of a state.
    pub(super) fn find(&self, state: &State) -> Option<(usize, Digest)> {
        let at = self.all().binary_search_by(|record| record[..STATE].cmp(state)).ok()?;
        Some((at, Digest::from_raw(self.get(at).1)))
    }
}

//! Digests of files of a context, kept from one build to the next.
//!
//! A shortcut only: a digest is used as long as nothing about the file changed since it was hashed,
//! its change time included, which no program can set back (an equal size and mtime is what fooled
//! buildkit#2592). What is missing, damaged or too young is hashed.
//!
//! Times are coarse (the kernel's tick, two seconds on FAT), so a file may change right after it was
//! hashed and look the same ("racy git"): only what was old enough before it was read is kept. A
//! program that writes through a mapping it keeps, or a server whose clock is seconds behind ours,
//! can still deceive it, as it deceives git and make.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_model::Digest;
use plimsoll_sys::root_dir::Metadata;
use sha2::Digest as _;

use crate::error::Result;
use crate::store::Store;

mod wire;

use wire::Records;

/// Seconds a file must have been left alone before it is hashed: FAT's granularity and a bit.
const OLD_ENOUGH: i64 = 3;

/// Files remembered of a context: 24 MiB in memory.
const FILES: usize = 1 << 19;

/// What identifies a state of a file: half a SHA-256 of device, inode, size, mtime and ctime.
type State = [u8; 16];

/// New digests kept in a tree until they join the others: a tree takes twice the room.
const BATCH: usize = 1 << 14;

/// The digests known of one context.
#[derive(Debug, Default)]
pub(super) struct DigestMemory {
    place: Option<(Store, Digest)>,
    /// Read when first asked for.
    known: Option<Known>,
    new: BTreeMap<State, [u8; 32]>,
    /// Something of what is known is not on disk.
    unsaved: bool,
}

/// Digests in order, and whether this build met the file of each.
#[derive(Debug, Default)]
struct Known {
    records: Records,
    met: Vec<bool>,
}

impl DigestMemory {
    /// Keep them in a store, under the name of the context.
    pub(super) fn keep_in(&mut self, store: &Store, context: Digest) {
        self.place = Some((store.clone(), context));
        self.known = None;
    }

    fn known(&mut self) -> &mut Known {
        let place = &self.place;
        self.known.get_or_insert_with(|| {
            let read = place.as_ref().and_then(|(store, name)| wire::read(store, name));
            let records = read.unwrap_or_default();
            Known { met: vec![false; records.len()], records }
        })
    }

    /// The digest of a file that is still as it was.
    pub(super) fn get(&mut self, file: &Metadata) -> Option<Digest> {
        let state = state_of(file);
        let known = self.known();
        if let Some((at, digest)) = known.records.find(&state) {
            known.met[at] = true;
            return Some(digest);
        }
        self.new.get(&state).map(|raw| Digest::from_raw(*raw))
    }

    /// Remember a digest. `before` is the time before the file was opened for reading, `file` what it
    /// was then.
    pub(super) fn add(&mut self, file: &Metadata, before: SystemTime, digest: Digest) {
        if is_old_enough(file, before) {
            self.new.insert(state_of(file), *digest.raw());
        }
        if self.new.len() == BATCH {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.unsaved |= !self.new.is_empty();
        let new = std::mem::take(&mut self.new);
        self.known().join(new);
    }

    /// Write what is new. Two builds at once: the later one wins, and nothing but time is lost.
    pub(super) fn save(&mut self) -> Result<()> {
        let Some((store, name)) = self.place.clone() else { return Ok(()) };
        self.settle();
        if !std::mem::take(&mut self.unsaved) {
            return Ok(());
        }
        let known = self.known.take().unwrap_or_default();
        wire::write(&store, &name, &known.bounded())
    }
}

impl Known {
    fn join(&mut self, new: BTreeMap<State, [u8; 32]>) {
        if new.is_empty() {
            return;
        }
        let old = (0..self.records.len()).map(|at| (self.records.get(at), self.met[at]));
        let mut all: Vec<_> = old.chain(new.into_iter().map(|record| (record, true))).collect();
        all.sort_unstable_by_key(|((state, _), _)| *state);
        self.records = all.iter().map(|(record, _)| *record).collect();
        self.met = all.into_iter().map(|(_, met)| met).collect();
    }

    /// What this build did not meet may belong to another target or an earlier state: at most as much
    /// of that is kept as was met.
    fn bounded(&self) -> Records {
        let met = self.met.iter().filter(|met| **met).count();
        let mut spare = met.min(FILES.saturating_sub(met));
        let kept = self.met.iter().enumerate().filter(|(_, met)| {
            let keep = **met || spare > 0;
            spare -= usize::from(keep && !**met);
            keep
        });
        kept.take(FILES).map(|(at, _)| self.records.get(at)).collect()
    }
}

fn state_of(file: &Metadata) -> State {
    let mut hasher = sha2::Sha256::new();
    for number in [file.dev, file.ino, file.size] {
        hasher.update(number.to_le_bytes());
    }
    for (seconds, nanoseconds) in [file.mtime, file.ctime] {
        hasher.update(seconds.to_le_bytes());
        hasher.update(nanoseconds.to_le_bytes());
    }
    let digest: [u8; 32] = hasher.finalize().into();
    std::array::from_fn(|at| digest[at])
}

/// Whether any change after `before` would show in the file's times.
fn is_old_enough(file: &Metadata, before: SystemTime) -> bool {
    let now = before.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    let is_old = |(seconds, _): (i64, u32)| seconds < now.saturating_sub(OLD_ENOUGH);
    is_old(file.mtime) && is_old(file.ctime)
}

#[cfg(test)]
mod tests;

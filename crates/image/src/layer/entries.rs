//! The entries of a layer in the making, found by path.
//!
//! A layer has up to millions of them, and nearly always they come in walk order: those are appended
//! to one plain list. The others stand in a tree beside it until the end.

use std::collections::{BTreeMap, BTreeSet};

use super::index::IndexEntry;
use crate::path;

/// A path that sorts in walk order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct WalkPath(Vec<u8>);

impl Ord for WalkPath {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        path::walk_order(&self.0, &other.0)
    }
}

impl PartialOrd for WalkPath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Entries by path, each path once.
#[derive(Debug, Default)]
pub(super) struct Entries {
    in_order: Vec<IndexEntry>,
    /// Places in that list that do not count any more.
    gone: BTreeSet<usize>,
    others: BTreeMap<WalkPath, IndexEntry>,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.in_order.len() - self.gone.len() + self.others.len()
    }

    /// Where a path stands in the list, also if it does not count any more.
    fn position(&self, path: &[u8]) -> Option<usize> {
        // Neighbours are asked for most.
        let last = self.in_order.len().checked_sub(1)?;
        if self.in_order[last].path == path {
            return Some(last);
        }
        self.in_order.binary_search_by(|entry| path::walk_order(&entry.path, path)).ok()
    }

    fn counting(&self, path: &[u8]) -> Option<usize> {
        self.position(path).filter(|at| !self.gone.contains(at))
    }

    pub(super) fn get(&self, path: &[u8]) -> Option<&IndexEntry> {
        match self.counting(path) {
            Some(at) => self.in_order.get(at),
            None if self.others.is_empty() => None,
            None => self.others.get(&WalkPath(path.to_vec())),
        }
    }

    pub(super) fn get_mut(&mut self, path: &[u8]) -> Option<&mut IndexEntry> {
        match self.counting(path) {
            Some(at) => self.in_order.get_mut(at),
            None => self.others.get_mut(&WalkPath(path.to_vec())),
        }
    }

    /// Put an entry in place of the one with its path.
    pub(super) fn insert(&mut self, entry: IndexEntry) {
        let follows = |last: &IndexEntry| path::walk_order(&last.path, &entry.path).is_lt();
        if let Some(at) = self.position(&entry.path) {
            self.gone.remove(&at);
            self.in_order[at] = entry;
        } else if self.in_order.last().is_none_or(follows) {
            self.others.remove(&WalkPath(entry.path.clone()));
            self.in_order.push(entry);
        } else {
            self.others.insert(WalkPath(entry.path.clone()), entry);
        }
    }

    /// Remove an entry; gives it back.
    pub(super) fn remove(&mut self, path: &[u8]) -> Option<IndexEntry> {
        match self.counting(path) {
            Some(at) => {
                self.gone.insert(at);
                self.in_order.get(at).cloned()
            }
            None => self.others.remove(&WalkPath(path.to_vec())),
        }
    }

    /// Remove everything below a path.
    pub(super) fn remove_below(&mut self, path: &[u8]) {
        let start = self.in_order.partition_point(|entry| path::walk_order(&entry.path, path).is_le());
        let below = self.in_order[start..].iter().take_while(|entry| path::is_below(&entry.path, path));
        self.gone.extend(start..start + below.count());
        let from = self.others.range(WalkPath(path.to_vec())..).map(|(key, _)| key);
        let from = from.skip_while(|key| key.0 == path);
        let below: Vec<WalkPath> = from.take_while(|key| path::is_below(&key.0, path)).cloned().collect();
        below.iter().for_each(|key| drop(self.others.remove(key)));
    }

    /// All entries in walk order.
    pub(super) fn into_sorted(self) -> Vec<IndexEntry> {
        let mut entries = self.in_order;
        if !self.gone.is_empty() {
            let mut at = 0..;
            entries.retain(|_| at.next().is_some_and(|at| !self.gone.contains(&at)));
        }
        if !self.others.is_empty() {
            entries.extend(self.others.into_values());
            entries.sort_unstable_by(|a, b| path::walk_order(&a.path, &b.path));
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::EntryKind;

    fn entry(path: &str, mode: u32) -> IndexEntry {
        let (path, xattrs) = (path.as_bytes().to_vec(), Vec::new());
        IndexEntry { path, kind: EntryKind::Fifo, mode, uid: 0, gid: 0, mtime: 0, xattrs }
    }

    /// Like a map from path to mode, whatever is done in which order.
    #[test]
    fn it_is_a_map_in_walk_order() {
        let paths = ["a", "a/b", "a/b/c", "a-b", "b", "b/x", "b/y", "c"];
        let mut state = 1u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        for round in 0..300 {
            let (mut entries, mut expected) = (Entries::default(), BTreeMap::new());
            for step in 0..30u32 {
                let path = paths[random(paths.len())];
                match random(4) {
                    0 => assert_eq!(
                        entries.remove(path.as_bytes()).map(|entry| entry.mode),
                        expected.remove(path),
                        "{round}"
                    ),
                    1 => {
                        entries.remove_below(path.as_bytes());
                        expected.retain(|other: &&str, _| !path::is_below(other.as_bytes(), path.as_bytes()));
                    }
                    _ => {
                        entries.insert(entry(path, step));
                        expected.insert(path, step);
                    }
                }
                assert_eq!(entries.len(), expected.len(), "{round}");
                for path in paths {
                    let found = entries.get(path.as_bytes()).map(|entry| entry.mode);
                    assert_eq!(found, expected.get(path).copied(), "{round} {path}");
                }
            }
            let sorted = entries.into_sorted();
            assert!(sorted.is_sorted_by(|a, b| path::walk_order(&a.path, &b.path).is_lt()), "{round}");
            assert_eq!(sorted.len(), expected.len(), "{round}");
        }
    }
}

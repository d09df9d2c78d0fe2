//! Advisories in the OSV format (ossf/osv-schema), matched with what is installed. Nothing is asked
//! over the network: the data base is a copy the user has.

use std::collections::{HashMap, HashSet};

pub use archive::{AdvisoryArchive, AdvisoryFolder, BrokenArchive};
pub use matching::Vulnerability;
pub(crate) use matching::match_packages;
pub use rating::Rating;

mod archive;
mod matching;
mod range;
mod rating;
mod wire;

/// Where advisories come from: the roof opens a directory or archive in the public bucket's layout
/// (`ECOSYSTEM/all.zip` or `ECOSYSTEM/*.json`), this crate asks for the ecosystems an image has.
pub trait AdvisoryRecords {
    /// The records of an ecosystem (`Debian:12`, `PyPI`); `Ok(None)` if there are none.
    fn folder(&self, ecosystem: &str) -> Result<Option<AdvisoryFolder<'_>>, BrokenArchive>;
}

/// The advisories of one ecosystem that name one of the wanted packages.
#[derive(Debug, Default)]
pub(crate) struct Database {
    by_name: HashMap<String, Vec<usize>>,
    records: Vec<Vec<u8>>,
    coverage: Coverage,
}

/// What was read of one ecosystem.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// OSV's name.
    pub ecosystem: String,
    /// Records that speak of it.
    pub records: usize,
    /// Files that are no OSV records.
    pub broken: usize,
    /// Day of the newest change in it (`2026-11-20`), empty if it has none.
    pub newest: String,
}

impl Database {
    /// Read a folder, keeping what speaks of `wanted` packages only: a whole distribution's
    /// advisories are hundreds of megabytes, an image's a few.
    fn read(
        ecosystem: &str,
        folder: AdvisoryFolder,
        wanted: &HashSet<String>,
    ) -> Result<Self, BrokenArchive> {
        let mut database = Database::default();
        database.coverage.ecosystem = ecosystem.to_string();
        folder.for_each(|bytes| database.enter(bytes, wanted))?;
        Ok(database)
    }

    /// What was read.
    fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    fn enter(&mut self, bytes: &[u8], wanted: &HashSet<String>) {
        let Ok(outline) = serde_json::from_slice::<wire::Outline>(bytes) else {
            self.coverage.broken += 1;
            return;
        };
        let ecosystem = &self.coverage.ecosystem;
        let packages = outline.affected.iter().filter_map(|affected| affected.package.as_ref());
        let names: HashSet<&str> = packages
            .filter(|package| package.ecosystem == *ecosystem)
            .map(|package| package.name.as_ref())
            .collect();
        if names.is_empty() {
            return;
        }
        self.coverage.records += 1;
        if let Some(day) = outline.modified.get(..10).filter(|day| *day > self.coverage.newest.as_str()) {
            self.coverage.newest = day.to_string();
        }
        let names: Vec<&str> = names.into_iter().filter(|name| wanted.contains(*name)).collect();
        if names.is_empty() || outline.withdrawn.is_some() {
            return;
        }
        for name in names {
            self.by_name.entry(name.to_string()).or_default().push(self.records.len());
        }
        self.records.push(bytes.to_vec());
    }

    fn records_of(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let numbers = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        numbers.iter().map(|number| self.records[*number].as_slice())
    }
}

//! What a registry holds.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::Digest;

use super::auth::Auth;
use super::fault::Planned;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Method.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `Range` header.
    pub range: Option<String>,
}

/// Everything in memory.
#[derive(Debug)]
pub(super) struct State {
    pub auth: Auth,
    pub realm: Option<String>,
    pub mounts: bool,
    pub absolute_locations: bool,
    pub faults: Vec<Planned>,
    pub seen: Vec<Seen>,
    pub tokens: BTreeMap<String, Vec<String>>,
    pub repositories: BTreeMap<String, Repository>,
    pub uploads: BTreeMap<String, Vec<u8>>,
    blobs: BTreeMap<String, Vec<u8>>,
    numbers: u64,
}

/// One repository.
#[derive(Debug, Default)]
pub(super) struct Repository {
    pub blobs: BTreeSet<String>,
    pub manifests: BTreeMap<String, (String, Vec<u8>)>,
    pub tags: BTreeMap<String, String>,
}

impl State {
    pub fn new(auth: Auth) -> Self {
        State {
            auth,
            realm: None,
            mounts: true,
            absolute_locations: true,
            faults: Vec::new(),
            seen: Vec::new(),
            tokens: BTreeMap::new(),
            repositories: BTreeMap::new(),
            uploads: BTreeMap::new(),
            blobs: BTreeMap::new(),
            numbers: 0,
        }
    }

    pub fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub fn put_blob(&mut self, repository: &str, bytes: Vec<u8>) -> Digest {
        let digest = Digest::of(&bytes);
        self.blobs.insert(digest.to_string(), bytes);
        self.repositories.entry(repository.to_string()).or_default().blobs.insert(digest.to_string());
        digest
    }

    pub fn blob(&self, repository: &str, digest: &str) -> Option<&Vec<u8>> {
        let known = self.repositories.get(repository)?.blobs.contains(digest);
        known.then(|| self.blobs.get(digest)).flatten()
    }

    pub fn mount(&mut self, repository: &str, from: &str, digest: &str) -> bool {
        let possible = self.mounts && self.blob(from, digest).is_some();
        if possible {
            self.repositories.entry(repository.to_string()).or_default().blobs.insert(digest.to_string());
        }
        possible
    }

    pub fn put_manifest(
        &mut self,
        repository: &str,
        reference: &str,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Digest {
        let digest = Digest::of(&bytes);
        let repository = self.repositories.entry(repository.to_string()).or_default();
        repository.manifests.insert(digest.to_string(), (media_type.to_string(), bytes));
        if !reference.starts_with("sha256:") {
            repository.tags.insert(reference.to_string(), digest.to_string());
        }
        digest
    }

    pub fn manifest(&self, repository: &str, reference: &str) -> Option<&(String, Vec<u8>)> {
        let repository = self.repositories.get(repository)?;
        let digest = repository.tags.get(reference).map_or(reference, String::as_str);
        repository.manifests.get(digest)
    }
}

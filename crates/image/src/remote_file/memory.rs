//! What is remembered of fetched files: one small file an address, under `remote` in the store.

use std::fs;
use std::path::PathBuf;

use plimsoll_model::Digest;

use super::Content;
use crate::error::{AtFile as _, Result};
use crate::store::{Roots, Store, private_directory};

const DIRECTORY: &str = "remote";

mod wire {
    use serde::{Deserialize, Serialize};

    /// Version of the record; another one is not understood.
    pub const VERSION: u32 = 1;

    #[derive(Serialize, Deserialize)]
    pub struct Record {
        pub version: u32,
        pub digest: String,
        pub size: u64,
        pub modified: Option<i64>,
        pub etag: Option<String>,
        pub last_modified: Option<String>,
    }
}

/// What the server said that tells whether a file has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Validators {
    /// `ETag` as sent.
    pub etag: Option<String>,
    /// `Last-Modified` as sent, where it is exact enough to be asked about.
    pub last_modified: Option<String>,
}

/// What is known of an address, if its bytes are still in the store. A record that cannot be read is
/// none: the file is fetched again.
pub(super) fn recall(store: &Store, address: &str) -> Option<(Content, Validators)> {
    let record: wire::Record = serde_json::from_slice(&fs::read(path(store, address)).ok()?).ok()?;
    if record.version != wire::VERSION {
        return None;
    }
    let digest: Digest = record.digest.parse().ok()?;
    let content = Content { digest, size: record.size, modified: record.modified };
    let validators = Validators { etag: record.etag, last_modified: record.last_modified };
    store.has_blob(&digest).then_some((content, validators))
}

/// Remember what an address gave.
pub(super) fn remember(store: &Store, address: &str, content: Content, said: Validators) -> Result<()> {
    let record = wire::Record {
        version: wire::VERSION,
        digest: content.digest.to_string(),
        size: content.size,
        modified: content.modified,
        etag: said.etag,
        last_modified: said.last_modified,
    };
    let bytes = serde_json::to_vec(&record).expect("a record of strings and numbers is always written");
    let directory = store.root().join(DIRECTORY);
    private_directory(&directory).at("create", &directory)?;
    let name = format!("{DIRECTORY}/{}", key(address));
    store.write_file(&name, &bytes)
}

/// The fetched files that are kept in the store.
pub fn roots(store: &Store) -> Roots {
    let mut roots = Roots::default();
    let records = fs::read_dir(store.root().join(DIRECTORY)).into_iter().flatten().flatten();
    for record in records {
        let read = fs::read(record.path()).ok();
        let record: Option<wire::Record> = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        roots.blobs.extend(record.and_then(|record| record.digest.parse::<Digest>().ok()));
    }
    roots
}

/// Forget every fetched file.
pub fn clear(store: &Store) -> Result<()> {
    let directory = store.root().join(DIRECTORY);
    for record in fs::read_dir(&directory).into_iter().flatten().flatten() {
        fs::remove_file(record.path()).at("remove", record.path())?;
    }
    Ok(())
}

fn key(address: &str) -> String {
    Digest::of(address.as_bytes()).hex().to_string()
}

fn path(store: &Store, address: &str) -> PathBuf {
    store.root().join(DIRECTORY).join(key(address))
}

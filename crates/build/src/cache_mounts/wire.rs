//! `cache.json`: whose cache a directory is.

use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::CacheName;

const NAME: &str = "cache.json";
const VERSION: u32 = 1;

/// A record larger than this is none.
const LIMIT: u64 = 64 << 10;

#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    id: String,
    namespace: String,
    seed: Option<String>,
}

/// The name of the cache in a directory, if it is one.
pub(super) fn read(directory: &Path) -> Option<CacheName> {
    use std::io::Read as _;
    let mut text = Vec::new();
    std::fs::File::open(directory.join(NAME)).ok()?.take(LIMIT).read_to_end(&mut text).ok()?;
    let record: Record = serde_json::from_slice(&text).ok()?;
    let seed = record.seed.map(|seed| seed.parse()).transpose().ok()?;
    let name = CacheName { namespace: record.namespace, id: record.id, seed };
    (record.version == VERSION).then_some(name)
}

/// Write the record unless it is there.
pub(super) fn write(directory: &Path, name: &CacheName) -> io::Result<()> {
    if directory.join(NAME).exists() {
        return Ok(());
    }
    let record = Record {
        version: VERSION,
        id: name.id.clone(),
        namespace: name.namespace.clone(),
        seed: name.seed.map(|seed| seed.to_string()),
    };
    let text = serde_json::to_vec(&record)?;
    let mut draft = tempfile::NamedTempFile::new_in(directory)?;
    draft.write_all(&text)?;
    draft.persist(directory.join(NAME)).map(drop).map_err(|error| error.error)
}

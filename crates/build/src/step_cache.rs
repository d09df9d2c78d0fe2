//! The step cache: one small file a step, named by its key, that says which layer the step gave.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_image::layer::CommittedLayer;
use plimsoll_image::{Roots, Store, remote_file};
use plimsoll_model::Digest;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW};

use crate::error::BuildError;
use crate::why;

/// The result of a step: a layer, or nothing because no file changed.
pub type StepResult = Option<CommittedLayer>;

/// The kernel's clock, not ours.
const NOW: Timestamps = {
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    Timestamps { last_access: now, last_modification: now }
};

mod wire {
    use plimsoll_model::manifest::Descriptor;
    use serde::{Deserialize, Serialize};

    /// Version of the record; another one is no hit.
    pub const VERSION: u32 = 1;

    #[derive(Serialize, Deserialize)]
    pub struct Record {
        pub version: u32,
        pub layer: Option<Layer>,
    }

    #[derive(Serialize, Deserialize)]
    pub struct Layer {
        pub descriptor: Descriptor,
        pub diff_id: String,
    }
}

/// The result recorded for a key, if its layer is still in the store. A record that cannot be read
/// is no hit: the step runs again and replaces it. The record's own time is that of its last use.
pub fn look_up(store: &Store, key: &Digest) -> Option<StepResult> {
    let path = path(store, key);
    let result = read(&path)?;
    let present = result.as_ref().is_none_or(|layer| store.has_blob(&layer.descriptor.digest));
    if present {
        // A time that cannot be set makes the step look older than it is, no more.
        let _ = rustix::fs::utimensat(CWD, &path, &NOW, AtFlags::empty());
    }
    present.then_some(result)
}

/// The keys of all steps.
pub fn keys(store: &Store) -> Vec<Digest> {
    let names = fs::read_dir(store.root().join("steps")).into_iter().flatten().flatten();
    let key = |name: std::ffi::OsString| format!("sha256:{}", name.to_str()?).parse().ok();
    let mut keys: Vec<Digest> = names.filter_map(|entry| key(entry.file_name())).collect();
    keys.sort();
    keys
}

/// Record what a step gave.
pub fn record(store: &Store, key: &Digest, result: &StepResult) -> Result<(), BuildError> {
    let layer = result.as_ref().map(|layer| wire::Layer {
        descriptor: layer.descriptor.clone(),
        diff_id: layer.diff_id.to_string(),
    });
    let record = wire::Record { version: wire::VERSION, layer };
    let bytes = serde_json::to_vec(&record).expect("a record of strings and numbers is always written");
    let path = path(store, key);
    let failed =
        |source| BuildError::File { doing: "cannot write", path: path.display().to_string(), source };
    let mut file = tempfile::NamedTempFile::new_in(store.root().join("tmp")).map_err(failed)?;
    std::io::Write::write_all(&mut file, &bytes).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// What the step cache, and the memory of fetched files, keep alive in the store.
pub fn roots(store: &Store) -> Roots {
    let mut roots = remote_file::roots(store);
    let records = fs::read_dir(store.root().join("steps")).into_iter().flatten().flatten();
    for layer in records.filter_map(|entry| read(&entry.path())).flatten() {
        roots.layers.push(layer.diff_id);
        roots.blobs.push(layer.descriptor.digest);
    }
    roots
}

/// A step with the time of its last use and the bytes its layer takes, packed and unpacked.
pub(crate) struct UsedStep {
    pub(crate) key: Digest,
    pub(crate) used: SystemTime,
    pub(crate) layer: Option<(Digest, u64)>,
}

/// All steps.
pub(crate) fn list(store: &Store) -> Vec<UsedStep> {
    let step = |key: Digest| {
        let path = path(store, &key);
        let used = fs::metadata(&path).and_then(|metadata| metadata.modified()).unwrap_or(UNIX_EPOCH);
        let layer = read(&path).flatten().map(|layer| {
            let unpacked = store.layer_size(&layer.diff_id).unwrap_or(0);
            (layer.diff_id, layer.descriptor.size.saturating_add(unpacked))
        });
        UsedStep { key, used, layer }
    };
    keys(store).into_iter().map(step).collect()
}

/// Forget a step. One that is gone already is fine.
pub(crate) fn forget(store: &Store, key: &Digest) -> Result<(), BuildError> {
    let path = path(store, key);
    why::forget(store, key);
    match fs::remove_file(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|source| BuildError::File {
            doing: "cannot remove",
            path: path.display().to_string(),
            source,
        }),
    }
}

fn read(path: &Path) -> Option<StepResult> {
    let record: wire::Record = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    if record.version != wire::VERSION {
        return None;
    }
    match record.layer {
        None => Some(None),
        Some(layer) => {
            let diff_id = layer.diff_id.parse().ok()?;
            Some(Some(CommittedLayer { descriptor: layer.descriptor, diff_id }))
        }
    }
}

fn path(store: &Store, key: &Digest) -> PathBuf {
    store.root().join("steps").join(key.hex())
}

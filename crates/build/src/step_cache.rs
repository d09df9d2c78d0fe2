//! The step cache: one small file a step, named by its key, that says which layer the step gave.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_image::layer::CommittedLayer;
use plimsoll_image::{Roots, Store};
use plimsoll_model::Digest;

use crate::error::BuildError;

/// The result of a step: a layer, or nothing because no file changed.
pub type StepResult = Option<CommittedLayer>;

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
/// is no hit: the step runs again and replaces it.
pub fn look_up(store: &Store, key: &Digest) -> Option<StepResult> {
    let result = read(&path(store, key))?;
    let present = result.as_ref().is_none_or(|layer| store.has_blob(&layer.descriptor.digest));
    present.then_some(result)
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

/// What the step cache keeps alive in the store.
pub fn roots(store: &Store) -> Roots {
    let mut roots = Roots::default();
    let records = fs::read_dir(store.root().join("steps")).into_iter().flatten().flatten();
    for layer in records.filter_map(|entry| read(&entry.path())).flatten() {
        roots.layers.push(layer.diff_id);
        roots.blobs.push(layer.descriptor.digest);
    }
    roots
}

/// Forget every step.
pub fn clear(store: &Store) -> Result<(), BuildError> {
    let directory = store.root().join("steps");
    let failed =
        |source| BuildError::File { doing: "cannot empty", path: directory.display().to_string(), source };
    for entry in fs::read_dir(&directory).map_err(failed)? {
        fs::remove_file(entry.map_err(failed)?.path()).map_err(failed)?;
    }
    Ok(())
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

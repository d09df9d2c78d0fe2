//! Which Dockerfile line made which layer: kept beside the store's images, so that `scan`, `history`
//! and `explain` can point into the Dockerfile of an image that was built here.

use std::collections::BTreeMap;
use std::fs;

use plimsoll_image::{Store, private_directory};
use plimsoll_model::{Digest, Source, Span};

use crate::error::BuildError;

/// The Dockerfile an image was built from, and the place of every history entry in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The Dockerfile as it was.
    pub dockerfile: Source,
    /// The target stage's index.
    pub target: usize,
    /// `--build-arg` values it was built with.
    pub build_args: BTreeMap<String, String>,
    /// One entry a history line: the place of its instruction, `None` for those of the base image.
    pub places: Vec<Option<Span>>,
}

mod wire {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    /// Version of the record; others are not read.
    pub const VERSION: u32 = 1;

    #[derive(Serialize, Deserialize)]
    pub struct Record {
        pub version: u32,
        pub name: String,
        pub text: String,
        pub target: usize,
        pub build_args: BTreeMap<String, String>,
        pub places: Vec<Option<(usize, usize)>>,
    }
}

impl Provenance {
    /// Remember how this image was built.
    pub fn save(&self, store: &Store, manifest: &Digest) -> Result<(), BuildError> {
        let record = wire::Record {
            version: wire::VERSION,
            name: self.dockerfile.name().to_string(),
            text: self.dockerfile.text().to_string(),
            target: self.target,
            build_args: self.build_args.clone(),
            places: self.places.iter().map(|span| span.map(|span| (span.start, span.end))).collect(),
        };
        let bytes = serde_json::to_vec(&record).expect("a record of strings and numbers is always written");
        let directory = store.root().join("builds");
        let failed = |source| BuildError::File {
            doing: "cannot write to",
            path: directory.display().to_string(),
            source,
        };
        let path = directory.join(manifest.hex());
        if fs::read(&path).is_ok_and(|known| known == bytes) {
            return Ok(());
        }
        private_directory(&directory).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(store.root().join("tmp")).map_err(failed)?;
        std::io::Write::write_all(&mut file, &bytes).map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// How this image was built, if it was built here and the record is readable.
    pub fn load(store: &Store, manifest: &Digest) -> Option<Provenance> {
        let bytes = fs::read(store.root().join("builds").join(manifest.hex())).ok()?;
        let record: wire::Record = serde_json::from_slice(&bytes).ok()?;
        let length = record.text.len();
        let valid =
            |place: &Option<(usize, usize)>| place.is_none_or(|(start, end)| start <= end && end <= length);
        if record.version != wire::VERSION || !record.places.iter().all(valid) {
            return None;
        }
        Some(Provenance {
            dockerfile: Source::new(record.name, record.text),
            target: record.target,
            build_args: record.build_args,
            places: record
                .places
                .iter()
                .map(|place| place.map(|(start, end)| Span::new(start, end)))
                .collect(),
        })
    }

    /// One-based line and text of the instruction behind a history entry.
    pub fn line(&self, history_index: usize) -> Option<(usize, String)> {
        let span = (*self.places.get(history_index)?)?;
        let text = crate::plan::first_line(self.dockerfile.slice(span));
        Some((self.dockerfile.line(span.start), text))
    }
}

//! Written paths as JSON.

use serde::{Deserialize, Serialize};

use crate::evidence::{Written, WrittenPath};

#[derive(Serialize, Deserialize)]
pub(super) struct PathWire {
    path: String,
    bytes: u64,
    what: WrittenWire,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WrittenWire {
    File,
    Directory,
    Other,
    Deleted,
}

impl From<&WrittenPath> for PathWire {
    fn from(written: &WrittenPath) -> Self {
        let what = match written.what {
            Written::File => WrittenWire::File,
            Written::Directory => WrittenWire::Directory,
            Written::Other => WrittenWire::Other,
            Written::Deleted => WrittenWire::Deleted,
        };
        PathWire { path: written.path.clone(), bytes: written.bytes, what }
    }
}

impl PathWire {
    pub(super) fn read(self) -> WrittenPath {
        let what = match self.what {
            WrittenWire::File => Written::File,
            WrittenWire::Directory => Written::Directory,
            WrittenWire::Other => Written::Other,
            WrittenWire::Deleted => Written::Deleted,
        };
        WrittenPath { path: self.path, bytes: self.bytes, what }
    }
}

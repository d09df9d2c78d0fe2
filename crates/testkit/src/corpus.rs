//! Real Dockerfiles with what BuildKit and hadolint say of them. They are too large for this repository.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::skip;

/// The corpus on this machine.
#[derive(Debug, Clone)]
pub struct Corpus {
    root: PathBuf,
}

/// The corpus beside the checkout, or where `PLIMSOLL_CORPUS` says; `None`, said aloud, if it is not there.
pub fn corpus() -> Option<Corpus> {
    let named = std::env::var_os("PLIMSOLL_CORPUS").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = named.unwrap_or_else(beside);
    if root.join("buildkit.jsonl.gz").is_file() {
        return Some(Corpus { root });
    }
    skip("no corpus of Dockerfiles; set PLIMSOLL_CORPUS to its directory");
    None
}

impl Corpus {
    /// What BuildKit says, an object for each Dockerfile; `file` is its name.
    pub fn buildkit(&self) -> Vec<Value> {
        let lines = self.unpack("buildkit.jsonl.gz");
        lines.lines().map(|line| serde_json::from_str(line).expect("the corpus is JSON")).collect()
    }

    /// What hadolint says: for each name of a Dockerfile a list of `[rule, line, level]`.
    pub fn hadolint(&self) -> Value {
        serde_json::from_str(&self.unpack("hadolint.json.gz")).expect("the corpus is JSON")
    }

    /// Where a file lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The text of a file; bytes that are no UTF-8 are replaced.
    pub fn text(&self, name: &str) -> String {
        let bytes = std::fs::read(self.path(name)).expect("a file of the corpus can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn unpack(&self, name: &str) -> String {
        let file = std::fs::File::open(self.root.join(name)).expect("the corpus opens");
        let mut text = String::new();
        GzDecoder::new(file).read_to_string(&mut text).expect("the corpus unpacks");
        text
    }
}

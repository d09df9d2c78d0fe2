//! A Dockerfile of the corpus with its directory as the context.

use std::path::{Path, PathBuf};

use plimsoll_contract::Question;
use plimsoll_contract::from_dockerfile;
use plimsoll_contract::origin::ContextEntry;
use plimsoll_dockerfile::Parsed;
use plimsoll_lint::{ContextFiles, File, Rule, Settings, file_findings};
use plimsoll_model::{Diagnostic, Platform, Source};

/// The directory a Dockerfile lies in, as far as the corpus has it. Nothing is ignored.
pub struct Directory(pub PathBuf);

impl ContextFiles for Directory {
    fn exists(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }

    fn is_ignored(&self, _path: &str) -> bool {
        false
    }

    fn size(&self, path: &str) -> u64 {
        std::fs::metadata(self.0.join(path)).map_or(0, |metadata| metadata.len())
    }

    fn ignore_file(&self) -> Option<Source> {
        None
    }
}

/// The entries of a directory.
pub fn entry(directory: &Path, path: &str) -> Option<ContextEntry> {
    let path = directory.join(path);
    if path.is_dir() {
        return Some(ContextEntry::Directory);
    }
    Some(ContextEntry::File { bytes: std::fs::read(path).ok()?, mode: 0o755 })
}

/// What the wanted rules about the text find; no base image is at hand.
pub fn text_findings(
    name: &str,
    text: &str,
    directory: &Path,
    wanted: impl Fn(&Rule) -> bool,
) -> (Parsed, Vec<Diagnostic>) {
    let amd64 = Platform::parse("linux/amd64").unwrap();
    let parsed = plimsoll_dockerfile::parse(Source::new(name, text));
    let reader = |path: &str| entry(directory, path);
    let question = Question::new(amd64, &|_| None, &reader);
    let prediction = from_dockerfile(&parsed.dockerfile, &question).ok();
    let context = Directory(directory.to_path_buf());
    let file = File {
        dockerfile: &parsed.dockerfile,
        prediction: prediction.as_ref(),
        context: Some(&context),
        settings: &Settings::default(),
    };
    let found = file_findings(&file, wanted);
    drop(prediction);
    (parsed, found)
}

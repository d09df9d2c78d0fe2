//! What somebody who says `explain WORD` means by the word.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use plimsoll_image::compression::Compression;
use plimsoll_image::layer::is_archive;

use super::answering::{self, Page};
use crate::command_error::CommandError;

/// What is to be explained.
pub enum ExplainSubject {
    /// Nothing in particular: what can be asked.
    Contents,
    /// A page of the catalogue.
    Page(Page),
    /// A file with Kubernetes objects: several contracts.
    Manifest(PathBuf),
    /// Something that has a contract.
    Thing(Thing),
}

/// Something that has a contract.
pub enum Thing {
    /// A Dockerfile, or an archive of a context, on standard input.
    StandardInput,
    /// A directory with a Dockerfile, or a Dockerfile.
    Project(PathBuf),
    /// A file with images in it.
    Archive(PathBuf),
    /// A directory that is an OCI image layout.
    Layout(PathBuf),
    /// An image or a container of the store.
    Name(String),
}

/// Bytes at the beginning of a file that tell an archive from a text: a tar header.
const HEAD: u64 = 512;

/// Choose. What lies on disk comes first; but a directory that only happens to be called like a topic
/// is not meant.
pub fn choose(word: Option<&str>, file: Option<&Path>) -> Result<ExplainSubject, CommandError> {
    let thing = |thing| Ok(ExplainSubject::Thing(thing));
    let word = match (word, file) {
        (None, None) => return Ok(ExplainSubject::Contents),
        (None, Some(_)) => return thing(Thing::Project(PathBuf::from("."))),
        (Some("-"), _) => return thing(Thing::StandardInput),
        (Some(word), Some(_)) => return thing(Thing::Project(PathBuf::from(word))),
        (Some(word), None) => word,
    };
    let page = answering::answer(word);
    match (on_disk(Path::new(word)), page) {
        (Some(ExplainSubject::Thing(Thing::Project(path))), Some(page))
            if path.is_dir() && !has_dockerfile(&path) =>
        {
            Ok(ExplainSubject::Page(page))
        }
        (Some(found), _) => Ok(found),
        (None, Some(page)) => Ok(ExplainSubject::Page(page)),
        (None, None) => thing(Thing::Name(name(word)?)),
    }
}

/// What a path leads to; `None` if nothing is there.
fn on_disk(path: &Path) -> Option<ExplainSubject> {
    let (path, is_directory) = (path.to_path_buf(), path.metadata().ok()?.is_dir());
    Some(match is_directory {
        true if path.join("oci-layout").is_file() && !has_dockerfile(&path) => {
            ExplainSubject::Thing(Thing::Layout(path))
        }
        true => ExplainSubject::Thing(Thing::Project(path)),
        false => of_file(path),
    })
}

fn has_dockerfile(directory: &Path) -> bool {
    ["Dockerfile", "Containerfile", "dockerfile"].iter().any(|name| directory.join(name).is_file())
}

/// What a file is. One that cannot be read is left to whoever opens it and can say why; anything but a
/// regular file may never end.
fn of_file(path: PathBuf) -> ExplainSubject {
    let mut head = Vec::new();
    if path.is_file()
        && let Ok(file) = File::open(&path)
    {
        // What was read until then is enough, and the error comes again.
        let _ = file.take(HEAD).read_to_end(&mut head);
    }
    let is_yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
    let has_version = head.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"apiVersion:"));
    match Compression::detect(&head) != Compression::None || is_archive(head.as_slice()) {
        true => ExplainSubject::Thing(Thing::Archive(path)),
        false if is_yaml || has_version => ExplainSubject::Manifest(path),
        false => ExplainSubject::Thing(Thing::Project(path)),
    }
}

/// A name; what can be none is refused here, with what may have been meant.
fn name(word: &str) -> Result<String, CommandError> {
    if rule_code(word) {
        return Err(CommandError::usage(format!("there is no rule {word}"))
            .hint("findings name their rule; plimsoll explain PL101 is the manual of one"));
    }
    if word.contains(char::is_whitespace) {
        return Err(CommandError::usage(format!("'{word}' is no message that is known"))
            .hint("plimsoll explain, without a word, lists those that are"));
    }
    Ok(word.to_string())
}

/// What looks like the code of a rule and can be no image, since those are lower case.
fn rule_code(word: &str) -> bool {
    let digits = word.strip_prefix("PL").or_else(|| word.strip_prefix("DL")).unwrap_or_default();
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_on_disk_comes_first() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let chosen = |path: &Path| match choose(Some(path.to_str().unwrap()), None) {
            Ok(ExplainSubject::Thing(thing)) => thing,
            _ => panic!("{} is a thing", path.display()),
        };
        std::fs::write(at("Dockerfile"), "FROM scratch\n").unwrap();
        assert!(matches!(chosen(directory.path()), Thing::Project(_)));
        assert!(matches!(chosen(&at("Dockerfile")), Thing::Project(_)));
        std::fs::write(at("a.tar.gz"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]).unwrap();
        assert!(matches!(chosen(&at("a.tar.gz")), Thing::Archive(_)));
        std::fs::write(at("pod"), "# ours\napiVersion: v1\nkind: Pod\n").unwrap();
        let is_manifest =
            |path: &Path| matches!(choose(path.to_str(), None), Ok(ExplainSubject::Manifest(_)));
        assert!(is_manifest(&at("pod")));
        std::fs::write(at("pod.yaml"), "").unwrap();
        assert!(is_manifest(&at("pod.yaml")));
        std::fs::create_dir(at("layout")).unwrap();
        std::fs::write(at("layout/oci-layout"), "{}").unwrap();
        assert!(matches!(chosen(&at("layout")), Thing::Layout(_)));
        assert!(matches!(chosen(&at("absent")), Thing::Name(_)));
    }

    #[test]
    fn words() {
        assert!(matches!(choose(None, None), Ok(ExplainSubject::Contents)));
        assert!(matches!(choose(Some("-"), None), Ok(ExplainSubject::Thing(Thing::StandardInput))));
        assert!(matches!(choose(Some("137"), None), Ok(ExplainSubject::Page(_))));
        assert!(matches!(choose(Some("redis"), None), Ok(ExplainSubject::Thing(Thing::Name(_)))));
        assert!(choose(Some("PL999"), None).is_err_and(|error| error.message.contains("no rule PL999")));
        assert!(choose(Some("all is well"), None).is_err());
    }
}

//! The base images `plimsoll/lab` and `plimsoll/lab:shell`: made here, from this very binary and,
//! for the second, the machine's own shell. Examples and exercises need no registry.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use object::read::elf::{FileHeader as _, ProgramHeader as _};
use object::{Endianness, elf};
use plimsoll_image::context::remembered_digest;
use plimsoll_image::layer::{LayerBuilder, LayeredTree, Meta, Owner};
use plimsoll_image::{Image, Store};
use plimsoll_model::{Digest, HistoryEntry, ImageConfig, Platform, Reference};

use crate::command_error::CommandError;
use crate::session::OWN_PROGRAM;

/// The label that tells from which program an image was made: another one makes it anew.
const PROGRAM_LABEL: &str = "org.plimsoll.lab.program";

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n";
const GROUP: &str = "root:x:0:\nnogroup:x:65534:\n";

/// Whether a reference means an image that is made here.
pub fn is_lab(reference: &Reference) -> bool {
    let ours = reference.registry == plimsoll_model::reference::DEFAULT_REGISTRY
        && reference.repository == "plimsoll/lab"
        && reference.digest.is_none();
    ours && matches!(reference.tag_or_latest(), Some("latest" | "shell"))
}

/// The lab's base image, made now unless it is there already.
pub fn ensure(store: &Store, reference: &Reference) -> Result<Image, CommandError> {
    let digest = own_digest(store)?;
    if let Ok(image) = store.find_image(&reference.canonical())
        && image.config.labels.iter().any(|(key, value)| key == PROGRAM_LABEL && value == digest)
    {
        return Ok(image);
    }
    let with_shell = reference.tag.as_deref() == Some("shell");
    make(store, reference, with_shell)
}

/// The digest of our own program. Reading all of it takes longer than everything else `lint` does with a
/// file, so the store remembers it from one command to the next, and this process while it runs.
fn own_digest(store: &Store) -> Result<&'static str, CommandError> {
    static DIGEST: OnceLock<String> = OnceLock::new();
    if let Some(known) = DIGEST.get() {
        return Ok(known);
    }
    let path = Path::new(OWN_PROGRAM);
    let digest = File::open(path).and_then(|file| remembered_digest(store, "lab program", file));
    let digest = digest.map_err(|error| unreadable(path, &error))?;
    Ok(DIGEST.get_or_init(|| digest.to_string()))
}

fn make(store: &Store, reference: &Reference, with_shell: bool) -> Result<Image, CommandError> {
    let failed = |error: plimsoll_image::Error| CommandError::failure(error);
    let lower = LayeredTree::open(store, &[]).map_err(failed)?;
    let mut builder = LayerBuilder::new(store, &lower, 0).map_err(failed)?;
    let meta = |mode| Meta { mode, owner: Owner::default(), mtime: None };
    for (directory, mode) in [("/tmp", 0o1777), ("/root", 0o700), ("/var", 0o755), ("/var/cache", 0o755)] {
        builder.add_directory(directory.as_bytes(), meta(mode)).map_err(failed)?;
    }
    for (path, text) in [("/etc/passwd", PASSWD), ("/etc/group", GROUP)] {
        builder.add_file(path.as_bytes(), text.as_bytes(), meta(0o644)).map_err(failed)?;
    }
    let program = read(Path::new(OWN_PROGRAM))?;
    builder.add_file(b"/bin/labapp", program.as_slice(), meta(0o755)).map_err(failed)?;
    if with_shell {
        for file in host_shell()? {
            builder
                .add_file(file.inside.as_bytes(), read(&file.host)?.as_slice(), meta(0o755))
                .map_err(failed)?;
        }
    }
    let _hold = store.hold().map_err(failed)?;
    let layer = builder.finish().map_err(failed)?;
    let config = ImageConfig {
        platform: Some(Platform::host()),
        created: Some("1970-01-01T00:00:00Z".to_string()),
        env: vec![("PATH".to_string(), plimsoll_contract::stage::DEFAULT_PATH.to_string())],
        labels: vec![(PROGRAM_LABEL.to_string(), Digest::of(&program).to_string())],
        history: vec![HistoryEntry {
            created: Some("1970-01-01T00:00:00Z".to_string()),
            created_by: Some("plimsoll: the lab's base image".to_string()),
            ..HistoryEntry::default()
        }],
        ..ImageConfig::default()
    };
    let layers: Vec<_> = layer.into_iter().collect();
    let manifest = store.create_image(config, &layers).map_err(failed)?;
    store.tag(&manifest, reference).map_err(failed)?;
    store.image(&manifest).map_err(failed)
}

fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    let why = plimsoll_image::error::reason(error);
    CommandError::failure(format!("cannot read {}: {why}", path.display()))
}

/// A file of the machine and the place it gets in the image.
struct Borrowed {
    inside: String,
    host: PathBuf,
}

/// The machine's /bin/sh with everything it loads.
fn host_shell() -> Result<Vec<Borrowed>, CommandError> {
    let failed = |why: String| {
        CommandError::failure(format!("plimsoll/lab:shell needs this machine's /bin/sh: {why}"))
    };
    let shell =
        std::fs::canonicalize("/bin/sh").map_err(|error| failed(plimsoll_image::error::reason(&error)))?;
    let mut files = vec![Borrowed { inside: "/bin/sh".to_string(), host: shell.clone() }];
    let mut seen = BTreeSet::new();
    let mut waiting = vec![shell];
    while let Some(path) = waiting.pop() {
        let bytes = read(&path)?;
        let Some(needs) = needs(&bytes) else {
            return Err(failed(format!("{} is no ELF program of this machine", path.display())));
        };
        if let Some(loader) = needs.loader
            && seen.insert(loader.clone())
        {
            files.push(Borrowed { inside: loader.clone(), host: PathBuf::from(&loader) });
        }
        for library in needs.libraries {
            let found = library_directories()
                .into_iter()
                .map(|directory| directory.join(&library))
                .find(|at| at.is_file());
            let found =
                found.ok_or_else(|| failed(format!("{library} is not where libraries usually are")))?;
            if seen.insert(library) {
                files.push(Borrowed { inside: found.display().to_string(), host: found.clone() });
                waiting.push(found);
            }
        }
    }
    Ok(files)
}

fn library_directories() -> Vec<PathBuf> {
    let tuple = format!("{}-linux-gnu", std::env::consts::ARCH);
    let tuple_lib = format!("/lib/{tuple}");
    let tuple_usr = format!("/usr/lib/{tuple}");
    [tuple_lib.as_str(), tuple_usr.as_str(), "/lib64", "/usr/lib64", "/lib", "/usr/lib"]
        .iter()
        .map(PathBuf::from)
        .collect()
}

/// What an ELF file asks the loader for.
struct Needs {
    loader: Option<String>,
    libraries: Vec<String>,
}

/// `None` for what is no 64-bit ELF file.
fn needs(bytes: &[u8]) -> Option<Needs> {
    let header = elf::FileHeader64::<Endianness>::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, bytes).ok()?;
    let mut needs = Needs { loader: None, libraries: Vec::new() };
    for segment in segments {
        if let Ok(Some(interpreter)) = segment.interpreter(endian, bytes) {
            needs.loader = String::from_utf8(interpreter.to_vec()).ok();
        }
    }
    let sections = header.sections(endian, bytes).ok()?;
    let Ok(Some((entries, strings))) = sections.dynamic(endian, bytes) else { return Some(needs) };
    let strings = sections.strings(endian, bytes, strings).ok()?;
    for entry in entries {
        if entry.d_tag.get(endian) == elf::DT_NEEDED {
            let name = strings.get(u32::try_from(entry.d_val.get(endian)).ok()?).ok()?;
            needs.libraries.push(String::from_utf8(name.to_vec()).ok()?);
        }
    }
    Some(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lab_is_known_by_its_names() {
        let lab = |text: &str| is_lab(&text.parse().unwrap());
        assert!(lab("plimsoll/lab") && lab("plimsoll/lab:latest") && lab("plimsoll/lab:shell"));
        assert!(!lab("plimsoll/lab:other") && !lab("localhost:5000/plimsoll/lab") && !lab("lab"));
    }

    #[test]
    fn the_machines_shell_comes_with_what_it_loads() {
        let files = host_shell().unwrap();
        assert_eq!(files[0].inside, "/bin/sh");
        let needs = needs(&std::fs::read(&files[0].host).unwrap()).unwrap();
        for library in &needs.libraries {
            assert!(files.iter().any(|file| file.inside.ends_with(library.as_str())), "{library}");
        }
    }
}

//! What holds for every input, as one function a target: libFuzzer's entry points (`fuzz_targets/`)
//! and the driver (`main.rs`) call the same.

#[path = "../../crates/dockerfile/tests/it/spans.rs"]
mod spans;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_contract::stage::Platforms;
use plimsoll_contract::{Question, from_dockerfile};
use plimsoll_dockerfile::expand::{LIMIT, expand, expand_keep_quotes, expand_words};
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_image::layer::{LayerBuilder, LayeredTree};
use plimsoll_image::{Roots, Store};
use plimsoll_model::{Platform, Source};
use plimsoll_runtime::seccomp::Profile;
use tempfile::TempDir;

/// A target: panics if something does not hold.
pub type Target = fn(&[u8]);

/// All of them, by name.
pub const TARGETS: [(&str, Target); 7] = [
    ("archive", archive),
    ("dockerfile", dockerfile),
    ("expansion", expansion),
    ("ignore", ignore),
    ("mount", mount),
    ("profile", profile),
    ("shell", shell),
];

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// A Dockerfile.
pub fn dockerfile(data: &[u8]) {
    let source = Source::new("Dockerfile", text(data));
    let parsed = plimsoll_dockerfile::parse(source.clone());
    for span in spans::spans(&parsed) {
        assert!(source.text().get(span.start..span.end).is_some(), "{span:?} is not in the source");
    }
    let question = Question {
        target: None,
        build_args: BTreeMap::from([("A".to_string(), "given $X \"".to_string())]),
        platforms: Platforms { build: Platform::host(), target: Platform::host() },
        base: &|_| None,
        context: &|_| None,
    };
    // Refusals are fine; what it must not do is panic or hang.
    let _ = from_dockerfile(&parsed.dockerfile, &question);
}

/// An ignore file, and after the first empty line paths.
pub fn ignore(data: &[u8]) {
    let text = text(data);
    let (patterns, paths) = text.split_once("\n\n").unwrap_or((&text, "a\na/b\na/b/c\n"));
    let source = Source::new(".dockerignore", patterns);
    let ignore = Ignore::parse(&source);
    let labels = ignore.diagnostics.iter().flat_map(|found| &found.labels);
    for span in labels.map(|label| label.span) {
        assert!(source.text().get(span.start..span.end).is_some(), "{span:?} is not in the source");
    }
    for path in paths.lines().filter(|path| is_clean(path)) {
        let excluded = ignore.excluded(path);
        assert!(excluded.is_none_or(|line| (1..=source.line_count()).contains(&line)), "no such line");
        for (at, _) in path.match_indices('/') {
            let entered = ignore.may_include_below(&path[..at]);
            assert!(entered || excluded.is_some(), "{path} would be lost below {}", &path[..at]);
        }
    }
}

/// Relative, and every component a name: what a walk gives.
fn is_clean(path: &str) -> bool {
    path.split('/').all(|name| !matches!(name, "" | "." | ".."))
}

/// A word with variables, in the three ways instructions read it.
pub fn expansion(data: &[u8]) {
    let text = text(data);
    let variables = BTreeMap::from([("A", "alpha"), ("E", ""), ("Q", "'q\" $A z"), ("P", "a.b*c?d\\e")]);
    let lookup = |name: &str| variables.get(name).map(ToString::to_string);
    for escape in ['\\', '`'] {
        for result in [expand(&text, escape, &lookup), expand_keep_quotes(&text, escape, &lookup)] {
            match result {
                Ok(value) => assert!(value.len() <= LIMIT + text.len()),
                Err(error) => assert!(text.is_char_boundary(error.offset), "{error:?}"),
            }
        }
        if let Err(error) = expand_words(&text, escape, &lookup) {
            assert!(text.is_char_boundary(error.offset), "{error:?}");
        }
    }
}

/// The value of `--mount`.
pub fn mount(data: &[u8]) {
    let fields = plimsoll_dockerfile::mount_fields(&text(data));
    let again: Vec<String> = fields.iter().map(quoted).collect();
    assert_eq!(plimsoll_dockerfile::mount_fields(&again.join(",")), fields);
    let dockerfile = [b"FROM a\nRUN --mount=".as_slice(), data, b" x\n"].concat();
    self::dockerfile(&dockerfile);
}

/// A field as CSV has it.
fn quoted((key, value): &(String, Option<String>)) -> String {
    let field = value.as_ref().map_or(key.clone(), |value| format!("{key}={value}"));
    format!("\"{}\"", field.replace('"', "\"\""))
}

/// A system call filter in docker's JSON.
pub fn profile(data: &[u8]) {
    /// The classes of jumps and returns (linux/bpf_common.h), and the jump without a condition.
    const JUMPS: u16 = 0x05;
    const RETURNS: u16 = 0x06;
    const ALWAYS: u16 = 0x05;
    let Ok(profile) = Profile::parse(&text(data)) else { return };
    for (capabilities, kernel) in [(0, (4, 7)), (u64::MAX, (6, 1))] {
        let filter = profile.filter(capabilities, kernel);
        let spelled_out = profile.oci(capabilities, kernel).to_string();
        let again = Profile::parse(&spelled_out).expect("what is written can be read");
        assert_eq!(filter, again.filter(capabilities, kernel), "other runtimes get another filter");
        let Ok(filter) = filter else { continue };
        assert!(filter.len() <= 4096, "the kernel does not take {} instructions", filter.len());
        for (at, instruction) in filter.iter().enumerate().filter(|(_, found)| found.code & 7 == JUMPS) {
            let furthest = match instruction.code {
                ALWAYS => instruction.k as usize,
                _ => usize::from(instruction.jt.max(instruction.jf)),
            };
            assert!(at + 1 + furthest < filter.len(), "instruction {at} jumps out of the filter");
        }
        assert!(filter.last().is_some_and(|last| last.code & 7 == RETURNS), "the filter has no end");
    }
}

/// A shell script.
pub fn shell(data: &[u8]) {
    let text = text(data);
    let script = plimsoll_dockerfile::shell::read(&text);
    for word in script.simple_commands().into_iter().flat_map(|command| &command.words) {
        assert_eq!(text.get(word.span.start..word.span.end), Some(word.raw.as_str()));
    }
    plimsoll_dockerfile::shell::shape(&text);
}

thread_local! {
    /// Made once: a store is several directories.
    static PLACE: RefCell<Place> = RefCell::new(Place::new());
}

struct Place {
    directory: TempDir,
    store: Store,
    uses: usize,
}

impl Place {
    fn new() -> Place {
        // Below `target`: libFuzzer ends the process without leaving anybody time to tidy up.
        let parent = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
        std::fs::create_dir_all(&parent).expect("a directory can be made");
        let directory =
            TempDir::with_prefix_in("archive-", parent).expect("a temporary directory can be made");
        let store = Store::open(&directory.path().join("store")).expect("a store can be opened");
        Place { directory, store, uses: 0 }
    }

    /// The names beside the store.
    fn names(&self) -> Vec<std::ffi::OsString> {
        let entries = std::fs::read_dir(self.directory.path()).expect("a directory can be read");
        entries.map(|entry| entry.expect("a directory can be read").file_name()).collect()
    }
}

/// Whatever the outcome, the builder is gone at the end, and with it its hold on the store.
fn unpack(archive: &[u8], store: &Store) {
    let lower = LayeredTree::empty();
    let mut builder = LayerBuilder::new(store, &lower, 0).expect("a layer can be begun");
    if builder.add_archive(archive, b"to", None).is_ok() {
        builder.finish().expect("what was accepted can be packed");
    }
}

/// An archive that ADD unpacks.
pub fn archive(data: &[u8]) {
    PLACE.with_borrow_mut(|place| {
        unpack(data, &place.store);
        assert_eq!(place.names(), ["store"], "something stands beside the store");
        place.uses += 1;
        if place.uses.is_multiple_of(500) {
            let alone = place.store.alone().expect("the store can be locked").expect("nobody else writes");
            alone.collect_garbage(&Roots::default()).expect("garbage can be collected");
        }
    });
}

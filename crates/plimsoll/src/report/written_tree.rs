//! Paths written as a tree with sums, and where the manifest mounts a volume. Pure.

use std::collections::{BTreeMap, HashSet};

use plimsoll_contract::evidence::{Relaxation, RungRecord, Written, WrittenPath};
use plimsoll_model::quantity::human_bytes;

/// The deepest tree; what lies deeper is one name.
const DEEPEST: usize = 12;

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The tree's lines before it.
    pub branch: String,
    /// How deep it is; 0 at the top.
    pub depth: usize,
    /// A name, or several joined.
    pub name: String,
    /// Its bytes, or what else was done there.
    pub what: String,
    /// A rung held with a volume here.
    pub mounted: bool,
}

#[derive(Default)]
struct Directory<'a> {
    entry: Option<&'a WrittenPath>,
    children: BTreeMap<String, Directory<'a>>,
}

/// The tree. `shown` is what a row makes of a name.
pub fn tree(written: &[&WrittenPath], rungs: &[RungRecord], shown: impl Fn(&str) -> String) -> Vec<Row> {
    let relaxations = rungs.iter().flat_map(|record| &record.relaxations);
    let mounts: HashSet<&str> = relaxations
        .filter_map(|relaxation| match relaxation {
            Relaxation::WritableMount(path) => Some(path.as_str()),
            _ => None,
        })
        .collect();
    let mut root = Directory::default();
    for entry in written {
        let mut place = &mut root;
        for name in entry.path.trim_start_matches('/').splitn(DEEPEST, '/') {
            place = place.children.entry(shown(name)).or_default();
        }
        place.entry = Some(entry);
    }
    let mut rows = Vec::new();
    grow(&root, &Place { before: String::new(), path: String::new(), depth: 0 }, &mounts, &mut rows);
    rows
}

/// What was done at a path, in a word; the bytes of a file.
fn written_word(entry: &WrittenPath) -> String {
    match entry.what {
        Written::File => human_bytes(entry.bytes),
        Written::Directory => "directory".to_string(),
        Written::Deleted => "deleted".to_string(),
        Written::Other => "link, fifo or socket".to_string(),
    }
}

/// Where a directory stands: the tree's lines before its children, its path, how deep it is.
struct Place {
    before: String,
    path: String,
    depth: usize,
}

fn grow(directory: &Directory<'_>, place: &Place, mounts: &HashSet<&str>, rows: &mut Vec<Row>) {
    let count = directory.children.len();
    for (at, (name, child)) in directory.children.iter().enumerate() {
        let (name, child) = joined(name, child, &place.path, mounts);
        let path = format!("{}/{name}", place.path);
        let is_directory =
            !child.children.is_empty() || child.entry.is_some_and(|entry| entry.what == Written::Directory);
        let (branch, before) = match (place.depth, at + 1 == count) {
            (0, _) => (String::new(), String::new()),
            (_, true) => (format!("{}└─ ", place.before), format!("{}   ", place.before)),
            (_, false) => (format!("{}├─ ", place.before), format!("{}│  ", place.before)),
        };
        let root = if place.depth == 0 { "/" } else { "" };
        rows.push(Row {
            branch,
            depth: place.depth,
            name: format!("{root}{name}{}", if is_directory { "/" } else { "" }),
            what: what(child, is_directory),
            mounted: mounts.contains(path.as_str()),
        });
        grow(child, &Place { before, path, depth: place.depth + 1 }, mounts, rows);
    }
}

/// Directories with a single child are one line, unless a volume begins there.
fn joined<'a, 'b>(
    name: &str,
    mut directory: &'b Directory<'a>,
    path: &str,
    mounts: &HashSet<&str>,
) -> (String, &'b Directory<'a>) {
    let mut name = name.to_string();
    while directory.children.len() == 1
        && directory.entry.is_none()
        && !mounts.contains(format!("{path}/{name}").as_str())
    {
        let Some((below, child)) = directory.children.iter().next() else { break };
        name = format!("{name}/{below}");
        directory = child;
    }
    (name, directory)
}

fn what(directory: &Directory<'_>, is_directory: bool) -> String {
    match directory.entry {
        Some(entry) if !is_directory => written_word(entry),
        _ => human_bytes(below(directory)),
    }
}

fn below(directory: &Directory<'_>) -> u64 {
    let own = directory.entry.map_or(0, |entry| entry.bytes);
    directory.children.values().map(below).fold(own, u64::saturating_add)
}

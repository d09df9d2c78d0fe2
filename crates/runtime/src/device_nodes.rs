//! Which devices lie in a directory of the host.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

/// All device nodes in a directory and below, in order; links are not followed. What cannot be read has none.
pub(crate) fn nodes_below(directory: &Path, without: &[&str]) -> Vec<PathBuf> {
    let mut nodes = Vec::new();
    let mut entries: Vec<fs::DirEntry> = fs::read_dir(directory).into_iter().flatten().flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let Ok(kind) = entry.file_type() else { continue };
        if without.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if kind.is_dir() {
            nodes.extend(nodes_below(&entry.path(), without));
        } else if kind.is_char_device() || kind.is_block_device() {
            nodes.push(entry.path());
        }
    }
    nodes
}

//! Files of an image as a value to look at: the only way the pure wing sees files.

use std::collections::BTreeMap;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link with its target as written.
    Symlink(String),
    /// A character or block device, a fifo or a socket.
    Special,
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits with set-id and sticky, `0o7777`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes of a regular file, else 0.
    pub size: u64,
    /// Index of the layer that put it there, the lowest layer being 0.
    pub layer: usize,
}

/// Why a file of a tree could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Nothing there.
    #[error("{path} does not exist")]
    Missing {
        /// The path.
        path: String,
    },
    /// There, but not a regular file.
    #[error("{path} is not a regular file")]
    NotAFile {
        /// The path.
        path: String,
    },
    /// Larger than the reader allows.
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// The path.
        path: String,
        /// The limit.
        limit: u64,
    },
    /// More than 40 symbolic links in a row, as in the kernel.
    #[error("{path} goes through too many symbolic links")]
    LinkLoop {
        /// The path.
        path: String,
    },
    /// The storage failed.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// The path.
        path: String,
        /// The reason.
        why: String,
    },
}

/// A merged view of an image's files. Paths are absolute and clean (`/a/b`), `/` is the root.
/// Names that are not UTF-8 appear with U+FFFD in place of the bad bytes.
pub trait FileTree {
    /// What stands at exactly this path; no link is followed, not even in the parents.
    fn lookup(&self, path: &str) -> Option<TreeEntry>;

    /// Names in a directory, sorted; empty if it is none.
    fn children(&self, path: &str) -> Vec<String>;

    /// Bytes of the regular file at exactly this path, at most `limit`.
    fn read_exact_path(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError>;

    /// Follow all symbolic links, staying inside the tree, to the path of a real entry.
    fn resolve(&self, path: &str) -> Result<(String, TreeEntry), TreeError> {
        resolve_links(self, path)
    }

    /// Bytes of the regular file a path leads to, at most `limit`.
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        let (real, entry) = self.resolve(path)?;
        match entry.kind {
            EntryKind::File if entry.size > limit => {
                Err(TreeError::TooLarge { path: path.to_string(), limit })
            }
            EntryKind::File => self.read_exact_path(&real, limit),
            _ => Err(TreeError::NotAFile { path: path.to_string() }),
        }
    }
}

const LINK_LIMIT: usize = 40;

fn resolve_links<T: FileTree + ?Sized>(tree: &T, path: &str) -> Result<(String, TreeEntry), TreeError> {
    let mut pending: Vec<String> = components(path).rev().map(str::to_string).collect();
    let mut real: Vec<String> = Vec::new();
    let mut links = 0;
    while let Some(name) = pending.pop() {
        match name.as_str() {
            "." => continue,
            ".." => {
                real.pop();
                continue;
            }
            _ => real.push(name),
        }
        let here = join(&real);
        let missing = || TreeError::Missing { path: path.to_string() };
        if let EntryKind::Symlink(target) = tree.lookup(&here).ok_or_else(missing)?.kind {
            links += 1;
            if links > LINK_LIMIT {
                return Err(TreeError::LinkLoop { path: path.to_string() });
            }
            real.pop();
            if target.starts_with('/') {
                real.clear();
            }
            pending.extend(components(&target).rev().map(str::to_string));
        }
    }
    let here = join(&real);
    match tree.lookup(&here) {
        Some(entry) => Ok((here, entry)),
        None => Err(TreeError::Missing { path: path.to_string() }),
    }
}

fn components(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

fn join(parts: &[String]) -> String {
    format!("/{}", parts.join("/"))
}

/// Make a path absolute (against `base`) and clean: no `.`, `..`, double or final slashes.
pub fn clean_path(base: &str, path: &str) -> String {
    let start = if path.starts_with('/') { "" } else { base };
    let mut parts: Vec<&str> = Vec::new();
    for part in components(start).chain(components(path)) {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A tree that exists only in memory, for tests and for what-if questions.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    entries: BTreeMap<String, (TreeEntry, Vec<u8>)>,
}

impl MemoryTree {
    /// Put any entry at a clean absolute path, with its missing parents.
    pub fn put(&mut self, path: &str, entry: TreeEntry, bytes: &[u8]) {
        let parents = path.match_indices('/').map(|(at, _)| &path[..at.max(1)]);
        for parent in parents {
            let directory = entry_of(EntryKind::Directory, 0o755, 0);
            self.entries.entry(parent.to_string()).or_insert((directory, Vec::new()));
        }
        self.entries.insert(path.to_string(), (entry, bytes.to_vec()));
    }

    /// Put a 0644 file owned by root.
    pub fn file(&mut self, path: &str, text: &str) {
        self.put(path, entry_of(EntryKind::File, 0o644, text.len() as u64), text.as_bytes());
    }

    /// Put a 0755 file owned by root.
    pub fn executable(&mut self, path: &str, bytes: &[u8]) {
        self.put(path, entry_of(EntryKind::File, 0o755, bytes.len() as u64), bytes);
    }

    /// Put a symbolic link.
    pub fn symlink(&mut self, path: &str, target: &str) {
        self.put(path, entry_of(EntryKind::Symlink(target.to_string()), 0o777, 0), b"");
    }

    /// Put a directory.
    pub fn directory(&mut self, path: &str) {
        self.put(path, entry_of(EntryKind::Directory, 0o755, 0), b"");
    }
}

fn entry_of(kind: EntryKind, mode: u32, size: u64) -> TreeEntry {
    TreeEntry { kind, mode, uid: 0, gid: 0, size, layer: 0 }
}

impl FileTree for MemoryTree {
    fn lookup(&self, path: &str) -> Option<TreeEntry> {
        self.entries.get(path).map(|(entry, _)| entry.clone())
    }

    fn children(&self, path: &str) -> Vec<String> {
        let prefix = if path == "/" { "/".to_string() } else { format!("{path}/") };
        let below = self.entries.range(prefix.clone()..).map(|(path, _)| path);
        below
            .take_while(|path| path.starts_with(&prefix))
            .map(|path| &path[prefix.len()..])
            .filter(|name| !name.is_empty() && !name.contains('/'))
            .map(str::to_string)
            .collect()
    }

    fn read_exact_path(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        match self.entries.get(path) {
            None => Err(TreeError::Missing { path: path.to_string() }),
            Some((_, bytes)) if bytes.len() as u64 > limit => {
                Err(TreeError::TooLarge { path: path.to_string(), limit })
            }
            Some((_, bytes)) => Ok(bytes.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside() {
        let mut tree = MemoryTree::default();
        tree.file("/usr/bin/dash", "x");
        tree.symlink("/bin", "usr/bin");
        tree.symlink("/usr/bin/sh", "../../../../usr/bin/dash");
        tree.symlink("/loop", "/loop");
        assert_eq!(tree.resolve("/bin/sh").unwrap().0, "/usr/bin/dash");
        assert!(matches!(tree.resolve("/loop"), Err(TreeError::LinkLoop { .. })));
        assert!(matches!(tree.resolve("/nope/x"), Err(TreeError::Missing { .. })));
        assert!(matches!(tree.read("/usr", 10), Err(TreeError::NotAFile { .. })));
        assert!(matches!(tree.read("/bin/sh", 0), Err(TreeError::TooLarge { .. })));
        assert_eq!(tree.children("/usr/bin"), ["dash", "sh"]);
        assert_eq!(tree.children("/"), ["bin", "loop", "usr"]);
    }

    #[test]
    fn clean() {
        assert_eq!(clean_path("/a/b", "../c/./d//"), "/a/c/d");
        assert_eq!(clean_path("/a", "/x/.."), "/");
        assert_eq!(clean_path("/", "../../x"), "/x");
    }
}

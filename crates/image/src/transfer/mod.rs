//! Files on their way: from a directory, the layers of an image or a tar stream, into a directory or a
//! tar stream.
//!
//! Entries go one by one, a directory before what is in it, and nothing is kept of them but what later
//! entries need: the memory this takes does not grow with the files. Either side may be a container that
//! goes on writing meanwhile, so every path is resolved inside a root, by descriptor.

use std::io::Read;

use crate::error::Result;
use crate::layer::IndexEntry;

mod from_archive;
mod from_directory;
mod from_layers;
mod into_archive;
mod into_directory;

pub use from_archive::send_archive;
pub use from_directory::send_directory;
pub use from_layers::send_layers;
pub use into_archive::ArchiveWriter;
pub use into_directory::{DirectoryWriter, Existing, NotSet, OwnerRule, WriteRules};

/// Where files go to.
pub trait Receiver {
    /// Take an entry. `content` holds the bytes of a regular file that is no further name of another one,
    /// as many as the entry says.
    fn take(&mut self, entry: &IndexEntry, content: &mut dyn Read) -> Result<()>;
}

/// What is sent, and what it is called where it goes. Paths are clean bytes as in [`crate::path`].
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// The path at the source; a symbolic link there is sent as such.
    pub from: &'a [u8],
    /// Its path at the destination.
    pub name: &'a [u8],
    /// A directory is there already: it keeps what it is, only what is in it is sent.
    pub only_content: bool,
}

impl Selection<'_> {
    /// Where a path at or below `from` goes to.
    fn name_of(&self, path: &[u8]) -> Vec<u8> {
        let below = path.strip_prefix(self.from).unwrap_or(path);
        crate::path::join(self.name, below.strip_prefix(b"/").unwrap_or(below))
    }
}

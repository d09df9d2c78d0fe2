//! A tar stream that takes files.

use std::io::{self, Read, Write};

use super::Receiver;
use crate::error::{AtFile as _, Error, Result};
use crate::layer::tar_writer::{Fields, extended, header, write_content, write_end};
use crate::layer::{EntryKind, IndexEntry};

/// Where a failed write is said to have happened.
const ARCHIVE: &str = "the archive";

/// Writes entries as a tar stream, with the owners, modes and attributes they have.
#[derive(Debug)]
pub struct ArchiveWriter<W> {
    to: W,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begin an archive.
    pub fn new(to: W) -> Self {
        ArchiveWriter { to }
    }

    /// A directory of root's above the entries that follow.
    pub(crate) fn directory(&mut self, name: &str) -> Result<()> {
        let name = format!("{name}/").into_bytes();
        let fields = Fields { kind: b'5', mode: 0o755, ..Fields::marker(&name) };
        self.to.write_all(&header(&fields)).at("write", ARCHIVE)
    }

    /// A plain file beside the entries.
    pub(crate) fn file(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let fields = Fields { mode: 0o644, size: bytes.len() as u64, ..Fields::marker(name.as_bytes()) };
        self.to.write_all(&header(&fields)).at("write", ARCHIVE)?;
        write_content(&mut self.to, fields.size, &mut &bytes[..]).at("write", ARCHIVE)
    }

    /// End the archive.
    pub fn finish(mut self) -> Result<()> {
        write_end(&mut self.to).and_then(|()| self.to.flush()).at("write", ARCHIVE)
    }
}

impl<W: Write> Receiver for ArchiveWriter<W> {
    fn take(&mut self, entry: &IndexEntry, content: &mut dyn Read) -> Result<()> {
        let fields = Fields::of(entry);
        self.to.write_all(&extended(&fields, &entry.xattrs)).at("write", ARCHIVE)?;
        self.to.write_all(&header(&fields)).at("write", ARCHIVE)?;
        let EntryKind::File { size, link_of: None, .. } = &entry.kind else { return Ok(()) };
        write_content(&mut self.to, *size, content).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::path(&entry.path, "became shorter while it was read"),
            _ => Error::file("write", ARCHIVE, error),
        })
    }
}

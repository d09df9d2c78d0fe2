//! A tar stream that nobody trusts is sent.

use std::io::{self, Read};

use plimsoll_model::Digest;

use super::{Receiver, Selection};
use crate::compression;
use crate::error::{Error, Result, reason};
use crate::layer::tar_reader::{TarEntry, TarKind, TarReader};
use crate::layer::{EntryKind, IndexEntry, belongs_to_image, check_entry, tar_error};
use crate::path;

/// Send the entries of an archive (plain, gzip, bzip2, xz or zstd) to below a path. `what` names it in messages.
pub fn send_archive(archive: impl Read, what: &str, below: &[u8], to: &mut dyn Receiver) -> Result<()> {
    let refused = |error| Error::Refused { what: what.to_string(), why: reason(&error) };
    let (_, plain) = compression::decoder(archive).map_err(refused)?;
    let place = Selection { from: b"", name: below, only_content: true };
    let mut reader = TarReader::new(plain);
    while let Some(tar) = reader.next().map_err(|error| tar_error(what, error))? {
        check_entry(what, &tar)?;
        let name = path::clean(&tar.path);
        // The directory it is unpacked into keeps what it is.
        if name.is_empty() {
            continue;
        }
        let is_file = tar.kind == TarKind::File;
        let entry = entry(tar, &place, &name);
        match is_file {
            true => to.take(&entry, &mut reader.data())?,
            false => to.take(&entry, &mut io::empty())?,
        }
    }
    reader.finish().map_err(|error| tar_error(what, error))
}

fn entry(tar: TarEntry, place: &Selection<'_>, name: &[u8]) -> IndexEntry {
    let TarEntry { mode, uid, gid, mtime, mut xattrs, .. } = tar;
    let file = |link_of| EntryKind::File { size: tar.size, digest: Digest::of(b""), link_of };
    let kind = match tar.kind {
        TarKind::File => file(None),
        TarKind::HardLink => file(Some(place.name_of(&path::clean(&tar.link)))),
        TarKind::Directory => EntryKind::Directory { opaque: false, implied: false },
        TarKind::Symlink => EntryKind::Symlink(tar.link),
        TarKind::Fifo => EntryKind::Fifo,
        TarKind::Device { block, major, minor } => EntryKind::Device { block, major, minor },
    };
    xattrs.retain(|(name, _)| belongs_to_image(name));
    IndexEntry { path: place.name_of(name), kind, mode, uid, gid, mtime, xattrs }
}

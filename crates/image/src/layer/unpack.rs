//! A layer's blob becomes a directory in overlay form.
//!
//! Rules of `layer.md` (OCI image-spec) and, for what it leaves open, of docker's archive package:
//! a leading `/` is dropped, a name given twice counts as given last, a missing parent is made.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use plimsoll_model::Digest;
use plimsoll_model::manifest::Descriptor;
use sha2::Digest as _;

use super::assembly::{Assembly, Finished};
use super::index::{EntryKind, IndexEntry, LayerIndex};
use super::overlay::belongs_to_image;
use super::tar_reader::{TarEntry, TarError, TarKind, TarReader};
use super::wire;
use crate::compression;
use crate::error::{AtFile as _, Error, Result, reason};
use crate::path::{self, Met};
use crate::store::Store;

/// More entries than this in one layer are refused. The largest real layers have some hundred
/// thousand.
pub const ENTRY_LIMIT: usize = 2_000_000;

/// Names, link targets and extended attributes of a layer are kept in memory, so they may be only so
/// many bytes together.
const METADATA_LIMIT: usize = 256 << 20;

/// No path of Linux is longer.
const PATH_LIMIT: usize = 4096;

impl Store {
    /// Unpack a layer unless that was done already: its `fs` directory. The digest of the plain tar
    /// must be `diff_id`, that of the blob its own.
    pub fn unpack(&self, layer: &Descriptor, diff_id: &Digest) -> Result<PathBuf> {
        if self.has_layer(diff_id) {
            return Ok(self.layer_fs(diff_id));
        }
        let (blob, size) = self.open_blob(&layer.digest)?;
        let what = format!("layer {}", layer.digest.short());
        let mut packed = Hashing::new(blob);
        let (found, finished) = unpack_stream(self, &what, &mut packed, compression::expansion_limit(size))?;
        // Bytes after the end of the packed stream belong to the blob too.
        io::copy(&mut packed, &mut io::sink()).at("read", self.blob_file(&layer.digest))?;
        let blob_digest = packed.digest();
        if blob_digest != layer.digest {
            let why = "its bytes are not those of its digest".to_string();
            return Err(Error::Damaged { path: self.blob_file(&layer.digest), why });
        }
        if found != *diff_id {
            let what = format!("{what} unpacked");
            return Err(Error::WrongDigest { what, expected: *diff_id, found });
        }
        finished.install(self, diff_id)
    }

    /// Whether a layer is unpacked.
    pub fn has_layer(&self, diff_id: &Digest) -> bool {
        self.layer_directory(diff_id).join("index").exists()
    }

    /// Where the files of an unpacked layer lie.
    pub fn layer_fs(&self, diff_id: &Digest) -> PathBuf {
        self.layer_directory(diff_id).join("fs")
    }

    /// The index of an unpacked layer.
    pub fn layer_index(&self, diff_id: &Digest) -> Result<LayerIndex> {
        let (path, bytes) = self.read_index(diff_id)?;
        wire::read(&bytes).ok_or_else(|| damaged(path))
    }

    /// The same as it stands in its file, which is sound.
    pub(super) fn layer_index_file(&self, diff_id: &Digest) -> Result<Vec<u8>> {
        let (path, bytes) = self.read_index(diff_id)?;
        if wire::is_sound(&bytes) { Ok(bytes) } else { Err(damaged(path)) }
    }

    fn read_index(&self, diff_id: &Digest) -> Result<(PathBuf, Vec<u8>)> {
        let path = self.layer_directory(diff_id).join("index");
        let bytes = std::fs::read(&path).at("read", &path)?;
        Ok((path, bytes))
    }

    /// Bytes of the files of an unpacked layer, from the head of its index.
    pub fn layer_size(&self, diff_id: &Digest) -> Option<u64> {
        let mut start = Vec::with_capacity(64);
        let file = File::open(self.layer_directory(diff_id).join("index")).ok()?;
        file.take(64).read_to_end(&mut start).ok()?;
        wire::read_size(&start)
    }
}

fn damaged(path: PathBuf) -> Error {
    Error::Damaged { path, why: "it is no layer index of this version".to_string() }
}

/// Unpack a tar stream in any compression; gives the digest of the plain bytes. Its files may claim
/// `limit` bytes, holes included.
fn unpack_stream(store: &Store, what: &str, packed: impl Read, limit: u64) -> Result<(Digest, Finished)> {
    let refused = |why: String| Error::Refused { what: what.to_string(), why };
    let (_, plain) = compression::decoder(packed).map_err(|error| refused(reason(&error)))?;
    let mut plain = Hashing::new(plain);
    let assembly = Assembly::new(store)?;
    let mut unpacking = Unpacking { what, assembly, limit, written: 0, metadata: 0 };
    let mut reader = TarReader::new(&mut plain);
    while let Some(entry) = reader.next().map_err(|error| unpacking.tar_error(error))? {
        unpacking.put(entry, &mut reader)?;
    }
    reader.finish().map_err(|error| unpacking.tar_error(error))?;
    let finished = unpacking.assembly.finish()?;
    Ok((plain.digest(), finished))
}

struct Unpacking<'a> {
    what: &'a str,
    assembly: Assembly,
    limit: u64,
    written: u64,
    metadata: usize,
}

impl Unpacking<'_> {
    fn tar_error(&self, error: TarError) -> Error {
        tar_error(self.what, error)
    }

    fn refuse(&self, entry: &TarEntry, why: impl Into<String>) -> Error {
        refuse(self.what, &entry.path, why)
    }

    fn put<R: Read>(&mut self, mut tar: TarEntry, reader: &mut TarReader<R>) -> Result<()> {
        check_entry(self.what, &tar)?;
        self.count(&tar)?;
        let name = path::clean(&tar.path);
        let real = self.real_path(&tar, &name)?;
        let last = path::name(&real);
        match last.strip_prefix(b".wh.") {
            Some(b".wh..opq") => {
                let parent = path::parent(&real).unwrap_or_default().to_vec();
                self.make_parents(&tar, &real)?;
                if parent.is_empty() && self.assembly.get(b"").is_none() {
                    self.assembly.put_directory(implied(b""))?;
                }
                self.assembly.set_opaque(&parent);
                return Ok(());
            }
            // Other names of AUFS (.wh..wh.plnk, .wh..wh.aufs) are not files of the image.
            Some(rest) if rest.starts_with(b".wh.") => return Ok(()),
            Some(b"" | b"." | b"..") => return Err(self.refuse(&tar, "is a whiteout of no name")),
            Some(hidden) => {
                let hidden = path::join(path::parent(&real).unwrap_or_default(), hidden);
                self.make_parents(&tar, &real)?;
                let entry = IndexEntry { kind: EntryKind::Whiteout, path: hidden, ..implied(b"") };
                return self.assembly.put_special(IndexEntry { mode: 0, ..entry });
            }
            None => {}
        }
        if real.is_empty() && tar.kind != TarKind::Directory {
            return Err(self.refuse(&tar, "would replace the root directory"));
        }
        self.make_parents(&tar, &real)?;
        tar.xattrs.retain(|(name, _)| belongs_to_image(name));
        self.put_at(real, tar, reader)
    }

    fn put_at<R: Read>(&mut self, real: Vec<u8>, tar: TarEntry, reader: &mut TarReader<R>) -> Result<()> {
        let kind = match &tar.kind {
            TarKind::HardLink => {
                let target = self.real_path(&tar, &path::clean(&tar.link))?;
                return match self.assembly.put_hard_link(&target, &real)? {
                    true => Ok(()),
                    false => {
                        let target = String::from_utf8_lossy(&tar.link).into_owned();
                        Err(self.refuse(
                            &tar,
                            format!("is a hard link to '{target}', which is no file of the layer"),
                        ))
                    }
                };
            }
            TarKind::File => EntryKind::File { size: tar.size, digest: Digest::of(b""), link_of: None },
            TarKind::Directory => EntryKind::Directory { opaque: false, implied: false },
            TarKind::Symlink => EntryKind::Symlink(tar.link.clone()),
            TarKind::Fifo => EntryKind::Fifo,
            TarKind::Device { block, major, minor } => {
                EntryKind::Device { block: *block, major: *major, minor: *minor }
            }
        };
        let TarEntry { mode, uid, gid, mtime, xattrs, .. } = tar;
        // The kernel gives every link this mode, whatever the archive says.
        let mode = if matches!(kind, EntryKind::Symlink(_)) { 0o777 } else { mode };
        let entry = IndexEntry { path: real, kind, mode, uid, gid, mtime, xattrs };
        match entry.kind {
            EntryKind::File { .. } => self.assembly.put_file(entry, &mut reader.data()),
            EntryKind::Directory { .. } => self.assembly.put_directory(entry),
            _ => self.assembly.put_special(entry),
        }
    }

    /// Bombs: too many entries, too much to remember, or files that claim more bytes than the blob can
    /// stand for.
    fn count(&mut self, tar: &TarEntry) -> Result<()> {
        if self.assembly.len() >= ENTRY_LIMIT {
            return Err(self.refuse(tar, format!("is one of more than {ENTRY_LIMIT}")));
        }
        let attributes: usize = tar.xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.metadata += tar.path.len() + tar.link.len() + attributes;
        if self.metadata > METADATA_LIMIT {
            return Err(self.refuse(tar, "brings the names and attributes to more than 256 MiB"));
        }
        self.written = self.written.saturating_add(tar.size);
        match self.written > self.limit {
            true => {
                let (written, limit) = (self.written, self.limit);
                let why = format!(
                    "brings it to {written} bytes, more than the {limit} allowed for its packed size"
                );
                Err(self.refuse(tar, why))
            }
            false => Ok(()),
        }
    }

    fn is_directory(&self, path: &[u8]) -> bool {
        matches!(self.assembly.get(path).map(|entry| &entry.kind), Some(EntryKind::Directory { .. }))
    }

    /// The path with the links of this layer in its parents followed, inside the root.
    fn real_path(&self, tar: &TarEntry, name: &[u8]) -> Result<Vec<u8>> {
        // What stands directly in a directory of this layer is real already.
        if path::parent(name).is_some_and(|parent| self.is_directory(parent)) {
            return Ok(name.to_vec());
        }
        let look = |at: &[u8]| -> Result<Met> {
            Ok(match self.assembly.get(at).map(|entry| &entry.kind) {
                Some(EntryKind::Symlink(target)) => Met::Link(target.clone()),
                _ => Met::Other,
            })
        };
        let real = path::follow(name, false, look)?;
        let real = real.ok_or_else(|| self.refuse(tar, "goes through too many symbolic links"))?;
        match real.len() > PATH_LIMIT {
            true => Err(self.refuse(tar, "leads to a path of more than 4096 bytes")),
            false => Ok(real),
        }
    }

    /// Directories above a path that the archive does not bring itself.
    fn make_parents(&mut self, tar: &TarEntry, real: &[u8]) -> Result<()> {
        if path::parent(real).is_some_and(|parent| self.is_directory(parent)) {
            return Ok(());
        }
        let ends = real.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        for end in ends.collect::<Vec<_>>() {
            let parent = &real[..end];
            match self.assembly.get(parent).map(|entry| &entry.kind) {
                Some(EntryKind::Directory { .. }) => {}
                None | Some(EntryKind::Whiteout) => self.assembly.put_directory(implied(parent))?,
                Some(_) => {
                    let why = format!("lies below {}, which is no directory", path::display(parent));
                    return Err(self.refuse(tar, why));
                }
            }
        }
        Ok(())
    }
}

fn implied(path: &[u8]) -> IndexEntry {
    IndexEntry {
        path: path.to_vec(),
        kind: EntryKind::Directory { opaque: false, implied: true },
        mode: 0o755,
        uid: 0,
        gid: 0,
        mtime: 0,
        xattrs: Vec::new(),
    }
}

/// Names and targets that no honest layer has.
pub(crate) fn check_entry(what: &str, tar: &TarEntry) -> Result<()> {
    let refuse = |why: String| Err(refuse(what, &tar.path, why));
    let target = || String::from_utf8_lossy(&tar.link[..tar.link.len().min(200)]).into_owned();
    if tar.path.is_empty() {
        return refuse("has no name".into());
    }
    if tar.path.contains(&0) || tar.link.contains(&0) {
        return refuse("has a NUL byte in its name".into());
    }
    if tar.path.len() > PATH_LIMIT || tar.link.len() > PATH_LIMIT {
        return refuse("has a name of more than 4096 bytes".into());
    }
    if path::climbs_out(&tar.path) {
        return refuse("leads out of the root with '..'".into());
    }
    match tar.kind {
        TarKind::HardLink if path::climbs_out(&tar.link) => {
            refuse(format!("is a hard link to '{}', out of the root", target()))
        }
        TarKind::Symlink if tar.link.is_empty() => refuse("is a symbolic link to nothing".into()),
        TarKind::Symlink if link_climbs_out(&tar.path, &tar.link) => {
            refuse(format!("is a symbolic link to '{}', out of the root", target()))
        }
        _ => Ok(()),
    }
}

/// Docker refuses relative links that lead above the root, so nobody could load such an image.
fn link_climbs_out(path: &[u8], target: &[u8]) -> bool {
    let parent = path::parent(&path::clean(path)).unwrap_or_default().to_vec();
    target.first() != Some(&b'/') && path::climbs_out(&[&parent, &b"/"[..], target].concat())
}

pub(crate) fn refuse(what: &str, entry: &[u8], why: impl Into<String>) -> Error {
    let entry = String::from_utf8_lossy(&entry[..entry.len().min(200)]).into_owned();
    Error::HostileEntry { layer: what.to_string(), entry, why: why.into() }
}

pub(crate) fn tar_error(what: &str, error: TarError) -> Error {
    match error {
        TarError::Stream(error) => Error::BrokenStream { what: what.to_string(), why: reason(&error) },
        TarError::Format { entry, why } if entry.is_empty() => {
            Error::Refused { what: what.to_string(), why: format!("an entry {why}") }
        }
        TarError::Format { entry, why } => refuse(what, &entry, why),
    }
}

/// Computes the digest of what is read through it.
pub(crate) struct Hashing<R> {
    stream: R,
    hasher: sha2::Sha256,
}

impl<R: Read> Hashing<R> {
    pub(crate) fn new(stream: R) -> Self {
        Hashing { stream, hasher: sha2::Sha256::new() }
    }

    pub(crate) fn digest(self) -> Digest {
        Digest::from_raw(self.hasher.finalize().into())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

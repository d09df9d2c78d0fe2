//! Packing a layer: the same files give the same bytes, on every machine.
//!
//! Entries in walk order, ustar headers with empty names and no device numbers where there are none,
//! PAX records (sorted) only for what ustar cannot say.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};

use plimsoll_model::Digest;
use plimsoll_model::manifest::{Descriptor, media};
use plimsoll_sys::root_dir::RootDir;
use sha2::Digest as _;

use super::CommittedLayer;
use super::gzip::Gzip;
use super::index::{EntryKind, IndexEntry, LayerIndex};
use super::packed_blocks::{self, EarlierBlocks, PackedBlock};
use super::tar_reader::BLOCK;
use crate::error::{AtFile as _, Error, Result};
use crate::path;
use crate::store::{BlobWriter, Store};

/// Numbers above these do not fit ustar's octal fields.
const LARGEST_ID: u64 = 0o7777777;
const LARGEST_SIZE: u64 = 0o77777777777;

/// Where a failed write is said to have happened.
const BLOB: &str = "a layer blob of the store";

/// Pack a layer into a blob. The digests of its files in the index are set on the way.
pub(super) fn pack(store: &Store, fs: &RootDir, index: &mut LayerIndex) -> Result<CommittedLayer> {
    let gzip = Gzip::new(store.blob_writer()?, None).at("write", BLOB)?;
    Ok(pack_into(gzip, fs, index)?.0)
}

/// Pack a layer, taking over what the last layer of this step has packed already.
pub(super) fn pack_like_before(
    store: &Store,
    fs: &RootDir,
    index: &mut LayerIndex,
    step: &Digest,
) -> Result<CommittedLayer> {
    let earlier = EarlierBlocks::of_step(store, step);
    let gzip = Gzip::new(store.blob_writer()?, Some(earlier)).at("write", BLOB)?;
    let (layer, blocks) = pack_into(gzip, fs, index)?;
    // Without the record the next layer is packed whole.
    let _ = packed_blocks::record(store, step, &layer.descriptor.digest, blocks);
    Ok(layer)
}

fn pack_into(
    gzip: Gzip<BlobWriter>,
    fs: &RootDir,
    index: &mut LayerIndex,
) -> Result<(CommittedLayer, Vec<PackedBlock>)> {
    let mut tar = TarWriter { gzip, hasher: sha2::Sha256::new(), directory: None };
    // Files that have further names: few, whatever the number of entries.
    let mut first_digests: BTreeMap<Vec<u8>, Digest> =
        index.entries.iter().filter_map(first_name).map(|first| (first.to_vec(), Digest::of(b""))).collect();
    for entry in &mut index.entries {
        let written = tar.entry(fs, entry)?;
        let EntryKind::File { digest, link_of, .. } = &mut entry.kind else { continue };
        match link_of {
            Some(first) => *digest = first_digests.get(first).copied().unwrap_or(*digest),
            None => *digest = written.unwrap_or(*digest),
        }
        if let Some(first) = first_digests.get_mut(&entry.path) {
            *first = *digest;
        }
    }
    tar.finish()
}

/// The first name of a further name.
fn first_name(entry: &IndexEntry) -> Option<&[u8]> {
    match &entry.kind {
        EntryKind::File { link_of, .. } => link_of.as_deref(),
        _ => None,
    }
}

struct TarWriter {
    gzip: Gzip<BlobWriter>,
    hasher: sha2::Sha256,
    /// The directory read from last, since neighbours come together.
    directory: Option<(Vec<u8>, RootDir)>,
}

impl TarWriter {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.gzip.write_all(bytes).at("write", BLOB)
    }

    /// Write one entry; gives the digest of a file's bytes.
    fn entry(&mut self, fs: &RootDir, entry: &IndexEntry) -> Result<Option<Digest>> {
        match &entry.kind {
            EntryKind::Directory { implied: true, opaque: false } => return Ok(None),
            EntryKind::Whiteout => {
                let parent = path::parent(&entry.path).unwrap_or_default();
                let name = [b".wh.", path::name(&entry.path)].concat();
                self.put(&header(&Fields::marker(&path::join(parent, &name))))?;
                return Ok(None);
            }
            _ => {}
        }
        if !matches!(entry.kind, EntryKind::Directory { implied: true, .. }) {
            let fields = Fields::of(entry);
            self.put(&extended(&fields, &entry.xattrs))?;
            self.put(&header(&fields))?;
        }
        match &entry.kind {
            EntryKind::Directory { opaque: true, .. } => {
                let marker = path::join(&entry.path, b".wh..wh..opq");
                self.put(&header(&Fields::marker(&marker)))?;
                Ok(None)
            }
            EntryKind::File { size, link_of: None, .. } => self.content(fs, &entry.path, *size).map(Some),
            _ => Ok(None),
        }
    }

    /// Open a file by its name in its directory.
    fn open(&mut self, fs: &RootDir, path: &[u8]) -> io::Result<File> {
        let parent = path::parent(path).unwrap_or_default();
        let dir = match self.directory.take() {
            Some((last, dir)) if last == parent => dir,
            _ => fs.subdir(parent)?,
        };
        let file = dir.open_file_no_follow(path::name(path));
        self.directory = Some((parent.to_vec(), dir));
        file
    }

    fn content(&mut self, fs: &RootDir, path: &[u8], size: u64) -> Result<Digest> {
        let shown = || path::display(path);
        let mut file = self.open(fs, path).at("read", shown())?.take(size);
        let mut hasher = sha2::Sha256::new();
        let mut buffer = [0u8; 64 << 10];
        let mut left = size;
        while left > 0 {
            let count = file.read(&mut buffer).at("read", shown())?;
            if count == 0 {
                return Err(Error::path(path, "became shorter while it was packed"));
            }
            hasher.update(&buffer[..count]);
            self.put(&buffer[..count])?;
            left -= count as u64;
        }
        self.put(&[0u8; BLOCK][..padding(size)])?;
        Ok(Digest::from_raw(hasher.finalize().into()))
    }

    fn finish(mut self) -> Result<(CommittedLayer, Vec<PackedBlock>)> {
        self.put(&[0u8; 2 * BLOCK])?;
        let diff_id = Digest::from_raw(self.hasher.finalize().into());
        let (blob, blocks) = self.gzip.finish().at("write", BLOB)?;
        let (digest, size) = blob.finish(None)?;
        let descriptor = Descriptor::new(media::OCI_LAYER_GZIP, digest, size);
        Ok((CommittedLayer { descriptor, diff_id }, blocks))
    }
}

/// A PAX header before an entry, if ustar cannot say all of it; else nothing.
pub(crate) fn extended(fields: &Fields, xattrs: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut records: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut add = |key: &str, value: &[u8]| records.push((key.as_bytes().to_vec(), value.to_vec()));
    if split_name(&fields.name).is_none() {
        add("path", &fields.name);
    }
    if fields.link.len() > 100 {
        add("linkpath", &fields.link);
    }
    for (key, number, largest) in [
        ("gid", fields.gid, LARGEST_ID),
        ("size", fields.size, LARGEST_SIZE),
        ("uid", fields.uid, LARGEST_ID),
    ] {
        if number > largest {
            add(key, number.to_string().as_bytes());
        }
    }
    if !(0..=LARGEST_SIZE as i64).contains(&fields.mtime) {
        add("mtime", fields.mtime.to_string().as_bytes());
    }
    for (name, value) in xattrs {
        records.push(([b"SCHILY.xattr.", name.as_slice()].concat(), value.clone()));
    }
    if records.is_empty() {
        return Vec::new();
    }
    records.sort();
    let mut body: Vec<u8> = records.iter().flat_map(|(key, value)| pax_record(key, value)).collect();
    let name = path::clean(&fields.name);
    let short = path::name(&name);
    let name = [b"PaxHeaders/", &short[..short.len().min(80)]].concat();
    let size = body.len() as u64;
    body.resize(body.len() + padding(size), 0);
    let fields = Fields { name, kind: b'x', mode: 0o644, size, ..Fields::marker(b"") };
    [header(&fields).as_slice(), &body].concat()
}

fn padding(size: u64) -> usize {
    (size.next_multiple_of(BLOCK as u64) - size) as usize
}

/// `LENGTH KEY=VALUE\n`; the length counts its own digits.
fn pax_record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    [length.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

/// What a ustar header says.
pub(crate) struct Fields {
    pub(crate) name: Vec<u8>,
    pub(crate) kind: u8,
    pub(crate) link: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    pub(crate) size: u64,
    pub(crate) mtime: i64,
    pub(crate) device: Option<(u32, u32)>,
}

impl Fields {
    /// An empty file of root, of 1970.
    pub(crate) fn marker(name: &[u8]) -> Self {
        let (link, device) = (Vec::new(), None);
        Fields { name: name.to_vec(), kind: b'0', link, mode: 0, uid: 0, gid: 0, size: 0, mtime: 0, device }
    }

    pub(crate) fn of(entry: &IndexEntry) -> Self {
        let mut fields = Fields {
            mode: entry.mode,
            uid: u64::from(entry.uid),
            gid: u64::from(entry.gid),
            mtime: entry.mtime,
            ..Fields::marker(&entry.path)
        };
        match &entry.kind {
            EntryKind::File { size, link_of: None, .. } => fields.size = *size,
            EntryKind::File { link_of: Some(first), .. } => {
                (fields.kind, fields.link) = (b'1', first.clone())
            }
            EntryKind::Directory { .. } => {
                fields.kind = b'5';
                let root = if fields.name.is_empty() { &b"./"[..] } else { b"/" };
                fields.name.extend_from_slice(root);
            }
            EntryKind::Symlink(target) => (fields.kind, fields.link) = (b'2', target.clone()),
            EntryKind::Fifo => fields.kind = b'6',
            EntryKind::Device { block, major, minor } => {
                fields.kind = if *block { b'4' } else { b'3' };
                fields.device = Some((*major, *minor));
            }
            EntryKind::Whiteout => {}
        }
        fields
    }
}

/// (prefix, name) as ustar's two fields hold them; `None` if they cannot.
fn split_name(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.len() <= 100 {
        return Some((b"", name));
    }
    let slash = |at: &usize| name[*at] == b'/' && name.len() - at - 1 <= 100 && at + 1 < name.len();
    let at = (1..name.len().min(156)).find(slash)?;
    Some((&name[..at], &name[at + 1..]))
}

/// A ustar header; what does not fit is cut, a PAX header before it says it in full.
pub(crate) fn header(fields: &Fields) -> [u8; BLOCK] {
    let mut block = [0u8; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    let (prefix, name) =
        split_name(&fields.name).unwrap_or((b"", &fields.name[..100.min(fields.name.len())]));
    let octal = |number: u64, digits: usize, largest: u64| {
        format!("{:0digits$o}\0", if number > largest { 0 } else { number }).into_bytes()
    };
    put(0, name);
    put(100, &octal(u64::from(fields.mode), 7, LARGEST_ID));
    put(108, &octal(fields.uid, 7, LARGEST_ID));
    put(116, &octal(fields.gid, 7, LARGEST_ID));
    put(124, &octal(fields.size, 11, LARGEST_SIZE));
    put(136, &octal(u64::try_from(fields.mtime).unwrap_or(0), 11, LARGEST_SIZE));
    put(148, b"        ");
    put(156, &[fields.kind]);
    put(157, &fields.link[..fields.link.len().min(100)]);
    put(257, b"ustar\x0000");
    if let Some((major, minor)) = fields.device {
        put(329, &octal(u64::from(major), 7, LARGEST_ID));
        put(337, &octal(u64::from(minor), 7, LARGEST_ID));
    }
    put(345, prefix);
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// The bytes of a file of known size, filled up to whole blocks.
pub(crate) fn write_content(to: &mut impl Write, size: u64, content: &mut dyn Read) -> io::Result<()> {
    let copied = io::copy(&mut content.take(size), to)?;
    if copied < size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    to.write_all(&[0u8; BLOCK][..padding(size)])
}

/// Write a plain file of known size into a tar stream that is not a layer (an archive of images).
pub(crate) fn write_file(
    to: &mut impl Write,
    name: &str,
    size: u64,
    content: &mut dyn Read,
) -> io::Result<()> {
    to.write_all(&header(&Fields { mode: 0o644, size, ..Fields::marker(name.as_bytes()) }))?;
    write_content(to, size, content)
}

/// The end of such a stream.
pub(crate) fn write_end(to: &mut impl Write) -> io::Result<()> {
    to.write_all(&[0u8; 2 * BLOCK])
}

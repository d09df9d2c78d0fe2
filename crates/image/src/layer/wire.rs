//! The file form of a layer index, version 1.
//!
//! ```text
//! magic "plimsoll layer index 1\n"
//! bytes of all files, number of entries                       the sums readers want without the rest
//! then for each entry, in walk order:
//!   bytes shared with the previous path, rest of the path, kind, mode, uid, gid, mtime,
//!   number of extended attributes and each as name and value, then what the kind needs
//! ```
//! Numbers are LEB128 (times zigzag), byte strings carry their length. It is written once, whole, and
//! read back by the same program: a mistake in it means a damaged disk.

use std::cmp::Ordering;
use std::io::{self, Write};

use plimsoll_model::Digest;

use super::index::{EntryKind, IndexEntry, LayerIndex};
use crate::path;

const MAGIC: &[u8] = b"plimsoll layer index 1\n";

mod kind {
    pub const FILE: u8 = 0;
    pub const LINK: u8 = 1;
    pub const DIRECTORY: u8 = 2;
    pub const SYMLINK: u8 = 3;
    pub const FIFO: u8 = 4;
    pub const CHARACTER: u8 = 5;
    pub const BLOCK: u8 = 6;
    pub const WHITEOUT: u8 = 7;
    pub const OPAQUE: u8 = 8;
    pub const IMPLIED: u8 = 9;
    pub const IMPLIED_OPAQUE: u8 = 10;
}

/// Write an index.
pub(super) fn write(index: &LayerIndex, to: &mut impl Write) -> io::Result<()> {
    let mut out = MAGIC.to_vec();
    put_number(&mut out, index.size());
    put_number(&mut out, index.entries.len() as u64);
    let mut before: &[u8] = b"";
    for entry in &index.entries {
        let shared = before.iter().zip(&entry.path).take_while(|(a, b)| a == b).count();
        put_number(&mut out, shared as u64);
        put_bytes(&mut out, &entry.path[shared..]);
        put_entry(&mut out, entry);
        before = &entry.path;
        to.write_all(&out)?;
        out.clear();
    }
    to.write_all(&out)
}

fn put_entry(out: &mut Vec<u8>, entry: &IndexEntry) {
    out.push(match &entry.kind {
        EntryKind::File { link_of: None, .. } => kind::FILE,
        EntryKind::File { link_of: Some(_), .. } => kind::LINK,
        EntryKind::Directory { opaque: false, implied: false } => kind::DIRECTORY,
        EntryKind::Directory { opaque: true, implied: false } => kind::OPAQUE,
        EntryKind::Directory { opaque: false, implied: true } => kind::IMPLIED,
        EntryKind::Directory { opaque: true, implied: true } => kind::IMPLIED_OPAQUE,
        EntryKind::Symlink(_) => kind::SYMLINK,
        EntryKind::Fifo => kind::FIFO,
        EntryKind::Device { block: false, .. } => kind::CHARACTER,
        EntryKind::Device { block: true, .. } => kind::BLOCK,
        EntryKind::Whiteout => kind::WHITEOUT,
    });
    for number in [entry.mode, entry.uid, entry.gid] {
        put_number(out, u64::from(number));
    }
    put_number(out, ((entry.mtime << 1) ^ (entry.mtime >> 63)) as u64);
    put_number(out, entry.xattrs.len() as u64);
    for (name, value) in &entry.xattrs {
        put_bytes(out, name);
        put_bytes(out, value);
    }
    match &entry.kind {
        EntryKind::File { size, digest, link_of } => {
            put_number(out, *size);
            out.extend_from_slice(digest.raw());
            if let Some(first) = link_of {
                put_bytes(out, first);
            }
        }
        EntryKind::Symlink(target) => put_bytes(out, target),
        EntryKind::Device { major, minor, .. } => {
            put_number(out, u64::from(*major));
            put_number(out, u64::from(*minor));
        }
        EntryKind::Directory { .. } | EntryKind::Fifo | EntryKind::Whiteout => {}
    }
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The sum of file sizes at the head of an index; a few bytes of the file are enough.
pub(super) fn read_size(start: &[u8]) -> Option<u64> {
    Reader { rest: start.strip_prefix(MAGIC)? }.number()
}

/// Read an index; `None` if it is not one of ours or damaged.
pub(super) fn read(bytes: &[u8]) -> Option<LayerIndex> {
    let mut stream = Entries::of(bytes)?;
    let mut entries = Vec::with_capacity(stream.left.min(bytes.len() / 8));
    while stream.left > 0 {
        let entry = stream.next()?;
        entries.push(IndexEntry { path: stream.path.clone(), ..entry });
    }
    stream.is_whole().then_some(LayerIndex { entries })
}

/// Whether [`read`] can read it, at a fifth of the cost.
pub(super) fn is_sound(bytes: &[u8]) -> bool {
    let whole = || {
        let mut stream = Entries::of(bytes)?;
        while stream.left > 0 {
            stream.next()?;
        }
        stream.is_whole().then_some(())
    };
    whole().is_some()
}

/// What one layer says of a path.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// What stands there.
    pub(super) entry: Option<IndexEntry>,
    /// A directory above it hides what lower layers have.
    pub(super) hides_lower: bool,
}

/// Look for one path in an index that is sound, no further than it can stand.
pub(super) fn find(bytes: &[u8], wanted: &[u8]) -> Found {
    let mut found = Found::default();
    let Some(mut stream) = Entries::of(bytes) else { return found };
    while stream.left > 0 {
        let Some(entry) = stream.next() else { break };
        match path::walk_order(&stream.path, wanted) {
            Ordering::Less if path::is_below(wanted, &stream.path) => {
                found.hides_lower |= entry.kind.hides_lower()
            }
            Ordering::Less => {}
            Ordering::Equal => {
                found.entry = Some(IndexEntry { path: wanted.to_vec(), ..entry });
                break;
            }
            Ordering::Greater => break,
        }
    }
    found
}

/// The entries of an index one after the other. The path of the one read last stands beside it, so that who
/// only looks makes no copy of any.
struct Entries<'a> {
    reader: Reader<'a>,
    left: usize,
    path: Vec<u8>,
    begun: bool,
}

impl<'a> Entries<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader { rest: bytes.strip_prefix(MAGIC)? };
        reader.number()?;
        let left = usize::try_from(reader.number()?).ok()?;
        Some(Entries { reader, left, path: Vec::new(), begun: false })
    }

    /// The next entry, without its path.
    fn next(&mut self) -> Option<IndexEntry> {
        let shared = usize::try_from(self.reader.number()?).ok()?;
        let (rest, before) = (self.reader.bytes()?, self.path.get(shared..)?);
        // Both begin with what they share.
        if self.begun && path::walk_order(before, rest).is_ge() {
            return None;
        }
        self.path.truncate(shared);
        self.path.extend_from_slice(rest);
        (self.begun, self.left) = (true, self.left - 1);
        self.reader.entry()
    }

    fn is_whole(&self) -> bool {
        self.left == 0 && self.reader.rest.is_empty()
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn number32(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.number()?).ok()?;
        self.take(count)
    }

    /// An entry behind its path.
    fn entry(&mut self) -> Option<IndexEntry> {
        let kind = self.byte()?;
        let (mode, uid, gid) = (self.number32()?, self.number32()?, self.number32()?);
        let time = self.number()?;
        let mtime = (time >> 1) as i64 ^ -((time & 1) as i64);
        let mut xattrs = Vec::new();
        for _ in 0..self.number()? {
            xattrs.push((self.bytes()?.to_vec(), self.bytes()?.to_vec()));
        }
        let kind = self.kind(kind)?;
        Some(IndexEntry { path: Vec::new(), kind, mode, uid, gid, mtime, xattrs })
    }

    fn kind(&mut self, kind: u8) -> Option<EntryKind> {
        Some(match kind {
            kind::FILE | kind::LINK => EntryKind::File {
                size: self.number()?,
                digest: Digest::from_raw(self.take(32)?.try_into().ok()?),
                link_of: if kind == kind::LINK { Some(self.bytes()?.to_vec()) } else { None },
            },
            kind::DIRECTORY => EntryKind::Directory { opaque: false, implied: false },
            kind::OPAQUE => EntryKind::Directory { opaque: true, implied: false },
            kind::IMPLIED => EntryKind::Directory { opaque: false, implied: true },
            kind::IMPLIED_OPAQUE => EntryKind::Directory { opaque: true, implied: true },
            kind::SYMLINK => EntryKind::Symlink(self.bytes()?.to_vec()),
            kind::FIFO => EntryKind::Fifo,
            kind::CHARACTER | kind::BLOCK => EntryKind::Device {
                block: kind == kind::BLOCK,
                major: self.number32()?,
                minor: self.number32()?,
            },
            kind::WHITEOUT => EntryKind::Whiteout,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> LayerIndex {
        let entry = |path: &[u8], kind, mtime| IndexEntry {
            path: path.to_vec(),
            kind,
            mode: 0o4755,
            uid: 7,
            gid: u32::MAX - 1,
            mtime,
            xattrs: vec![(b"user.x".to_vec(), b"\0\xff".to_vec())],
        };
        let file = |link_of| EntryKind::File { size: 300, digest: Digest::of(b"x"), link_of };
        let directory = |opaque, implied| EntryKind::Directory { opaque, implied };
        LayerIndex {
            entries: vec![
                entry(b"", directory(false, false), 0),
                entry(b"a", directory(true, false), i64::MIN),
                entry(b"a/\xff", file(None), -1),
                entry(b"a-b", file(Some(b"a/\xff".to_vec())), i64::MAX),
                entry(b"c", directory(false, true), 1),
                entry(b"d", directory(true, true), 1),
                entry(b"e", EntryKind::Symlink(b"../x".to_vec()), 1),
                entry(b"f", EntryKind::Fifo, 1),
                entry(b"g", EntryKind::Device { block: true, major: 8, minor: 300 }, 1),
                entry(b"h", EntryKind::Whiteout, 1),
            ],
        }
    }

    fn written(index: &LayerIndex) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(index, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = written(&sample());
        assert_eq!(read(&bytes), Some(sample()));
        assert!(is_sound(&bytes));
        assert_eq!(read_size(&bytes[..40]), Some(300));
        assert_eq!(read(&written(&LayerIndex::default())), Some(LayerIndex::default()));
    }

    #[test]
    fn one_path_is_found_as_it_is_read() {
        let bytes = written(&sample());
        for entry in &sample().entries {
            assert_eq!(find(&bytes, &entry.path).entry.as_ref(), Some(entry));
        }
        let hides = |path: &[u8]| find(&bytes, path).hides_lower;
        assert!(hides(b"a/\xff") && hides(b"d/x") && hides(b"h/x") && hides(b"e/x"));
        assert!(!hides(b"a") && !hides(b"c/x") && !hides(b"z") && !hides(b"h"));
        assert_eq!(find(&bytes, b"b"), Found::default());
    }

    #[test]
    fn damage_is_seen_and_never_panics() {
        let bytes = written(&sample());
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), None, "cut at {end}");
            assert!(!is_sound(&bytes[..end]), "cut at {end}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x80;
            assert_eq!(read(&damaged).is_some(), is_sound(&damaged));
            for path in [&b""[..], b"a/\xff", b"h/x"] {
                let _ = find(&damaged, path);
            }
        }
    }
}

//! Tar archives entry by entry, also those no tar program would write.

use std::io::Write as _;

use plimsoll_image::Store;
use plimsoll_image::layer::LayeredTree;
use plimsoll_model::Digest;
use plimsoll_model::manifest::{Descriptor, media};

/// A tar being written.
#[derive(Default)]
pub struct Tape(pub Vec<u8>);

/// One header, to be changed at will before it is written.
pub struct Entry {
    pub name: Vec<u8>,
    pub kind: u8,
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub mtime: u64,
    pub link: Vec<u8>,
    pub size: u64,
    pub device: (u32, u32),
}

pub fn entry(kind: u8, name: &str) -> Entry {
    Entry {
        name: name.as_bytes().to_vec(),
        kind,
        mode: if kind == b'5' { 0o755 } else { 0o644 },
        uid: 0,
        gid: 0,
        mtime: 1,
        link: Vec::new(),
        size: 0,
        device: (0, 0),
    }
}

impl Tape {
    pub fn raw(mut self, entry: &Entry, data: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..entry.name.len()].copy_from_slice(&entry.name);
        header.as_old_mut().linkname[..entry.link.len()].copy_from_slice(&entry.link);
        header.set_entry_type(tar::EntryType::new(entry.kind));
        header.set_mode(entry.mode);
        header.set_uid(entry.uid);
        header.set_gid(entry.gid);
        header.set_mtime(entry.mtime);
        header.set_size(entry.size.max(data.len() as u64));
        header.set_device_major(entry.device.0).unwrap();
        header.set_device_minor(entry.device.1).unwrap();
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub fn file(self, name: &str, data: &str) -> Self {
        self.raw(&entry(b'0', name), data.as_bytes())
    }

    pub fn dir(self, name: &str) -> Self {
        self.raw(&entry(b'5', name), b"")
    }

    pub fn link(self, kind: u8, name: &str, target: &str) -> Self {
        self.raw(&Entry { link: target.as_bytes().to_vec(), ..entry(kind, name) }, b"")
    }

    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.link(b'2', name, target)
    }

    pub fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let mut body = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let length = (rest + 1..).find(|length| rest + length.to_string().len() == *length).unwrap();
            body.extend_from_slice(format!("{length} {key}=").as_bytes());
            body.extend_from_slice(value);
            body.push(b'\n');
        }
        self.raw(&entry(b'x', "PaxHeaders/x"), &body)
    }

    pub fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(&[0; 1024]);
        self.0
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// Put a blob and try to unpack it as a layer with this plain digest.
pub fn unpack_blob(
    store: &Store,
    blob: &[u8],
    diff_id: &Digest,
) -> plimsoll_image::Result<std::path::PathBuf> {
    let digest = store.put_bytes(blob).unwrap();
    store.unpack(&Descriptor::new(media::OCI_LAYER_GZIP, digest, blob.len() as u64), diff_id)
}

/// Unpack layers given as plain tars and merge them.
pub fn merged(store: &Store, tapes: &[Vec<u8>]) -> LayeredTree {
    let ids: Vec<Digest> = tapes.iter().map(|tape| Digest::of(tape)).collect();
    for (tape, id) in tapes.iter().zip(&ids) {
        unpack_blob(store, &gzip(tape), id).unwrap();
    }
    LayeredTree::open(store, &ids).unwrap()
}

/// Every entry as `path kind mode uid:gid`, one a line.
pub fn listing(tree: &LayeredTree) -> Vec<String> {
    use plimsoll_image::layer::EntryKind;
    let line = |entry: &plimsoll_image::layer::IndexEntry| {
        let kind = match &entry.kind {
            EntryKind::File { size, .. } => format!("f{size}"),
            EntryKind::Directory { .. } => "d".to_string(),
            EntryKind::Symlink(target) => format!("l{}", String::from_utf8_lossy(target)),
            EntryKind::Fifo => "p".to_string(),
            EntryKind::Device { major, minor, .. } => format!("c{major}:{minor}"),
            EntryKind::Whiteout => "w".to_string(),
        };
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        format!("{path} {kind} {:o} {}:{}", entry.mode, entry.uid, entry.gid)
    };
    tree.entries().map(|(entry, _)| line(entry)).collect()
}

//! Where the packed blocks of an earlier layer lie, so that the next layer of the same step need not
//! pack them again.
//!
//! A layer is named by the step it was made for (a digest of the instruction's words and the tree it
//! copies from, not of any content). That is a guess: a wrong one finds nothing. What is found is
//! right whatever was guessed, since a block is looked up by its bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use flate2::Crc;
use plimsoll_model::Digest;
use sha2::Digest as _;

use crate::error::Result;
use crate::store::{Shortcut, Store};

/// The blob's digest, then records of 48 bytes sorted by key: the key (32), the offset in the blob
/// (8), the packed length (4) and the CRC-32 of the packed bytes (4), numbers little-endian.
const FILE: Shortcut = Shortcut { directory: "packed", magic: b"plimsoll packed blocks 1\n", files: 64 };

const KEY: usize = 32;
const RECORD: usize = KEY + 16;

/// No block packs to more than this: a longer one is damage.
const LONGEST: u32 = 2 << 20;

/// Everything the packed bytes of a block depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BlockKey([u8; KEY]);

impl BlockKey {
    pub(super) fn of(dictionary: &[u8], block: &[u8], last: bool) -> Self {
        let mut hasher = sha2::Sha256::new();
        hasher.update([u8::from(last)]);
        hasher.update((dictionary.len() as u64).to_le_bytes());
        hasher.update(dictionary);
        hasher.update(block);
        BlockKey(hasher.finalize().into())
    }
}

/// Where a packed block lies in its blob.
#[derive(Debug)]
pub(super) struct PackedBlock {
    key: BlockKey,
    offset: u64,
    length: u32,
    crc: u32,
}

impl PackedBlock {
    pub(super) fn new(key: BlockKey, offset: u64, bytes: &[u8]) -> Self {
        PackedBlock { key, offset, length: bytes.len() as u32, crc: crc_of(bytes) }
    }

    fn read(record: &[u8; RECORD]) -> Self {
        let part = |at: usize| std::array::from_fn(|byte| record[at + byte]);
        let short = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| record[at + byte]));
        let mut key = [0; KEY];
        key.copy_from_slice(&record[..KEY]);
        PackedBlock {
            key: BlockKey(key),
            offset: u64::from_le_bytes(part(KEY)),
            length: short(KEY + 8),
            crc: short(KEY + 12),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.key.0);
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        out.extend_from_slice(&self.crc.to_le_bytes());
    }
}

fn crc_of(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The packed blocks of an earlier layer; perhaps none.
#[derive(Debug, Default)]
pub(super) struct EarlierBlocks {
    blob: Option<File>,
    records: Vec<u8>,
}

impl EarlierBlocks {
    /// Those of the last layer made for a step, if its blob is still there.
    pub(super) fn of_step(store: &Store, step: &Digest) -> Self {
        Self::read(store, step).unwrap_or_default()
    }

    fn read(store: &Store, step: &Digest) -> Option<Self> {
        let mut records = FILE.read(store, step)?;
        let raw = <[u8; 32]>::try_from(records.get(..32)?).ok()?;
        let (blob, _) = store.open_blob(&Digest::from_raw(raw)).ok()?;
        records.drain(..32);
        Some(EarlierBlocks { blob: Some(blob), records })
    }

    /// The packed bytes of a block. Damaged ones are not there.
    pub(super) fn get(&self, key: &BlockKey) -> Option<Vec<u8>> {
        let (records, _) = self.records.as_chunks::<RECORD>();
        let at = records.binary_search_by(|record| record[..KEY].cmp(&key.0)).ok()?;
        let found = PackedBlock::read(&records[at]);
        self.packed_bytes(&found).ok().filter(|bytes| crc_of(bytes) == found.crc)
    }

    fn packed_bytes(&self, block: &PackedBlock) -> io::Result<Vec<u8>> {
        let blob = self.blob.as_ref().filter(|_| block.length <= LONGEST).ok_or(io::ErrorKind::NotFound)?;
        let mut bytes = vec![0; block.length as usize];
        blob.read_exact_at(&mut bytes, block.offset)?;
        Ok(bytes)
    }
}

/// Record the blocks of a step's layer. A layer of one block is packed again faster than it is found.
pub(super) fn record(
    store: &Store,
    step: &Digest,
    blob: &Digest,
    mut blocks: Vec<PackedBlock>,
) -> Result<()> {
    if blocks.is_empty() {
        return Ok(());
    }
    blocks.sort_by_key(|block| block.key);
    let mut bytes = Vec::with_capacity(32 + blocks.len() * RECORD);
    bytes.extend_from_slice(blob.raw());
    blocks.iter().for_each(|block| block.write(&mut bytes));
    FILE.write(store, step, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_block_is_found_and_only_whole() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let step = Digest::of(b"step");
        let key = BlockKey::of(b"before", b"block", false);
        for other in
            [(&b"befor"[..], &b"eblock"[..], false), (b"before", b"block", true), (b"", b"block", false)]
        {
            assert_ne!(BlockKey::of(other.0, other.1, other.2), key);
        }
        let blob = store.put_bytes(b"head packed tail").unwrap();
        assert_eq!(EarlierBlocks::of_step(&store, &step).get(&key), None);
        record(&store, &step, &blob, vec![PackedBlock::new(key, 5, b"packed")]).unwrap();
        let earlier = EarlierBlocks::of_step(&store, &step);
        assert_eq!(earlier.get(&key).as_deref(), Some(&b"packed"[..]));
        assert_eq!(earlier.get(&BlockKey::of(b"", b"block", false)), None);

        let path = store.blob_path(&blob).unwrap();
        std::fs::write(&path, b"head damage tail").unwrap();
        assert_eq!(EarlierBlocks::of_step(&store, &step).get(&key), None);
        std::fs::write(&path, b"head").unwrap();
        assert_eq!(EarlierBlocks::of_step(&store, &step).get(&key), None);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(EarlierBlocks::of_step(&store, &step).get(&key), None);
    }
}

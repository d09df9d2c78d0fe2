//! Blobs: bytes by their digest, verified while they are written.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use plimsoll_model::Digest;
use sha2::Digest as _;

use super::{Store, Temporary};
use crate::error::{AtFile as _, Error, Result};

/// A blob being written. Dropped without [`BlobWriter::finish`] it leaves nothing.
#[derive(Debug)]
pub struct BlobWriter {
    store: Store,
    file: File,
    temporary: Temporary,
    hasher: sha2::Sha256,
    length: u64,
}

impl Store {
    /// Begin a blob.
    pub fn blob_writer(&self) -> Result<BlobWriter> {
        let (file, temporary) = self.temporary_file()?;
        Ok(BlobWriter { store: self.clone(), file, temporary, hasher: sha2::Sha256::new(), length: 0 })
    }

    /// Write a blob from a stream; digest and size must be those expected. Reading stops one byte
    /// after the expected size, whatever the stream still holds.
    pub fn put_blob(&self, reader: impl Read, expected: Option<(Digest, u64)>) -> Result<(Digest, u64)> {
        let mut writer = self.blob_writer()?;
        let limit = expected.map_or(u64::MAX, |(_, size)| size.saturating_add(1));
        writer.copy_from(reader.take(limit))?;
        writer.finish(expected)
    }

    /// Write a small blob.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        if !self.has_blob(&digest) {
            self.put_blob(bytes, Some((digest, bytes.len() as u64)))?;
        }
        Ok(digest)
    }

    /// Whether the blob is there.
    pub fn has_blob(&self, digest: &Digest) -> bool {
        self.blob_file(digest).exists()
    }

    /// Where the blob lies, if it is there.
    pub fn blob_path(&self, digest: &Digest) -> Option<PathBuf> {
        Some(self.blob_file(digest)).filter(|path| path.exists())
    }

    /// Open a blob, with its size. The bytes are not verified here; whoever uses them for more than
    /// passing them on has to.
    pub fn open_blob(&self, digest: &Digest) -> Result<(File, u64)> {
        let path = self.blob_file(digest);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::MissingBlob { digest: *digest, store: self.root.clone() });
            }
            result => result.at("open", &path)?,
        };
        let size = file.metadata().at("look at", &path)?.len();
        Ok((file, size))
    }

    /// Read a whole blob of at most `limit` bytes and verify it.
    pub fn read_blob(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>> {
        let (file, size) = self.open_blob(digest)?;
        if size > limit {
            return Err(Error::TooLarge { what: format!("blob {digest}"), limit });
        }
        let mut bytes = Vec::with_capacity(size as usize);
        file.take(limit).read_to_end(&mut bytes).at("read", self.blob_file(digest))?;
        match Digest::of(&bytes) == *digest {
            true => Ok(bytes),
            false => Err(Error::Damaged {
                path: self.blob_file(digest),
                why: "its bytes are not those of its digest".to_string(),
            }),
        }
    }
}

impl BlobWriter {
    /// Bytes written so far.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether nothing was written so far.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Append all of a stream, telling a broken stream from a full disk.
    pub fn copy_from(&mut self, mut reader: impl Read) -> Result<()> {
        let mut buffer = vec![0u8; 128 << 10];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let what = format!("the stream after {} bytes", self.length);
                    return Err(Error::BrokenStream { what, why: crate::error::reason(&error) });
                }
            };
            self.write_all(&buffer[..count]).at("write", self.temporary.path())?;
        }
    }

    /// Verify and put into place.
    pub fn finish(self, expected: Option<(Digest, u64)>) -> Result<(Digest, u64)> {
        let found = Digest::from_raw(self.hasher.finalize().into());
        if let Some((digest, size)) = expected {
            let what = format!("blob {digest}");
            if self.length != size {
                return Err(Error::WrongSize { what, expected: size, found: self.length });
            }
            if found != digest {
                return Err(Error::WrongDigest { what, expected: digest, found });
            }
        }
        let target = self.store.blob_file(&found);
        if !target.exists() {
            self.temporary.rename_to(&target)?;
        }
        Ok((found, self.length))
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.length += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

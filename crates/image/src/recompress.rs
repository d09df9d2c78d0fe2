//! The same layer packed another way, blob to blob: what is in it, and so its diff id, stays.
//!
//! One thread, fixed levels, no time in any header: equal layers give equal bytes on every machine.

use std::io::{self, Read, Write};

use flate2::GzBuilder;
use plimsoll_model::manifest::{Descriptor, media};

use crate::compression;
use crate::error::{AtFile as _, Error, Result, reason};
use crate::layer::{CommittedLayer, Hashing};
use crate::store::Store;

/// How a layer is to be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip; the level is 0 to 9, or the usual one.
    Gzip(Option<u32>),
    /// zstd; the level is 1 to 22, or the usual one.
    Zstd(Option<i32>),
}

/// What zlib and most registries' images use.
const GZIP_LEVEL: u32 = 6;

/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;

/// "Unknown" in gzip's field for the operating system (RFC 1952, 2.3.1): no machine shows.
const NO_SYSTEM: u8 = 255;

/// Where a failed write is said to have happened.
const BLOB: &str = "a layer blob of the store";

impl Packing {
    /// The media type of a layer packed so.
    pub fn media_type(self) -> &'static str {
        match self {
            Packing::Plain => media::OCI_LAYER,
            Packing::Gzip(_) => media::OCI_LAYER_GZIP,
            Packing::Zstd(_) => media::OCI_LAYER_ZSTD,
        }
    }

    /// Whether a layer is packed so already. A level says how, so it is never taken for done.
    fn is_done(self, layer: &Descriptor) -> bool {
        let level = matches!(self, Packing::Gzip(Some(_)) | Packing::Zstd(Some(_)));
        !level && oci_layer_type(&layer.media_type) == self.media_type()
    }
}

/// The OCI word for a layer's media type.
pub fn oci_layer_type(media_type: &str) -> &str {
    match media_type {
        media::DOCKER_LAYER_GZIP => media::OCI_LAYER_GZIP,
        media::DOCKER_LAYER => media::OCI_LAYER,
        own => own,
    }
}

impl Store {
    /// The layer packed this way; itself if it is already.
    pub fn recompress(&self, layer: &CommittedLayer, packing: Packing) -> Result<CommittedLayer> {
        if packing.is_done(&layer.descriptor) {
            return Ok(layer.clone());
        }
        let what = format!("layer {}", layer.descriptor.digest.short());
        let broken = |error: io::Error| Error::BrokenStream { what: what.clone(), why: reason(&error) };
        let (_, plain) = compression::decoder(self.open_blob(&layer.descriptor.digest)?.0).map_err(broken)?;
        let mut plain = Hashing::new(plain);
        let blob = self.blob_writer()?;
        let blob = match packing {
            Packing::Plain => {
                let mut blob = blob;
                pour(&mut plain, &mut blob, &what)?;
                blob
            }
            Packing::Gzip(level) => {
                let level = flate2::Compression::new(level.unwrap_or(GZIP_LEVEL));
                let mut gzip = GzBuilder::new().operating_system(NO_SYSTEM).write(blob, level);
                pour(&mut plain, &mut gzip, &what)?;
                gzip.finish().at("write", BLOB)?
            }
            Packing::Zstd(level) => {
                let zstd = zstd::Encoder::new(blob, level.unwrap_or(ZSTD_LEVEL));
                let mut zstd = zstd.at("write", BLOB)?;
                pour(&mut plain, &mut zstd, &what)?;
                zstd.finish().at("write", BLOB)?
            }
        };
        let found = plain.digest();
        if found != layer.diff_id {
            let what = format!("{what} unpacked");
            return Err(Error::WrongDigest { what, expected: layer.diff_id, found });
        }
        let (digest, size) = blob.finish(None)?;
        let descriptor = Descriptor::new(packing.media_type(), digest, size);
        Ok(CommittedLayer { descriptor, diff_id: layer.diff_id })
    }
}

/// All of a stream into another, a broken source told from a full disk.
fn pour(from: &mut impl Read, to: &mut impl Write, what: &str) -> Result<()> {
    let mut buffer = vec![0u8; 128 << 10];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Error::BrokenStream { what: what.to_string(), why: reason(&error) });
            }
        };
        to.write_all(&buffer[..count]).at("write", BLOB)?;
    }
}

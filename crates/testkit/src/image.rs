//! Images of known content, the same bytes in every run.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll_image::{CommittedLayer, Store};
use plimsoll_model::manifest::{Descriptor, media};
use plimsoll_model::{Digest, ImageConfig, Platform, Reference};

/// A tar with these files, in this order, owned by root, dated 1970.
///
/// # Panics
/// When a path is longer than tar allows.
pub fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        tar.append_data(&mut header, path, *content).expect("a file fits into a tar");
    }
    tar.into_inner().expect("a tar can be ended")
}

/// Bytes that do not compress, different for each seed (xorshift).
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Put a layer into a store, gzipped.
///
/// # Panics
/// When the store cannot be written.
pub fn layer(store: &Store, tar: &[u8]) -> CommittedLayer {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(tar).expect("memory can be compressed");
    let packed = gzip.finish().expect("memory can be compressed");
    let digest = store.put_bytes(&packed).expect("a blob can be written");
    let descriptor = Descriptor::new(media::OCI_LAYER_GZIP, digest, packed.len() as u64);
    CommittedLayer { descriptor, diff_id: Digest::of(tar) }
}

/// An image for this machine's platform with one layer for each given tar, under a name.
///
/// # Panics
/// When the store cannot be written or the name is none.
pub fn image(store: &Store, name: &str, tars: &[Vec<u8>]) -> Digest {
    let layers: Vec<CommittedLayer> = tars.iter().map(|tar| layer(store, tar)).collect();
    let config = ImageConfig {
        platform: Some(Platform::host()),
        created: Some("1970-01-01T00:00:00Z".to_string()),
        cmd: vec!["/bin/sh".to_string()],
        ..ImageConfig::default()
    };
    let manifest = store.create_image(config, &layers).expect("an image can be written");
    let reference: Reference = name.parse().expect("a test names its image well");
    store.tag(&manifest, &reference).expect("an image can be named");
    manifest
}

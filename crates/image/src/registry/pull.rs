//! `pull`: an image from a registry into the store.

use plimsoll_model::manifest::Descriptor;
use plimsoll_model::{Digest, Platform, Reference};

use super::access::Access;
use super::download::fetch_blobs;
use super::error::RegistryError;
use super::event::{Event, Events};
use super::manifest::{image_for, listed};
use super::session::Session;
use crate::store::Store;

/// What a pull brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The digest of the image's manifest, under which the store has it.
    pub manifest: Digest,
    /// The digest the reference led to in the registry: that of an index, where there is one. This is
    /// what other tools show as the digest of the tag.
    pub listed: Digest,
}

/// Fetch an image and give it the reference as its name.
pub fn pull(
    reference: &Reference,
    platform: &Platform,
    store: &Store,
    access: &Access,
    events: Events,
) -> Result<Pulled, RegistryError> {
    let _hold = store.hold()?;
    let pulled = fetch(reference, platform, store, access, events)?;
    store.tag(&pulled.manifest, reference)?;
    Ok(pulled)
}

/// The digest a reference leads to now: that of an index, where there is one. Nothing is kept.
pub fn listed_digest(
    reference: &Reference,
    access: &Access,
    events: Events,
) -> Result<Digest, RegistryError> {
    let session = Session::open(reference, "pull", &[], access, events)?;
    Ok(listed(&session, reference)?.digest)
}

/// Fetch an image without giving it a name; the caller holds the store. Blobs the store has are not
/// fetched again; the manifest comes last, so an image is complete or not there at all.
pub fn fetch(
    reference: &Reference,
    platform: &Platform,
    store: &Store,
    access: &Access,
    events: Events,
) -> Result<Pulled, RegistryError> {
    let session = Session::open(reference, "pull", &[], access, events)?;
    let (listed, fetched, manifest) = image_for(&session, reference, platform)?;
    let blobs: Vec<Descriptor> = std::iter::once(&manifest.config).chain(&manifest.layers).cloned().collect();
    let bytes = blobs.iter().fold(0u64, |sum, blob| sum.saturating_add(blob.size));
    events(Event::Manifest { digest: fetched.digest, blobs: blobs.len(), bytes });
    fetch_blobs(&session, &blobs, store)?;
    let manifest = store.put_bytes(&fetched.bytes)?;
    let found = store.image(&manifest)?.config.platform;
    if let Some(found) = found.filter(|found| !found.runs_on(platform)) {
        events(Event::OtherPlatform { wanted: platform.clone(), found });
    }
    Ok(Pulled { manifest, listed })
}

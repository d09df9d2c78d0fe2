//! `push`: an image of the store into a registry.

use std::collections::BTreeMap;

use plimsoll_model::manifest::Descriptor;
use plimsoll_model::{Digest, Reference};
use ureq::http::{Method, header};

use super::access::Access;
use super::error::RegistryError;
use super::event::{Event, Events};
use super::session::Session;
use super::transport::Payload;
use super::upload::Upload;
use crate::image::JSON_LIMIT;
use crate::store::Store;

/// Send an image to a registry under a tag. What the registry has is not sent again: it is asked for
/// each blob, and blobs that came from another repository of the same registry are mounted from
/// there. Of several images under one digest all are sent, with what is attested of them. The listed
/// manifest goes last, so the tag never names an incomplete image.
pub fn push(
    listed: &Digest,
    reference: &Reference,
    store: &Store,
    access: &Access,
    events: Events,
) -> Result<Digest, RegistryError> {
    let tag = reference.tag_or_latest().ok_or_else(|| RegistryError::NoTag {
        reference: reference.to_string(),
        reference_without: reference.familiar_repository(),
    })?;
    let parts = store.parts(listed)?;
    let blobs: BTreeMap<Digest, &Descriptor> = parts.blobs.iter().map(|blob| (blob.digest, blob)).collect();
    let sources = mount_sources(store, reference, &blobs);
    let mut repositories: Vec<String> = sources.values().cloned().collect();
    repositories.sort();
    repositories.dedup();
    let session = Session::open(reference, "pull,push", &repositories, access, events)?;
    let bytes = blobs.values().fold(0u64, |sum, blob| sum.saturating_add(blob.size));
    events(Event::Manifest { digest: *listed, blobs: blobs.len(), bytes });
    for (digest, blob) in &blobs {
        let upload = Upload { session: &session, store, blob };
        upload.run(sources.get(digest).map(String::as_str))?;
    }
    for manifest in &parts.manifests {
        let own_name = manifest.digest.to_string();
        let name = if manifest.digest == *listed { tag } else { &own_name };
        put_manifest(&session, name, manifest, &store.read_blob(&manifest.digest, JSON_LIMIT)?)?;
    }
    events(Event::Pushed { digest: *listed });
    Ok(*listed)
}

/// For each blob a repository of the same registry that has it, as far as the store's names tell:
/// layers of a base image pulled from there. Images that cannot be read have nothing to offer.
fn mount_sources(
    store: &Store,
    target: &Reference,
    blobs: &BTreeMap<Digest, &Descriptor>,
) -> BTreeMap<Digest, String> {
    let mut sources = BTreeMap::new();
    for summary in store.images().unwrap_or_default() {
        let elsewhere =
            |name: &&Reference| name.registry == target.registry && name.repository != target.repository;
        let Some(name) = summary.references.iter().find(elsewhere) else { continue };
        let Ok(parts) = store.parts(&summary.manifest_digest) else { continue };
        let layers = parts.images.iter().flat_map(|image| &image.manifest.layers);
        for layer in layers.filter(|layer| blobs.contains_key(&layer.digest)) {
            sources.entry(layer.digest).or_insert_with(|| name.repository.clone());
        }
    }
    sources
}

/// Send a manifest under a tag or its digest.
fn put_manifest(
    session: &Session,
    name: &str,
    manifest: &Descriptor,
    bytes: &[u8],
) -> Result<(), RegistryError> {
    let asked = format!("the upload of the manifest '{name}' to '{}'", session.repository);
    let mut ask = session.ask(Method::PUT, session.url(&format!("manifests/{name}")), &asked)?;
    ask.headers.push((header::CONTENT_TYPE, manifest.media_type.clone()));
    ask.payload = Payload::Bytes(bytes);
    // The same bytes under the same tag: repeating this changes nothing.
    let answer = session.send_patiently(&ask)?;
    if !matches!(answer.status, 200..=204) {
        return Err(session.refuse(answer, &asked));
    }
    match answer.digest() {
        Some(found) if found != manifest.digest => {
            Err(RegistryError::DigestMismatch { host: session.host.clone(), asked, found })
        }
        _ => Ok(()),
    }
}

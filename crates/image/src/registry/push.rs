//! `push`: an image of the store into a registry.

use std::collections::BTreeMap;

use plimsoll_model::manifest::{Descriptor, media};
use plimsoll_model::{Digest, Reference};
use ureq::http::{Method, header};

use super::access::Access;
use super::error::RegistryError;
use super::event::{Event, Events};
use super::session::Session;
use super::transport::Payload;
use super::upload::Upload;
use crate::image::Image;
use crate::store::Store;

/// Send an image to a registry under a tag. What the registry has is not sent again: it is asked for
/// each blob, and blobs that came from another repository of the same registry are mounted from
/// there. The manifest goes last, so the tag never names an incomplete image.
pub fn push(
    image: &Digest,
    reference: &Reference,
    store: &Store,
    access: &Access,
    events: Events,
) -> Result<Digest, RegistryError> {
    let tag = reference.tag_or_latest().ok_or_else(|| RegistryError::NoTag {
        reference: reference.to_string(),
        reference_without: reference.familiar_repository(),
    })?;
    let image = store.image(image)?;
    let blobs: BTreeMap<Digest, &Descriptor> = image
        .manifest
        .layers
        .iter()
        .chain([&image.manifest.config])
        .map(|blob| (blob.digest, blob))
        .collect();
    let sources = mount_sources(store, reference, &blobs);
    let mut repositories: Vec<String> = sources.values().cloned().collect();
    repositories.sort();
    repositories.dedup();
    let session = Session::open(reference, "pull,push", &repositories, access, events)?;
    let bytes = blobs.values().fold(0u64, |sum, blob| sum.saturating_add(blob.size));
    events(Event::Manifest { digest: image.manifest_digest, blobs: blobs.len(), bytes });
    for (digest, blob) in &blobs {
        let upload = Upload { session: &session, store, blob };
        upload.run(sources.get(digest).map(String::as_str))?;
    }
    put_manifest(&session, tag, &image)?;
    events(Event::Pushed { digest: image.manifest_digest });
    Ok(image.manifest_digest)
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
        let Ok(image) = store.image(&summary.manifest_digest) else { continue };
        for layer in image.manifest.layers.iter().filter(|layer| blobs.contains_key(&layer.digest)) {
            sources.entry(layer.digest).or_insert_with(|| name.repository.clone());
        }
    }
    sources
}

fn put_manifest(session: &Session, tag: &str, image: &Image) -> Result<(), RegistryError> {
    let asked = format!("the upload of the manifest '{tag}' to '{}'", session.repository);
    let mut ask = session.ask(Method::PUT, session.url(&format!("manifests/{tag}")), &asked)?;
    let media_type = image.manifest.media_type.as_deref().unwrap_or(media::OCI_MANIFEST);
    ask.headers.push((header::CONTENT_TYPE, media_type.to_string()));
    ask.payload = Payload::Bytes(&image.manifest_bytes);
    // The same bytes under the same tag: repeating this changes nothing.
    let answer = session.send_patiently(&ask)?;
    if !matches!(answer.status, 200..=204) {
        return Err(session.refuse(answer, &asked));
    }
    match answer.digest() {
        Some(found) if found != image.manifest_digest => {
            Err(RegistryError::DigestMismatch { host: session.host.clone(), asked, found })
        }
        _ => Ok(()),
    }
}

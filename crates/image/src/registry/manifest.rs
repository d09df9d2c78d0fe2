//! Manifests: fetch, verify, understand, choose the platform.

use std::io::Read as _;

use plimsoll_model::manifest::{Index, Manifest, media};
use plimsoll_model::{Digest, Platform, Reference};
use ureq::http::{Method, header};

use super::error::{RegistryError, harmless};
use super::session::Session;
use super::tags;
use crate::image::JSON_LIMIT;
use crate::image_index::{choose, platform_of};

/// A manifest as it came.
pub(super) struct Fetched {
    /// The digest of the bytes.
    pub digest: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What they say.
    pub content: Content,
}

/// The two kinds of manifest.
pub(super) enum Content {
    /// One image.
    Image(Manifest),
    /// Images for several platforms.
    Index(Index),
}

/// An index in an index in an index is allowed by the specification; nobody needs more.
const DEPTH: usize = 3;

/// The image manifest a reference means for a platform, and the digest the reference itself led to.
pub(super) fn image_for(
    session: &Session,
    reference: &Reference,
    platform: &Platform,
) -> Result<(Digest, Fetched, Manifest), RegistryError> {
    let mut fetched = listed(session, reference)?;
    let top = fetched.digest;
    for _ in 0..DEPTH {
        let index = match &fetched.content {
            Content::Image(manifest) => {
                let manifest = manifest.clone();
                return Ok((top, fetched, manifest));
            }
            Content::Index(index) => index,
        };
        let entry = choose(index, platform).ok_or_else(|| RegistryError::NoPlatform {
            reference: reference.to_string(),
            wanted: platform.to_string(),
            available: platforms(index),
        })?;
        let (digest, size) = (entry.digest, entry.size);
        fetched = fetch(session, reference, &digest.to_string(), Some(digest))?;
        if fetched.bytes.len() as u64 != size {
            let found = format!("{} bytes", fetched.bytes.len());
            let asked = format!("manifest {digest}");
            return Err(RegistryError::SizeMismatch {
                host: session.host.clone(),
                asked,
                expected: size,
                found,
            });
        }
    }
    Err(not_an_image(reference, "its index points to an index again and again"))
}

/// What the reference itself leads to: an index, where there is one.
pub(super) fn listed(session: &Session, reference: &Reference) -> Result<Fetched, RegistryError> {
    let wanted = reference.digest.map(|digest| digest.to_string());
    let wanted = wanted.or(reference.tag_or_latest().map(str::to_string)).unwrap_or_default();
    fetch(session, reference, &wanted, reference.digest)
}

/// Fetch one manifest by tag or digest.
fn fetch(
    session: &Session,
    reference: &Reference,
    wanted: &str,
    expected: Option<Digest>,
) -> Result<Fetched, RegistryError> {
    let asked = format!("the manifest '{wanted}' of '{}'", session.repository);
    let fetched = session.access.patience.retry(session.events, || {
        let mut ask = session.ask(Method::GET, session.url(&format!("manifests/{wanted}")), &asked)?;
        let accepted = [media::OCI_INDEX, media::OCI_MANIFEST, media::DOCKER_LIST, media::DOCKER_MANIFEST];
        ask.headers.push((header::ACCEPT, accepted.join(", ")));
        let answer = session.send(&ask)?;
        if answer.status != 200 {
            return Ok(Err(answer));
        }
        let (promised, url) = (answer.digest(), answer.url.clone());
        let media_type = answer.header(header::CONTENT_TYPE).unwrap_or_default().to_string();
        let mut bytes = Vec::new();
        let length = answer.length();
        let read = answer.into_reader().take(JSON_LIMIT + 1).read_to_end(&mut bytes);
        read.map_err(|error| session.transport.read_failure(error, &url, &asked))?;
        if bytes.len() as u64 > JSON_LIMIT {
            let reference = reference.to_string();
            return Err(RegistryError::ManifestTooLarge { reference, limit: JSON_LIMIT });
        }
        if length.is_some_and(|length| length > bytes.len() as u64) {
            let why = "it ends too early".to_string();
            return Err(RegistryError::Cut { host: session.host.clone(), asked: asked.clone(), why });
        }
        Ok(Ok((bytes, promised, media_type)))
    })?;
    let (bytes, promised, media_type) = match fetched {
        Ok(fetched) => fetched,
        Err(answer) if answer.status == 404 => {
            return Err(tags::unknown(session, wanted, expected.is_some()));
        }
        Err(answer) => return Err(session.refuse(answer, &asked)),
    };
    let digest = Digest::of(&bytes);
    if expected.or(promised).is_some_and(|expected| expected != digest) {
        return Err(RegistryError::DigestMismatch { host: session.host.clone(), asked, found: digest });
    }
    let content = understand(&bytes, &media_type).map_err(|why| not_an_image(reference, why))?;
    Ok(Fetched { digest, bytes, content })
}

fn not_an_image(reference: &Reference, why: impl Into<String>) -> RegistryError {
    RegistryError::NotAnImage { reference: reference.to_string(), why: why.into() }
}

/// Decide what a manifest is. A document that is both index and image is refused: two readers could
/// see two different images under one digest (CVE-2021-41190).
fn understand(bytes: &[u8], content_type: &str) -> Result<Content, String> {
    let no_json = |error: serde_json::Error| format!("its manifest cannot be read ({error})");
    let document: serde_json::Value = serde_json::from_slice(bytes).map_err(no_json)?;
    let written = document["mediaType"].as_str().unwrap_or_default();
    let header = content_type.split(';').next().unwrap_or_default().trim();
    let known = |text: &&str| text.starts_with("application/vnd.");
    let kind = [written, header].into_iter().find(known).unwrap_or_default();
    if document["schemaVersion"].as_u64() == Some(1) {
        let hint = "push it again with a current tool";
        return Err(format!(
            "it has the manifest format of 2015 (schema 1), which nobody writes any more; {hint}"
        ));
    }
    match (document.get("manifests"), document.get("layers").or(document.get("config"))) {
        (Some(_), Some(_)) => Err("its manifest claims to be an image and an index at once".to_string()),
        (Some(_), None) if matches!(kind, media::OCI_INDEX | media::DOCKER_LIST | "") => {
            serde_json::from_value(document).map(Content::Index).map_err(no_json)
        }
        (None, Some(_)) if matches!(kind, media::OCI_MANIFEST | media::DOCKER_MANIFEST | "") => {
            let manifest: Manifest = serde_json::from_value(document).map_err(no_json)?;
            match manifest.config.media_type.as_str() {
                media::OCI_CONFIG | media::DOCKER_CONFIG => Ok(Content::Image(manifest)),
                other => Err(format!("it holds something else than an image ({})", harmless(other, 100))),
            }
        }
        _ => Err(format!("its manifest has the type '{}', which is unknown here", harmless(kind, 100))),
    }
}

/// What an index offers; attestations (`unknown/unknown`) are no images.
fn platforms(index: &Index) -> Vec<String> {
    let named = index.manifests.iter().filter_map(platform_of);
    let mut names: Vec<String> = named
        .filter(|platform| platform.os != "unknown")
        .map(|platform| harmless(&platform.to_string(), 60))
        .collect();
    names.sort();
    names.dedup();
    names.truncate(40);
    names
}

#[cfg(test)]
mod tests {
    use plimsoll_model::manifest::{Descriptor, PlatformWire};

    use super::*;

    fn index(platforms: &[&str]) -> Index {
        let entry = |text: &&str| {
            let platform = Platform::parse(text).unwrap();
            let (architecture, os, variant) = (platform.architecture, platform.os, platform.variant);
            let mut entry = Descriptor::new(media::OCI_MANIFEST, Digest::of(text.as_bytes()), 1);
            entry.platform = Some(PlatformWire { architecture, os, variant });
            entry
        };
        let manifests = platforms.iter().map(entry).collect();
        Index { schema_version: 2, media_type: None, manifests, annotations: Default::default() }
    }

    fn chosen(platforms: &[&str], wanted: &str) -> Option<String> {
        let index = index(platforms);
        let entry = choose(&index, &Platform::parse(wanted).unwrap())?;
        platform_of(entry).map(|platform| platform.to_string())
    }

    #[test]
    fn the_platform_that_runs_is_chosen() {
        let all = ["linux/arm64/v8", "linux/amd64/v3", "linux/amd64", "windows/amd64", "unknown/unknown"];
        assert_eq!(chosen(&all, "linux/amd64").as_deref(), Some("linux/amd64"));
        assert_eq!(chosen(&all, "linux/arm64").as_deref(), Some("linux/arm64/v8"));
        assert_eq!(chosen(&all, "linux/riscv64"), None);
        let arm = ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"];
        assert_eq!(chosen(&arm, "linux/arm/v7").as_deref(), Some("linux/arm/v7"));
        assert_eq!(chosen(&arm, "linux/arm").as_deref(), Some("linux/arm/v5"));
        assert_eq!(platforms(&index(&all)).len(), 4);
    }

    #[test]
    fn ambiguous_and_foreign_documents_are_refused() {
        let blob =
            format!(r#"{{"mediaType":"{}","digest":"{}","size":1}}"#, media::OCI_CONFIG, Digest::of(b"x"));
        let image = format!(r#"{{"schemaVersion":2,"config":{blob},"layers":[]}}"#);
        assert!(matches!(understand(image.as_bytes(), media::OCI_MANIFEST), Ok(Content::Image(_))));
        assert!(matches!(understand(image.as_bytes(), "application/json"), Ok(Content::Image(_))));
        let refused = |bytes: &str, kind: &str| understand(bytes.as_bytes(), kind).err().unwrap();
        assert!(refused(&image, media::OCI_INDEX).contains("unknown here"));
        let both = image.replace("\"layers\"", "\"manifests\":[],\"layers\"");
        assert!(refused(&both, media::OCI_MANIFEST).contains("at once"));
        assert!(refused(r#"{"schemaVersion":1,"fsLayers":[]}"#, "").contains("schema 1"));
        assert!(refused("<html>", "text/html").contains("cannot be read"));
        let chart = image.replace(media::OCI_CONFIG, "application/vnd.cncf.helm.config.v1+json");
        assert!(refused(&chart, media::OCI_MANIFEST).contains("helm"));
    }
}

//! Pulls that succeed, and pulls of things that are not there.

use plimsoll_image::registry::{Event, pull};
use plimsoll_model::manifest::{Descriptor, Index, Manifest, PlatformWire, media};
use plimsoll_model::{Digest, Platform};
use plimsoll_testkit::{TestRegistry, store};

use crate::registry_client::{
    access, fill, pull_failure, pull_quietly, pull_with_events, registry_with_sample,
};

#[test]
fn an_image_arrives_whole_under_its_name() {
    let (registry, reference, manifest) = registry_with_sample();
    let store = store();
    let (pulled, events) = pull_with_events(&reference, &store, &access());
    let pulled = pulled.unwrap();
    assert_eq!((pulled.manifest, pulled.listed), (manifest, manifest));
    store.assert_valid();
    let image = store.find_image(&format!("{}/app:1", registry.addr)).unwrap();
    assert_eq!(image.manifest_digest, manifest);
    assert!(matches!(events[0], Event::Manifest { blobs: 4, .. }), "{:?}", events[0]);
    let done = events.iter().filter(|event| matches!(event, Event::BlobDone { .. })).count();
    assert_eq!(done, 4);
    for event in &events {
        if let Event::BlobProgress { done, size, .. } = event {
            assert!(done <= size);
        }
    }
}

#[test]
fn what_is_there_is_not_fetched_again() {
    let (registry, reference, _) = registry_with_sample();
    let store = store();
    pull_quietly(&reference, &store, &access()).unwrap();
    let before = registry.count("GET", "/blobs/");
    let (pulled, events) = pull_with_events(&reference, &store, &access());
    pulled.unwrap();
    assert_eq!(registry.count("GET", "/blobs/"), before);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::BlobExists { .. })).count(), 4);
}

/// An index with the sample for this machine and something else for others.
fn put_index(registry: &TestRegistry, platforms: &[&str]) -> (Digest, Digest) {
    let manifest = fill(registry);
    let (media_type, bytes) = registry.manifest("app", "1").unwrap();
    let entry = |text: &&str| {
        let platform = Platform::parse(text).unwrap();
        let (architecture, os, variant) = (platform.architecture, platform.os, platform.variant);
        let mut entry = Descriptor::new(&media_type, manifest, bytes.len() as u64);
        entry.platform = Some(PlatformWire { architecture, os, variant });
        entry
    };
    let index = Index {
        schema_version: 2,
        media_type: Some(media::OCI_INDEX.to_string()),
        manifests: platforms.iter().map(entry).collect(),
        annotations: Default::default(),
    };
    let bytes = serde_json::to_vec(&index).unwrap();
    (manifest, registry.put_manifest("app", "multi", media::OCI_INDEX, &bytes))
}

#[test]
fn an_index_leads_to_the_platform() {
    let registry = TestRegistry::start();
    let (manifest, index) = put_index(&registry, &["linux/s390x", &Platform::host().to_string()]);
    let store = store();
    let pulled = pull_quietly(&registry.reference("app:multi"), &store, &access()).unwrap();
    assert_eq!((pulled.manifest, pulled.listed), (manifest, index));
    // The index's digest is a name for the image too.
    let by_digest = registry.reference(&format!("app@{index}"));
    assert_eq!(pull_quietly(&by_digest, &store, &access()).unwrap().manifest, manifest);
    assert_eq!(store.find_image(&by_digest.to_string()).unwrap().manifest_digest, manifest);
}

#[test]
fn a_missing_platform_is_an_error_that_lists_those_there() {
    let registry = TestRegistry::start();
    put_index(&registry, &["linux/s390x", "linux/arm/v7", "unknown/unknown"]);
    let store = store();
    let wanted = Platform::parse("linux/riscv64").unwrap();
    let reference = registry.reference("app:multi");
    let error = pull(&reference, &wanted, &store, &access(), &|_| ()).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("{reference} has no image for linux/riscv64; it has linux/arm/v7, linux/s390x")
    );
}

#[test]
fn another_platform_is_told() {
    let (_registry, reference, _) = registry_with_sample();
    let wanted = Platform::parse("linux/s390x").unwrap();
    let told = std::sync::Mutex::new(Vec::new());
    let record = |event| told.lock().unwrap().push(event);
    pull(&reference, &wanted, &store(), &access(), &record).unwrap();
    let told = told.into_inner().unwrap();
    let found = Platform::host();
    assert!(told.contains(&Event::OtherPlatform { wanted, found }), "{told:?}");
}

#[test]
fn docker_media_types_are_images_too() {
    let registry = TestRegistry::start();
    fill(&registry);
    let (_, bytes) = registry.manifest("app", "1").unwrap();
    let mut manifest: Manifest = serde_json::from_slice(&bytes).unwrap();
    manifest.media_type = Some(media::DOCKER_MANIFEST.to_string());
    manifest.config.media_type = media::DOCKER_CONFIG.to_string();
    manifest.layers.iter_mut().for_each(|layer| layer.media_type = media::DOCKER_LAYER_GZIP.to_string());
    let bytes = serde_json::to_vec(&manifest).unwrap();
    let digest = registry.put_manifest("app", "docker", media::DOCKER_MANIFEST, &bytes);
    let store = store();
    let pulled = pull_quietly(&registry.reference("app:docker"), &store, &access()).unwrap();
    assert_eq!(pulled.manifest, digest);
    store.assert_valid();
}

#[test]
fn an_unknown_tag_is_answered_with_the_near_ones() {
    let (registry, _, _) = registry_with_sample();
    let (media_type, bytes) = registry.manifest("app", "1").unwrap();
    for tag in ["1.25", "1.24", "latest"] {
        registry.put_manifest("app", tag, &media_type, &bytes);
    }
    let message = pull_failure(&registry.reference("app:1.26"), &access());
    let expected = format!("{} has no tag '1.26' in the repository 'app'; it has 1.2", registry.addr);
    assert!(message.starts_with(&expected), "{message}");
    let message = pull_failure(&registry.reference("nothing:1"), &access());
    let expected = format!("{} has no tag '1' in the repository 'nothing'; check the name", registry.addr);
    assert_eq!(message, expected);
}

#[test]
fn an_unknown_digest_is_named() {
    let (registry, _, _) = registry_with_sample();
    let digest = Digest::of(b"nothing");
    let message = pull_failure(&registry.reference(&format!("app@{digest}")), &access());
    assert!(message.contains(&format!("no manifest {digest}")), "{message}");
}

#[test]
fn documents_that_are_no_images() {
    let registry = TestRegistry::start();
    for (tag, document, word) in [
        ("old", r#"{"schemaVersion":1,"name":"app"}"#, "schema 1"),
        ("html", "<html></html>", "cannot be read"),
        ("empty", "{}", "unknown here"),
        ("loop", r#"{"schemaVersion":2,"manifests":[]}"#, "it has none at all"),
    ] {
        registry.put_manifest("app", tag, "application/json", document.as_bytes());
        let message = pull_failure(&registry.reference(&format!("app:{tag}")), &access());
        assert!(message.contains(word), "{message}");
    }
}

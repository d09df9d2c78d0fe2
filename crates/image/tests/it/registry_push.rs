//! Pushes: what is sent, what is not, and what happens when it is refused.

use plimsoll_image::registry::Event;
use plimsoll_testkit::image::{image, noise, tar_of};
use plimsoll_testkit::{Fault, TestRegistry, store};

use crate::registry_client::{access, pull_quietly, push_with_events, registry_with_sample, sample};

const ALWAYS: usize = usize::MAX;

#[test]
fn there_and_back() {
    let (registry, source) = (TestRegistry::start(), store());
    let manifest = sample(&source, "app:1");
    let reference = registry.reference("team/app:2");
    let (pushed, events) = push_with_events(&manifest, &reference, &source, &access());
    assert_eq!(pushed.unwrap(), manifest);
    assert!(events.contains(&Event::Pushed { digest: manifest }), "{events:?}");
    let target = store();
    assert_eq!(pull_quietly(&reference, &target, &access()).unwrap().manifest, manifest);
    target.assert_valid();
    // Everything went in one piece each.
    assert_eq!(registry.count("PATCH", ""), 0);
    assert_eq!(registry.count("PUT", "/blobs/uploads/"), 4);
}

#[test]
fn what_is_there_is_not_sent_again() {
    let (registry, source) = (TestRegistry::start(), store());
    let manifest = sample(&source, "app:1");
    push_with_events(&manifest, &registry.reference("app:1"), &source, &access()).0.unwrap();
    let (pushed, events) = push_with_events(&manifest, &registry.reference("app:2"), &source, &access());
    pushed.unwrap();
    assert_eq!(events.iter().filter(|event| matches!(event, Event::BlobExists { .. })).count(), 4);
    assert_eq!(registry.count("POST", ""), 4);
}

#[test]
fn layers_of_a_base_image_are_mounted() {
    let (registry, base, _) = registry_with_sample();
    let source = store();
    let pulled = pull_quietly(&base, &source, &access()).unwrap();
    let reference = registry.reference("derived:1");
    let (pushed, events) = push_with_events(&pulled.manifest, &reference, &source, &access());
    pushed.unwrap();
    let mounted = |event: &&Event| matches!(event, Event::BlobMounted { from, .. } if from == "app");
    assert_eq!(events.iter().filter(mounted).count(), 3);
    pull_quietly(&reference, &store(), &access()).unwrap();
}

#[test]
fn a_refused_mount_becomes_an_upload() {
    let (registry, base, _) = registry_with_sample();
    registry.refuse_mounts();
    let source = store();
    let pulled = pull_quietly(&base, &source, &access()).unwrap();
    let reference = registry.reference("derived:1");
    let (pushed, events) = push_with_events(&pulled.manifest, &reference, &source, &access());
    pushed.unwrap();
    assert_eq!(events.iter().filter(|event| matches!(event, Event::BlobDone { .. })).count(), 4);
    pull_quietly(&reference, &store(), &access()).unwrap();
}

#[test]
fn a_blob_too_large_for_one_piece_goes_in_chunks() {
    let (registry, source) = (TestRegistry::start(), store());
    registry.relative_locations();
    let manifest = image(&source, "big:1", &[tar_of(&[("big", &noise(1, 20 << 20))])]);
    registry.fault("PUT", "/blobs/uploads/", 1, Fault::Status(413, "SIZE_INVALID"));
    let layer = source.image(&manifest).unwrap().manifest.layers[0].clone();
    let reference = registry.reference("big:1");
    push_with_events(&manifest, &reference, &source, &access()).0.unwrap();
    assert!(registry.has_blob("big", &layer.digest));
    assert!(registry.count("PATCH", "/blobs/uploads/") >= 1);
    pull_quietly(&reference, &store(), &access()).unwrap();
}

#[test]
fn uploads_are_tried_again() {
    let source = store();
    let manifest = sample(&source, "app:1");
    for fault in [Fault::Status(500, "UNKNOWN"), Fault::HangUp, Fault::CutUpload(100_000), Fault::Busy(0)] {
        for (method, part) in [("POST", "/uploads/"), ("PUT", "/uploads/"), ("PUT", "/manifests/")] {
            let registry = TestRegistry::start();
            registry.fault(method, part, 1, fault.clone());
            let reference = registry.reference("app:1");
            let (pushed, _) = push_with_events(&manifest, &reference, &source, &access());
            pushed.unwrap_or_else(|error| panic!("{method} {part} {fault:?}: {error}"));
            pull_quietly(&reference, &store(), &access()).unwrap();
        }
    }
}

#[test]
fn failures_are_told_and_end() {
    let source = store();
    let manifest = sample(&source, "app:1");
    for (method, part, fault, sentence) in [
        ("POST", "/uploads/", Fault::Status(403, "DENIED"), "HOST denies the upload of blob"),
        ("PUT", "/uploads/", Fault::Status(500, "UNKNOWN"), "HOST failed when asked for the upload of blob"),
        ("PUT", "/uploads/", Fault::Status(400, "DIGEST_INVALID"), "HOST did not give the upload of blob"),
        (
            "PUT",
            "/manifests/",
            Fault::Status(400, "MANIFEST_INVALID"),
            "HOST did not give the upload of the manifest '1'",
        ),
        ("POST", "/uploads/", Fault::HangUp, "HOST cut the connection before the upload of blob"),
    ] {
        let registry = TestRegistry::start();
        registry.fault(method, part, ALWAYS, fault);
        let (pushed, _) = push_with_events(&manifest, &registry.reference("app:1"), &source, &access());
        let message = pushed.unwrap_err().to_string().replace(&registry.addr.to_string(), "HOST");
        assert!(message.starts_with(sentence), "{message}");
        assert!(registry.manifest("app", "1").is_none());
        assert!(registry.seen().len() < 40, "too many requests");
        source.assert_valid();
    }
}

#[test]
fn a_digest_is_no_target() {
    let source = store();
    let manifest = sample(&source, "app:1");
    let reference = format!("registry.example/app@{manifest}").parse().unwrap();
    let message = push_with_events(&manifest, &reference, &source, &access()).0.unwrap_err().to_string();
    assert!(message.contains("a push needs a tag, for example registry.example/app:latest"), "{message}");
}

#[test]
fn a_damaged_store_is_not_sent() {
    let (registry, source) = (TestRegistry::start(), store());
    let manifest = sample(&source, "app:1");
    let layer = source.image(&manifest).unwrap().manifest.layers[1].digest;
    std::fs::write(source.blob_path(&layer).unwrap(), b"short").unwrap();
    let (pushed, _) = push_with_events(&manifest, &registry.reference("app:1"), &source, &access());
    let message = pushed.unwrap_err().to_string();
    assert!(message.contains("of the store is damaged") && message.contains("it has 5 bytes"), "{message}");
    assert!(registry.manifest("app", "1").is_none());
}

//! The client as the tests use it: impatient, with its events kept.

use std::sync::Mutex;
use std::time::Duration;

use plimsoll_image::registry::{Access, Event, Patience, Pulled, RegistryError, pull, push};
use plimsoll_model::{Digest, Platform, Reference};
use plimsoll_testkit::image::{image, noise, tar_of};
use plimsoll_testkit::{TestRegistry, TestStore, store};

/// Access that does not let a test wait.
pub fn access() -> Access {
    let patience = Patience {
        attempts: 3,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(1),
        ..Patience::default()
    };
    Access { patience, ..Access::default() }
}

/// Access that takes a second and a half of silence for a dead peer.
pub fn hasty_access() -> Access {
    let short = Duration::from_millis(1500);
    let mut access = access();
    access.patience = Patience { attempts: 1, answer: short, idle: short, ..access.patience };
    access
}

/// A pull for this machine's platform, without caring for its events.
pub fn pull_quietly(
    reference: &Reference,
    store: &TestStore,
    access: &Access,
) -> Result<Pulled, RegistryError> {
    pull(reference, &Platform::host(), store, access, &|_| ())
}

/// The sentence a pull fails with; afterwards the store must be valid and without the image.
pub fn pull_failure(reference: &Reference, access: &Access) -> String {
    let store = store();
    let error = pull_quietly(reference, &store, access).expect_err("this pull cannot succeed");
    store.assert_valid();
    assert!(store.images().unwrap().is_empty(), "a failed pull left an image");
    error.to_string()
}

/// A push, and its events.
pub fn push_with_events(
    image: &Digest,
    reference: &Reference,
    store: &TestStore,
    access: &Access,
) -> (Result<Digest, RegistryError>, Vec<Event>) {
    let events = Mutex::new(Vec::new());
    let result = push(image, reference, store, access, &|event| events.lock().unwrap().push(event));
    (result, events.into_inner().unwrap())
}

/// A pull, and its events.
pub fn pull_with_events(
    reference: &Reference,
    store: &TestStore,
    access: &Access,
) -> (Result<Pulled, RegistryError>, Vec<Event>) {
    let events = Mutex::new(Vec::new());
    let record = |event| events.lock().unwrap().push(event);
    let result = pull(reference, &Platform::host(), store, access, &record);
    (result, events.into_inner().unwrap())
}

/// Three layers: small, of nearly 3 MB, and empty.
pub fn sample(store: &TestStore, name: &str) -> Digest {
    let large = noise(7, 2_900_000);
    let tars = [tar_of(&[("etc/motd", b"hello\n")]), tar_of(&[("large", &large)]), tar_of(&[])];
    image(store, name, &tars)
}

/// A registry that has [`sample`] as `app:1`, its reference and its manifest.
pub fn registry_with_sample() -> (TestRegistry, Reference, Digest) {
    let registry = TestRegistry::start();
    let reference = registry.reference("app:1");
    let manifest = fill(&registry);
    (registry, reference, manifest)
}

/// Put [`sample`] into a registry as `app:1`, whatever login it wants.
pub fn fill(registry: &TestRegistry) -> Digest {
    let store = store();
    let manifest = sample(&store, "app:1");
    let image = store.image(&manifest).unwrap();
    registry.put_blob("app", &image.config_bytes);
    for (layer, _) in image.layers() {
        registry.put_blob("app", &store.read_blob(&layer.digest, 1 << 30).unwrap());
    }
    let media_type = image.manifest.media_type.as_deref().unwrap();
    registry.put_manifest("app", "1", media_type, &image.manifest_bytes)
}

/// The digest of the largest layer of an image in a registry.
pub fn large_layer(registry: &TestRegistry) -> Digest {
    let (_, bytes) = registry.manifest("app", "1").unwrap();
    let manifest: plimsoll_model::manifest::Manifest = serde_json::from_slice(&bytes).unwrap();
    manifest.layers.iter().max_by_key(|layer| layer.size).unwrap().digest
}

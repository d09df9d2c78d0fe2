use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_image::layer::{LayerBuilder, LayeredTree, Meta, Owner};

use super::*;

struct World {
    directory: tempfile::TempDir,
    filled: AtomicUsize,
}

impl World {
    fn new() -> World {
        World { directory: tempfile::tempdir().unwrap(), filled: AtomicUsize::new(0) }
    }

    fn store(&self) -> Store {
        Store::open(&self.directory.path().join("store")).unwrap()
    }

    fn caches(&self) -> CacheMounts {
        CacheMounts::of(&self.store())
    }

    fn take(&self, id: &str, sharing: Sharing) -> Result<CacheInUse, BuildError> {
        let fill = || {
            self.filled.fetch_add(1, Ordering::SeqCst);
            let nothing = LayeredTree::empty();
            let mut builder = LayerBuilder::new(&self.store(), &nothing, 0)?;
            let meta = Meta { mode: 0o755, owner: Owner::default(), mtime: None };
            builder.add_file(b"seed", &b"seed"[..], meta)?;
            builder.finish_unpacked()
        };
        // Whoever would have to wait is told so at the second question.
        let asked = AtomicUsize::new(0);
        let given_up = || asked.fetch_add(1, Ordering::SeqCst) > 0;
        let name = CacheName { namespace: String::new(), id: id.to_string(), seed: None };
        self.caches().take(&name, sharing, &fill, &given_up)
    }
}

#[test]
fn a_cache_is_filled_once_and_kept() {
    let world = World::new();
    let first = world.take("a", Sharing::Shared).unwrap();
    std::fs::write(first.files().join("kept"), "x").unwrap();
    drop(first);
    let again = world.take("a", Sharing::Locked).unwrap();
    assert!(again.files().join("kept").exists() && again.files().join("seed").exists());
    assert_eq!(world.filled.load(Ordering::SeqCst), 1);
    assert_ne!(world.take("b", Sharing::Locked).unwrap().files(), again.files(), "another id, another cache");
}

#[test]
fn sharing_decides_what_a_second_user_gets() {
    let world = World::new();
    let first = world.take("a", Sharing::Shared).unwrap();
    assert_eq!(world.take("a", Sharing::Shared).unwrap().files(), first.files());
    assert!(matches!(world.take("a", Sharing::Locked), Err(BuildError::GivenUp)), "it waits");
    drop(first);
    let locked = world.take("a", Sharing::Locked).unwrap();
    assert!(matches!(world.take("a", Sharing::Shared), Err(BuildError::GivenUp)), "it waits");
    drop(locked);
}

#[test]
fn private_caches_are_as_many_as_are_used_at_once() {
    let world = World::new();
    let take = || {
        let name = CacheName { namespace: "ns".to_string(), id: "p".to_string(), seed: None };
        let nothing = LayeredTree::empty();
        let fill = || LayerBuilder::new(&world.store(), &nothing, 0)?.finish_unpacked();
        world.caches().take(&name, Sharing::Private, &fill, &|| false).unwrap()
    };
    let (first, second) = (take(), take());
    assert_ne!(first.files(), second.files());
    let place = first.files();
    drop(first);
    assert_eq!(take().files(), place, "the one that is free is used again");
    let listed = world.caches().list().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].name.namespace.as_str(), listed[0].name.id.as_str()), ("ns", "p"));
    drop(second);
}

#[test]
fn a_cache_in_use_is_not_removed() {
    let world = World::new();
    let used = world.take("a", Sharing::Shared).unwrap();
    let listed = world.caches().list().unwrap();
    assert_eq!((listed.len(), listed[0].name.id.as_str()), (1, "a"));
    assert!(listed[0].size > 0 && listed[0].last_used > SystemTime::UNIX_EPOCH);
    assert!(!world.caches().remove(&listed[0]).unwrap());
    drop(used);
    assert!(world.caches().remove(&listed[0]).unwrap());
    assert!(world.caches().list().unwrap().is_empty());
    world.take("a", Sharing::Shared).unwrap();
    assert_eq!(world.filled.load(Ordering::SeqCst), 2, "it begins anew");
}

use std::cell::Cell;
use std::os::unix::fs::{MetadataExt as _, symlink};

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::Mount;

use super::*;
use crate::container::{Asked, NewContainer, Upkeep};
use crate::volume::Beginning;

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn store() -> (tempfile::TempDir, Volumes) {
    let temporary = tempfile::tempdir().unwrap();
    let volumes = Volumes::open(temporary.path()).unwrap();
    (temporary, volumes)
}

fn named(volumes: &Volumes, name: &str) -> Volume {
    volumes.create(NewVolume::named(name), now()).unwrap()
}

/// A container that has these volumes; the flag says that they were made for it.
fn container(volumes: &Volumes, has: &[(&str, bool)]) -> crate::container::Container {
    let mount = |(name, anonymous): &(&str, bool)| {
        let source = MountSource::Volume {
            name: name.to_string(),
            directory: volumes.files_of(name),
            subpath: String::new(),
            memory: None,
            anonymous: *anonymous,
        };
        Mount::of(source, format!("/{name}"))
    };
    let spec = LaunchSpec { mounts: has.iter().map(mount).collect(), ..LaunchSpec::of(vec!["/x".into()]) };
    let new = NewContainer {
        name: None,
        image: "app".into(),
        image_digest: None,
        spec,
        lowers: Vec::new(),
        upkeep: Upkeep::default(),
        asked: Asked::default(),
    };
    volumes.containers().create(new, now()).unwrap()
}

fn names(volumes: &Volumes) -> Vec<String> {
    volumes.list().unwrap().volumes.iter().map(|volume| volume.name().to_string()).collect()
}

#[test]
fn create_find_list_remove() {
    let (temporary, volumes) = store();
    let label = |a: &str| (a.to_string(), "v".to_string());
    let db = NewVolume { labels: vec![label("z"), label("a")], ..NewVolume::named("db") };
    let db = volumes.create(db, now()).unwrap();
    assert_eq!(db.labels(), [label("a"), label("z")]);
    assert_eq!((db.created(), db.storage()), (now(), &Storage::Own));
    assert_eq!(fs::metadata(db.files()).unwrap().mode() & 0o777, 0o755);
    assert_eq!(fs::metadata(db.files().parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    // Made once more it stays as it is.
    assert_eq!(volumes.create(NewVolume::named("db"), now()).unwrap(), db);
    named(&volumes, "cache");
    assert_eq!(names(&volumes), ["cache", "db"]);
    volumes.remove("db").unwrap();
    assert!(matches!(volumes.find("db"), Err(VolumeError::NotFound { .. })));
    assert!(matches!(volumes.remove("db"), Err(VolumeError::NotFound { .. })));
    for emptied in ["tmp", "trash"] {
        assert_eq!(fs::read_dir(temporary.path().join(emptied)).unwrap().count(), 0, "{emptied}");
    }
}

#[test]
fn names_are_dockers() {
    let (_temporary, volumes) = store();
    for name in ["", "a", "-a", ".a", "a/b", "..", "a b", "ä", &"a".repeat(256)] {
        assert!(
            matches!(volumes.create(NewVolume::named(name), now()), Err(VolumeError::BadName { .. })),
            "{name}"
        );
        assert!(matches!(volumes.find(name), Err(VolumeError::NotFound { .. })), "{name}");
    }
    let error = volumes.create(NewVolume::named("x/y"), now()).unwrap_err().to_string();
    assert!(
        error.starts_with("create x/y: \"x/y\" includes invalid characters for a local volume name"),
        "{error}"
    );
    named(&volumes, "a_.-9");
}

#[test]
fn a_volume_in_use_stays() {
    let (_temporary, volumes) = store();
    for name in ["one", "two", "three"] {
        named(&volumes, name);
    }
    let user = container(&volumes, &[("one", false)]);
    let error = volumes.remove("one").unwrap_err().to_string();
    assert_eq!(error, format!("remove one: volume is in use - [{}]", user.id()));
    fs::write(volumes.find("two").unwrap().files().join("f"), "12345").unwrap();
    let removed = volumes.prune(|volume| volume.name() != "three").unwrap();
    assert_eq!(removed, [Removed { name: "two".into(), bytes: 5 }]);
    assert_eq!(names(&volumes), ["one", "three"]);
    // With a container that cannot be read nobody knows.
    fs::write(user.path().join("record.json"), "{").unwrap();
    assert!(matches!(volumes.prune(|_| true), Err(VolumeError::UnknownUse { .. })));
}

#[test]
fn what_was_made_for_a_container_goes_with_the_last_one_that_has_it() {
    let (_temporary, volumes) = store();
    for name in ["kept", "mine", "ours"] {
        named(&volumes, name);
    }
    let first = container(&volumes, &[("kept", false), ("mine", true), ("ours", true)]);
    let second = container(&volumes, &[("ours", true)]);
    volumes.containers().remove(&first).unwrap();
    Volumes::remove_anonymous(&first).unwrap();
    assert_eq!(names(&volumes), ["kept", "ours"]);
    volumes.containers().remove(&second).unwrap();
    Volumes::remove_anonymous(&second).unwrap();
    assert_eq!(names(&volumes), ["kept"]);
}

#[test]
fn a_removal_waits_for_those_who_choose_a_volume() {
    let (_temporary, volumes) = store();
    named(&volumes, "db");
    let hold = volumes.hold().unwrap();
    let gone = std::thread::scope(|scope| {
        let removal = scope.spawn(|| volumes.remove("db"));
        container(&volumes, &[("db", false)]);
        drop(hold);
        removal.join().unwrap()
    });
    assert!(matches!(gone, Err(VolumeError::InUse { .. })));
}

#[test]
fn damaged_and_foreign_directories_hide_no_volume() {
    let (temporary, volumes) = store();
    let good = named(&volumes, "good");
    for (name, content) in [("empty", None), ("other", Some("{\"schema\":\"plimsoll.volume/9\"}"))] {
        let path = temporary.path().join("volumes").join(name);
        fs::create_dir(&path).unwrap();
        if let Some(content) = content {
            fs::write(path.join("volume.json"), content).unwrap();
        }
    }
    fs::create_dir_all(temporary.path().join("volumes/.hidden")).unwrap();
    symlink("/etc/passwd", temporary.path().join("volumes/other/copy-up")).unwrap();
    let listing = volumes.list().unwrap();
    assert_eq!(listing.volumes, [good]);
    let damaged: Vec<&str> = listing.damaged.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(damaged, ["empty", "other"]);
    volumes.remove("other").unwrap();
}

/// Files that an image has, and how often they were copied.
struct Files {
    has: bool,
    copies: Cell<usize>,
    fails: bool,
}

impl Beginning for Files {
    fn has_files(&self) -> Result<bool, String> {
        Ok(self.has)
    }

    fn dress(&self, directory: &RootDir) -> Result<(), String> {
        directory.set_mode("", 0o750).map_err(|error| error.to_string())
    }

    fn copy(&self, directory: &RootDir) -> Result<(), String> {
        self.copies.set(self.copies.get() + 1);
        if self.fails {
            return Err("the disk is full".into());
        }
        directory.create_file("seed", 0o644).map(drop).map_err(|error| error.to_string())
    }
}

fn files(has: bool) -> Files {
    Files { has, copies: Cell::new(0), fails: false }
}

#[test]
fn a_volume_begins_with_files_once() {
    let (_temporary, volumes) = store();
    let volume = named(&volumes, "db");
    let none = files(false);
    volume.fill(&none).unwrap();
    assert_eq!(fs::metadata(volume.files()).unwrap().mode() & 0o777, 0o750);
    // Nothing was put there yet, so the next image may.
    let some = files(true);
    volume.fill(&some).unwrap();
    volume.fill(&some).unwrap();
    fs::remove_file(volume.files().join("seed")).unwrap();
    volume.fill(&some).unwrap();
    assert_eq!((none.copies.get(), some.copies.get()), (0, 1));
    assert_eq!(fs::read_dir(volume.files()).unwrap().count(), 0);
}

#[test]
fn a_volume_with_files_of_its_own_gets_no_others() {
    let (_temporary, volumes) = store();
    let volume = named(&volumes, "db");
    fs::write(volume.files().join("mine"), "").unwrap();
    let some = files(true);
    volume.fill(&some).unwrap();
    fs::remove_file(volume.files().join("mine")).unwrap();
    volume.fill(&some).unwrap();
    assert_eq!(some.copies.get(), 0);
}

#[test]
fn an_interrupted_copy_is_begun_again() {
    let (_temporary, volumes) = store();
    let volume = named(&volumes, "db");
    let broken = Files { fails: true, ..files(true) };
    let error = volume.fill(&broken).unwrap_err().to_string();
    assert!(error.contains("volume db") && error.contains("the disk is full"), "{error}");
    fs::write(volume.files().join("half"), "").unwrap();
    volume.fill(&files(true)).unwrap();
    assert!(volume.files().join("seed").exists() && volume.files().join("half").exists());
}

#[test]
fn a_volume_of_the_host_leaves_its_directory_behind() {
    let (temporary, volumes) = store();
    let host = temporary.path().join("host");
    fs::create_dir(&host).unwrap();
    let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
    let options = vec![pair("type", "none"), pair("o", "bind"), pair("device", host.to_str().unwrap())];
    let volume = volumes.create(NewVolume { options, ..NewVolume::named("bound") }, now()).unwrap();
    assert_eq!(volume.files(), host);
    volume.fill(&files(true)).unwrap();
    volumes.remove("bound").unwrap();
    assert!(host.join("seed").exists());
}

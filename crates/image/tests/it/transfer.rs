//! Files on their way: what arrives is what was sent, and nothing leads out of where it arrives.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use plimsoll_image::transfer::{
    ArchiveWriter, DirectoryWriter, Existing, NotSet, OwnerRule, Selection, WriteRules, send_archive,
    send_directory,
};
use plimsoll_sys::root_dir::RootDir;
use tempfile::TempDir;

use crate::tape::{Entry, Tape, entry};

const REPLACED: WriteRules =
    WriteRules { owners: OwnerRule::Kept, existing: Existing::Replaced, devices: false };

fn whole() -> Selection<'static> {
    Selection { from: b"", name: b"", only_content: true }
}

/// Unpack an archive below a path of a directory.
fn unpack(archive: &[u8], directory: &Path, below: &str, rules: WriteRules) -> Result<NotSet, String> {
    let root = RootDir::open(directory).unwrap();
    let mut writer = DirectoryWriter::new(&root, rules).unwrap();
    send_archive(archive, "the archive", below.as_bytes(), &mut writer).map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())
}

fn pack(directory: &Path, what: Selection<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = ArchiveWriter::new(&mut bytes);
    send_directory(&RootDir::open(directory).unwrap(), what, &mut archive).unwrap();
    archive.finish().unwrap();
    bytes
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn files() -> TempDir {
    let made = tempfile::tempdir().unwrap();
    let path = |name: &str| made.path().join(name);
    fs::create_dir_all(path("d/sub")).unwrap();
    fs::write(path("d/a"), "content").unwrap();
    fs::hard_link(path("d/a"), path("d/z")).unwrap();
    fs::set_permissions(path("d/a"), fs::Permissions::from_mode(0o4750)).unwrap();
    symlink("/etc/passwd", path("d/link")).unwrap();
    fs::write(path("d/sub/b"), vec![7u8; 200_000]).unwrap();
    fs::set_permissions(path("d/sub"), fs::Permissions::from_mode(0o500)).unwrap();
    made
}

#[test]
fn a_directory_arrives_as_it_was_sent() {
    let from = files();
    let to = tempfile::tempdir().unwrap();
    let what = Selection { from: b"d", name: b"new/name", only_content: false };
    unpack(&pack(from.path(), what), to.path(), "", REPLACED).unwrap();
    let at = |name: &str| to.path().join("new/name").join(name);
    assert_eq!(names(&at("")), ["a", "link", "sub", "z"]);
    let (a, z) = (fs::metadata(at("a")).unwrap(), fs::metadata(at("z")).unwrap());
    assert_eq!((a.ino(), a.mode() & 0o7777, a.len()), (z.ino(), 0o4750, 7));
    assert_eq!(a.mtime(), fs::metadata(from.path().join("d/a")).unwrap().mtime());
    assert_eq!(fs::read_link(at("link")).unwrap(), Path::new("/etc/passwd"));
    assert_eq!(fs::metadata(at("sub")).unwrap().mode() & 0o7777, 0o500);
    assert_eq!(
        fs::metadata(at("sub")).unwrap().mtime(),
        fs::metadata(from.path().join("d/sub")).unwrap().mtime()
    );
    assert_eq!(fs::read(at("sub/b")).unwrap(), vec![7u8; 200_000]);
    // Sent once more it replaces itself, and nothing of the work is left.
    fs::set_permissions(at("sub"), fs::Permissions::from_mode(0o700)).unwrap();
    unpack(&pack(from.path(), what), to.path(), "", REPLACED).unwrap();
    assert_eq!(names(&at("")), ["a", "link", "sub", "z"]);
    assert_eq!(names(&at("sub")), ["b"]);
}

#[test]
fn the_directory_copied_into_keeps_what_it_is() {
    let from = files();
    let to = tempfile::tempdir().unwrap();
    fs::set_permissions(to.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let only_content = Selection { from: b"d", name: b"", only_content: true };
    unpack(&pack(from.path(), only_content), to.path(), "", REPLACED).unwrap();
    assert_eq!(fs::metadata(to.path()).unwrap().mode() & 0o7777, 0o711);
    assert_eq!(names(to.path()), ["a", "link", "sub", "z"]);
}

#[test]
fn a_file_keeps_no_rights_of_an_owner_it_does_not_keep() {
    let from = files();
    let to = tempfile::tempdir().unwrap();
    let rules = WriteRules { owners: OwnerRule::Ours, ..REPLACED };
    unpack(&pack(from.path(), whole()), to.path(), "", rules).unwrap();
    assert_eq!(fs::metadata(to.path().join("d/a")).unwrap().mode() & 0o7777, 0o750);
}

#[test]
fn what_stands_in_the_way_is_replaced_or_stays_and_a_link_is_never_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("victim"), "untouched").unwrap();
    let archive = Tape::default().file("f", "new").dir("dir/").file("dir/g", "new").end();
    let stage = || {
        let to = tempfile::tempdir().unwrap();
        symlink(outside.path().join("victim"), to.path().join("f")).unwrap();
        fs::create_dir(to.path().join("dir")).unwrap();
        fs::write(to.path().join("dir/g"), "old").unwrap();
        to
    };
    let to = stage();
    unpack(&archive, to.path(), "", REPLACED).unwrap();
    assert_eq!(fs::symlink_metadata(to.path().join("f")).unwrap().len(), 3);
    assert_eq!(fs::read_to_string(to.path().join("dir/g")).unwrap(), "new");
    let to = stage();
    unpack(&archive, to.path(), "", WriteRules { existing: Existing::Kept, ..REPLACED }).unwrap();
    assert!(fs::symlink_metadata(to.path().join("f")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(to.path().join("dir/g")).unwrap(), "old");
    assert_eq!(fs::read_to_string(outside.path().join("victim")).unwrap(), "untouched");

    let to = stage();
    let file_for_directory = Tape::default().file("dir", "x").end();
    assert!(unpack(&file_for_directory, to.path(), "", REPLACED).unwrap_err().contains("is a directory"));
    let directory_for_file = Tape::default().dir("f/").end();
    assert!(unpack(&directory_for_file, to.path(), "", REPLACED).unwrap_err().contains("is no directory"));
    assert_eq!(names(to.path()), ["dir", "f"]);
}

#[test]
fn links_lead_nowhere_outside() {
    let outside = tempfile::tempdir().unwrap();
    let way_out = outside.path().to_str().unwrap();
    for archive in [
        Tape::default().symlink("out", way_out).file("out/planted", "x").end(),
        Tape::default().symlink("out", "/").file(&format!("out{way_out}/planted"), "x").end(),
        Tape::default().raw(&Entry { link: b"etc/passwd".to_vec(), ..entry(b'1', "hard") }, b"").end(),
        Tape::default().file("../planted", "x").end(),
        Tape::default().symlink("up", "../../../..").end(),
    ] {
        let to = tempfile::tempdir().unwrap();
        // Refused, or carried out inside.
        let _ = unpack(&archive, to.path(), "", REPLACED);
        assert_eq!(names(outside.path()), Vec::<String>::new());
        assert!(!to.path().join("hard").exists());
    }
}

#[test]
fn a_broken_archive_leaves_no_half_file() {
    let mut archive = Tape::default().file("whole", "x").file("half", &"y".repeat(100_000)).end();
    archive.truncate(60_000);
    let to = tempfile::tempdir().unwrap();
    unpack(&archive, to.path(), "", REPLACED).unwrap_err();
    assert_eq!(names(to.path()), ["whole"]);
}

#[test]
fn files_of_the_kernel_are_not_walked_and_not_sent() {
    let root = RootDir::open(Path::new("/")).unwrap();
    let mut archive = ArchiveWriter::new(Vec::new());
    let file = Selection { from: b"proc/version", name: b"version", only_content: false };
    let error = send_directory(&root, file, &mut archive).unwrap_err().to_string();
    assert!(error.contains("/proc/version") && error.contains("kernel"), "{error}");
}

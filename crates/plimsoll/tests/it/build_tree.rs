//! `build`: what a copied tree keeps, archives of every packing, and where a missing source really is.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use crate::harness::{World, chmod};
use crate::saved::files;

#[test]
fn special_files_and_hard_links() {
    let Some(world) = World::with_busybox() else { return };
    let file = world.write("p/t/file", "shared");
    std::fs::hard_link(&file, world.path("p/t/name")).expect("a link can be made");
    std::fs::create_dir(world.path("p/t/sticky")).expect("a directory can be made");
    chmod(&world.path("p/t/sticky"), 0o1777);
    chmod(&world.write("p/t/setgid", "x"), 0o2755);
    let _socket = UnixListener::bind(world.path("p/t/socket")).expect("a socket can be made");
    let made = Command::new("mkfifo").arg(world.path("p/t/fifo")).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo is there");
    let dockerfile = "FROM bb AS one\nCOPY t /t\nFROM bb\nCOPY --from=one /t /u\nCOPY t/file t/name /two/\n";
    world.build(&["-t", "app"], dockerfile).ok();
    let seen = files(&world, "app");
    assert_eq!(seen["/u/fifo"].kind, '?');
    assert!(!seen.contains_key("/u/socket"), "sockets stay out of a copied tree");
    assert_eq!((seen["/u/sticky"].mode, seen["/u/setgid"].mode), (0o1777, 0o2755));
    assert_eq!((seen["/u/file"].kind, seen["/u/name"].kind), ('f', 'h'));
    let alone = world.build(&[], "FROM bb\nCOPY t/socket /x\n");
    alone.ends(4).one_sentence().says(&["is a socket", "p/Dockerfile:2:6"]);
    assert_eq!(std::fs::metadata(&file).expect("it is there").nlink(), 2, "the context stays as it was");
}

#[test]
fn attributes_of_stages_stay_and_those_of_the_context_do_not() {
    let Some(world) = World::with_busybox() else { return };
    let file = world.write("p/f", "x");
    let set = |name: &str, value: &str| {
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(&file, name, value.as_bytes(), flags).is_ok()
    };
    if !set("user.note", "of this machine") {
        return plimsoll_testkit::skip("this file system keeps no attributes");
    }
    let dockerfile = "FROM scratch\nCOPY f /\n";
    world.build(&["-t", "with"], dockerfile).ok();
    let with = crate::saved::digest(&world, "with");
    assert!(set("user.note", "another"));
    world.build(&["-t", "again", "--no-cache"], dockerfile).ok();
    assert_eq!(crate::saved::digest(&world, "again"), with, "the same tree, whatever a machine notes on it");

    // An archive brings attributes into a stage.
    let mut tar = tar::Builder::new(Vec::new());
    let notes = [("SCHILY.xattr.user.note", &b"kept"[..])];
    for (path, kind) in [("d/", tar::EntryType::Directory), ("d/f", tar::EntryType::Regular)] {
        tar.append_pax_extensions(notes).expect("a tar can be written");
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(0);
        tar.append_data(&mut header, path, &b""[..]).expect("a tar can be written");
    }
    world.write("p/a.tar", tar.into_inner().expect("a tar can be written"));
    let dockerfile = "FROM scratch AS one\nADD a.tar /\nFROM scratch\nCOPY --from=one /d /copied\nCOPY --from=one /d/ /top/d/\nCOPY --from=one --parents /./d /kept/\n";
    world.build(&["-t", "staged"], dockerfile).ok();
    let saved = world.run(&["save", "staged"]);
    let noted = noted(&saved.ok().bytes);
    for path in ["copied/f", "top/d/f", "kept/d/f", "kept/d/"] {
        assert!(noted.iter().any(|known| known == path), "{path}: {noted:?}");
    }
}

/// The paths of an image's layers that carry `user.note=kept`.
fn noted(archive: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for layer in tar::Archive::new(archive).entries().expect("a tar") {
        let mut layer = layer.expect("an entry");
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut layer, &mut bytes).expect("an entry can be read");
        let plain: Box<dyn std::io::Read + '_> = match bytes.starts_with(&[0x1f, 0x8b]) {
            true => Box::new(flate2::read::MultiGzDecoder::new(&bytes[..])),
            false => Box::new(&bytes[..]),
        };
        for entry in tar::Archive::new(plain).entries().into_iter().flatten() {
            let Ok(mut entry) = entry else { break };
            let path = entry.path().expect("a path").display().to_string();
            let extensions =
                entry.pax_extensions().expect("they can be read").into_iter().flatten().flatten();
            for extension in extensions {
                if extension.key_bytes() == b"SCHILY.xattr.user.note" && extension.value_bytes() == b"kept" {
                    found.push(path.clone());
                }
            }
        }
    }
    found
}

#[test]
fn archives_of_every_packing_are_unpacked_and_nothing_else() {
    let world = World::new();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_mode(0o644);
    tar.append_data(&mut header, "in/side", &b"deep"[..]).expect("a tar can be written");
    let plain = world.write("p/plain", tar.into_inner().expect("a tar can be written"));
    let log = world.write("p/log", "no archive\n");
    let mut dockerfile = "FROM scratch\nADD plain /plain/\n".to_string();
    let mut packings = Vec::new();
    for packing in ["gzip", "bzip2", "xz", "zstd"] {
        if plimsoll_testkit::program(packing).is_none() {
            continue;
        }
        packings.push(packing);
        for (from, to) in [(&plain, packing.to_string()), (&log, format!("{packing}.log"))] {
            let packed = Command::new(packing).arg("-c").arg(from).stderr(Stdio::null()).output();
            world.write(&format!("p/{to}"), packed.expect("it starts").stdout);
        }
        dockerfile += &format!("ADD {packing} /{packing}\nADD {packing}.log /logs/\n");
    }
    world.build(&["-t", "app"], &dockerfile).ok();
    let files = files(&world, "app");
    assert_eq!(files["/plain/in/side"].content, "deep");
    for packing in packings {
        assert_eq!(files[&format!("/{packing}/in/side")].content, "deep", "{packing}");
        assert_eq!(files[&format!("/logs/{packing}.log")].kind, 'f', "{packing}: what is no tar is copied");
    }
}

#[test]
fn where_a_missing_source_really_is_is_said() {
    let Some(world) = World::with_busybox() else { return };
    for path in ["p/src/Main.rs", "p/only-here", "beside.txt", "p/sub/x"] {
        world.write(path, "x");
    }
    let outside = std::fs::canonicalize(world.path("beside.txt")).expect("it is there");
    let outside = outside.display().to_string();
    let cases: &[(&str, &[&str])] = &[
        ("COPY src/main.rs /x", &["'src/main.rs' does not exist", "did you mean 'src/Main.rs'", "4:6"]),
        ("COPY sr/Main.rs /x", &["did you mean 'src/Main.rs'", "4:6"]),
        ("COPY sub/x nothing /x/", &["'nothing' does not exist", "4:12"]),
        (
            "COPY ../beside.txt /x",
            &["leaves the build context", &outside, "outside of the build context", "4:6"],
        ),
        ("COPY beside.txt /x", &["'beside.txt' does not exist", &outside, "4:6"]),
        (
            "COPY --from=one only-here /x",
            &["does not exist in stage 'one'", "it exists in the build context: leave --from out", "4:17"],
        ),
        ("COPY built /x", &["it exists in stage 'one': did you mean --from=one?", "4:6"]),
        ("COPY --from=one /bult /x", &["did you mean 'built'", "4:17"]),
        ("COPY --from=one src /x", &["it exists in the build context", "4:17"]),
    ];
    for (line, words) in cases {
        let dockerfile = format!("FROM bb AS one\nRUN echo > /built\nFROM one\n{line}\n");
        world.build(&[], &dockerfile).ends(4).one_sentence().says(words).says(&["p/Dockerfile:4"]);
    }
}

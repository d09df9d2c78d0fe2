//! `cp`: docker's table of where things go, owners and modes, streams, and what a container may try. The expected
//! results are those of docker 20.10, which the same commands were given to.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Ids, World, chmod, ids};

/// A container that is there, running or not.
fn container(world: &World, runs: bool) {
    let flags = ["--name", "c", "-v", "vol:/vol", "-v", "ro:/ro:ro", "bb", "sleep", "1000"];
    let verb: &[&str] = if runs { &["run", "-d"] } else { &["create"] };
    world.run(&[verb, &flags[..]].concat()).ok();
}

/// Files to copy: `src` with a file, a second name of it, a directory, a link and a pipe.
fn files(world: &World) {
    world.write("src/f", "content");
    world.write("src/sub/g", "deeper");
    std::fs::hard_link(world.path("src/f"), world.path("src/hard")).unwrap();
    symlink("f", world.path("src/link")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        world.path("src/pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    world.write("file", "file");
    chmod(&world.path("file"), 0o640);
}

/// Everything in a container's directory, one name a line.
fn listing(world: &World, path: &str) -> String {
    let found = world.run(&["exec", "c", "sh", "-c", &format!("cd {path} && find . | sort | tr '\\n' ' '")]);
    found.ok().stdout.trim().to_string()
}

/// Everything below a directory of this machine.
fn tree(path: &Path) -> Vec<String> {
    let mut names = BTreeMap::new();
    let mut left = vec![path.to_path_buf()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
            names.insert(entry.path().strip_prefix(path).unwrap().display().to_string(), ());
            left.extend(entry.file_type().unwrap().is_dir().then(|| entry.path()));
        }
    }
    names.into_keys().collect()
}

#[test]
fn dockers_table_on_the_way_in() {
    let Some(world) = World::with_busybox() else { return };
    files(&world);
    container(&world, true);
    let cp = |words: &[&str]| world.run(&[&["cp"], words].concat());
    const ALL: &str = ". ./f ./hard ./link ./pipe ./sub ./sub/g";
    for (source, destination, seen, expected) in [
        ("src", "c:/tmp/new", "/tmp/new", ALL),
        ("src/", "c:/tmp/slash/", "/tmp/slash", ALL),
        ("src/.", "c:/tmp/content", "/tmp/content", ALL),
        ("src", "c:/tmp", "/tmp/src", ALL),
        ("src/.", "c:/tmp/new", "/tmp/new", ALL),
        ("src/sub", "c:/tmp/new", "/tmp/new", ALL),
        (
            "src",
            "c:/tmp/new/sub",
            "/tmp/new/sub",
            ". ./g ./src ./src/f ./src/hard ./src/link ./src/pipe ./src/sub ./src/sub/g",
        ),
        ("src/sub", "c:relative", "/relative", ". ./g"),
    ] {
        cp(&[source, destination]).ok().is("");
        assert_eq!(listing(&world, seen), expected, "{source} {destination}");
    }
    let look = |words: &str| world.run(&["exec", "c", "sh", "-c", words]).ok().stdout.trim().to_string();
    assert_eq!(
        look(
            "stat -c '%h %a' /tmp/new/f; cat /tmp/new/hard; readlink /tmp/new/link; stat -c %F /tmp/new/pipe"
        ),
        "2 644\ncontentf\nfifo"
    );
    cp(&["file", "c:/tmp/"]).ok();
    cp(&["file", "c:/tmp/renamed"]).ok();
    cp(&["file", "c:/etc/group"]).ok();
    assert_eq!(look("stat -c %a /tmp/file; cat /tmp/file /tmp/renamed /etc/group"), "640\nfilefilefile");
    for (source, destination, words) in [
        ("file", "c:/tmp/nodir/", "no such directory"),
        ("file", "c:/nodir/x", "directory /nodir does not exist"),
        ("src", "c:/nodir/x", "directory /nodir does not exist"),
        ("src", "c:/etc/group", "cannot copy directory"),
        ("file", "c:/etc/group/", "not a directory"),
        ("file", "c:/etc/group/x", "is not a directory"),
        ("nothing", "c:/tmp", "it does not exist"),
        ("file/", "c:/tmp", "not a directory"),
        ("file", "nobody:/x", "'nobody'"),
        ("file", "c:/ro/x", "mounted volume is marked read-only"),
    ] {
        cp(&[source, destination]).ends(1).one_sentence().says(&[words]);
    }
    for words in [&["file", "other"][..], &["c:/a", "c:/b"], &["-", "-"], &["file", "c:"]] {
        cp(words).ends(2).one_sentence();
    }
    // A directory and a file never take each other's place.
    world.write("swap/seed/x", "");
    world.write("file-for-directory/new", "");
    cp(&["swap/.", "c:/tmp"]).ok();
    world.write("other/seed", "");
    cp(&["other/.", "c:/tmp"]).ends(1).says(&["is a directory"]);
    cp(&["file-for-directory/new", "c:/tmp"]).ends(1).says(&["is a directory"]);
    assert_eq!(look("find /tmp /vol /etc -name '.plimsoll*'"), "");
}

#[test]
fn dockers_table_on_the_way_out() {
    let Some(world) = World::with_busybox() else { return };
    container(&world, true);
    let make = "mkdir -p /s/sub; echo a > /s/a; echo b > /s/sub/b; ln -s a /s/l; ln /s/a /s/hard; mkfifo /s/p; chmod 1777 /s/sub; \
        chmod 4750 /s/a; touch -d @7 /s/a; ln -s /s /sl; ln -s nowhere /dangling";
    world.run(&["exec", "c", "sh", "-c", make]).ok();
    let cp = |words: &[&str]| world.run(&[&["cp"], words].concat());
    let content = ["a", "hard", "l", "p", "sub", "sub/b"];
    std::fs::create_dir(world.path("there")).unwrap();
    for (source, destination, below) in [
        ("c:/s", "new", ""),
        ("c:/s/.", "content", ""),
        ("c:s", "new", "s/"),
        ("c:/sl/", "slash/", ""),
        ("c:/s/", "there", "s/"),
    ] {
        cp(&[source, destination]).ok().is("");
        let found: Vec<String> = tree(&world.path(destination))
            .into_iter()
            .filter_map(|name| Some(name.strip_prefix(below)?.to_string()))
            .collect();
        assert!(
            content.iter().all(|name| found.contains(&name.to_string())),
            "{source} {destination}: {found:?}"
        );
    }
    let (a, hard) = (world.path("new/a").metadata().unwrap(), world.path("new/hard").metadata().unwrap());
    assert_eq!((a.ino(), a.mtime(), a.uid()), (hard.ino(), 7, rustix::process::geteuid().as_raw()));
    // Without its owner a file has no business with its owner's rights.
    assert_eq!(
        (a.mode() & 0o7777, world.path("new/sub").metadata().unwrap().mode() & 0o7777),
        (0o750, 0o1777)
    );
    cp(&["c:/sl", "link"]).ok();
    assert_eq!(std::fs::read_link(world.path("link")).unwrap(), Path::new("/s"));
    cp(&["-L", "c:/sl", "followed"]).ok();
    assert!(world.path("followed/a").exists());
    cp(&["c:/dangling", "d"]).ok();
    cp(&["-L", "c:/dangling", "e"]).ends(1).one_sentence();
    world.write("old", "old");
    cp(&["c:/s/a", "old"]).ok();
    assert_eq!(std::fs::read_to_string(world.path("old")).unwrap(), "a\n");
    // A link here is followed, whether it leads to a directory, a file or nothing yet.
    for (link, target) in [("to-directory", "new/sub"), ("to-file", "old"), ("to-nothing", "absent")] {
        symlink(target, world.path(link)).unwrap();
        cp(&["c:/s/a", link]).ok();
        assert!(world.path(link).symlink_metadata().unwrap().is_symlink());
    }
    assert!(world.path("new/sub/a").exists() && world.path("absent").exists());
    for (source, destination, words) in [
        ("c:/s/a", "nodir/", "no such directory"),
        ("c:/s/a", "nodir/x", "nodir does not exist"),
        ("c:/s", "old", "cannot copy directory"),
        ("c:/s/a/", "x", "not a directory"),
        ("c:/s/a/.", "x", "not a directory"),
        ("c:/nothing", "x", "it does not exist"),
        ("c:/proc/1/environ", "x", "the kernel makes it up"),
    ] {
        cp(&[source, destination]).ends(1).one_sentence().says(&[words]);
    }
    assert!(!world.path("x").exists());
}

#[test]
fn streams_of_tar() {
    let Some(world) = World::with_busybox() else { return };
    files(&world);
    container(&world, true);
    world.run(&["cp", "src", "c:/tmp/"]).ok();
    let out = world.run(&["cp", "c:/tmp/src", "-"]);
    let names = |bytes: &[u8]| {
        let mut archive = tar::Archive::new(bytes);
        let entries = archive.entries().unwrap().map(Result::unwrap);
        entries.map(|entry| String::from_utf8(entry.path_bytes().into_owned()).unwrap()).collect::<Vec<_>>()
    };
    let expected = ["src/", "src/f", "src/hard", "src/link", "src/pipe", "src/sub/", "src/sub/g"];
    assert_eq!(names(&out.ok().bytes), expected);
    assert_eq!(names(&world.run(&["cp", "c:/tmp/src/.", "-"]).ok().bytes)[..2], ["./", "./f"]);
    assert_eq!(names(&world.run(&["cp", "c:/tmp/src/f", "-"]).ok().bytes), ["f"]);
    assert_eq!(names(&world.run(&["cp", "-L", "c:/tmp/src/link", "-"]).ok().bytes), ["f"]);
    let into = |path: &str, bytes: &[u8]| world.run_with_input(&["cp", "-", path], bytes.to_vec());
    into("c:/vol", &out.bytes).ok();
    assert_eq!(
        listing(&world, "/vol"),
        ". ./src ./src/f ./src/hard ./src/link ./src/pipe ./src/sub ./src/sub/g"
    );
    into("c:/tmp/nothing", &out.bytes).ends(1).says(&["must be a directory"]);
    into("c:/etc/passwd", &out.bytes).ends(1).says(&["must be a directory"]);
    into("c:/tmp", b"this is no archive, whatever it says\n").ends(1).one_sentence();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &out.bytes).unwrap();
    world.run(&["exec", "c", "mkdir", "/tmp/z"]).ok();
    into("c:/tmp/z", &gzip.finish().unwrap()).ok();
    assert_eq!(listing(&world, "/tmp/z").split(' ').count(), 8);
}

#[test]
fn a_container_that_does_not_run() {
    let Some(world) = World::with_busybox() else { return };
    files(&world);
    world.write("host/inner", "of the host");
    world.write("one", "one file");
    world.run(&["run", "--rm", "-v", "vol:/v", "bb", "sh", "-c", "echo in > /v/f"]).ok();
    let flags = [
        "--name",
        "c",
        "-v",
        "./host:/vol/deep",
        "-v",
        "vol:/vol",
        "-v",
        "./one:/single:ro",
        "--tmpfs",
        "/tmp",
    ];
    world
        .run(
            &[&["create"], &flags[..], &["bb", "sh", "-c", "cat /etc/new /vol/new /tmp/lost; rm /etc/group"]]
                .concat(),
        )
        .ok();
    let cp = |words: &[&str]| world.run(&[&["cp"], words].concat());
    for (source, content) in
        [("c:/vol/f", "in\n"), ("c:/vol/deep/inner", "of the host"), ("c:/single", "one file")]
    {
        cp(&[source, "out"]).ok();
        assert_eq!(std::fs::read_to_string(world.path("out")).unwrap(), content, "{source}");
    }
    for destination in ["c:/etc/new", "c:/vol/new", "c:/tmp/lost"] {
        cp(&["file", destination]).ok();
    }
    cp(&["file", "c:/single"]).ends(1).one_sentence();
    // What is in memory while it runs is not there before.
    world.run(&["start", "-a", "c"]).ends(0).is("filefile").says(&["/tmp/lost"]);
    cp(&["c:/etc/group", "x"]).ends(1).says(&["it does not exist"]);
    cp(&["c:/etc/new", "x"]).ok();
    world.run(&["rm", "c"]).ok();

    world.run(&["create", "--name", "closed", "--read-only", "-v", "vol:/vol", "bb", "true"]).ok();
    cp(&["file", "closed:/etc/x"]).ends(1).says(&["container rootfs is marked read-only"]);
    cp(&["file", "closed:/vol/x"]).ok();
    cp(&["closed:/etc/passwd", "passwd"]).ok();
    world.run(&["start", "closed"]).ok();
}

#[test]
fn owners() {
    let Some(world) = World::with_busybox() else { return };
    files(&world);
    if ids() == Ids::Root {
        std::os::unix::fs::chown(world.path("file"), Some(1234), Some(1235)).unwrap();
    }
    world.run(&["run", "-d", "--name", "c", "-u", "app", "-v", "vol:/vol", "bb", "sleep", "1000"]).ok();
    let owner = |words: &[&str]| {
        world.run(&[&["cp"], words, &["file", "c:/tmp/o"]].concat()).ok();
        world.run(&["exec", "c", "stat", "-c", "%u:%g", "/tmp/o"]).ok().stdout.trim().to_string()
    };
    // Root's numbers stay, as in docker; an ordinary user is root in its containers. With one id the container's
    // processes see the one there is.
    let plain = match ids() {
        Ids::Root => "1234:1235",
        Ids::Range => "0:0",
        Ids::Single => "1000:1000",
    };
    assert_eq!(owner(&[]), plain);
    assert_eq!(owner(&["-a"]), "1000:1000");
    world.run(&["cp", "-a", "c:/tmp/o", "out"]).ok();
    let out = world.path("out").metadata().unwrap();
    let mine = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    assert_eq!((out.uid(), out.gid()), if ids() == Ids::Root { (1000, 1000) } else { mine });
    world.run(&["cp", "c:/tmp/o", "plain"]).ok();
    assert_eq!(world.path("plain").metadata().unwrap().uid(), mine.0);
}

#[test]
fn no_link_of_a_container_leads_out() {
    let Some(world) = World::with_busybox() else { return };
    files(&world);
    world.write("victim/file", "untouched");
    let victim = world.word("victim");
    container(&world, true);
    let links = format!(
        "ln -s {victim} /out; ln -s ../../../../../../../../../..{victim} /up; ln -s {victim}/file /of; ln -s /proc/1/root{victim} /magic; \
         mkdir /t; ln -s {victim} /t/sub; ln -s {victim}/file /t/f; ln -s /loop2 /loop; ln -s /loop /loop2"
    );
    world.run(&["exec", "c", "sh", "-c", &links]).ok();
    for destination in
        ["c:/out", "c:/out/", "c:/out/file", "c:/up/file", "c:/of", "c:/magic/file", "c:/loop", "c:/loop/x"]
    {
        world.run(&["cp", "file", destination]);
        world.run(&["cp", "src/.", destination]);
    }
    world.run(&["cp", "src/.", "c:/t"]).ends(1).says(&["is no directory"]);
    for source in ["c:/out/file", "c:/up/file", "c:/magic/file"] {
        world.run(&["cp", "-L", source, "stolen"]).ends(1);
    }
    world.run(&["cp", "-L", "c:/of", "stolen"]);
    let stolen = std::fs::read_to_string(world.path("stolen")).unwrap_or_default();
    assert_ne!(stolen, "untouched");
    // Links that come along are links; what comes after them does not go through them.
    world.run(&["cp", "c:/t", "copied"]).ok();
    assert!(world.path("copied/sub").symlink_metadata().unwrap().is_symlink());
    world.run(&["cp", "c:/t/.", "copied"]).ok();
    assert_eq!(tree(&world.path("victim")), ["file"]);
    assert_eq!(std::fs::read_to_string(world.path("victim/file")).unwrap(), "untouched");
}

/// GHSA-vp62-88p7-qqf5, CVE-2018-15664: the container swaps directories for links while files are copied.
#[test]
fn a_container_that_changes_under_the_copy_gains_nothing() {
    let Some(world) = World::with_busybox() else { return };
    files(&world);
    world.write("victim/file", "untouched");
    world.run(&["run", "-d", "--name", "c", "bb", "sh", "-c", &format!(
        "while :; do mkdir -p /t/a/b; echo x > /t/a/b/f; mv /t/a /t/real; ln -s {} /t/a; rm /t/a; mkfifo /t/a; rm -rf /t/*; done",
        world.word("victim")
    )]).ok();
    for round in 0..15 {
        world.run(&["cp", "src/.", "c:/t/a"]);
        world.run(&["cp", "c:/t", &format!("out{round}")]);
        world.run(&["cp", "c:/t", "-"]);
        assert_eq!(tree(&world.path("victim")), ["file"]);
        assert_eq!(std::fs::read_to_string(world.path("victim/file")).unwrap(), "untouched");
    }
    world.run(&["rm", "-f", "c"]).ok();
}

#[test]
fn devices_of_a_container_are_none_of_the_machines() {
    let Some(world) = World::with_busybox() else { return };
    if ids() != Ids::Root {
        // Nobody else can make any.
        return;
    }
    container(&world, true);
    world
        .run(&["exec", "c", "sh", "-c", "mkdir /d; mknod /d/mem c 1 1; chmod 666 /d/mem; echo x > /d/f"])
        .ok();
    world.run(&["cp", "c:/d", "out"]).ok().says(&["1 device nodes are left out"]);
    assert_eq!(tree(&world.path("out")), ["f"]);
    let archive = world.run(&["cp", "c:/d", "-"]);
    let mut archive = tar::Archive::new(archive.ok().bytes.as_slice());
    assert!(
        archive.entries().unwrap().any(|entry| entry.unwrap().header().entry_type().is_character_special())
    );
}

/// Memory does not grow with the files.
#[test]
fn large_files_in_little_memory() {
    let Some(world) = World::with_busybox() else { return };
    container(&world, false);
    let large = std::fs::File::create(world.path("large")).unwrap();
    large.set_len(600 << 20).unwrap();
    let limited = |words: &str| {
        let program = crate::harness::program();
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -v 98304; exec {} {words}", program.display()));
        world.dress(&mut command);
        command.stdin(Stdio::null());
        crate::harness::finish(command, Vec::new())
    };
    limited("cp large c:/vol/large").ok();
    limited("cp c:/vol/large back").ok();
    assert_eq!(world.path("back").metadata().unwrap().len(), 600 << 20);
    limited("cp c:/vol/large - | tail -c 1 | wc -c").ok().is("1");
    limited("cp - c:/vol < /dev/null").ok();
}

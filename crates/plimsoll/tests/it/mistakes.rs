//! Bad input: one sentence with place and remedy, an exit code of its own, a store that stays valid.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::harness::{Ids, World, collect, finish, ids, program};

#[test]
fn dockerfiles_that_cannot_be_read() {
    let world = World::new();
    world.run(&["build", "absent"]).ends(2).one_sentence().says(&["absent", "does not exist"]);
    std::fs::create_dir(world.path("empty")).unwrap();
    world.run(&["build", "empty"]).ends(2).one_sentence().says(&["no Dockerfile in empty", "-f"]);
    world.run(&["build", "-f", "absent", "empty"]).ends(2).one_sentence().says(&["absent", "does not exist"]);
    world.run(&["build"]).ends(2).one_sentence().says(&["DIRECTORY"]);
    let address = "https://example.com/app.tar";
    world.run(&["build", address]).ends(2).one_sentence().says(&[address, "git repositories", "download"]);
    world.run(&["ship", "absent"]).ends(2).one_sentence().says(&["absent", "does not exist"]);
    world.run(&["explain", "empty"]).ends(2).one_sentence().says(&["no Dockerfile in empty"]);
    world.write("p/Dockerfile", b"FROM scratch\nLABEL a=\xff\xfe\n");
    world.run(&["build", "p"]).ends(3).one_sentence().says(&["p/Dockerfile:2", "UTF-8"]);
    world.write("p/Dockerfile", "FROM scratch\n");
    if ids() != Ids::Root {
        world
            .run(&["build", "-f", "/etc/shadow", "p"])
            .ends(2)
            .one_sentence()
            .says(&["/etc/shadow", "permission denied"]);
    }
    world.assert_store_valid();
}

#[test]
fn dockerfiles_that_do_not_parse() {
    let world = World::new();
    let cases: &[(&str, &str, &[&str])] = &[
        ("FROM scratch\nRUNN x\n", ":2:1", &["'RUNN'", "did you mean 'RUN'"]),
        ("RUN x\n", ":1:1", &["before the first FROM"]),
        ("", ":1:1", &["no instructions", "FROM image"]),
        ("FROM scratch\nCOPY --chwon=1 a b\n", ":2:6", &["'--chwon'", "did you mean '--chown'"]),
        ("FROM Bad:::Name\n", ":1:6", &["'Bad:::Name'"]),
        ("FROM scratch\nCOPY a\n", ":2:", &["COPY"]),
        ("FROM scratch\nEXPOSE port\n", ":2:", &["port"]),
        ("FROM scratch\nRUN <<EOF\nnever ends\n", ":2:", &["EOF"]),
        ("FROM scratch\nENV A=${B:?must be set}\n", ":2:", &["must be set"]),
        ("FROM scratch\nENTRYPOINT [\"a\", 1]\n", ":2:", &["string"]),
        ("FROM scratch\nSTOPSIGNAL NOPE\n", ":2:", &["NOPE"]),
        ("FROM scratch AS 1x\n", ":1:", &["1x"]),
    ];
    for (dockerfile, place, words) in cases {
        let failed = world.build(&["-t", "broken"], dockerfile);
        failed.ends(3).says(words).says(&[&format!("p/Dockerfile{place}")]);
        world.run(&["explain", "p"]).ends(3).says(words);
    }
    let several = world.build(&[], "FROM scratch\nRUNN x\nCOPPY a b\n");
    several.ends(3).says(&["'RUNN'", "'COPPY'"]);
    world.run(&["images", "-q"]).ok().is("");
    let target = world.build(&["--target", "biuld"], "FROM scratch AS build\n");
    target.ends(2).one_sentence().says(&["'biuld'", "did you mean 'build'"]);
    let stage = world.build(&[], "FROM scratch AS build\nFROM scratch\nCOPY --from=biuld /x /x\n");
    stage.ends(4).one_sentence().says(&["p/Dockerfile:3", "'biuld'", "did you mean 'build'"]);
}

/// A tar with one entry, its header made by hand, since no tar library writes what is tried here.
fn hostile(name: &str, kind: tar::EntryType, link: &str) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_size(0);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    let raw = header.as_old_mut();
    raw.name[..name.len()].copy_from_slice(name.as_bytes());
    raw.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    let mut tar = tar::Builder::new(Vec::new());
    tar.append(&header, &b""[..]).unwrap();
    tar.into_inner().unwrap()
}

#[test]
fn archives_nobody_should_trust() {
    let world = World::new();
    world.write("p/data", plimsoll_testkit::image::noise(1, 50_000));
    world.build(&["-t", "app"], "FROM scratch\nCOPY data /\n").ok();
    world.run(&["save", "--format", "oci-archive", "-o", "good.tar", "app"]).ok();
    let good = std::fs::read(world.path("good.tar")).unwrap();
    let mut flipped = good.clone();
    let middle = flipped
        .windows(8)
        .position(|window| window == &plimsoll_testkit::image::noise(1, 8)[..])
        .unwrap_or(good.len() / 2);
    flipped[middle] ^= 1;
    let cases: &[(&str, Vec<u8>)] = &[
        ("empty", Vec::new()),
        ("text", b"this is no archive at all\n".repeat(100)),
        ("truncated", good[..good.len() / 2].to_vec()),
        ("flipped", flipped),
        ("upward", hostile("../../escape", tar::EntryType::Regular, "")),
        ("absolute", hostile("/etc/escape", tar::EntryType::Regular, "")),
        ("symlink", hostile("blobs", tar::EntryType::Symlink, "/etc")),
        ("hardlink", hostile("index.json", tar::EntryType::Link, "/etc/passwd")),
        ("nothing-known", hostile("readme", tar::EntryType::Regular, "")),
    ];
    for (name, bytes) in cases {
        let other = World::new();
        let file = format!("{name}.tar");
        other.write(&file, bytes);
        let failed = other.run(&["load", "-i", &file]);
        failed.ends(1).one_sentence().says(&[&file]);
        other.run(&["images", "-q"]).ok().is("");
        other.assert_store_valid();
        other.assert_nothing_left();
    }
    world.run(&["load", "-i", "absent.tar"]).ends(1).one_sentence().says(&["absent.tar", "does not exist"]);
    world.run(&["load", "-i", "p"]).ends(1).one_sentence().says(&["p", "directory"]);
    // ADD unpacks archives too.
    for (entry, kind, link) in
        [("../up", tar::EntryType::Regular, ""), ("l", tar::EntryType::Link, "../../etc/passwd")]
    {
        world.write("p/evil.tar", hostile(entry, kind, link));
        let failed = world.build(&[], "FROM scratch\nADD evil.tar /x/\n");
        failed.ends(4).one_sentence().says(&["p/Dockerfile:2"]);
    }
    world.assert_nothing_left();
}

/// A store on a file system that is too small. Mounted in a mount namespace of its own, so nothing of
/// the machine changes.
#[test]
fn a_full_disk_is_said_and_leaves_a_valid_store() {
    let world = World::new();
    world.write("p/data", plimsoll_testkit::image::noise(2, 6 << 20));
    world.write("p/Dockerfile", "FROM scratch\nCOPY data /\n");
    world.write("small/Dockerfile", "FROM scratch\nLABEL a=b\n");
    std::fs::create_dir(world.path("store")).unwrap();
    let script = "mount -t tmpfs -o size=3m full \"$PLIMSOLL_ROOT\"; p=$1\n\
        run() { if [ -n \"$UNPRIVILEGED\" ]; then setpriv --inh-caps=-all --ambient-caps=-all --bounding-set=-all \"$p\" \"$@\"; else \"$p\" \"$@\"; fi; }\n\
        run build -t big p; echo big $?; run images -q; run build -q -t small small; echo small $?; \
        run inspect small >/dev/null; echo inspect $?; ls \"$PLIMSOLL_ROOT/tmp\"";
    let mut command = Command::new("unshare");
    // An ordinary user keeps its id, so that plimsoll finds an ordinary user.
    match ids() {
        Ids::Root => command.args(["--mount", "--propagation", "private"]),
        Ids::Range | Ids::Single => command.args(["--user", "--map-current-user", "--keep-caps", "--mount"]),
    };
    command.args(["sh", "-uc", script, "sh"]).arg(program());
    world.dress(&mut command);
    command.env("UNPRIVILEGED", "");
    let output = finish(command, Vec::new());
    output.says(&["no space left", "PLIMSOLL_ROOT"]).prints(&["big 4", "small 0", "inspect 0"]);
    output.one_sentence();
}

#[test]
fn a_store_that_cannot_be_used() {
    let world = World::new();
    let file = world.write("file", "x");
    let mut command = world.command(&["images"]);
    command.env("PLIMSOLL_ROOT", &file);
    finish(command, Vec::new()).ends(1).one_sentence().says(&["file", "no directory", "PLIMSOLL_ROOT"]);
    if ids() != Ids::Root {
        let mut command = world.command(&["images"]);
        command.env("PLIMSOLL_ROOT", "/proc/nowhere");
        finish(command, Vec::new()).ends(1).one_sentence().says(&["/proc/nowhere"]);
    }
    // Damaged by hand: said, not guessed around.
    world.write("p/Dockerfile", "FROM scratch\nLABEL a=b\n");
    world.run(&["build", "-q", "-t", "app", "p"]).ok();
    world.write("store/index.json", "{ broken");
    world.run(&["images"]).ends(1).one_sentence().says(&["index.json"]);
    world.run(&["build", "p"]).ends(1).one_sentence().says(&["index.json"]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let Some(world) = World::with_busybox() else { return };
    for words in [
        &["images"][..],
        &["inspect", "bb"],
        &["history", "bb"],
        &["--help"],
        &["explain", "PL101"],
        &["run", "--rm", "bb", "yes"],
    ] {
        let mut child = world
            .command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = collect(child, words.join(" "));
        assert!(output.stderr.is_empty(), "{output}");
    }
    world.assert_nothing_left();
}

#[test]
fn an_interrupted_ship_leaves_nothing() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/Dockerfile", "FROM bb\nUSER 1000\nCMD [\"sleep\", \"1000\"]\n");
    let mut command = world.command(&["ship", "p"]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(" explain ")), "the experiments begin");
    std::thread::sleep(std::time::Duration::from_millis(300));
    Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(crate::harness::wait(&mut child, std::time::Duration::from_secs(60)), Some(130));
    crate::harness::eventually("the experiment's processes are gone", || {
        let running = std::fs::read_dir("/proc").unwrap().flatten();
        let mut roots =
            running.filter_map(|entry| std::fs::read_to_string(entry.path().join("mountinfo")).ok());
        !roots.any(|mounts| mounts.contains(&world.word("store")))
    });
    assert!(!world.path("p/deploy").exists(), "no half report");
    world.run(&["ps", "-aq"]).ok().is("");
    // The next removal of an image sweeps what is left.
    world.run(&["tag", "bb", "extra"]).ok();
    world.run(&["rmi", "extra", "p:dev"]).ok();
    world.assert_nothing_left();
    world.assert_store_valid();
}

//! `run`: what is mounted, and what may be written.

use crate::harness::{Ids, World, ids};

#[test]
fn directories_and_files_of_the_host() {
    let Some(world) = World::with_busybox() else { return };
    world.write("shared/inner/file", "from outside");
    let bind = format!("{}:/shared", world.word("shared"));
    let text = world.run(&[
        "run",
        "--rm",
        "-v",
        &bind,
        "bb",
        "sh",
        "-c",
        "cat /shared/inner/file; echo inside > /shared/new",
    ]);
    text.ok().is("from outside");
    assert_eq!(std::fs::read_to_string(world.path("shared/new")).unwrap(), "inside\n");
    // A relative path counts from here; a file is mounted over a file.
    world
        .run(&["run", "--rm", "-v", "./shared/new:/etc/passwd:ro", "bb", "cat", "/etc/passwd"])
        .ok()
        .is("inside");
    let read_only = format!("{bind}:ro");
    let refused = world.run(&["run", "--rm", "-v", &read_only, "bb", "sh", "-c", "echo x > /shared/more"]);
    refused.ends(1).says(&["Read-only file system"]);
    assert!(!world.path("shared/more").exists());
    world.run(&["run", "--rm", "-v", &read_only, "bb", "sh", "-c", "mount -o remount,rw /shared"]).ends(1);
}

#[test]
fn a_named_volume_starts_with_the_images_files_and_keeps_what_is_written() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nCOPY --chown=1000:50 seed /data/seed\nRUN chmod 750 /data && ln -s seed /data/link\nVOLUME /data\n";
    world.write("p/seed", "seed");
    world.build(&["-t", "app"], dockerfile).ok();
    let run = |words: &str| world.run(&["run", "--rm", "-v", "data:/data", "app", "sh", "-c", words]);
    run("cat /data/link; echo first > /data/first").ok().is("seed");
    run("cat /data/first").ok().is("first");
    if ids() != Ids::Single {
        run("stat -c %u:%g:%a /data/seed").ok().is("1000:50:644");
    }
    run("stat -c %a /data").ok().is("750");
    // Another volume starts anew; a container without it sees the image's files only.
    world.run(&["run", "--rm", "-v", "other:/data", "app", "ls", "/data"]).ok().is("link\nseed");
    assert_eq!(world.in_store("volumes"), ["data", "other"]);
    world.run(&["run", "--rm", "-v", "data:/elsewhere", "app", "cat", "/elsewhere/first"]).ok().is("first");
}

#[test]
fn memory_file_systems_and_a_read_only_root() {
    let Some(world) = World::with_busybox() else { return };
    let run = |flags: &[&str], words: &str| {
        let mut all = vec!["run", "--rm"];
        all.extend(flags);
        all.extend(["bb", "sh", "-c", words]);
        world.run(&all)
    };
    run(&["--read-only"], "echo x > /etc/x").ends(1).says(&["Read-only file system"]);
    run(&["--read-only", "--tmpfs", "/tmp"], "echo x > /tmp/x && cat /tmp/x").ok().is("x");
    run(&["--tmpfs", "/scratch:size=1m,mode=700"], "stat -c %a /scratch; dd if=/dev/zero of=/scratch/f bs=64k count=32 2>&1 | tail -1; df /scratch | tail -1").ok().prints(&["700"]);
    let full = run(&["--tmpfs", "/scratch:size=1m"], "dd if=/dev/zero of=/scratch/f bs=64k count=32");
    full.ends(1).says(&["No space left"]);
    run(&["--read-only=false"], "echo x > /etc/x").ok();
    // What a container writes is gone with it, and the image stays as it was.
    run(&[], "echo changed > /etc/passwd").ok();
    run(&[], "head -c 4 /etc/passwd").ok().is("root");
}

/// What the mounts of a container look like from inside: the options of the mount on a path.
fn options(world: &World, flags: &[&str], path: &str) -> String {
    let script = format!("grep ' {path} ' /proc/mounts | tail -1 | cut -d' ' -f3,4");
    let words = [&["run", "--rm"], flags, &["bb", "sh", "-c", &script]].concat();
    world.run(&words).ok().stdout.trim().to_string()
}

#[test]
fn a_missing_directory_of_the_host_is_made_for_v_and_refused_for_mount() {
    let Some(world) = World::with_busybox() else { return };
    world.run(&["run", "--rm", "-v", "./new/deep:/d", "bb", "touch", "/d/f"]).ok();
    assert!(world.path("new/deep/f").exists());
    let mount = format!("type=bind,source={},target=/d", world.word("missing"));
    let refused = world.run(&["run", "--rm", "--mount", &mount, "bb", "true"]);
    refused.ends(125).one_sentence().says(&["bind source path does not exist", "missing"]);
    assert!(!world.path("missing").exists());
    // Nothing is made for a plan, nor for a start that is refused.
    world.run(&["run", "--plan", "-v", "./planned:/d", "-v", "vol:/v", "bb", "true"]).ok();
    world.run(&["run", "--rm", "-v", "./planned:/d", "-v", "rel:x", "bb", "true"]).ends(125);
    assert!(!world.path("planned").exists());
    assert_eq!(world.in_store("volumes"), Vec::<String>::new());
}

#[test]
fn the_long_form_of_every_kind() {
    let Some(world) = World::with_busybox() else { return };
    world.write("a,b/file", "from outside");
    let read_only = format!("type=bind,\"source={}\",target=/d,readonly", world.word("a,b"));
    let run =
        |mount: &str, script: &str| world.run(&["run", "--rm", "--mount", mount, "bb", "sh", "-c", script]);
    run(&read_only, "cat /d/file; touch /d/x").ends(1).is("from outside").says(&["Read-only file system"]);
    run("type=bind,src=./a,dst=/d,bind-create-src", "touch /d/made").ok();
    assert!(world.path("a/made").exists());
    run("src=db,dst=/etc,volume-label=kind=test,volume-nocopy", "ls /etc").ok();
    let label = world.run(&["volume", "inspect", "-f", "{{.Labels.kind}}", "db"]);
    label.ok().is("test");
    run("type=volume,src=full,dst=/etc", "cat /etc/passwd").ok().prints(&["root"]);
    run("type=volume,dst=/scratch", "touch /scratch/x").ok();
    run("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700", "stat -c %a /t").ok().is("700");
    let seen = options(&world, &["--mount", "type=tmpfs,dst=/t,tmpfs-size=1m,readonly"], "/t");
    assert!(seen.starts_with("tmpfs ro,nosuid,nodev,noexec") && seen.contains("size=1024k"), "{seen}");
    assert_eq!(world.in_store("volumes"), ["db", "full"]);
}

#[test]
fn mounts_in_mounts_whatever_their_order() {
    let Some(world) = World::with_busybox() else { return };
    world.write("outer/in/hidden", "");
    world.write("inner/seen", "");
    let (outer, inner) = (format!("{}:/m", world.word("outer")), format!("{}:/m/in", world.word("inner")));
    for flags in [["-v", &outer, "-v", &inner], ["-v", &inner, "-v", &outer]] {
        world.run(&[&["run", "--rm"], &flags[..], &["bb", "ls", "/m/in"]].concat()).ok().is("seen");
    }
    world
        .run(&["run", "--rm", "--tmpfs", "/m/in/deep", "-v", &inner, "-v", "db:/m", "bb", "ls", "/m/in"])
        .ok()
        .is("deep\nseen");
}

#[test]
fn what_the_image_has_at_the_place_of_memory() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "app"], "FROM bb\nRUN mkdir /closed && touch /closed/f && chmod 710 /closed\n").ok();
    let stat = |flag: &str, path: &str| {
        world.run(&[
            "run",
            "--rm",
            "--tmpfs",
            flag,
            "app",
            "sh",
            "-c",
            &format!("stat -c %a {path}; ls {path}"),
        ])
    };
    stat("/closed", "/closed").ok().is("710");
    stat("/closed:mode=750", "/closed").ok().is("750");
    stat("/nowhere/yet", "/nowhere/yet").ok().is("1777");
    let seen = options(&world, &["--tmpfs", "/t:exec,size=2m"], "/t");
    assert!(seen.starts_with("tmpfs rw,nosuid,nodev,relatime") && seen.contains("size=2048k"), "{seen}");
    world.run(&["run", "--rm", "--tmpfs", "/t:ro", "bb", "touch", "/t/x"]).ends(1).says(&["Read-only"]);
    // Of two for one place the last one counts.
    let seen = options(&world, &["--tmpfs", "/t:size=1m", "--tmpfs", "/t:size=3m"], "/t");
    assert!(seen.contains("size=3072k"), "{seen}");
}

#[test]
fn volumes_of_the_image_unless_something_is_mounted_there() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/seed", "of the image");
    world.write("host/seed", "of the host");
    world.build(&["-t", "app"], "FROM bb\nCOPY seed /data/seed\nVOLUME [\"/data\", \"/empty\"]\n").ok();
    let cat = |flags: &[&str]| {
        world.run(&[&["run", "--rm"], flags, &["app", "sh", "-c", "cat /data/seed; ls -d /empty"]].concat())
    };
    cat(&[]).ok().is("of the image/empty");
    cat(&["-v", "./host:/data"]).ok().is("of the host/empty");
    cat(&["--tmpfs", "/data"]).ok().is("/empty");
    cat(&["-v", "/data", "-v", "/data/"]).ok().is("of the image/empty");
    // What is written there is no part of the container.
    world.run(&["run", "--name", "it", "app", "touch", "/data/new", "/empty/new"]).ok();
    let mounts = world.run(&["inspect", "-f", "{{range .Mounts}}{{.Destination}} {{end}}", "it"]);
    mounts.ok().is("/data /empty");
    world.run(&["rm", "-v", "it"]).ok();
    assert_eq!(world.in_store("volumes"), Vec::<String>::new());
}

#[test]
fn mounts_of_another_container() {
    let Some(world) = World::with_busybox() else { return };
    world.write("host/file", "from outside");
    world.write("other/file", "another");
    let flags = ["-v", "./host:/h:ro", "-v", "db:/v", "--tmpfs", "/t", "-v", "/anonymous"];
    world
        .run(
            &[&["run", "--name", "first"], &flags[..], &["bb", "sh", "-c", "echo 1 > /v/f; touch /t/f"]]
                .concat(),
        )
        .ok();
    let from = |words: &[&str], script: &str| {
        world.run(&[&["run", "--rm", "--volumes-from"], words, &["bb", "sh", "-c", script]].concat())
    };
    from(&["first"], "cat /h/file /v/f; ls -d /anonymous; ls /t").ends(1).is("from outside1\n/anonymous");
    from(&["first"], "touch /v/new && ! touch /h/new").ok();
    from(&["first:ro"], "touch /v/other").ends(1).says(&["Read-only"]);
    from(&["first:rw"], "touch /h/new").ends(1).says(&["Read-only"]);
    from(&["first", "-v", "./other:/h"], "cat /h/file").ok().is("another");
    from(&["first:bogus"], "true").ends(125).one_sentence().says(&["invalid mode: bogus"]);
    from(&["nobody"], "true").ends(125).one_sentence().says(&["'nobody'"]);
    let volumes = world.in_store("volumes");
    assert_eq!(volumes.len(), 2, "{volumes:?}");
}

#[test]
fn a_target_behind_a_link_of_the_image() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nRUN mkdir /real && ln -s /real /link && ln -s /not/there /dangling && ln -s ../../../up /climbs\n";
    world.build(&["-t", "links"], dockerfile).ok();
    let run = |target: &str, script: &str| {
        world.run(&["run", "--rm", "-v", &format!("db:{target}"), "links", "sh", "-c", script])
    };
    run("/link", "echo x > /real/f").ok();
    run("/dangling", "cat /not/there/f").ok().is("x");
    run("/climbs/in", "cat /up/in/f").ok().is("x");
}

#[test]
fn a_read_only_root_leaves_mounts_writable() {
    let Some(world) = World::with_busybox() else { return };
    let script = "touch /v/x /dev/shm/x && ! touch /etc/x && ! touch /run 2>/dev/null && ! touch /tmp/x";
    world.run(&["run", "--rm", "--read-only", "-v", "db:/v", "bb", "sh", "-c", script]).ok();
}

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

#[test]
fn the_kernels_files_are_out_of_reach() {
    let Some(world) = World::with_busybox() else { return };
    let script = "\
        echo x > /proc/sys/kernel/domainname && echo changed-$((1+1)); \
        cat /proc/kcore 2>/dev/null | head -c 1 | wc -c; \
        ls /sys/firmware | wc -l; \
        ls /dev | tr '\\n' ' '; \
        echo";
    let output = world.run(&["run", "--rm", "bb", "sh", "-c", script]);
    assert!(!output.stdout.contains("changed-2"), "{output}");
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!((lines[0], lines[1]), ("0", "0"), "{output}");
    for device in
        ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "mqueue", "fd", "stdin"]
    {
        assert!(lines[2].split(' ').any(|name| name == device), "{device}: {output}");
    }
    for absent in ["sda", "vda", "kmsg", "mem", "kvm", "loop0"] {
        assert!(!lines[2].split(' ').any(|name| name == absent), "{absent}: {output}");
    }
}

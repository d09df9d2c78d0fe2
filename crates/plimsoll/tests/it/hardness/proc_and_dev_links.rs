//! Images in which `/proc`, `/sys` or `/dev` is something else than a directory.

use std::os::unix::fs::{MetadataExt as _, symlink};

use plimsoll_testkit::rootfs;

use super::{Victim, image_with};
use crate::harness::World;

/// CVE-2019-19921, CVE-2019-16884, CVE-2023-27561, CVE-2023-28642, CVE-2025-52881: settings and labels were
/// written to a false procfs. CVE-2026-41579, CVE-2026-47766: devices and links were made on the host.
#[test]
fn nothing_is_mounted_or_made_where_a_link_of_the_image_leads() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let (out, up) = (victim.word(), victim.upwards());
    for name in ["proc", "sys", "dev"] {
        for link in [Some(out.as_str()), Some(&up), Some("home/app"), None] {
            image_with(&world, name, link);
            for flags in [&[][..], &["--init", "-t"], &["--network", "host", "-v", "data:/data"]] {
                let words = [&["run", "--rm"][..], flags, &["evil", "true"]].concat();
                let says = ["the image has a link or file where this directory must be"];
                world.run(&words).ends(125).one_sentence().says(&says);
            }
            world.build(&[], "FROM evil\nRUN true\n").ends(4).one_sentence();
            victim.assert_untouched();
        }
    }
    world.assert_nothing_left();
}

/// CVE-2019-16884, CVE-2023-28642: a volume in place of `/proc` or below it.
#[test]
fn no_volume_covers_what_the_kernel_tells() {
    let Some(world) = World::with_busybox() else { return };
    let links = "FROM bb\nRUN ln -s /proc /kernel && ln -s /proc/self /me && ln -s ../sys /devices\n";
    world.build(&["-t", "evil"], links).ok();
    std::fs::create_dir(world.path("mine")).unwrap();
    let mine = world.word("mine");
    for target in
        ["/", "/proc", "/sys", "/dev", "/proc/", "/tmp/../proc", "/proc/sys", "/proc/self/attr", "/proc/1"]
    {
        let volume = format!("{mine}:{target}");
        world.run(&["run", "--rm", "-v", &volume, "evil", "true"]).ends(125).one_sentence();
        world.run(&["run", "--rm", "-v", &format!("data:{target}"), "evil", "true"]).ends(125).one_sentence();
        world.run(&["run", "--rm", "--tmpfs", target, "evil", "true"]).ends(125).one_sentence();
    }
    for target in ["/kernel", "/kernel/sys/kernel", "/me/attr", "/me"] {
        let volume = format!("{mine}:{target}");
        world.run(&["run", "--rm", "-v", &volume, "evil", "true"]).ends(125).one_sentence();
        world.run(&["run", "--rm", "--tmpfs", target, "evil", "true"]).ends(125).one_sentence();
        let step = format!("FROM evil\nRUN --mount=type=tmpfs,target={target} true\n");
        world.build(&[], &step).ends(4).one_sentence();
    }
    assert_eq!(std::fs::read_dir(world.path("mine")).unwrap().count(), 0);
    world.assert_nothing_left();
}

/// What is below the image's own `/dev` is never used: a fresh one covers it.
#[test]
fn no_device_or_link_of_the_image_is_used() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let root = world.path("p/root");
    std::fs::create_dir_all(&root).unwrap();
    rootfs::busybox(&root);
    for name in ["pts", "shm", "mqueue", "ptmx", "console", "null", "tty", "fd", "stdin", "stdout", "zero"] {
        symlink(victim.path(), root.join("dev").join(name)).unwrap();
    }
    world.build(&["-t", "evil"], "FROM scratch\nCOPY root /\n").ok();
    let script =
        "echo x > /dev/null; touch /dev/shm/x /dev/mqueue/y; readlink /dev/fd; stat -c %t:%T /dev/null";
    for flags in [&[][..], &["-t"], &["--init", "-t"]] {
        let words = [&["run", "--rm"][..], flags, &["evil", "sh", "-c", script]].concat();
        let output = world.run(&words);
        assert_eq!(output.ok().stdout.replace('\r', ""), "/proc/self/fd\n1:3\n", "{output}");
    }
    victim.assert_untouched();
}

/// Neither the host's devices nor a way to get at them: what is there is harmless, and what is made is dead.
#[test]
fn no_device_of_the_host_is_there() {
    let Some(world) = World::with_busybox() else { return };
    let harmless = "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero";
    let dead = "for p in / /dev/ /dev/shm/ /tmp/; do mknod ${p}node b 8 0 2>/dev/null; mknod ${p}mem c 1 1 2>/dev/null; \
        head -c 1 ${p}node ${p}mem 2>/dev/null; rm -f ${p}node ${p}mem; done; true";
    super::sleeping(&world, "it", &[]);
    for words in [&["run", "--rm", "bb"][..], &["run", "--rm", "--cap-add", "ALL", "bb"], &["exec", "it"]] {
        let list = world.run(&[words, &["sh", "-c", "echo $(ls /dev)"]].concat());
        list.ok().is(harmless);
        world.run(&[words, &["sh", "-c", dead]].concat()).ok().is("");
    }
}

/// The nodes shown are the host's: with real root a container's `chmod 600 /dev/null` would be for all.
#[test]
fn no_device_of_the_host_is_changed() {
    let Some(world) = World::with_busybox() else { return };
    let devices = ["null", "zero", "full", "random", "urandom", "tty"];
    let nodes = || devices.map(|name| (name, Node::of(&std::fs::metadata(format!("/dev/{name}")).unwrap())));
    let before = nodes();
    let change = "cd /dev && for d in null zero full random urandom tty; do \
        chmod 600 $d; chown 1000:1000 $d; touch -d 2000-01-01 $d; done 2>&1 | grep -cE 'Read-only|not permitted'";
    super::sleeping(&world, "it", &[]);
    for words in [&["run", "--rm", "bb"][..], &["run", "--rm", "-t", "bb"], &["exec", "it"]] {
        world.run(&[words, &["sh", "-c", change]].concat()).ok().is("18");
        assert_eq!(nodes(), before);
        // They work as ever.
        let used = "echo x > /dev/null && head -c 2 /dev/zero | wc -c && ! echo x 2>/dev/null > /dev/full";
        world.run(&[words, &["sh", "-c", used]].concat()).ok().is("2");
    }
    world.build(&[], &format!("FROM bb\nRUN {change}; echo x > /dev/null\n")).ok();
    assert_eq!(nodes(), before);
}

/// What of a device node can be changed.
#[derive(Debug, PartialEq)]
struct Node {
    mode: u32,
    owner: (u32, u32),
    modified: i64,
}

impl Node {
    fn of(metadata: &std::fs::Metadata) -> Node {
        Node { mode: metadata.mode(), owner: (metadata.uid(), metadata.gid()), modified: metadata.mtime() }
    }
}

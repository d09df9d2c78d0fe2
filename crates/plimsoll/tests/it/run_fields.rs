//! `run`: shared namespaces, devices, limits and kernel settings, from the command line to the inside.

use crate::harness::{Ids, World, ids};

const KINDS: [&str; 5] = ["pid", "ipc", "uts", "net", "cgroup"];
const LINKS: &str = "for n in pid ipc uts net cgroup; do readlink /proc/self/ns/$n; done";

/// A shell line in a container that is removed afterwards.
fn inside(world: &World, flags: &[&str], line: &str) -> String {
    let words = [&["run", "--rm"], flags, &["bb", "sh", "-c", line]].concat();
    world.run(&words).ok().stdout.clone()
}

fn sleeping(world: &World, name: &str, flags: &[&str]) {
    world.run(&[&["run", "-d", "--name", name], flags, &["bb", "sleep", "1000"]].concat()).ok();
}

#[test]
fn namespaces_of_another_container_are_shared_by_name_and_id() {
    let Some(world) = World::with_busybox() else { return };
    sleeping(&world, "web", &["--hostname", "ship"]);
    let theirs = world.run(&["exec", "web", "sh", "-c", LINKS]).ok().stdout.clone();
    for (at, kind) in KINDS.iter().enumerate() {
        let flag = match *kind {
            "net" => "--network",
            "cgroup" => "--cgroupns",
            "pid" => "--pid",
            "ipc" => "--ipc",
            _ => "--uts",
        };
        for user in ["root", "app"] {
            let ours = inside(&world, &[flag, "container:web", "--user", user], LINKS);
            for (number, (ours, theirs)) in ours.lines().zip(theirs.lines()).enumerate() {
                assert_eq!(ours == theirs, number == at, "{flag} as {user}: {}", KINDS[number]);
            }
        }
    }
    assert_eq!(inside(&world, &["--pid", "container:web"], "ps -o args | grep -c '^sleep 1000'"), "1\n");
    assert_eq!(inside(&world, &["--uts", "container:web"], "hostname"), "ship\n");
    world.run(&["exec", "web", "sh", "-c", "echo theirs >/dev/shm/file"]).ok();
    assert_eq!(inside(&world, &["--ipc", "container:web"], "cat /dev/shm/file"), "theirs\n");
    world.run(&["rm", "-f", "web"]).ok();
    world.assert_nothing_left();
}

#[test]
fn a_created_container_joins_when_it_is_started() {
    let Some(world) = World::with_busybox() else { return };
    sleeping(&world, "web", &[]);
    world.run(&["create", "--name", "friend", "--network", "container:web", "bb", "sleep", "1000"]).ok();
    world.run(&["start", "friend"]).ok();
    let link = |name: &str| world.run(&["exec", name, "readlink", "/proc/self/ns/net"]).ok().stdout.clone();
    assert_eq!(link("friend"), link("web"));
    world.run(&["restart", "-t", "0", "friend"]).ok();
    assert_eq!(link("friend"), link("web"));
    world.run(&["rm", "-f", "friend"]).ok();
    world.run(&["kill", "web"]).ok();
    let words = ["run", "--rm", "--network", "container:web", "bb", "true"];
    world.run(&["wait", "web"]).ok();
    world.run(&words).ends(125).one_sentence().says(&["web is not running"]);
    world.run(&["run", "--rm", "--pid", "container:nobody", "bb", "true"]).ends(125).one_sentence();
    world.run(&["rm", "web"]).ok();
    world.assert_nothing_left();
}

#[test]
fn namespaces_of_the_host_are_shared() {
    let Some(world) = World::with_busybox() else { return };
    let host =
        |kind: &str| format!("{}\n", std::fs::read_link(format!("/proc/self/ns/{kind}")).unwrap().display());
    for (flag, kind) in [("--pid", "pid"), ("--ipc", "ipc"), ("--uts", "uts"), ("--cgroupns", "cgroup")] {
        let ours = inside(&world, &[flag, "host"], &format!("readlink /proc/self/ns/{kind}"));
        assert_eq!(ours, host(kind));
    }
    let words = ["run", "--rm", "--userns", "host", "bb", "true"];
    match ids() {
        Ids::Root => drop(world.run(&words).ok()),
        _ => drop(world.run(&words).ends(125).one_sentence().says(&["ordinary user"])),
    }
    world.assert_nothing_left();
}

#[test]
fn devices_limits_and_settings_arrive() {
    let Some(world) = World::with_busybox() else { return };
    let flags = [
        "--device",
        "/dev/zero:/dev/zeros",
        "--ulimit",
        "nofile=64:65",
        "--sysctl",
        "net.core.somaxconn=77",
        "--sysctl",
        "kernel.msgmax=7000",
        "--domainname",
        "sea",
        "--shm-size",
        "1m",
        "--oom-score-adj",
        "900",
    ];
    let line = "dd if=/dev/zeros bs=4 count=1 2>/dev/null | wc -c; ulimit -Sn; ulimit -Hn; \
                cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax /proc/sys/kernel/domainname; \
                stat -f -c %b /dev/shm; cat /proc/self/oom_score_adj";
    let expected = "4\n64\n65\n77\n7000\nsea\n256\n900\n";
    assert_eq!(inside(&world, &flags, line), expected);
    // A process that joins later has the same limits.
    sleeping(&world, "it", &flags);
    world.run(&["exec", "it", "sh", "-c", line]).ok().is(expected.trim());
    world.run(&["rm", "-f", "it"]).ok();
    world.assert_nothing_left();
}

#[test]
fn privileged_and_bare_containers() {
    let Some(world) = World::with_busybox() else { return };
    let line = "grep -c -E ' (/proc/sys|/proc/kcore|/sys/firmware) ' /proc/mounts; \
                grep ^Seccomp: /proc/self/status; mount -t tmpfs x /tmp 2>/dev/null && echo mounted";
    assert_eq!(inside(&world, &["--privileged"], line), "0\nSeccomp:\t0\nmounted\n");
    assert_eq!(
        inside(&world, &["--security-opt", "systempaths=unconfined"], &format!("{line}; true")),
        "0\nSeccomp:\t2\n"
    );
    sleeping(&world, "it", &["--privileged"]);
    world
        .run(&["exec", "it", "sh", "-c", "mount -t tmpfs x /mnt || mkdir /mnt && mount -t tmpfs x /mnt"])
        .ok();
    world.run(&["rm", "-f", "it"]).ok();
    world.assert_nothing_left();
}

//! Control groups, through which a container could reach beyond itself.

use crate::harness::World;

/// Tries to make a group, to move itself, and to name a program the kernel runs on the host.
const ATTEMPTS: &str = "\
    find /sys/fs/cgroup -maxdepth 2 -type d 2>/dev/null | while read d; do \
        mkdir $d/escape 2>/dev/null && echo $d/escape; \
        echo 1 2>/dev/null > $d/cgroup.procs && echo $d/cgroup.procs; \
        echo /bin/true 2>/dev/null > $d/release_agent && echo $d/release_agent; \
        echo 1 2>/dev/null > $d/notify_on_release && echo $d/notify_on_release; \
    done; \
    mkdir -p /tmp/cg; \
    for kind in cgroup cgroup2; do for option in rdma memory pids none; do \
        mount -t $kind -o $option none /tmp/cg 2>/dev/null && echo mounted $kind $option; done; done; \
    true";

/// Shows what there is of groups, and which of the kernel's mounts can be written.
const SHOWN: &str = "ls -A /sys/fs/cgroup; grep -E ' /sys[/ ]' /proc/mounts | grep -v ' ro,'; true";

/// CVE-2023-25809: an ordinary user's container could write to /sys/fs/cgroup of the host. CVE-2022-0492:
/// whoever mounts a version 1 hierarchy names a release_agent, which runs on the host as root.
#[test]
fn no_control_group_can_be_seen_made_changed_or_mounted() {
    let Some(world) = World::with_busybox() else { return };
    super::sleeping(&world, "it", &["--network", "host"]);
    for container in [
        &["run", "--rm", "bb"][..],
        &["run", "--rm", "--network", "host", "bb"],
        &["run", "--rm", "--network", "none", "--init", "bb"],
        &["exec", "it"],
    ] {
        world.run(&[container, &["sh", "-c", ATTEMPTS]].concat()).ok().is("");
        world.run(&[container, &["sh", "-c", SHOWN]].concat()).ok().is("");
    }
    // Neither in a namespace that would give the right to mount.
    for flags in ["-C", "-m", "-Ur", "-UrmC"] {
        let script = format!("unshare {flags} sh -c '{ATTEMPTS}'");
        let output = world.run(&["run", "--rm", "bb", "sh", "-c", &script]);
        assert_ne!(output.code, 0, "{output}");
        output.is("");
    }
    for network in ["none", "host"] {
        let step = format!("FROM bb\nRUN --network={network} ({ATTEMPTS}) > /tmp/out; test ! -s /tmp/out\n");
        world.build(&[], &step).ok();
    }
}

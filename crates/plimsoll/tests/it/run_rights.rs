//! `run`: capabilities, privileges, namespaces, init.

use crate::harness::{Ids, World, ids};

/// A field of `/proc/self/status` of a process started with these flags.
fn status(world: &World, flags: &[&str], field: &str) -> String {
    let mut all = vec!["run", "--rm", "--network", "none"];
    all.extend(flags);
    all.extend(["bb", "grep", field, "/proc/self/status"]);
    let output = world.run(&all);
    output.ok().stdout.split_whitespace().nth(1).unwrap_or_else(|| panic!("{output}")).to_string()
}

/// Docker's fourteen: CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE
/// NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP.
const DOCKERS: &str = "00000000a80425fb";

#[test]
fn capabilities_are_those_asked_for() {
    let Some(world) = World::with_busybox() else { return };
    let number = |text: String| u64::from_str_radix(&text, 16).unwrap();
    let dockers = u64::from_str_radix(DOCKERS, 16).unwrap();
    let bounding = number(status(&world, &[], "CapBnd"));
    assert_eq!(bounding & !dockers, 0, "none that docker does not give: {bounding:x}");
    assert_ne!(bounding & 1, 0, "CHOWN is one: {bounding:x}");
    assert_eq!(number(status(&world, &[], "CapEff")), bounding, "root has them");
    assert_eq!(number(status(&world, &["-u", "app"], "CapEff")), 0, "others do not");
    assert_eq!(number(status(&world, &["--cap-drop", "ALL"], "CapBnd")), 0);
    assert_eq!(
        number(status(&world, &["--cap-drop", "chown", "--cap-drop", "CAP_KILL"], "CapEff")),
        bounding & !0b10_0001
    );
    assert_eq!(number(status(&world, &["--cap-drop", "ALL", "--cap-add", "NET_ADMIN"], "CapEff")), 1 << 12);
    world.run(&["run", "--rm", "--cap-drop", "ALL", "bb", "chown", "app", "/etc/passwd"]).ends(1);
    if ids() != Ids::Single {
        world.run(&["run", "--rm", "bb", "chown", "app", "/etc/passwd"]).ok();
    }
}

#[test]
fn privileges_and_system_calls() {
    let Some(world) = World::with_busybox() else { return };
    assert_eq!(status(&world, &["--security-opt", "no-new-privileges"], "NoNewPrivs"), "1");
    assert_eq!(status(&world, &["--security-opt=no-new-privileges:true"], "NoNewPrivs"), "1");
    assert_eq!(status(&world, &[], "Seccomp:"), "2", "Docker's filter is on");
    let open = [
        "run",
        "--rm",
        "--cap-add",
        "SYS_ADMIN",
        "--security-opt",
        "seccomp=unconfined",
        "bb",
        "mount",
        "-t",
        "tmpfs",
        "x",
        "/tmp",
    ];
    world.run(&open).ok();
}

#[test]
fn namespaces_are_its_own() {
    let Some(world) = World::with_busybox() else { return };
    let own = |flags: &[&str]| {
        let mut all = vec!["run", "--rm"];
        all.extend(flags);
        all.extend([
            "bb",
            "sh",
            "-c",
            "for n in mnt pid ipc uts net cgroup; do readlink /proc/self/ns/$n; done",
        ]);
        let output = world.run(&all);
        output.ok().stdout.lines().map(str::to_string).collect::<Vec<_>>()
    };
    let ours =
        |name: &str| std::fs::read_link(format!("/proc/self/ns/{name}")).unwrap().display().to_string();
    let inside = own(&[]);
    for (index, name) in ["mnt", "pid", "ipc", "uts", "net", "cgroup"].iter().enumerate() {
        assert_ne!(inside[index], ours(name), "{name}");
    }
    assert_eq!(own(&["--network", "host"])[4], ours("net"));
    assert_ne!(own(&["--network", "none"])[4], ours("net"));
}

#[test]
fn an_init_reaps_and_passes_signals_on() {
    let Some(world) = World::with_busybox() else { return };
    // An orphan that ends: without an init it stays a zombie, since sh as PID 1 sleeps.
    let script = "(sleep 0.05 & exec sleep 0) ; sleep 0.4; ps -o stat,comm | grep -c '^Z'; cat /proc/1/comm";
    let with = world.run(&["run", "--rm", "--init", "bb", "sh", "-c", script]);
    let lines: Vec<&str> = with.stdout.lines().collect();
    assert_eq!(lines[0], "0", "{with}");
    assert_ne!(lines[1], "sh", "{with}");
    let without = world.run(&["run", "--rm", "bb", "cat", "/proc/1/comm"]);
    without.ok().is("cat");
    let code = world.run(&["run", "--rm", "--init", "bb", "sh", "-c", "exit 42"]);
    code.ends(42);
    world.run(&["run", "--rm", "--init", "bb", "no-such-program"]).ends(127).one_sentence();
}

#[test]
fn the_plan_is_shown_and_nothing_started() {
    let Some(world) = World::with_busybox() else { return };
    let plan = world.run(&["run", "--plan", "--read-only", "-u", "app", "bb", "echo", "x"]);
    plan.ok().prints(&["namespaces", "/proc", "system calls", "1000", "echo x"]);
    assert!(plan.stdout.lines().all(|line| line.chars().count() <= 100), "{plan}");
    world.assert_nothing_left();
}

//! Names, limits and kernel settings.

use std::fs;

use crate::launch_support::{Bed, Who, for_each};

/// Whether the kernel lets this user go beyond its own limits: root need not have the right.
fn may_exceed(bed: &Bed) -> bool {
    const SYS_RESOURCE: u64 = 1 << 24;
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap().trim();
    bed.who == Who::Root && u64::from_str_radix(effective, 16).unwrap() & SYS_RESOURCE != 0
}

#[test]
fn names_are_its_own() {
    for_each(|bed| {
        let line = "hostname; cat /proc/sys/kernel/domainname";
        let done = bed.sh(&["--hostname", "ship", "--domainname", "sea"], line);
        assert_eq!(done.out, "ship\nsea\n", "{}", done.err);
        assert_eq!(bed.sh(&[], line).out, "box\n(none)\n");
        let done = bed.run(&["--domainname", &"x".repeat(65), "true"]);
        assert_eq!(done.code, 125);
        assert!(done.err.contains("longer than 64 bytes"), "{}", done.err);
    });
}

#[test]
fn limits_hold_and_say_why_they_cannot() {
    for_each(|bed| {
        let limits =
            ["--ulimit", "nofile=64:65", "--ulimit", "core=0:0", "--ulimit", "stack=1048576:2097152"];
        let line = "ulimit -Sn; ulimit -Hn; ulimit -c; ulimit -Ss; ulimit -Hs";
        let done = bed.sh(&limits, line);
        assert_eq!(done.out, "64\n65\n0\n1024\n2048\n", "{}", done.err);
        let done = bed.run(&["--ulimit", "nofiles=1:1", "true"]);
        assert_eq!(done.code, 125);
        assert!(done.err.contains("no limit named 'nofiles'; there are core, cpu"), "{}", done.err);
        let done = bed.run(&["--ulimit", "nofile=2:1", "true"]);
        assert!(done.err.contains("more than 1, the most it may be raised to"), "{}", done.err);
        let ours = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum.unwrap();
        let done = bed.sh(&["--ulimit", &format!("nofile=10:{}", ours + 1)], "ulimit -Hn");
        match may_exceed(bed) {
            true => assert_eq!(done.out, format!("{}\n", ours + 1), "{}", done.err),
            false => {
                assert_eq!(done.code, 125);
                assert!(
                    done.err.contains(&format!("plimsoll itself may have {ours} at most")),
                    "{}",
                    done.err
                );
            }
        }
        let done = bed.run(&["--ulimit", "nofile=10:-", "true"]);
        assert_eq!(done.code, 125, "more files than fs.nr_open nobody gets");
        assert!(done.err.contains("(fs.nr_open)"), "{}", done.err);
    });
}

#[test]
fn the_oom_score_is_set_as_far_as_it_may_be() {
    for_each(|bed| {
        let ours: i32 = fs::read_to_string("/proc/self/oom_score_adj").unwrap().trim().parse().unwrap();
        let score = |score: &str| bed.run(&["--oom-score", score, "cat", "/proc/self/oom_score_adj"]);
        assert_eq!(score("1000").out, "1000\n");
        let done = score("-1000");
        match bed.who {
            // As rootless docker does, and the plan says so.
            Who::User => assert_eq!(done.out, format!("{ours}\n"), "{}", done.err),
            Who::Root if may_exceed(bed) => assert_eq!(done.out, "-1000\n", "{}", done.err),
            Who::Root => {
                assert_eq!(done.code, 125);
                assert!(done.err.contains(&format!("plimsoll itself has {ours}")), "{}", done.err);
            }
        }
        let done = score("1001");
        assert!(done.code == 125 && done.err.contains("out of range"), "{}", done.err);
    });
}

#[test]
fn kernel_settings_of_its_own_namespaces() {
    for_each(|bed| {
        let set = |setting: &str, line: &str| bed.sh(&["--sysctl", setting], line);
        for (setting, path) in [
            ("net.ipv4.ip_unprivileged_port_start=77", "net/ipv4/ip_unprivileged_port_start"),
            ("net.ipv4.conf.lo.forwarding=1", "net/ipv4/conf/lo/forwarding"),
            ("net/ipv4/conf/all/forwarding=1", "net/ipv4/conf/all/forwarding"),
            ("kernel.shm_rmid_forced=1", "kernel/shm_rmid_forced"),
            ("kernel.msgmax=7000", "kernel/msgmax"),
            ("fs.mqueue.msg_default=7", "fs/mqueue/msg_default"),
        ] {
            let host = fs::read_to_string(format!("/proc/sys/{path}")).unwrap();
            let done = set(setting, &format!("cat /proc/sys/{path}"));
            let value = setting.split('=').nth(1).unwrap();
            assert_eq!(done.out, format!("{value}\n"), "{setting}: {}", done.err);
            assert_eq!(fs::read_to_string(format!("/proc/sys/{path}")).unwrap(), host, "{setting}");
        }
        for (setting, why) in [
            ("net.ipv4.nothing=1", "this kernel has no such setting for a container"),
            ("kernel.msgmax=many", "the kernel does not take this value"),
            ("kernel.pid_max=100", "the whole machine's"),
            ("net...kernel.pid_max=100", "empty or dots"),
            ("net.//.kernel.pid_max=100", "empty or dots"),
        ] {
            let done = set(setting, "true");
            assert_eq!(done.code, 125, "{setting}");
            assert!(done.err.contains(why), "{setting}: {}", done.err);
        }
        let done = bed.run(&["--host-network", "--sysctl", "net.ipv4.ip_forward=0", "true"]);
        assert!(done.code == 125 && done.err.contains("shares the host's network"), "{}", done.err);
        let done = bed.run(&["--ipc", "host", "--sysctl", "kernel.msgmax=1", "true"]);
        assert!(done.code == 125 && done.err.contains("shares the host's shared memory"), "{}", done.err);
    });
}

#[test]
fn shared_memory_has_its_size() {
    for_each(|bed| {
        let line = "stat -f -c %b /dev/shm";
        assert_eq!(bed.sh(&["--shm", "1048576"], line).out, "256\n");
        assert_eq!(bed.sh(&["--shm", "0"], line).out, bed.sh(&[], line).out, "0 is docker's default");
    });
}

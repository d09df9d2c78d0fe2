//! Control groups around the launcher: joining, seeing and limiting them, on both versions.

use std::fs;
use std::io::BufRead as _;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::Limits;
use plimsoll_runtime::cgroup::{Cgroup, CgroupError};

use crate::launch_support::{Bed, Who, finish, for_each, skip};

/// No container has such an id.
fn id(test: &str) -> String {
    format!("test-{test}-{}", std::process::id())
}

/// Root of a machine where memory and processes can be limited; if not, it is said.
fn can_limit() -> bool {
    let limits = Limits { memory: Some(64 << 20), pids: Some(10), ..Limits::default() };
    let spec = LaunchSpec { limits, ..LaunchSpec::of(vec!["true".into()]) };
    let created = Cgroup::create(&id("probe"), &spec).unwrap();
    created.cgroup.remove().unwrap();
    let warning = created.warnings.first();
    warning.is_none_or(|warning| {
        skip(warning);
        false
    })
}

/// Where version 2 is mounted, with or without controllers.
fn unified() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let line =
        mounts.lines().find(|line| line.contains(" - cgroup2 ") && line.split(' ').nth(3) == Some("/"));
    let at = line.and_then(|line| line.split(' ').nth(4)).map(PathBuf::from);
    if at.is_none() {
        skip("control groups of version 2 are not mounted");
    }
    at
}

/// A group for one test, which a failing test does not leave behind.
struct Group(PathBuf);

impl Drop for Group {
    fn drop(&mut self) {
        let group = self.cgroup();
        let _ = group.kill_all();
        let _ = group.remove();
        let _ = fs::remove_dir(&self.0);
    }
}

impl Group {
    fn cgroup(&self) -> Cgroup {
        Cgroup::open(std::slice::from_ref(&self.0))
    }
}

const LIMIT_SEEN: &str = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes";

#[test]
fn a_limited_process_sees_its_own_group_and_cannot_change_it() {
    for_each(|bed| {
        if bed.who != Who::Root || !can_limit() {
            return;
        }
        let id = id("seen");
        let limited = ["--cgroup", &id, "--limit-memory", "33554432", "--limit-pids", "9"];
        // The root of all groups it sees is its own one: no path leads beyond it.
        let paths = bed.sh(&limited, "grep -v name= /proc/self/cgroup");
        assert!(paths.out.lines().all(|line| line.ends_with(":/")), "{paths:?}");
        assert_eq!((paths.code, paths.err.as_str()), (0, ""));
        let limit = bed.sh(&limited, &format!("{LIMIT_SEEN} 2>/dev/null"));
        assert_eq!(limit.out, "33554432\n");
        for write in [
            "mkdir /sys/fs/cgroup/memory/x /sys/fs/cgroup/x",
            "echo max > /sys/fs/cgroup/memory.max",
            "echo -1 > /sys/fs/cgroup/memory/memory.limit_in_bytes",
            "touch /sys/fs/cgroup/x",
        ] {
            assert_ne!(bed.sh(&limited, write).code, 0, "{write}");
        }
        let many = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 5 & done";
        let refused = bed.sh(&limited, many);
        assert!(refused.err.contains("can't fork"), "{refused:?}");
        let used_up = bed.sh(&limited, "head=/bin/busybox; $head tail /dev/zero");
        assert_eq!(used_up.code, 137, "{used_up:?}");
    });
}

#[test]
fn devices_are_refused_even_to_root() {
    for_each(|bed| {
        if bed.who != Who::Root {
            return;
        }
        let id = id("devices");
        let usual =
            "mknod /tmp/kmsg c 1 11 && cat /dev/null && dd if=/dev/zero bs=1 count=1 2>/dev/null | wc -c";
        let done = bed.sh(&["--cgroup", &id], usual);
        assert_eq!((done.code, done.out.as_str()), (0, "1\n"), "{done:?}");
        let refused = bed.sh(&["--cgroup", &id], "mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg");
        assert!(refused.err.contains("Permission denied"), "{refused:?}");
        if !Path::new("/sys/fs/cgroup/devices").is_dir() {
            // Version 2: the mounts alone keep devices away.
            return;
        }
        let rules = "cat /sys/fs/cgroup/devices/devices.list";
        let listed = bed.sh(&["--cgroup", &id, "--limit-pids", "99"], rules);
        let mut lines: Vec<&str> = listed.out.lines().collect();
        lines.sort_unstable();
        let expected = [
            "b *:* m",
            "c *:* m",
            "c 136:* rwm",
            "c 1:3 rwm",
            "c 1:5 rwm",
            "c 1:7 rwm",
            "c 1:8 rwm",
            "c 1:9 rwm",
            "c 5:0 rwm",
            "c 5:1 rwm",
            "c 5:2 rwm",
        ];
        assert_eq!(lines, expected);
    });
}

#[test]
fn without_delegation_a_limit_is_a_warning_and_nothing_is_seen() {
    for_each(|bed| {
        let none = Cgroup::create(&id("none"), &LaunchSpec::of(Vec::new())).unwrap().cgroup;
        let delegated = bed.who == Who::User && !none.directories().is_empty();
        none.remove().unwrap();
        if bed.who == Who::Root || (delegated && !rustix::process::geteuid().is_root()) {
            return;
        }
        let limited = ["--cgroup", "none", "--limit-memory", "33554432", "--limit-cpus", "50"];
        let done = bed.sh(&limited, "ls -A /sys/fs/cgroup; mkdir /sys/fs/cgroup/x");
        assert_eq!((done.code, done.out.as_str()), (1, ""));
        for sentence in ["the memory limit is discarded because ", "the CPU limit is discarded because "] {
            assert_eq!(done.err.matches(sentence).count(), 1, "{done:?}");
        }
        assert!(!done.err.contains("swap"), "one wish, one warning: {done:?}");
    });
}

/// The launcher's command line in a private view of the machine that has version 2 only.
fn on_version_two(launcher: &Command) -> Command {
    let mut command = Command::new("unshare");
    let script = "umount -R -l /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec \"$@\"";
    command.args(["-m", "sh", "-c", script, "sh"]).arg(launcher.get_program()).args(launcher.get_args());
    command
}

#[test]
fn version_two_joins_freezes_and_kills() {
    for_each(|bed| {
        if bed.who != Who::Root {
            return;
        }
        let Some(mount) = unified() else { return };
        let id = id("two");
        let group = Group(mount.join("plimsoll").join(&id));
        let seen = "grep ^0:: /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.freeze; mkdir /sys/fs/cgroup/x";
        let done = finish(on_version_two(&bed.container(&["--cgroup", &id, "sh", "-c", seen])));
        assert_eq!((done.code, done.out.as_str()), (1, "0::/\n0\n"), "{done:?}");
        assert!(!group.0.exists());

        let shared = bed.make_owned("shared");
        let count = format!("{}:/shared", shared.display());
        let counting =
            "echo 0 > /shared/count; echo up; i=0; while :; do i=$((i + 1)); echo $i > /shared/count; done";
        let words = ["--cgroup", &id, "--bind", &count, "sh", "-c", counting];
        let mut launcher = on_version_two(&bed.container(&words)).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(launcher.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");

        let cgroup = group.cgroup();
        assert_eq!(cgroup.processes().len(), 1);
        assert!(!cgroup.is_frozen());
        cgroup.freeze().unwrap();
        assert!(cgroup.is_frozen());
        let number = || fs::read_to_string(shared.join("count")).unwrap();
        let before = number();
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert_eq!(number(), before, "what is frozen does not count on");
        cgroup.thaw().unwrap();
        assert!(!cgroup.is_frozen());
        cgroup.kill_all().unwrap();
        assert_eq!(launcher.wait().unwrap().code(), Some(137));
        assert!(!group.0.exists(), "its launcher has removed it");
    });
}

#[test]
fn an_ordinary_user_has_a_group_where_one_is_delegated() {
    for_each(|bed| {
        if bed.who != Who::User {
            return;
        }
        if !rustix::process::geteuid().is_root() {
            return skip("only root can delegate a group");
        }
        let Some(mount) = unified() else { return };
        let top = Group(mount.join(id("delegated")));
        let owner = |path: &Path| chown(path, Some(bed.uid()), Some(bed.uid())).unwrap();
        fs::create_dir(&top.0).unwrap();
        owner(&top.0);
        for file in ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control"] {
            owner(&top.0.join(file));
        }
        let id = id("ours");
        let start = |words: &[&str]| {
            let launcher = bed.container(&[&["--cgroup", &id], words].concat());
            let mut command = Command::new("sh");
            let script = "echo $$ > \"$1/cgroup.procs\" && user=$2 && shift 2 && \
                          exec setpriv --reuid \"$user\" --regid \"$user\" --clear-groups \"$@\"";
            command.args(["-c", script, "sh"]).arg(&top.0).arg(bed.uid().to_string());
            command.arg(launcher.get_program()).args(launcher.get_args());
            command
        };
        let done = finish(start(&["sh", "-c", "grep ^0:: /proc/self/cgroup; ls -A /sys/fs/cgroup"]));
        assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (0, "0::/\n", ""));

        let words = ["sh", "-c", "echo up; exec sleep 1000"];
        let mut launcher = start(&words).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(launcher.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let left_by_a_failure = Group(top.0.join("plimsoll").join(&id));
        let group = left_by_a_failure.cgroup();
        assert_eq!(group.processes().len(), 1);
        group.freeze().unwrap();
        group.kill_all().unwrap();
        assert_eq!(launcher.wait().unwrap().code(), Some(137));
        fs::remove_dir(top.0.join("plimsoll")).unwrap();
    });
}

#[test]
fn what_is_no_group_of_a_container_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let beside = directory.path().join("plimsoll/x");
    fs::create_dir_all(&beside).unwrap();
    let cgroup = Cgroup::open(&["/sys/fs/cgroup".into(), beside.clone(), "/nowhere".into()]);
    assert!(cgroup.directories().is_empty() && cgroup.processes().is_empty());
    assert!(matches!(cgroup.freeze(), Err(CgroupError::NoFreezer)));
    cgroup.remove().unwrap();
    assert!(beside.exists());
}

#[test]
fn a_limit_that_no_container_can_have_is_refused() {
    for_each(|bed: &Bed| {
        let done = bed.run(&["--cgroup", "x", "--limit-memory", "1000", "true"]);
        assert_eq!(done.code, 125);
        assert_eq!(done.err, "--memory 1000: a container needs at least 6 MiB\n");
    });
}

//! Devices of the host, bare kernel files, privileged containers.

use std::fs;
use std::path::Path;

use crate::launch_support::{Who, for_each, skip};

#[test]
fn a_device_can_be_used_where_it_is_shown() {
    for_each(|bed| {
        let read = |at: &str| format!("dd if={at} bs=4 count=1 2>/dev/null | wc -c; stat -c '%F %t:%T' {at}");
        let shown = "4\ncharacter special file 1:5\n";
        for at in ["/dev/nothing-but-zeros", "/srv/deep/zeros"] {
            for user in ["0:0", "7:8"] {
                let done = bed.sh(&["--user", user, "--device", &format!("/dev/zero:{at}:rwm")], &read(at));
                assert_eq!(done.out, shown, "{at}: {}", done.err);
            }
        }
        // The node is the host's own: nobody inside changes its mode or owner.
        let change = "busybox chmod 0 /dev/x || chown 7 /dev/x; echo x >/dev/x && echo written";
        let done = bed.sh(&["--device", "/dev/null:/dev/x:rwm"], change);
        assert!(done.out == "written\n" && done.err.contains("Read-only file system"), "{done:?}");
        // No device, no link out, no way into the kernel's files.
        for (device, why) in [
            ("/etc/passwd:/dev/x:r", "/etc/passwd is neither a device nor a directory of devices"),
            ("/nowhere:/dev/x:r", "cannot show /nowhere: no such file or directory"),
            ("/usr:/dev/x:r", "/usr is neither a device nor a directory of devices"),
            ("/dev/zero:/proc/1:r", "nothing can be mounted on /proc/1"),
            ("/dev/zero:/:r", "nothing can be mounted on /:"),
            ("/dev/zero:/dev:r", "one of source and target is a directory"),
        ] {
            let done = bed.run(&["--device", device, "true"]);
            assert_eq!(done.code, 125, "{device}");
            assert!(done.err.contains(why), "{device}: {}", done.err);
        }
    });
}

#[test]
fn a_directory_of_devices_is_shown_with_all_below() {
    for_each(|bed| {
        if !rustix::process::geteuid().is_root() {
            return skip("device nodes can be made by root only");
        }
        let nodes = bed.path("nodes");
        fs::create_dir_all(nodes.join("deep/er")).unwrap();
        fs::write(nodes.join("file"), "").unwrap();
        std::os::unix::fs::symlink("/dev/zero", nodes.join("link")).unwrap();
        for (name, minor) in [("zero", 5), ("deep/er/full", 7)] {
            make_node(&nodes.join(name), minor);
        }
        let device = format!("{}:/dev/many:rw", nodes.display());
        let line = "busybox find /dev/many | sort; dd if=/dev/many/zero bs=4 count=1 2>/dev/null | wc -c";
        let done = bed.sh(&["--device", &device], line);
        let expected =
            "/dev/many\n/dev/many/deep\n/dev/many/deep/er\n/dev/many/deep/er/full\n/dev/many/zero\n4\n";
        let on_nodev =
            rustix::fs::statvfs(&nodes).unwrap().f_flag.contains(rustix::fs::StatVfsMountFlags::NODEV);
        match on_nodev {
            true => assert!(done.err.contains("mounted with nodev"), "{}", done.err),
            false => assert_eq!(done.out, expected, "{}", done.err),
        }
    });
}

fn make_node(path: &Path, minor: u32) {
    use rustix::fs::{CWD, FileType, Mode, chmod, makedev, mknodat};
    mknodat(CWD, path, FileType::CharacterDevice, Mode::empty(), makedev(1, minor)).unwrap();
    chmod(path, Mode::from_raw_mode(0o666)).unwrap();
}

#[test]
fn bare_kernel_files_show_and_take_everything() {
    for_each(|bed| {
        let line = "grep -c -E ' (/proc/sys|/proc/kcore|/proc/bus|/sys/firmware) ' /proc/mounts";
        assert_ne!(bed.sh(&[], line).out, "0\n");
        assert_eq!(bed.sh(&["--bare"], line).out, "0\n");
        assert_eq!(bed.sh(&["--bare"], "grep -q ' /sys sysfs ro,' /proc/mounts").code, 0, "as docker's");
        let rights = "grep -E '^(CapEff|Seccomp:)' /proc/self/status";
        assert_eq!(bed.sh(&["--bare"], rights).out, bed.sh(&[], rights).out);
    });
}

#[test]
fn nothing_is_held_back_from_a_privileged_container() {
    for_each(|bed| {
        let run = |line: &str| bed.sh(&["--privileged"], line).out;
        let last: u32 = fs::read_to_string("/proc/sys/kernel/cap_last_cap").unwrap().trim().parse().unwrap();
        let every = (1u64 << (last.min(40) + 1)) - 1;
        let held = match bed.who {
            Who::Root => every & own_capabilities(),
            Who::User => every,
        };
        let line = "grep -E '^(CapInh|CapEff|CapAmb|Seccomp:)' /proc/self/status";
        assert_eq!(
            run(line),
            format!("CapInh:\t{0:016x}\nCapEff:\t{held:016x}\nCapAmb:\t{0:016x}\nSeccomp:\t0\n", 0)
        );
        assert_eq!(run("grep -c -E ' (/proc/sys|/proc/kcore|/sys/firmware) ' /proc/mounts"), "0\n");
        assert_eq!(run("grep -c ' /sys sysfs rw,' /proc/mounts"), "1\n");
        assert_eq!(run("mount -t tmpfs x /tmp && echo mounted"), "mounted\n");
        let ordinary = bed.sh(&["--privileged", "--user", "7:8"], "grep ^CapEff /proc/self/status").out;
        assert_eq!(ordinary, format!("CapEff:\t{:016x}\n", 0), "only root has capabilities");
        // Nodes can be made by root alone, and used.
        let line = "mknod /dev/x c 1 5 2>/dev/null && dd if=/dev/x bs=4 count=1 2>/dev/null | wc -c";
        assert_eq!(run(line), if bed.who == Who::Root { "4\n" } else { "" });
    });
}

fn own_capabilities() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("CapPrm:")).unwrap();
    u64::from_str_radix(line.trim(), 16).unwrap()
}

#[test]
fn a_privileged_container_has_the_hosts_devices() {
    for_each(|bed| {
        let run = |line: &str| bed.sh(&["--privileged"], line).out;
        let inside = run("busybox find /dev -type b -o -type c | sort");
        let inside: Vec<&str> = inside.lines().collect();
        let mut nodes = Vec::new();
        nodes_of_host(Path::new("/dev"), &mut nodes);
        assert!(!nodes.is_empty());
        for node in &nodes {
            let openable = openable(bed.who, node);
            assert_eq!(inside.contains(&node.as_str()), openable, "{node}: {inside:?}");
        }
        assert_eq!(run("readlink /dev/ptmx"), "pts/ptmx\n", "terminals stay its own");
    });
}

/// What docker shows: nodes, but not those every container has for itself.
fn nodes_of_host(directory: &Path, nodes: &mut Vec<String>) {
    use std::os::unix::fs::FileTypeExt as _;
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let (name, kind) = (entry.file_name(), entry.file_type().unwrap());
        let name = name.to_str().unwrap();
        if [
            "pts", "shm", "fd", "mqueue", "console", "ptmx", "null", "zero", "full", "random", "urandom",
            "tty",
        ]
        .contains(&name)
        {
            continue;
        }
        match kind.is_dir() {
            true => nodes_of_host(&entry.path(), nodes),
            false if kind.is_char_device() || kind.is_block_device() => {
                nodes.push(entry.path().to_str().unwrap().to_string());
            }
            false => {}
        }
    }
}

/// The tests' ordinary user owns no device and is in no group.
fn openable(who: Who, node: &str) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(node).unwrap().permissions().mode();
    match who {
        Who::Root => true,
        Who::User if rustix::process::geteuid().is_root() => mode & 0o006 != 0,
        Who::User => {
            let can = |access| rustix::fs::access(node, access).is_ok();
            can(rustix::fs::Access::READ_OK) || can(rustix::fs::Access::WRITE_OK)
        }
    }
}

//! What a container sees: files, devices, the kernel, the network.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use plimsoll_runtime::plan::{MASKED_PATHS, READ_ONLY_PATHS};

use crate::launch_support::{Who, finish, for_each};

#[test]
fn processes_host_name_and_network_are_its_own() {
    for_each(|bed| {
        assert_eq!(bed.sh(&["--hostname", "ship"], "hostname").out, "ship\n");
        let processes = bed.run(&["ps", "-o", "pid"]).out;
        assert_eq!(processes.split_whitespace().collect::<Vec<_>>(), ["PID", "1"]);
        let line = "ip -o link | wc -l; ip -o -4 addr; cat /proc/sys/net/ipv4/ip_unprivileged_port_start";
        let done = bed.sh(&[], line);
        assert!(done.out.starts_with("1\n1: lo    inet 127.0.0.1/8 "), "{}", done.out);
        assert!(done.out.ends_with("\n0\n"), "{}", done.out);
        let interfaces = fs::read_dir("/sys/class/net").unwrap().count();
        let line = "ip -o link | wc -l";
        assert_eq!(bed.sh(&["--host-network"], line).out, format!("{interfaces}\n"));
        for kind in ["mnt", "pid", "ipc", "uts", "net", "cgroup"] {
            let ours = fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
            let theirs = bed.run(&["readlink", &format!("/proc/self/ns/{kind}")]).out;
            assert_ne!(theirs.trim(), ours.to_str().unwrap(), "{kind}");
        }
    });
}

#[test]
fn devices() {
    for_each(|bed| {
        let names = "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero";
        assert_eq!(bed.sh(&[], "echo $(ls /dev)").out.trim(), names);
        let line = "echo x >/dev/null; dd if=/dev/zero bs=4 count=1 2>/dev/null | wc -c; \
                    dd if=/dev/urandom bs=4 count=1 2>/dev/null | wc -c; echo x 2>/dev/null >/dev/full || echo full; \
                    touch /dev/shm/x && readlink /dev/fd";
        assert_eq!(bed.sh(&[], line).out, "4\n4\nfull\n/proc/self/fd\n");
        // There is no list of allowed devices: a node can be made (as root), but not used, anywhere.
        for place in ["/", "/dev/", "/dev/shm/", "/tmp/"] {
            let line = format!("mknod {place}node c 1 5; dd if={place}node bs=1 count=1 2>/dev/null");
            assert_ne!(bed.sh(&[], &line).code, 0, "{place}");
        }
    });
}

#[test]
fn what_tells_about_the_host_is_hidden() {
    for_each(|bed| {
        for path in MASKED_PATHS {
            let line =
                format!("test -e {path} || exit 9; cat {path} 2>/dev/null; test -d {path} && ls -A {path}");
            let done = bed.sh(&[], &line);
            assert_eq!(done.out, "", "{path}");
            assert_eq!(done.code == 9, !Path::new(path).exists(), "{path} exists here and there, or not");
            let done = bed.sh(&[], &format!("test -d {path} && touch {path}/x"));
            assert_ne!(done.code, 0, "{path} cannot be written");
        }
    });
}

#[test]
fn what_reaches_the_host_is_read_only() {
    for_each(|bed| {
        for path in READ_ONLY_PATHS.iter().filter(|path| Path::new(path).exists()) {
            let line = format!("grep -q ' {path} proc ro,' /proc/mounts");
            assert_eq!(bed.sh(&[], &line).code, 0, "{path}");
        }
        assert_ne!(bed.sh(&[], "echo 0 >/proc/sys/kernel/core_pattern").code, 0);
        assert_ne!(bed.sh(&[], "echo b >/proc/sysrq-trigger").code, 0);
        assert_ne!(bed.sh(&[], "mkdir /sys/fs/cgroup/x").code, 0);
        assert_eq!(bed.sh(&[], "grep -q ' /sys sysfs ro,' /proc/mounts").code, 0);
        for line in ["umount /proc/sys", "umount /proc/kcore", "mount -t tmpfs x /tmp", "unshare -Ur true"] {
            assert_ne!(bed.sh(&[], line).code, 0, "{line}");
        }
    });
}

#[test]
fn nothing_of_the_host_is_left_behind_the_root() {
    for_each(|bed| {
        let done = bed.sh(&["--cap", "SYS_ADMIN"], "cat /proc/self/mountinfo");
        let place = bed.dir.path().to_str().unwrap();
        assert!(!done.out.contains(place), "the host's paths are not shown: {}", done.out);
        let roots = done.out.lines().filter(|line| line.split(' ').nth(4) == Some("/")).count();
        assert_eq!(roots, 1, "one mount on /: {}", done.out);
    });
}

#[test]
fn writes_go_to_the_upper_directory_only() {
    for_each(|bed| {
        let layer = bed.make_layer("two");
        fs::write(layer.join("etc/conf"), "of the image").unwrap();
        let base = bed.path("base");
        let line = ["sh", "-c", "cat /etc/conf; mkdir /new && echo x >/new/file"];
        let done = finish(bed.container_of(&[&base, &layer], &line));
        assert_eq!((done.code, done.out.as_str()), (0, "of the image"), "{}", done.err);
        assert!(!base.join("new").exists() && !layer.join("new").exists());
        let read_only = bed.sh(&["--read-only", "--tmpfs", "/t"], "touch /x || touch /t/x && echo fine");
        assert_eq!(read_only.out, "fine\n");
        assert!(read_only.err.contains("Read-only file system"), "{}", read_only.err);
        // The last thing before it is a file made to mount something on.
        let file = layer.join("etc/conf").display().to_string();
        let shown = bed.sh(&["--read-only", "--bind", &format!("{file}:/etc/made")], "cat /etc/made");
        assert_eq!((shown.code, shown.out.as_str()), (0, "of the image"), "{}", shown.err);
    });
}

#[test]
fn any_layer_path_and_any_number_of_layers() {
    for_each(|bed| {
        let odd = bed.make_layer(r"a:b,c\d e");
        fs::write(odd.join("etc/odd"), "odd\n").unwrap();
        let mut layers = vec![bed.path("base"), odd];
        for number in 0..120 {
            let layer = bed.path(&format!("{}/{number}", "long".repeat(50)));
            fs::create_dir_all(layer.join("etc")).unwrap();
            fs::write(layer.join("etc/top"), format!("{number}\n")).unwrap();
            layers.push(layer);
        }
        let layers: Vec<&Path> = layers.iter().map(|layer| layer.as_path()).collect();
        let done = finish(bed.container_of(&layers, &["cat", "/etc/odd", "/etc/top"]));
        assert_eq!(done.out, "odd\n119\n", "{}", done.err);
        let old = ["--kernel", "6.1.0", "cat", "/etc/odd"];
        let done = finish(bed.container_of(&layers[..2], &old));
        assert_eq!(done.out, "odd\n", "{}", done.err);
        let done = finish(bed.container_of(&layers, &old));
        assert_eq!(done.code, 125);
        assert!(done.err.contains("122 layers need"), "{}", done.err);
    });
}

#[test]
fn an_image_without_layers_is_an_empty_root() {
    for_each(|bed| {
        let busybox = "/bin/busybox:/busybox";
        let done = finish(bed.container_of(&[], &["--bind-ro", busybox, "/busybox", "ls", "/"]));
        assert_eq!(done.out, "busybox\ndev\nproc\nsys\n", "{}", done.err);
    });
}

#[test]
fn a_stopped_container_starts_again_with_its_files() {
    for_each(|bed| {
        let scratch = bed.make_owned("kept");
        let (base, scratch) = (bed.path("base"), scratch.to_str().unwrap().to_string());
        let words =
            ["--scratch", &scratch, "--layer", base.to_str().unwrap(), "sh", "-c", "cat /x; echo y >/x"];
        assert_eq!(finish(bed.command(&words)).out, "");
        assert_eq!(finish(bed.command(&words)).out, "y\n");
    });
}

#[test]
fn mounts() {
    for_each(|bed| {
        let host = bed.make_owned("host");
        fs::write(host.join("file"), "of the host\n").unwrap();
        let (dir, file) = (host.to_str().unwrap(), format!("{}/file", host.to_str().unwrap()));
        let bind = format!("{dir}:/mnt/a/b");
        let done = bed.sh(&["--bind", &bind], "cat /mnt/a/b/file; echo new >/mnt/a/b/new");
        assert_eq!((done.code, done.out.as_str()), (0, "of the host\n"), "{}", done.err);
        assert_eq!(fs::read_to_string(host.join("new")).unwrap(), "new\n");
        let done = bed.sh(&["--bind-ro", &bind], "cat /mnt/a/b/file && ! touch /mnt/a/b/x 2>/dev/null");
        assert_eq!((done.code, done.out.as_str()), (0, "of the host\n"), "{}", done.err);
        let done = bed.sh(&["--bind-ro", &format!("{file}:/etc/hosts")], "cat /etc/hosts");
        assert_eq!(done.out, "of the host\n", "{}", done.err);
        let done = bed.sh(&["--bind", &format!("{file}:/tmp")], "true");
        assert_eq!(done.code, 125);
        assert!(done.err.contains("one of source and target is a directory"), "{}", done.err);
        let line = "grep ' /t ' /proc/mounts; echo x >/t/x; stat -c %a /t";
        let done = bed.sh(&["--tmpfs", "/t", "--user", "5:5"], line);
        assert!(
            done.out.contains("tmpfs rw,nosuid,nodev,noexec") && done.out.ends_with("1777\n"),
            "{done:?}"
        );
    });
}

#[test]
fn working_directory() {
    for_each(|bed| {
        assert_eq!(bed.run(&["--workdir", "/a/b", "pwd"]).out, "/a/b\n");
        let done = bed.run(&["--workdir", "a/../../..", "pwd"]);
        assert_eq!(done.out, "/\n", "{}", done.err);
        let layer = bed.make_layer("links");
        symlink("/../../tmp", layer.join("away")).unwrap();
        fs::write(layer.join("etc/file"), "").unwrap();
        let base = bed.path("base");
        let done = finish(bed.container_of(&[&base, &layer], &["--workdir", "/away", "pwd"]));
        assert_eq!(done.out, "/tmp\n", "{}", done.err);
        let done = finish(bed.container_of(&[&base, &layer], &["--workdir", "/etc/file", "pwd"]));
        assert_eq!(done.code, 125);
        assert!(done.err.contains("it is a file, not a directory"), "{}", done.err);
    });
}

#[test]
fn a_single_id_is_the_whole_map() {
    for_each(|bed| {
        if bed.who == Who::Root {
            return;
        }
        let map = bed.sh(&[], "echo $(cat /proc/self/uid_map)").out;
        assert_eq!(map.split(' ').next(), Some("0"));
        let map = bed.sh(&["--user", "33:34"], "echo $(cat /proc/self/uid_map /proc/self/gid_map)").out;
        assert_eq!(map, "33 0 1 34 0 1\n");
    });
}

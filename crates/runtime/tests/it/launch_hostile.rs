//! Images that want to get out, and programs that want to know too much.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::launch_support::{Bed, Done, finish, for_each, script};

/// A directory of the host that nothing may be written to.
fn victim(bed: &Bed) -> std::path::PathBuf {
    let victim = bed.make_owned("victim");
    fs::write(victim.join("passwd"), "untouched").unwrap();
    victim
}

fn assert_untouched(victim: &Path) {
    let names: Vec<_> = fs::read_dir(victim).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["passwd"]);
    assert_eq!(fs::read_to_string(victim.join("passwd")).unwrap(), "untouched");
}

fn run_on(bed: &Bed, layer: &Path, options: &[&str]) -> Done {
    finish(bed.container_of(&[layer, &bed.path("base")], options))
}

/// CVE-2019-19921, CVE-2023-27561, CVE-2026-41579: our own mount points as links.
#[test]
fn links_in_place_of_our_mount_points() {
    for_each(|bed| {
        let victim = victim(bed);
        for name in ["proc", "sys", "dev"] {
            for target in [victim.to_str().unwrap(), "/tmp", "../../../../../../tmp"] {
                let layer = bed.make_layer(&format!("evil-{name}-{}", target.len()));
                symlink(target, layer.join(name)).unwrap();
                let done = run_on(bed, &layer, &["true"]);
                assert_eq!(done.code, 125, "{name} -> {target}");
                assert!(done.err.contains("the image has a link or file where"), "{}", done.err);
            }
        }
        assert_untouched(&victim);
    });
}

/// CVE-2021-30465, CVE-2024-45310, CVE-2019-18837: targets of mounts that lead out.
#[test]
fn targets_that_lead_out_of_the_root() {
    for_each(|bed| {
        let victim = victim(bed);
        let layer = bed.make_layer("evil");
        symlink(&victim, layer.join("out")).unwrap();
        let up = format!("{}{}", "../".repeat(30), victim.to_str().unwrap().trim_start_matches('/'));
        symlink(up, layer.join("up")).unwrap();
        symlink("/proc/self/root/../..", layer.join("magic")).unwrap();
        symlink("/proc/1/fd", layer.join("fds")).unwrap();
        let source = bed.make_owned("source");
        fs::write(source.join("x"), "").unwrap();
        for target in ["/out/new", "/up/new", "/out/passwd", "/magic/new", "/fds/3"] {
            let bind = format!("{}:{target}", source.display());
            run_on(bed, &layer, &["--bind", &bind, "true"]);
            run_on(bed, &layer, &["--tmpfs", target, "true"]);
            run_on(bed, &layer, &["--workdir", target, "true"]);
            assert_untouched(&victim);
        }
        symlink("/proc", layer.join("kernel")).unwrap();
        for target in ["/kernel", "/kernel/sys", "/kernel/self"] {
            let bind = format!("{}:{target}", source.display());
            let done = run_on(bed, &layer, &["--bind", &bind, "true"]);
            assert_eq!(done.code, 125, "{target}");
        }
    });
}

/// CVE-2025-31133, CVE-2025-52565: a volume that pretends to be a device.
#[test]
fn a_false_null_device_hides_nothing_less() {
    for_each(|bed| {
        let volume = bed.make_owned("volume");
        fs::write(volume.join("null"), "not null").unwrap();
        let bind = format!("{}/null:/dev/null", volume.display());
        let done = bed.sh(&["--bind", &bind], "cat /dev/null /proc/interrupts /proc/keys /proc/timer_list");
        assert_eq!(done.out, "not null", "{}", done.err);
        let bind = format!("{}:/dev/pts", volume.display());
        let done = bed.sh(&["--bind", &bind, "--terminal"], "true");
        assert_eq!(done.code, 125);
        assert_eq!(fs::read_dir(&volume).unwrap().count(), 1);
    });
}

/// CVE-2019-5736: until exec, `/proc/self/exe` is the launcher.
#[test]
fn our_own_program_is_not_executed() {
    for_each(|bed| {
        let layer = bed.make_layer("evil");
        symlink("/proc/self/exe", layer.join("bin/own")).unwrap();
        script(&layer.join("bin/by-script"), b"#!/proc/self/exe\n", 0o755);
        script(&layer.join("bin/by-chain"), b"#!/bin/by-script\n", 0o755);
        symlink("/proc/1/exe", layer.join("bin/one")).unwrap();
        for program in ["/proc/self/exe", "own", "by-script", "by-chain", "one"] {
            let done = run_on(bed, &layer, &[program]);
            assert_eq!(done.code, 126, "{program}: {}", done.err);
            assert!(done.err.contains("reached through a link of /proc"), "{}", done.err);
        }
        let done = run_on(bed, &layer, &["--again", "true"]);
        assert_eq!((done.code, done.err.as_str()), (0, "read-only: true\n"));
    });
}

/// Files that would block or confuse a reader outside: nobody reads them outside.
#[test]
fn special_files_in_etc() {
    for_each(|bed| {
        let layer = bed.make_layer("evil");
        for name in ["passwd", "group", "hosts"] {
            let path = layer.join("etc").join(name);
            rustix::fs::mknodat(
                rustix::fs::CWD,
                &path,
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::from_raw_mode(0o644),
                0,
            )
            .unwrap();
        }
        assert_eq!(run_on(bed, &layer, &["true"]).code, 0);
        let fifo = run_on(bed, &layer, &["/etc/passwd"]);
        assert_eq!(fifo.code, 126);
    });
}

/// Where docker says "no such file or directory" or "exec format error".
#[test]
fn a_failed_exec_names_cause_and_fix() {
    for_each(|bed| {
        let layer = bed.make_layer("wrong");
        let bin = layer.join("bin");
        script(&bin.join("wants-bash"), b"#!/bin/bash\n", 0o755);
        script(&bin.join("windows"), b"#!/bin/sh\r\necho\r\n", 0o755);
        script(&bin.join("plain"), b"echo hi\n", 0o755);
        script(&bin.join("late"), b"\n#!/bin/sh\n", 0o755);
        script(&bin.join("marked"), b"\xef\xbb\xbf#!/bin/sh\n", 0o755);
        script(&bin.join("closed"), b"#!/bin/sh\n", 0o644);
        script(&bin.join("empty"), b"", 0o755);
        let mut elf = fs::read("/bin/busybox").unwrap()[..4096].to_vec();
        elf[18..20].copy_from_slice(&(if cfg!(target_arch = "aarch64") { 62u16 } else { 183 }).to_le_bytes());
        script(&bin.join("foreign"), &elf, 0o755);
        script(&bin.join("binary"), b"\0asm\x01\0\0\0", 0o755);
        symlink("/gone", bin.join("dangling")).unwrap();
        let cases = [
            ("/bin/wants-bash", 126, "asks for /bin/bash, which is not in the image"),
            ("windows", 126, "end as on Windows"),
            ("plain", 126, "is a script without '#!'"),
            ("late", 126, "something before '#!'"),
            ("marked", 126, "something before '#!'"),
            ("/bin/closed", 126, "is not executable (mode 0644)"),
            ("closed", 126, "is not executable (mode 0644)"),
            ("empty", 126, "is empty"),
            ("foreign", 126, "is built for arm64, and this machine is amd64"),
            ("binary", 126, "is no program the kernel knows"),
            ("/bin", 126, "/bin is a directory"),
            ("/bin/dangling", 127, "it is a link to /gone, which does not exist"),
            ("/bin/missing", 127, "there is no such file in the container"),
            ("missing", 127, "it is in no directory of PATH (/usr/bin:/bin)"),
            ("sh -c true", 127, "the whole line was given as one word; write [\"sh\", \"-c\", \"true\"]"),
            ("", 127, "the name of the program is empty"),
        ];
        for (program, code, why) in cases {
            if cfg!(target_arch = "aarch64") && program == "foreign" {
                continue;
            }
            for options in [&[][..], &["--init"]] {
                let done = run_on(bed, &layer, &[options, &[program]].concat());
                assert_eq!(done.code, code, "{program}: {}", done.err);
                assert!(done.err.starts_with(&format!("cannot execute '{program}': ")), "{}", done.err);
                assert!(done.err.contains(why), "{program}: {}", done.err);
            }
        }
    });
}

/// A directory the user must not enter is named, not the file behind it.
#[test]
fn a_closed_directory_is_named() {
    for_each(|bed| {
        let layer = bed.make_layer("wrong");
        let closed = layer.join("closed");
        fs::create_dir_all(&closed).unwrap();
        script(&closed.join("x"), b"#!/bin/sh\n", 0o755);
        fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let done = run_on(bed, &layer, &["--user", "7:7", "/closed/x"]);
        assert_eq!(done.code, 126);
        assert!(done.err.contains("user 7 cannot enter /closed (mode 0600)"), "{}", done.err);
    });
}

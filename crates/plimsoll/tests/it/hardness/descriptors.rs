//! Descriptors and directories of the host that would be a way out.

use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::io::{FdFlags, fcntl_setfd};

use super::{Victim, running, sleeping};
use crate::harness::{World, finish};

/// What a careless caller has open: the commands it starts inherit directories and a file of the host.
fn careless(victim: &Victim) -> Vec<OwnedFd> {
    let paths = ["/".into(), victim.path().to_path_buf(), victim.path().join("file")];
    let open = |path| OwnedFd::from(File::open(path).unwrap());
    let open: Vec<OwnedFd> = paths.map(open).into();
    open.iter().for_each(|fd| fcntl_setfd(fd, FdFlags::empty()).unwrap());
    open
}

/// Lists the descriptors of itself and of PID 1, which may be itself.
const LIST: [&str; 4] = ["ls", "-l", "/proc/self/fd", "/proc/1/fd"];

/// What of that list is more than the standard streams, the directory it reads, and the init's descriptor of
/// its child.
fn leaked(list: &str) -> Vec<&str> {
    let descriptors = list.lines().filter_map(|line| line.trim_end().split_once(" -> "));
    let more = descriptors.filter(|(entry, _)| ![" 0", " 1", " 2"].iter().any(|end| entry.ends_with(end)));
    let targets = more.map(|(_, target)| target);
    targets.filter(|target| *target != "anon_inode:[pidfd]" && !is_own_directory(target)).collect()
}

fn is_own_directory(target: &str) -> bool {
    target
        .strip_prefix("/proc/")
        .and_then(|rest| rest.strip_suffix("/fd"))
        .is_some_and(|pid| pid.parse::<u32>().is_ok())
}

/// CVE-2016-9962, CVE-2024-21626: descriptors of the caller, or of the runtime itself, that stay open.
#[test]
fn no_descriptor_leaks_in() {
    let Some(world) = World::with_busybox() else { return };
    let _open = careless(&Victim::new(&world));
    let check = |words: &[&str]| {
        // Those of PID 1 are not for every user to see.
        let output = world.run(&[words, &LIST].concat());
        assert!(output.stdout.matches(" -> ").count() >= 3, "{output}");
        assert_eq!(leaked(&output.stdout), [""; 0], "{output}");
    };
    let flags =
        [&[][..], &["--init"], &["-u", "app"], &["-t"], &["-i"], &["--security-opt", "no-new-privileges"]];
    for flags in flags {
        check(&[&["run", "--rm"][..], flags, &["bb"]].concat());
    }
    sleeping(&world, "it", &["-p", "127.0.0.1::80"]);
    for flags in [&[][..], &["-u", "app"], &["-t"], &["-i"]] {
        check(&[&["exec"][..], flags, &["it"]].concat());
    }
    let step = format!("RUN {}\n", LIST.join(" "));
    let built = world.build(&["--progress=plain"], &format!("FROM bb\n{step}USER app\n{step}"));
    assert!(built.ok().stderr.matches(" -> ").count() >= 12, "{built}");
    assert_eq!(leaked(&built.stderr), [""; 0], "{built}");
}

/// CVE-2016-9962: what the monitor of a container keeps open is what it needs, nothing of its caller.
#[test]
fn no_descriptor_of_the_caller_stays_open_in_a_monitor() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let _open = careless(&victim);
    sleeping(&world, "it", &["-p", "127.0.0.1::80"]);
    let descriptors = format!("/proc/{}/fd", running(&world, "it").monitor.pid);
    for entry in std::fs::read_dir(descriptors).unwrap().flatten() {
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        assert!(target != std::path::Path::new("/") && !target.starts_with(victim.path()), "{target:?}");
    }
}

/// CVE-2024-21626: a working directory behind `/proc/self/fd/N` is one of the host.
#[test]
fn no_working_directory_is_a_descriptor() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let _open = careless(&victim);
    // The image's own directory, and links of the image that hide where they lead.
    let links = "RUN for n in $(seq 3 20); do ln -s /proc/self/fd/$n /fd$n; done; ln -s /proc/self/cwd /here";
    world.build(&["-t", "evil"], &format!("FROM bb\n{links}\n")).ok();
    world.run(&["run", "-d", "--name", "it", "evil", "sleep", "1000"]).ok();
    let cat = |words: &[&str]| {
        let output = world.run(&[words, &["cat", "file"]].concat());
        assert_ne!(output.code, 0, "{output}");
        output.is("").clone()
    };
    for fd in 3..12 {
        for directory in [format!("/proc/self/fd/{fd}"), format!("/fd{fd}")] {
            cat(&["run", "--rm", "-w", &directory, "evil"]).ends(125).one_sentence();
            cat(&["exec", "-w", &directory, "it"]).ends(125).one_sentence();
            cat(&["run", "--rm", "-w", &format!("{directory}/.."), "evil"]);
        }
    }
    for directory in ["/proc/1/cwd", "/proc/self/root/victim", "/here", "/here/.."] {
        cat(&["run", "--rm", "-w", directory, "evil"]);
        cat(&["exec", "-w", directory, "it"]);
    }
    for fd in [3, 5, 8] {
        let dockerfile = format!("FROM evil\nWORKDIR /proc/self/fd/{fd}\n");
        if world.build(&["-t", "inside"], &dockerfile).code == 0 {
            world.run(&["run", "--rm", "inside", "cat", "file"]).ends(125).one_sentence().is("");
        }
        world.build(&[], &format!("{dockerfile}RUN touch made\n")).ends(4).one_sentence();
    }
    victim.assert_untouched();
}

/// CVE-2024-21626, without a descriptor: the caller's directory is none of the container's.
#[test]
fn no_process_starts_in_the_directory_of_the_caller() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    sleeping(&world, "it", &[]);
    for words in [&["run", "--rm", "bb"][..], &["run", "--rm", "-w", "/tmp/new", "bb"], &["exec", "it"]] {
        let words =
            [words, &["sh", "-c", "readlink /proc/self/cwd; readlink /proc/1/cwd; ls; ls .."]].concat();
        let mut command = world.command(&words);
        command.current_dir(victim.path());
        let output = finish(command, Vec::new());
        output.ok();
        assert!(!output.stdout.contains("file") && !output.stdout.contains("unreachable"), "{output}");
        assert!(output.stdout.starts_with('/'), "{output}");
    }
    victim.assert_untouched();
}

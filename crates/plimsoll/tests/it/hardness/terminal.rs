//! Terminals: the caller's, which no container may have, and the container's own.

use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::{Victim, inside};
use crate::harness::{Output, World, collect, program};

/// A terminal somebody sits at: its keyboard and screen, and the side commands have.
fn terminal() -> (OwnedFd, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let tty = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    (master, tty)
}

/// plimsoll as a person calls it: with a controlling terminal, which is its standard input and error, too.
fn at_a_terminal(world: &World, words: &[&str]) -> Output {
    let (_master, tty) = terminal();
    let mut command = Command::new("setsid");
    command.args(["--ctty", "--wait"]).arg(program()).args(words);
    world.dress(&mut command);
    command.stdin(tty.try_clone().unwrap()).stderr(tty.try_clone().unwrap()).stdout(Stdio::piped());
    collect(command.spawn().expect("setsid is installed"), words.join(" "))
}

/// Whether there is a terminal to open, and the session and terminal of this process and of PID 1: a session
/// of this container's own, no terminal.
const LOOK: &str = "(true < /dev/tty) 2>/dev/null && echo a terminal can be opened; \
    for p in self 1; do cut -d ' ' -f 6,7 /proc/$p/stat; done; tty; ls /dev/pts";

/// CVE-2017-5226, CVE-2019-10063: what a container types into the caller's terminal is executed there.
#[test]
fn no_container_gets_hold_of_the_callers_terminal() {
    let Some(world) = World::with_busybox() else { return };
    super::sleeping(&world, "it", &[]);
    let look = |words: &[&str]| {
        let output = at_a_terminal(&world, &[words, &["sh", "-c", LOOK]].concat());
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert_eq!(output.code, 0, "{output}");
        for session in &lines[..2] {
            let (session, terminal) = session.split_once(' ').unwrap_or_else(|| panic!("{output}"));
            assert!(session.parse::<u32>().is_ok_and(|session| session > 0), "{output}");
            assert_eq!(terminal, "0", "{output}");
        }
        assert_eq!(lines[2..], ["not a tty", "ptmx"], "{output}");
    };
    for flags in [&[][..], &["-i"], &["--init"], &["-i", "-u", "app"]] {
        look(&[&["run", "--rm"][..], flags, &["bb"]].concat());
        if flags != ["--init"] {
            look(&[&["exec"][..], flags, &["it"]].concat());
        }
    }
    world.write("p/Dockerfile", format!("FROM bb\nRUN sh -c '{LOOK}' > /look; ! grep -q opened /look\n"));
    let built = at_a_terminal(&world, &["build", "-q", "p"]);
    assert_eq!(built.code, 0, "{built}");
}

/// With -t it is a terminal of the container's own, in which it may type what it likes.
#[test]
fn no_terminal_of_the_host_is_seen_through_that_of_a_container() {
    let Some(world) = World::with_busybox() else { return };
    let (_master, _tty) = terminal();
    let script = "tty; stat -c %t /dev/console /dev/pts/0; ls -1 /dev/pts; cut -d ' ' -f 6 /proc/self/stat";
    let seen = |words: &[&str]| {
        let output = world.run(&[words, &["sh", "-c", script]].concat());
        output.ok().stdout.replace('\r', "")
    };
    assert_eq!(seen(&["run", "--rm", "-t", "bb"]), "/dev/pts/0\n88\n88\n0\nptmx\n1\n");
    assert!(seen(&["run", "--rm", "-t", "--init", "bb"]).starts_with("/dev/pts/0\n88\n88\n0\nptmx\n"));
    world.run(&["run", "-d", "-t", "--name", "it", "bb", "sleep", "1000"]).ok();
    assert!(seen(&["exec", "-t", "it"]).starts_with("/dev/pts/1\n88\n88\n0\n1\nptmx\n"));
    // TIOCSTI reaches the kernel here, which finds no byte at the address null.
    const ENOTTY_EIO_EFAULT_EPERM: [i32; 4] = [25, 5, 14, 1];
    let answer = inside::answers(&world, &["-t"])["TIOCSTI"];
    assert!(ENOTTY_EIO_EFAULT_EPERM.contains(&answer), "{answer}");
}

/// CVE-2025-52565: the runtime attached a terminal to what the image said its name was, and gave it away.
#[test]
fn no_file_is_taken_for_the_terminal() {
    let Some(world) = World::with_busybox() else { return };
    let victim = Victim::new(&world);
    let file = victim.path().join("file").display().to_string();
    let owner = std::fs::metadata(&file).unwrap();
    for target in ["/dev/console", "/dev/ptmx", "/dev/pts/ptmx", "/dev/pts", "/dev/tty", "/dev/stdin"] {
        let source = if target == "/dev/pts" { victim.word() } else { file.clone() };
        let volume = format!("{source}:{target}");
        for user in ["root", "app"] {
            let words = [
                "run",
                "--rm",
                "-t",
                "-u",
                user,
                "-v",
                &volume,
                "bb",
                "sh",
                "-c",
                "echo typed > /dev/stdout",
            ];
            world.run(&words);
            victim.assert_untouched();
            let now = std::fs::metadata(&file).unwrap();
            use std::os::unix::fs::MetadataExt as _;
            assert_eq!((now.uid(), now.mode()), (owner.uid(), owner.mode()), "{target}");
        }
    }
    world.assert_nothing_left();
}

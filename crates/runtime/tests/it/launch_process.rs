//! What the started process is: exit codes, ids, rights, descriptors, signals.

use std::fs::File;
use std::os::fd::AsRawFd as _;

use crate::launch_support::{Who, finish, for_each};

#[test]
fn exit_codes() {
    for_each(|bed| {
        assert_eq!(bed.sh(&[], "exit 7").code, 7);
        assert_eq!(bed.run(&["true"]).code, 0);
        assert_eq!(bed.sh(&["--init"], "kill -9 $$").code, 137);
        let done = bed.sh(&[], "echo out; echo err >&2");
        assert_eq!((done.out.as_str(), done.err.as_str()), ("out\n", "err\n"));
        let (mut launcher, first) = bed.start(&[]);
        let first = rustix::process::Pid::from_raw(first as i32).unwrap();
        rustix::process::kill_process(first, rustix::process::Signal::KILL).unwrap();
        assert_eq!(launcher.wait().unwrap().code(), Some(137));
    });
}

#[test]
fn a_set_up_that_fails_is_125_and_names_its_step() {
    for_each(|bed| {
        let done = bed.run(&["--bind", "/does/not/exist:/mnt", "true"]);
        assert_eq!(done.code, 125);
        assert!(done.err.starts_with("step ") && done.err.contains(" of "), "{}", done.err);
        assert!(done.err.contains("cannot show /does/not/exist: no such file or directory"), "{}", done.err);
        let done = bed.run(&["--layer", "/does/not/exist", "true"]);
        assert!(done.err.contains("cannot open the layer /does/not/exist"), "{}", done.err);
        for target in ["/", "/proc", "/proc/sys", "/sys", "/dev", "/x/../proc"] {
            let done = bed.run(&["--tmpfs", target, "true"]);
            assert_eq!(done.code, 125, "{target}");
            assert!(done.err.starts_with(&format!("nothing can be mounted on {target}: ")), "{}", done.err);
        }
        let done = bed.run(&["--cap", "FLY", "true"]);
        assert_eq!((done.code, done.err.as_str()), (125, "there is no capability 'FLY'\n"));
    });
}

const DEFAULT: &str = "00000000a80405fb";
const NONE: &str = "0000000000000000";

/// The lines of /proc/self/status that say what a process may do.
const RIGHTS: &str = "grep -E '^(Cap|Seccomp:|NoNewPrivs)' /proc/self/status";

fn rights(effective: &str, bounding: &str, no_new_privileges: u8, seccomp: u8) -> String {
    // NET_RAW (bit 13) is not among ours.
    let bounding = if bounding == DEFAULT { "00000000a80405fb" } else { bounding };
    format!(
        "CapInh:\t{NONE}\nCapPrm:\t{effective}\nCapEff:\t{effective}\nCapBnd:\t{bounding}\nCapAmb:\t{NONE}\n\
         NoNewPrivs:\t{no_new_privileges}\nSeccomp:\t{seccomp}\n"
    )
}

#[test]
fn rights_of_root_and_of_others() {
    for_each(|bed| {
        assert_eq!(bed.sh(&[], RIGHTS).out, rights(DEFAULT, DEFAULT, 0, 2));
        assert_eq!(bed.sh(&["--user", "33:34"], RIGHTS).out, rights(NONE, DEFAULT, 0, 2));
        assert_eq!(bed.sh(&["--no-new-privileges"], RIGHTS).out, rights(DEFAULT, DEFAULT, 1, 2));
        assert_eq!(bed.sh(&["--drop-all"], RIGHTS).out, rights(NONE, NONE, 0, 2));
        assert_eq!(bed.sh(&["--unconfined"], RIGHTS).out, rights(DEFAULT, DEFAULT, 0, 0));
        let strictest = ["--user", "33:34", "--drop-all", "--no-new-privileges"];
        assert_eq!(bed.sh(&strictest, RIGHTS).out, rights(NONE, NONE, 1, 2));
        let done = bed.sh(&["--drop-all", "--cap", "NET_ADMIN"], RIGHTS);
        assert_eq!(done.out, rights("0000000000001000", "0000000000001000", 0, 2));
    });
}

#[test]
fn ids() {
    for_each(|bed| {
        assert_eq!(bed.run(&["id"]).out, "uid=0 gid=0\n");
        assert_eq!(bed.run(&["--user", "33:34", "id"]).out, "uid=33 gid=34\n");
        assert_eq!(bed.run(&["--user", "0:34", "id"]).out, "uid=0 gid=34\n");
        let groups = bed.run(&["--user", "33:34,5,6", "id"]).out;
        match bed.who {
            Who::Root => assert_eq!(groups, "uid=33 gid=34 groups=5,6\n"),
            Who::User => assert_eq!(groups, "uid=33 gid=34\n"),
        }
        // What it makes belongs to it.
        let line = "touch /tmp/x; stat -c %u:%g /tmp/x";
        assert_eq!(bed.sh(&["--user", "33:34"], line).out, "33:34\n");
        // The pipes of an ordinary user are its own; here it is root who makes them for it.
        if bed.who == Who::Root || !rustix::process::geteuid().is_root() {
            let line = "echo x >/dev/stderr; stat -Lc %u /dev/stdout";
            assert_eq!(bed.sh(&["--user", "33:34"], line).out, "33\n");
        }
    });
}

#[test]
fn environment_is_built_from_nothing() {
    for_each(|bed| {
        let mut command = bed.container(&["--env", "A=b c", "sh", "-c", "env | grep -v SHLVL | sort"]);
        command.env("SECRET", "of the caller");
        assert_eq!(finish(command).out, "A=b c\nHOME=/root\nPATH=/usr/bin:/bin\nPWD=/\n");
    });
}

#[test]
fn no_descriptor_of_the_caller_is_left() {
    for_each(|bed| {
        let file = File::open("/etc/passwd").unwrap();
        let dir = File::open("/").unwrap();
        for fd in [&file, &dir] {
            rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::empty()).unwrap();
        }
        // ls has one open for the directory it reads.
        for options in [&[][..], &["--init"], &["--user", "1:1"], &["--no-new-privileges"]] {
            assert_eq!(bed.sh(options, "ls /proc/self/fd | wc -l").out, "4\n", "{options:?}");
        }
        let init = "test $(ls /proc/1/fd | wc -l) -le 4 && readlink /proc/1/exe";
        let exe = "/memfd:plimsoll-init (deleted)\n";
        assert_eq!(bed.sh(&["--init", "--cap", "SYS_PTRACE"], init).out, exe);
        for fd in [file.as_raw_fd(), dir.as_raw_fd(), 3, 4, 5, 6, 7, 8, 9] {
            let done = bed.run(&["--workdir", &format!("/proc/self/fd/{fd}"), "ls", ".."]);
            assert_eq!((done.code, done.out.as_str()), (125, ""), "{fd}: {}", done.err);
        }
    });
}

#[test]
fn signals_umask_and_session_are_fresh() {
    for_each(|bed| {
        let done = bed.run(&["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]);
        // The test harness and Rust ignore SIGPIPE; here nothing is ignored.
        assert_eq!(done.out, format!("SigBlk:\t{NONE}\nSigIgn:\t{NONE}\n"));
        // Group, session and no terminal.
        let session = "umask; busybox cut -d ' ' -f 5,6,7 /proc/1/stat";
        assert_eq!(bed.sh(&[], session).out, "0022\n1 1 0\n");
    });
}

#[test]
fn the_container_dies_with_its_launcher() {
    for_each(|bed| {
        let (mut launcher, first) = bed.start(&[]);
        launcher.kill().unwrap();
        launcher.wait().unwrap();
        let gone = || !std::path::Path::new(&format!("/proc/{first}/exe")).exists();
        for _ in 0..500 {
            if gone() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("process {first} goes on");
    });
}

#[test]
fn init_reaps_forwards_and_tells_the_code() {
    for_each(|bed| {
        assert_eq!(bed.sh(&["--init"], "exit 5").code, 5);
        assert_eq!(bed.sh(&["--init"], "echo $$").out, "2\n");
        let trap = "trap 'echo got it; exit 9' TERM; kill -TERM 1; sleep 5; exit 1";
        let done = bed.sh(&["--init"], trap);
        assert_eq!((done.code, done.out.as_str()), (9, "got it\n"));
        assert_eq!(bed.sh(&["--init"], "kill -TERM 1; sleep 5").code, 143, "default action, below init");
        let orphans = "for i in 1 2 3; do (sleep 0.05 &); done; sleep 0.3; ps -o stat | grep -c Z";
        assert_eq!(bed.sh(&["--init"], orphans).out, "0\n");
        let done = bed.run(&["--init", "nothing-here"]);
        assert_eq!(done.code, 127);
        assert_eq!(
            done.err,
            "cannot execute 'nothing-here': it is in no directory of PATH (/usr/bin:/bin)\n"
        );
    });
}

#[test]
fn terminal() {
    for_each(|bed| {
        let line = "tty; test -t 0 && test -t 2 && echo to the terminal >/dev/tty; echo console >/dev/console; \
                    stat -c %u /dev/pts/0; busybox cut -d ' ' -f 6,7 /proc/self/stat";
        let done = bed.sh(&["--terminal"], line);
        assert_eq!(done.out, "/dev/pts/0\r\nto the terminal\r\nconsole\r\n0\r\n1 34816\r\n", "{}", done.err);
        let done = bed.sh(&["--terminal", "--user", "7:8"], "stat -c %u /dev/pts/0; echo x >/dev/stdout");
        assert_eq!(done.out, "7\r\nx\r\n", "{}", done.err);
        assert_eq!(bed.run(&["tty"]).out, "not a tty\n");
    });
}

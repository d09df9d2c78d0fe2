//! One more process in a running container.

use crate::launch_support::{Bed, Done, Who, finish, for_each};

fn enter(bed: &Bed, first: u32, options: &[&str]) -> Done {
    let pid = first.to_string();
    finish(bed.command(&[&["--into", &pid], options].concat()))
}

#[test]
fn it_sees_what_the_container_sees() {
    for_each(|bed| {
        let (mut launcher, first) = bed.start(&["--hostname", "ship"]);
        let run = |options: &[&str]| enter(bed, first, options);
        assert_eq!(run(&["hostname"]).out, "ship\n");
        assert_eq!(run(&["sh", "-c", "ps -o pid,args | grep -c '1 sleep 1000'; exit 6"]).code, 6);
        let done = run(&["--user", "33:34", "id"]);
        assert_eq!(done.out, "uid=33 gid=34\n", "{}", done.err);
        assert_eq!(run(&["--workdir", "/tmp", "pwd"]).out, "/tmp\n");
        assert_eq!(run(&["ls", "/proc/self/fd"]).out, "0\n1\n2\n3\n");
        let line = "grep -E '^(CapEff|Seccomp:|NoNewPrivs)' /proc/self/status";
        let rights = run(&["--no-new-privileges", "--drop-all", "sh", "-c", line]).out;
        assert_eq!(rights, "CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
        let rights = run(&["sh", "-c", line]).out;
        assert_eq!(rights, "CapEff:\t00000000a80405fb\nNoNewPrivs:\t0\nSeccomp:\t2\n");
        let done = run(&["--terminal", "sh", "-c", "tty; stat -c %u /dev/pts/0"]);
        assert_eq!(done.out, "/dev/pts/0\r\n0\r\n", "{}", done.err);
        for namespace in ["user", "mnt", "pid", "ipc", "uts", "net", "cgroup"] {
            let path = format!("/proc/{first}/ns/{namespace}");
            let theirs = std::fs::read_link(path).unwrap();
            let ours = run(&["readlink", &format!("/proc/self/ns/{namespace}")]).out;
            assert_eq!(ours.trim(), theirs.to_str().unwrap());
        }
        launcher.kill().unwrap();
        launcher.wait().unwrap();
    });
}

#[test]
fn what_fails_says_why() {
    for_each(|bed| {
        let (mut launcher, first) = bed.start(&[]);
        let run = |options: &[&str]| enter(bed, first, options);
        let done = run(&["--workdir", "/nowhere", "pwd"]);
        assert_eq!(done.code, 125);
        assert!(done.err.contains("there is no such directory in the container"), "{}", done.err);
        // A descriptor of the launcher's as directory (CVE-2024-21626).
        for fd in 3..12 {
            assert_eq!(run(&["--workdir", &format!("/proc/self/fd/{fd}"), "pwd"]).code, 125);
        }
        let done = run(&["nothing"]);
        assert_eq!(
            (done.code, done.err.contains("it is in no directory of PATH")),
            (127, true),
            "{}",
            done.err
        );
        assert_eq!(run(&["/proc/self/exe"]).code, 126);
        launcher.kill().unwrap();
        launcher.wait().unwrap();
    });
}

#[test]
fn a_container_of_one_user_has_no_other() {
    for_each(|bed| {
        let (mut launcher, first) = bed.start(&["--user", "33:34"]);
        let run = |options: &[&str]| enter(bed, first, options);
        assert_eq!(run(&["--user", "33:34", "id"]).out, "uid=33 gid=34\n");
        let done = run(&["id"]);
        match bed.who {
            Who::Root => assert_eq!(done.out, "uid=0 gid=0\n"),
            Who::User => {
                assert_eq!(done.code, 125);
                assert!(done.err.contains("which has only user 33 and group 34"), "{}", done.err);
            }
        }
        launcher.kill().unwrap();
        launcher.wait().unwrap();
    });
}

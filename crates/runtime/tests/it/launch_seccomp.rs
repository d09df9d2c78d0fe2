//! System call filters of the user's own.

use std::path::Path;

use crate::launch_support::{Bed, Done, for_each, skip};

/// Run a shell line under a profile.
fn under(bed: &Bed, profile: &str, options: &[&str], line: &str) -> Done {
    let path = bed.path("profile.json");
    std::fs::write(&path, profile).unwrap();
    bed.sh(&[&["--profile", path.to_str().unwrap()], options].concat(), line)
}

/// Everything is allowed but what these rules say.
fn but(rules: &str) -> String {
    format!(r#"{{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{rules}]}}"#)
}

#[test]
fn calls_fail_as_the_profile_says() {
    for_each(|bed| {
        let rule = r#"{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}"#;
        for options in [&[][..], &["--no-new-privileges"], &["--user", "33:34"], &["--init"]] {
            let done = under(bed, &but(rule), options, "grep Seccomp: /proc/self/status; mkdir /tmp/x");
            assert_eq!(done.out, "Seccomp:\t2\n", "{options:?} {}", done.err);
            assert!(done.err.contains("Function not implemented"), "{options:?} {}", done.err);
        }
        let rule = r#"{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5,
            "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]}"#;
        let done = under(bed, &but(rule), &[], "trap 'echo got' USR2; kill -USR2 $$; kill -USR1 $$");
        assert_eq!((done.code, done.out.as_str()), (1, "got\n"));
        assert!(done.err.contains("I/O error") || done.err.contains("Input/output error"), "{}", done.err);
    });
}

#[test]
fn a_forbidden_call_kills() {
    for_each(|bed| {
        for action in ["SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"] {
            let rule = format!(r#"{{"names": ["chroot"], "action": "{action}"}}"#);
            let done = under(bed, &but(&rule), &[], "chroot / true; echo $?");
            // 128 + SIGSYS.
            assert_eq!(done.out, "159\n", "{action} {}", done.err);
        }
    });
}

#[test]
fn rules_depend_on_capabilities() {
    for_each(|bed| {
        let rule = r#"{"names": ["chroot"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5,
            "excludes": {"caps": ["CAP_SYS_CHROOT"]}}"#;
        assert_eq!(under(bed, &but(rule), &[], "chroot / echo in").out, "in\n");
        let without = under(bed, &but(rule), &["--drop-all", "--cap", "SETUID"], "chroot / echo in");
        assert!(
            without.err.contains("I/O error") || without.err.contains("Input/output error"),
            "{}",
            without.err
        );
    });
}

/// What it takes to start a static program and to run it: a list of what is allowed need not have more for
/// our sake than this.
const TO_START: &str = r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
    {"names": ["setgroups", "setresgid", "setresuid", "capget", "capset", "prctl", "umask", "rt_sigaction",
               "rt_sigprocmask", "poll", "close_range", "close", "write", "execve", "exit_group"],
     "action": "SCMP_ACT_ALLOW"},
    {"names": ["arch_prctl", "brk", "getuid", "set_tid_address", "mprotect", "mmap", "munmap", "set_robust_list",
               "prlimit64", "readlink", "readlinkat", "getrandom", "rseq", "fstat", "newfstatat", "ioctl"],
     "action": "SCMP_ACT_ALLOW"}]}"#;

#[test]
fn little_must_be_allowed_to_start_a_program() {
    for_each(|bed| {
        let path = bed.path("profile.json");
        std::fs::write(&path, TO_START).unwrap();
        let run = |words: &[&str]| bed.run(&[&["--profile", path.to_str().unwrap()], words].concat());
        let done = run(&["/bin/echo", "started"]);
        assert_eq!((done.code, done.out.as_str()), (0, "started\n"), "{}", done.err);
        assert_eq!(run(&["--user", "33:34", "/bin/echo", "started"]).out, "started\n");
    });
}

#[test]
fn a_profile_that_forbids_starting_is_named() {
    for_each(|bed| {
        let hint = "the seccomp profile may refuse a call that starting a process takes";
        for (names, code) in [("\"capset\"", 125), ("\"execve\"", 126)] {
            let rule = format!(r#"{{"names": [{names}], "action": "SCMP_ACT_ERRNO"}}"#);
            let done = under(bed, &but(&rule), &[], "true");
            assert_eq!(done.code, code, "{}", done.err);
            assert!(done.err.contains("operation not permitted") && done.err.contains(hint), "{}", done.err);
        }
        let done =
            under(bed, &but(r#"{"names": ["capset"], "action": "SCMP_ACT_KILL_PROCESS"}"#), &[], "true");
        assert_eq!(done.code, 125);
        assert!(done.err.contains("was killed") && done.err.contains(hint), "{}", done.err);
    });
}

#[test]
fn a_profile_that_cannot_be_read_starts_nothing() {
    for_each(|bed| {
        let done =
            under(bed, &but(r#"{"names": ["mkdir"], "action": "SCMP_ACT_NOPE"}"#), &[], "echo started");
        assert_eq!((done.code, done.out.as_str()), (125, ""));
        let sentence = "the seccomp profile is wrong at syscalls[0].action: 'SCMP_ACT_NOPE' is no action";
        assert!(done.err.starts_with(sentence) && done.err.lines().count() == 1, "{}", done.err);
        let condition = r#"{"index": 0, "value": 1, "op": "SCMP_CMP_GT"}"#;
        let conditions = vec![condition; 900].join(",");
        let rule = format!(r#"{{"names": ["mkdir"], "action": "SCMP_ACT_LOG", "args": [{conditions}]}}"#);
        let done = under(bed, &but(&rule), &[], "echo started");
        assert_eq!((done.code, done.out.as_str()), (125, ""));
        assert!(done.err.contains("the kernel takes 4096"), "{}", done.err);
    });
}

/// Debian's package golang-github-containers-common.
const PODMANS: &str = "/usr/share/containers/seccomp.json";

#[test]
fn podmans_profile_is_understood() {
    if !Path::new(PODMANS).exists() {
        return skip(&format!("{PODMANS} is not installed (Debian: golang-github-containers-common)"));
    }
    for_each(|bed| {
        let line = "mkdir /tmp/x && ls -d /tmp/x; chroot / echo in; busybox swapoff /dev/null";
        let done = bed.sh(&["--profile", PODMANS], line);
        assert_eq!(done.out, "/tmp/x\nin\n", "{}", done.err);
        assert!(done.err.contains("swapoff"), "{}", done.err);
    });
}

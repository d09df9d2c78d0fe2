//! Calls that no program of a container needs, and in which the kernel had its bugs.

use std::collections::BTreeMap;

use super::inside::{self, answers, read_answers};
use crate::harness::World;
use crate::saved::files;

const EPERM: i32 = 1;
const EINVAL: i32 = 22;
const ENOSYS: i32 = 38;
/// A kernel without 32-bit calls ends who makes one.
const ENDED: i32 = 125;

/// What is refused, and how: EPERM; ENOSYS where programs then do without. All but what the kernel itself
/// refuses to a program without privileges.
const FILTERED: [(&str, i32); 29] = [
    // CVE-2022-0185, CVE-2024-1086 and others: each new namespace is a new way to old code.
    ("unshare NEWUSER", EPERM),
    ("clone NEWUSER", EPERM),
    ("clone3", ENOSYS),
    ("setns", EPERM),
    ("fsconfig", EPERM),
    ("open_tree", EPERM),
    ("mount", EPERM),
    ("mount_setattr", EPERM),
    ("umount2", EPERM),
    // Kernel bugs by the dozen, and a way past this filter.
    ("io_uring_setup", ENOSYS),
    ("io_uring_enter", ENOSYS),
    ("io_uring_register", ENOSYS),
    ("io_uring_setup of 32 bits", ENOSYS),
    // CVE-2020-14386 and its like; AF_VSOCK reaches the hypervisor.
    ("AF_VSOCK", EPERM),
    ("AF_VSOCK of 32 bits", EPERM),
    ("socketcall of 32 bits", ENOSYS),
    ("AF_ALG", EPERM),
    ("NETLINK_AUDIT", EINVAL),
    // Keys know no namespace.
    ("keyctl", EPERM),
    ("add_key", EPERM),
    ("request_key", EPERM),
    // Other processes, the kernel's memory.
    ("pidfd_getfd", EPERM),
    ("kcmp", EPERM),
    ("bpf", EPERM),
    ("perf_event_open", EPERM),
    ("userfaultfd", EPERM),
    ("personality", EPERM),
    // CVE-2017-5226, CVE-2023-28100: typing into a terminal that is somebody else's.
    ("TIOCSTI", EPERM),
    ("TIOCLINUX", EPERM),
];

/// What kernel and filter refuse together.
const REFUSED: [&str; 19] = [
    "AF_PACKET",
    "io_uring_setup of x32",
    "unshare NEWNS",
    "unshare NEWCGROUP",
    "unshare NEWNET",
    "open_tree CLONE",
    "fsopen",
    "fspick",
    "fsmount",
    "move_mount",
    "pivot_root",
    "open_by_handle_at",
    "fanotify_init",
    "kexec_load",
    "init_module",
    "finit_module",
    "delete_module",
    "swapon",
    "syslog",
];

/// None of the calls got through.
#[track_caller]
fn assert_refused(answers: &BTreeMap<String, i32>) {
    for (call, refusal) in expected() {
        let answer = answers.get(call).unwrap_or_else(|| panic!("{call} was not tried: {answers:?}"));
        let ended = call.ends_with("of 32 bits") && *answer == ENDED;
        assert!(*answer == refusal || ended, "{call} was answered with {answer}, not {refusal}");
    }
}

fn expected() -> impl Iterator<Item = (&'static str, i32)> {
    let by_both = REFUSED.map(|call| (call, if call.ends_with("x32") { ENOSYS } else { EPERM }));
    let made_here = |call: &&str| cfg!(target_arch = "x86_64") || !call.ends_with("of 32 bits");
    FILTERED.into_iter().chain(by_both).filter(move |(call, _)| made_here(call))
}

#[test]
fn no_call_that_leads_to_kernel_bugs_gets_through() {
    let Some(world) = World::with_busybox() else { return };
    for flags in [&[][..], &["-u", "app"], &["--init"], &["--security-opt", "no-new-privileges"]] {
        let answers = answers(&world, flags);
        assert_refused(&answers);
        // What programs do need is there.
        for call in ["AF_INET", "AF_UNIX", "NETLINK_ROUTE"] {
            assert_eq!(answers[call], 0, "{call}");
        }
    }
}

#[test]
fn no_call_gets_through_by_exec() {
    let Some(world) = World::with_busybox() else { return };
    let flags = inside::flags("calls");
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    super::sleeping(&world, "it", &flags);
    for user in ["root", "app"] {
        let words = [&["exec", "-u", user, "it"][..], &inside::words()].concat();
        assert_refused(&read_answers(&world.run(&words).ok().stdout));
    }
}

#[test]
fn no_call_gets_through_in_a_step_of_a_build() {
    let Some(world) = World::with_busybox() else { return };
    inside::copy_to(&world.path("p/hostile"));
    let words = inside::words().join(" ");
    let step =
        format!("RUN --mount=source=hostile,target={} {}=calls {words}", inside::PROGRAM, inside::ROLE);
    world.build(&["-t", "app"], &format!("FROM bb\n{step} > /tmp/root\nUSER app\n{step} > /tmp/app\n")).ok();
    let files = files(&world, "app");
    for answers in ["/tmp/root", "/tmp/app"] {
        assert_refused(&read_answers(&files[answers].content));
    }
}

/// The other tests here say something: without the filter the same calls reach the kernel.
#[test]
fn it_is_the_filter_that_refuses() {
    let Some(world) = World::with_busybox() else { return };
    let open = answers(&world, &["--security-opt", "seccomp=unconfined"]);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    if !status.contains("Seccomp:\t0") {
        return plimsoll_testkit::skip("this machine filters our own calls");
    }
    for (call, refusal) in FILTERED {
        assert!(open.get(call).is_none_or(|answer| *answer != refusal), "{call} is refused by the kernel");
    }
}

/// SYS_ADMIN is for mounts and namespaces; what is no capability's stays closed.
#[test]
fn a_capability_opens_nothing_it_is_not_for() {
    let Some(world) = World::with_busybox() else { return };
    let answers = answers(&world, &["--cap-add", "SYS_ADMIN"]);
    const EFAULT: i32 = 14;
    for (call, answer) in [("mount", EFAULT), ("unshare NEWNS", 0), ("sethostname", EINVAL)] {
        assert_eq!(answers[call], answer, "{call} is what SYS_ADMIN is for");
    }
    for call in ["io_uring_setup", "AF_VSOCK", "AF_ALG", "AF_PACKET", "NETLINK_AUDIT", "keyctl", "TIOCSTI"] {
        assert!([EPERM, EINVAL, ENOSYS].contains(&answers[call]), "{call}: {}", answers[call]);
    }
    for call in ["init_module", "kexec_load", "open_by_handle_at", "pidfd_getfd", "userfaultfd"] {
        assert_eq!(answers[call], EPERM, "{call}");
    }
}

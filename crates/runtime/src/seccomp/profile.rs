//! Docker's default profile (moby, profiles/seccomp), which is also what the kubelet's RuntimeDefault
//! means with containerd, as a decision for every system call.
//!
//! Where we differ, we are stricter: `socketcall` of 32-bit x86 would get around the rule for address
//! families; x32 programs and, on ARM, 32-bit ones get ENOSYS; packet sockets need CAP_NET_RAW and the
//! kernel's audit socket CAP_AUDIT_CONTROL.

use super::arch::Arch;
use super::decision::{Decision, Field, Range};
use super::numbers::numbered;

/// What is always allowed, sorted.
const ALLOWED: &str = "
    _llseek _newselect accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir
    chmod chown chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
    clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range
    creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2
    epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2
    fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32
    fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat
    fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64
    futex_wait futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents
    getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer
    getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid
    getresuid32 getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32
    getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel
    io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl ioprio_get
    ioprio_set ipc kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown
    lchown32 lgetxattr link linkat listen listmount listxattr listxattrat llistxattr lremovexattr
    lseek lsetxattr lstat lstat64 madvise map_shadow_stack membarrier memfd_create memfd_secret
    mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr
    mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
    mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
    name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe
    pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2
    prlimit64 process_mrelease process_vm_readv process_vm_writev pselect6 pselect6_time64 ptrace
    pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg
    recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename renameat renameat2
    restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
    rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max
    sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
    sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam
    sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64
    send sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address
    setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid
    setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32
    setrlimit setsid setsockopt setuid setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown
    sigaltstack signalfd signalfd4 sigprocmask sigreturn socketpair splice stat stat64 statfs statfs64
    statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time timer_create
    timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64
    timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill
    truncate truncate64 ugetrlimit umask uname unlink unlinkat uretprobe utime utimensat
    utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev
";

/// What a capability allows in addition.
const ALLOWED_WITH: [(&str, &str); 14] = [
    ("BPF", "bpf"),
    ("DAC_READ_SEARCH", "open_by_handle_at"),
    ("PERFMON", "perf_event_open"),
    (
        "SYS_ADMIN",
        "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
         lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open
         quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare",
    ),
    ("SYS_BOOT", "reboot"),
    ("SYS_CHROOT", "chroot"),
    ("SYS_MODULE", "delete_module finit_module init_module"),
    ("SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    ("SYS_PACCT", "acct"),
    ("SYS_PTRACE", "kcmp pidfd_getfd process_madvise"),
    ("SYS_RAWIO", "ioperm iopl"),
    ("SYS_TIME", "clock_settime clock_settime64 settimeofday stime"),
    ("SYS_TTY_CONFIG", "vhangup"),
    ("SYSLOG", "syslog"),
];

/// Numbers that are reserved, or whose code Linux has removed (`sys_ni_syscall` in the tables), sorted.
pub(super) const UNIMPLEMENTED: &str = "
    _sysctl afs_syscall bdflush break create_module ftime get_kernel_syms getpmsg gtty idle lock
    lookup_dcookie mpx nfsservctl prof profil putpmsg query_module security stty tuxcall ulimit vserver
";

const EPERM: u16 = 1;
const EINVAL: u16 = 22;
const ENOSYS: u16 = 38;

/// What the profile depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'a> {
    /// Names of the capabilities in the bounding set.
    pub capabilities: &'a [&'a str],
    /// The terminal of the process is somebody else's.
    pub guard_terminal: bool,
}

impl Situation<'_> {
    fn has(&self, capability: &str) -> bool {
        self.capabilities.contains(&capability)
    }
}

/// The decision for every call of these architectures; other architectures do not exist.
pub(super) fn profile(archs: &[Arch], situation: Situation<'_>) -> Decision {
    let names = Names::new(situation);
    let mut ranges = vec![Range { first: 0, then: Decision::errno(ENOSYS) }];
    for arch in archs {
        let calls = of_architecture(*arch, &names, situation);
        ranges.push(Range { first: arch.audit_number(), then: calls });
        ranges.push(Range { first: arch.audit_number() + 1, then: Decision::errno(ENOSYS) });
    }
    Decision::Switch { field: Field::Architecture, ranges }
}

/// The decision for every call of an architecture that has code behind it.
pub(super) fn decide_by_name(arch: Arch, situation: Situation<'_>) -> Vec<(&'static str, Decision)> {
    let names = Names::new(situation);
    numbered(arch.calls())
        .filter(|(_, name)| names.unimplemented.binary_search(name).is_err())
        .map(|(_, name)| (name, decide(arch, name, &names, situation)))
        .collect()
}

fn of_architecture(arch: Arch, names: &Names, situation: Situation<'_>) -> Decision {
    let mut ranges: Vec<Range> = Vec::new();
    let mut next = 0;
    for (number, name) in numbered(arch.calls()) {
        if number > next {
            ranges.push(Range { first: next, then: Decision::errno(ENOSYS) });
        }
        next = number + 1;
        // A call without code behind it fails in any case: it takes its neighbour's decision, so that
        // the ranges, and with them the filter, stay fewer.
        if number > 0 && names.unimplemented.binary_search(&name).is_ok() {
            continue;
        }
        ranges.push(Range { first: number, then: decide(arch, name, names, situation) });
    }
    // Newer calls, and on x86-64 those of x32, which have a bit above all numbers.
    ranges.push(Range { first: next, then: Decision::errno(ENOSYS) });
    Decision::Switch { field: Field::Number, ranges: merged(ranges) }
}

/// Neighbours with the same decision become one.
pub(super) fn merged(ranges: Vec<Range>) -> Vec<Range> {
    let mut merged: Vec<Range> = Vec::new();
    for range in ranges {
        if merged.last().is_none_or(|last| last.then != range.then) {
            merged.push(range);
        }
    }
    merged
}

/// The words of the lists, for look-up.
struct Names {
    allowed: Vec<&'static str>,
    with_capability: Vec<&'static str>,
    unimplemented: Vec<&'static str>,
}

impl Names {
    fn new(situation: Situation<'_>) -> Self {
        let granted = ALLOWED_WITH.iter().filter(|(capability, _)| situation.has(capability));
        Names {
            allowed: ALLOWED.split_ascii_whitespace().collect(),
            with_capability: granted.flat_map(|(_, names)| names.split_ascii_whitespace()).collect(),
            unimplemented: UNIMPLEMENTED.split_ascii_whitespace().collect(),
        }
    }

    fn allow(&self, name: &str) -> bool {
        self.allowed.binary_search(&name).is_ok() || self.with_capability.contains(&name)
    }
}

fn decide(arch: Arch, name: &str, names: &Names, situation: Situation<'_>) -> Decision {
    match name {
        "ioctl" if situation.guard_terminal => guarded_ioctl(),
        _ if names.allow(name) => Decision::ALLOW,
        "arch_prctl" if arch == Arch::X86_64 => Decision::ALLOW,
        "modify_ldt" => Decision::ALLOW,
        "clone" => clone_without_namespaces(),
        "socket" => socket(situation),
        "personality" => personality(),
        // ENOSYS lets programs fall back: to clone, whose flags a filter can see; to epoll, since
        // io_uring does its work past any filter; to the single socket calls.
        "clone3" | "io_uring_setup" | "io_uring_enter" | "io_uring_register" | "socketcall" => {
            Decision::errno(ENOSYS)
        }
        _ => Decision::errno(EPERM),
    }
}

/// `CLONE_NEW*` but for NEWTIME, whose bit clone uses for the exit signal.
const NEW_NAMESPACES: u32 = 0x7e02_0000;

fn clone_without_namespaces() -> Decision {
    Decision::AnyBit {
        field: Field::Argument(0),
        mask: NEW_NAMESPACES,
        set: Box::new(Decision::errno(EPERM)),
        clear: Box::new(Decision::ALLOW),
    }
}

/// A switch that answers these values so, and all others otherwise.
pub(super) fn switch(field: Field, values: &[(u32, Decision)], other: Decision) -> Decision {
    let mut ranges = vec![Range { first: 0, then: other.clone() }];
    for (value, then) in values {
        if *value == 0 {
            ranges.clear();
        }
        ranges.push(Range { first: *value, then: then.clone() });
        if *value < u32::MAX && !values.iter().any(|(other, _)| *other == value + 1) {
            ranges.push(Range { first: value + 1, then: other.clone() });
        }
    }
    Decision::Switch { field, ranges: merged(ranges) }
}

/// Linux, 32-bit and uname-2.6 personalities, and asking (linux/personality.h).
fn personality() -> Decision {
    let allowed = [0, 0x0008, 0x0002_0000, 0x0002_0008, u32::MAX];
    switch(Field::Argument(0), &allowed.map(|value| (value, Decision::ALLOW)), Decision::errno(EPERM))
}

/// `TIOCSTI` and `TIOCLINUX` type into a terminal (CVE-2017-5226, CVE-2023-28100).
fn guarded_ioctl() -> Decision {
    let typing = [0x5412, 0x541c].map(|request| (request, Decision::errno(EPERM)));
    switch(Field::Argument(1), &typing, Decision::ALLOW)
}

/// Address families that no program of a container needs and kernel bugs love: DECnet, Econet, ATMSVC,
/// IrDA, WANPIPE, IUCV, CAIF, AF_ALG, NFC and AF_VSOCK (which reaches the hypervisor), as docker; and
/// all that are newer than AF_MCTP.
fn socket(situation: Situation<'_>) -> Decision {
    let refused = Decision::errno(EPERM);
    let audit = match situation.has("AUDIT_CONTROL") {
        true => Decision::ALLOW,
        // What a kernel without audit says: programs then do without.
        false => switch(Field::Argument(2), &[(9, Decision::errno(EINVAL))], Decision::ALLOW),
    };
    let mut values: Vec<(u32, Decision)> = [12, 19, 20, 23, 25, 34, 37, 38, 40]
        .into_iter()
        .map(|family| (family, refused.clone()))
        .chain([(16, audit)])
        .collect();
    if !situation.has("NET_RAW") {
        values.push((17, refused.clone()));
    }
    values.sort_by_key(|(family, _)| *family);
    let Decision::Switch { field, mut ranges } = switch(Field::Argument(0), &values, Decision::ALLOW) else {
        return refused;
    };
    ranges.push(Range { first: 46, then: refused });
    Decision::Switch { field, ranges }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_for_look_up() {
        for list in [ALLOWED, UNIMPLEMENTED] {
            assert!(list.split_ascii_whitespace().is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn every_capability_is_known() {
        for (capability, _) in ALLOWED_WITH {
            assert!(plimsoll_model::launch::ALL_CAPABILITIES.contains(&capability), "{capability}");
        }
    }
}

//! What a hostile program asks of the kernel, and how that answers. For tests only: the feature
//! `attempts`, which no product has.
//!
//! Each call is made in a copy of this process, with arguments that do no harm where they are let
//! through, and that the kernel itself refuses with another error than a filter does.

use std::ffi::c_long;

use rustix::io::Errno;

use crate::probe::in_copy;

/// A call: its name, its number, its arguments.
type Call = (&'static str, c_long, [c_long; 4]);

const NO_DESCRIPTOR: c_long = -1;
const NULL: c_long = 0;
const NEW_USER: c_long = libc::CLONE_NEWUSER as c_long;
const IS_32_BIT_TABLE: c_long = 0x4000_0000;

const CALLS: [Call; 49] = [
    ("AF_VSOCK", libc::SYS_socket, socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0)),
    ("AF_ALG", libc::SYS_socket, socket(libc::AF_ALG, libc::SOCK_SEQPACKET, 0)),
    ("AF_PACKET", libc::SYS_socket, socket(libc::AF_PACKET, libc::SOCK_RAW, 0)),
    ("NETLINK_AUDIT", libc::SYS_socket, socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_AUDIT)),
    ("AF_INET", libc::SYS_socket, socket(libc::AF_INET, libc::SOCK_STREAM, 0)),
    ("AF_UNIX", libc::SYS_socket, socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)),
    ("NETLINK_ROUTE", libc::SYS_socket, socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)),
    ("io_uring_setup", libc::SYS_io_uring_setup, [1, NULL, 0, 0]),
    ("io_uring_enter", libc::SYS_io_uring_enter, [NO_DESCRIPTOR, 0, 0, 0]),
    ("io_uring_register", libc::SYS_io_uring_register, [NO_DESCRIPTOR, 0, 0, 0]),
    ("io_uring_setup of x32", libc::SYS_io_uring_setup | IS_32_BIT_TABLE, [1, NULL, 0, 0]),
    ("keyctl", libc::SYS_keyctl, [-1, 0, 0, 0]),
    ("add_key", libc::SYS_add_key, [NULL, NULL, NULL, 0]),
    ("request_key", libc::SYS_request_key, [NULL, NULL, NULL, 0]),
    ("unshare NEWUSER", libc::SYS_unshare, [NEW_USER, 0, 0, 0]),
    ("unshare NEWNS", libc::SYS_unshare, [libc::CLONE_NEWNS as c_long, 0, 0, 0]),
    ("unshare NEWCGROUP", libc::SYS_unshare, [libc::CLONE_NEWCGROUP as c_long, 0, 0, 0]),
    ("unshare NEWNET", libc::SYS_unshare, [libc::CLONE_NEWNET as c_long, 0, 0, 0]),
    ("clone NEWUSER", libc::SYS_clone, [NEW_USER | libc::SIGCHLD as c_long, NULL, NULL, NULL]),
    ("clone3", libc::SYS_clone3, [NULL, 0, 0, 0]),
    ("setns", libc::SYS_setns, [NO_DESCRIPTOR, 0, 0, 0]),
    ("open_tree", libc::SYS_open_tree, [NO_DESCRIPTOR, NULL, 0, 0]),
    ("open_tree CLONE", libc::SYS_open_tree, [NO_DESCRIPTOR, NULL, libc::OPEN_TREE_CLONE as c_long, 0]),
    ("fsopen", libc::SYS_fsopen, [NULL, 0, 0, 0]),
    ("fspick", libc::SYS_fspick, [NO_DESCRIPTOR, NULL, 0, 0]),
    ("fsconfig", libc::SYS_fsconfig, [NO_DESCRIPTOR, 0, NULL, NULL]),
    ("fsmount", libc::SYS_fsmount, [NO_DESCRIPTOR, 0, 0, 0]),
    ("move_mount", libc::SYS_move_mount, [NO_DESCRIPTOR, NULL, NO_DESCRIPTOR, NULL]),
    ("mount_setattr", libc::SYS_mount_setattr, [NO_DESCRIPTOR, NULL, 0, NULL]),
    ("mount", libc::SYS_mount, [NULL, NULL, NULL, 0]),
    ("umount2", libc::SYS_umount2, [NULL, 0, 0, 0]),
    ("pivot_root", libc::SYS_pivot_root, [NULL, NULL, 0, 0]),
    ("pidfd_getfd", libc::SYS_pidfd_getfd, [NO_DESCRIPTOR, 0, 0, 0]),
    ("kcmp", libc::SYS_kcmp, [0, 0, 0, 0]),
    ("bpf", libc::SYS_bpf, [-1, NULL, 0, 0]),
    ("perf_event_open", libc::SYS_perf_event_open, [NULL, 0, 0, NO_DESCRIPTOR]),
    ("userfaultfd", libc::SYS_userfaultfd, [1, 0, 0, 0]),
    ("open_by_handle_at", libc::SYS_open_by_handle_at, [NO_DESCRIPTOR, NULL, 0, 0]),
    ("fanotify_init", libc::SYS_fanotify_init, [-1, 0, 0, 0]),
    ("kexec_load", libc::SYS_kexec_load, [0, 0, NULL, -1]),
    ("init_module", libc::SYS_init_module, [NULL, 0, NULL, 0]),
    ("finit_module", libc::SYS_finit_module, [NO_DESCRIPTOR, NULL, -1, 0]),
    ("delete_module", libc::SYS_delete_module, [NULL, 0, 0, 0]),
    ("swapon", libc::SYS_swapon, [NULL, 0, 0, 0]),
    ("syslog", libc::SYS_syslog, [-1, NULL, 0, 0]),
    ("sethostname", libc::SYS_sethostname, [NULL, -1, 0, 0]),
    ("personality", libc::SYS_personality, [libc::ADDR_NO_RANDOMIZE as c_long, 0, 0, 0]),
    ("TIOCSTI", libc::SYS_ioctl, [0, libc::TIOCSTI as c_long, NULL, 0]),
    ("TIOCLINUX", libc::SYS_ioctl, [0, libc::TIOCLINUX as c_long, NULL, 0]),
];

const fn socket(family: i32, kind: i32, protocol: i32) -> [c_long; 4] {
    [family as c_long, (kind | libc::SOCK_CLOEXEC) as c_long, protocol as c_long, 0]
}

/// Every call with its answer: 0, or the number of the error.
pub fn all() -> Vec<(&'static str, i32)> {
    let calls = CALLS.iter().map(|(name, number, arguments)| (*name, ask(|| call(*number, *arguments))));
    calls.chain(by_32_bit_calls()).collect()
}

fn ask(attempt: impl FnOnce() -> Result<(), Errno>) -> i32 {
    in_copy(attempt).err().map_or(0, Errno::raw_os_error)
}

/// One of [`CALLS`].
fn call(number: c_long, [a, b, c, d]: [c_long; 4]) -> Result<(), Errno> {
    // SAFETY: every pointer in the table is null and every descriptor but 0 is none, so the kernel neither
    // reads nor writes memory; what `clone` and `unshare` change is a copy of the process that ends next.
    let result = unsafe { libc::syscall(number, a, b, c, d, 0, 0) };
    match result {
        -1 => Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)),
        _ => Ok(()),
    }
}

/// The way round a filter that looks at 64-bit numbers only: a 64-bit program may make 32-bit calls. A
/// kernel that knows none ends the copy by a signal (`ECANCELED`).
#[cfg(target_arch = "x86_64")]
fn by_32_bit_calls() -> Vec<(&'static str, i32)> {
    const IO_URING_SETUP: u32 = 425;
    const SOCKET: u32 = 359;
    const SOCKETCALL: u32 = 102;
    const SYS_SOCKET: u32 = 1;
    let vsock = libc::AF_VSOCK as u32;
    vec![
        ("io_uring_setup of 32 bits", ask(|| old_call(IO_URING_SETUP, [1, 0]))),
        ("AF_VSOCK of 32 bits", ask(|| old_call(SOCKET, [vsock, libc::SOCK_STREAM as u32]))),
        ("socketcall of 32 bits", ask(|| old_call(SOCKETCALL, [SYS_SOCKET, 0]))),
    ]
}

#[cfg(not(target_arch = "x86_64"))]
fn by_32_bit_calls() -> Vec<(&'static str, i32)> {
    Vec::new()
}

#[cfg(target_arch = "x86_64")]
fn old_call(number: u32, [first, second]: [u32; 2]) -> Result<(), Errno> {
    let mut result = i64::from(number);
    // SAFETY: the kernel takes numbers from registers and no pointer but null; the first argument goes
    // through a register of its own, since the compiler may need rbx, which is put back. The calls leave
    // all other registers alone but r8 to r11, which are declared lost.
    unsafe {
        std::arch::asm!(
            "xchg rbx, {first}",
            "int 0x80",
            "xchg rbx, {first}",
            first = inout(reg) u64::from(first) => _,
            inout("rax") result,
            in("rcx") u64::from(second),
            in("rdx") 0u64,
            in("rsi") 0u64,
            in("rdi") 0u64,
            lateout("r8") _, lateout("r9") _, lateout("r10") _, lateout("r11") _,
        );
    }
    match result as i32 {
        error @ -4095..0 => Err(Errno::from_raw_os_error(-error)),
        _ => Ok(()),
    }
}

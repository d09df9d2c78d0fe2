//! Starting a program beside ourselves without copying our memory first.
//!
//! A fork copies the tables of all our memory to throw them away at exec; glibc's `posix_spawn` does not, but
//! asks for the disposition of every signal one by one.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::ptr;

use rustix::process::{Pid, WaitOptions, waitpid};

use crate::signals::BlockAll;

/// Enough for three calls; what they need lies in the parent's memory.
const STACK: usize = 64 << 10;

/// What the child needs, and where it leaves what went wrong.
struct Start<'a> {
    program: &'a CStr,
    argv: Vec<*const libc::c_char>,
    stdio: [RawFd; 3],
    /// Its signal mask.
    mask: u64,
    errno: i32,
}

/// Start a program with these arguments and descriptors 0 to 2, and an empty environment. The descriptors
/// given must be other ones than 0 to 2. A deaf one has all signals blocked, else it has our mask. It is a
/// child of ours, to be waited for.
pub fn start(program: &CStr, argv: &[CString], stdio: [BorrowedFd<'_>; 3], deaf: bool) -> io::Result<Pid> {
    let stdio = stdio.map(|fd| fd.as_raw_fd());
    if stdio.iter().any(|fd| *fd <= 2) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let argv = argv.iter().map(|word| word.as_ptr()).chain([ptr::null()]).collect();
    // A handler of ours must not run in the child, which has our memory.
    let blocked = BlockAll::new()?;
    let mask = if deaf { u64::MAX } else { blocked.before() };
    let mut start = Start { program, argv, stdio, mask, errno: 0 };
    // Aligned as the ABI demands: 16 bytes a piece.
    let mut stack = vec![0u128; STACK / size_of::<u128>()];
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the child runs on a stack of its own and shares our memory; with CLONE_VFORK this thread stands
    // still until it has executed or ended, so `start` and `stack` outlive it and nobody else touches them.
    // `execute` makes system calls only: it allocates nothing, takes no lock and does not panic. Stacks grow
    // down: the end of the slice is passed.
    let pid = unsafe {
        libc::clone(execute, stack.as_mut_ptr_range().end.cast(), flags, ptr::from_mut(&mut start).cast())
    };
    let failed = io::Error::last_os_error();
    drop(blocked);
    let pid = Pid::from_raw(pid).filter(|_| pid > 0).ok_or(failed)?;
    match start.errno {
        0 => Ok(pid),
        errno => {
            // It has ended already.
            let _ = waitpid(Some(pid), WaitOptions::empty());
            Err(io::Error::from_raw_os_error(errno))
        }
    }
}

/// The child: put the descriptors in place and execute.
extern "C" fn execute(start: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `start` passes a live `Start`, and stands still as long as this runs.
    let start = unsafe { &mut *start.cast::<Start<'_>>() };
    let none = [ptr::null::<libc::c_char>()];
    // SAFETY: dup3 replaces descriptors of this process, which has a table of its own; its copies stay open
    // at exec. The strings are zero-terminated and live; argv and the environment end with null.
    unsafe {
        let mut done = 0;
        for (number, fd) in (0..).zip(start.stdio) {
            done |= libc::syscall(libc::SYS_dup3, fd, number, 0).min(0);
        }
        if done == 0 && crate::signals::set_mask(start.mask).is_ok() {
            libc::execve(start.program.as_ptr(), start.argv.as_ptr(), none.as_ptr());
        }
        start.errno = *libc::__errno_location();
        libc::_exit(127)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn a_program_is_started_with_what_it_is_given() {
        let (mut reader, writer) = io::pipe().unwrap();
        let null = std::fs::File::open("/dev/null").unwrap();
        let argv = ["sh", "-c", "echo $0; kill $$; env | grep -v -e PWD -e SHLVL -e _=; exit 3", "x"];
        let argv = argv.map(|word| CString::new(word).unwrap());
        let pid = start(c"/bin/sh", &argv, [null.as_fd(), writer.as_fd(), null.as_fd()], true).unwrap();
        drop(writer);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "x\n", "what is deaf is not ended by its own SIGTERM");
        let (_, status) = waitpid(Some(pid), WaitOptions::empty()).unwrap().unwrap();
        assert_eq!(status.exit_status(), Some(3));
    }

    #[test]
    fn what_cannot_be_started_is_an_error_and_leaves_no_child() {
        let null = std::fs::File::open("/dev/null").unwrap();
        let stdio = [null.as_fd(), null.as_fd(), null.as_fd()];
        let missing = start(c"/does/not/exist", &[c"x".to_owned()], stdio, false).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        let ours = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        assert!(start(c"/bin/true", &[], ours, false).is_err());
    }
}

//! A process stopped at the first instruction of its program, so that it can be looked at however short it
//! lives (ptrace(2)).
//!
//! The new process asks its parent to trace it ([`Op::BeTraced`](crate::child::Op)) while it still has every
//! right over its namespaces: what the kernel remembers of that moment lets a set-user-id program gain its
//! rights as if nobody looked. After `execve` it stops with SIGTRAP before its first instruction. All calls
//! here must be made by the thread that started it.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr;

/// Where a traced process has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// A program is loaded and has not done anything.
    Loaded,
    /// It is about to end: its memory is still there.
    Ending,
    /// A signal is about to reach it.
    Signal(i32),
    /// It has ended; nobody has asked for its exit code yet.
    Ended,
}

/// Wait until the traced process behind a pidfd stops or has ended. Its exit code stays to be asked for.
pub fn wait(pidfd: BorrowedFd<'_>) -> io::Result<Stop> {
    let flags = libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT | libc::__WALL;
    loop {
        // SAFETY: all-zero is a valid `siginfo_t`.
        let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
        // SAFETY: `info` is live; the other arguments are numbers.
        let result =
            unsafe { libc::waitid(libc::P_PIDFD, pidfd.as_raw_fd() as libc::id_t, &raw mut info, flags) };
        if result != 0 {
            match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => continue,
                error => return Err(error),
            }
        }
        // SAFETY: waitid filled the fields of a SIGCHLD, of which the status is one.
        let status = unsafe { info.si_status() };
        return Ok(match info.si_code {
            libc::CLD_TRAPPED => of_status(status),
            _ => Stop::Ended,
        });
    }
}

fn of_status(status: i32) -> Stop {
    match (status & 0x7f, status >> 8) {
        (libc::SIGTRAP, libc::PTRACE_EVENT_EXIT) => Stop::Ending,
        // Without an event: the trap after execve that a process gets whose tracer set no options.
        (libc::SIGTRAP, 0 | libc::PTRACE_EVENT_EXEC) => Stop::Loaded,
        (signal, _) => Stop::Signal(signal),
    }
}

/// Stay with it: it stops again when it executes another program and before it ends, and does not outlive
/// us.
pub fn follow(pid: u32) -> io::Result<()> {
    let options = libc::PTRACE_O_TRACEEXEC | libc::PTRACE_O_TRACEEXIT | libc::PTRACE_O_EXITKILL;
    request(libc::PTRACE_SETOPTIONS.into(), pid, options as usize)
}

/// Let it run until it stops again; a signal that was about to reach it does.
pub fn go_on(pid: u32, signal: i32) -> io::Result<()> {
    request(libc::PTRACE_CONT.into(), pid, usize::try_from(signal).unwrap_or(0))
}

/// Let it run and look away for good.
pub fn release(pid: u32) -> io::Result<()> {
    request(libc::PTRACE_DETACH.into(), pid, 0)
}

fn request(request: libc::c_long, pid: u32, data: usize) -> io::Result<()> {
    // SAFETY: none of these requests reads or writes memory of ours; a process that this thread does not
    // trace, or that is not stopped, answers ESRCH.
    let result =
        unsafe { libc::syscall(libc::SYS_ptrace, request, pid, ptr::null_mut::<libc::c_void>(), data) };
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::os::fd::AsFd as _;

    use super::*;
    use crate::child::{self, Channel, Exec, Op, Program, Report, Spawned};

    fn start(script: &str) -> Spawned {
        let words = ["/bin/sh", "-c", script].map(|word| CString::new(word).unwrap());
        let mut program = Program::default();
        program.push(0, Op::BeTraced);
        program.push(0, Op::CleanProcess);
        program.push(0, Op::Exec(Exec::new(vec![words[0].clone()], words.to_vec(), Vec::new())));
        let (channel, theirs) = Channel::new().unwrap();
        let spawned = child::spawn(&program, 0, None, &theirs).unwrap();
        drop(theirs);
        while let Some(report) = channel.next().unwrap() {
            assert!(matches!(report, Report::Ready), "{report:?}");
            channel.let_go().unwrap();
        }
        spawned
    }

    fn command_line(pid: u32) -> String {
        std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap().replace('\0', " ")
    }

    fn exit_code(child: &Spawned) -> i32 {
        let options = rustix::process::WaitIdOptions::EXITED;
        let status = rustix::process::waitid(rustix::process::WaitId::PidFd(child.pidfd.as_fd()), options);
        status.unwrap().unwrap().exit_status().unwrap()
    }

    #[test]
    fn a_program_is_stopped_before_it_does_anything() {
        let child = start("exit 7");
        assert_eq!(wait(child.pidfd.as_fd()).unwrap(), Stop::Loaded);
        assert_eq!(command_line(child.pid), "/bin/sh -c exit 7 ");
        release(child.pid).unwrap();
        assert_eq!(exit_code(&child), 7);
    }

    #[test]
    fn a_followed_process_shows_each_program_and_its_end() {
        let child = start("exec /bin/sh -c 'exit 3'");
        assert_eq!(wait(child.pidfd.as_fd()).unwrap(), Stop::Loaded);
        follow(child.pid).unwrap();
        go_on(child.pid, 0).unwrap();
        assert_eq!(wait(child.pidfd.as_fd()).unwrap(), Stop::Loaded);
        assert_eq!(command_line(child.pid), "/bin/sh -c exit 3 ");
        go_on(child.pid, 0).unwrap();
        assert_eq!(wait(child.pidfd.as_fd()).unwrap(), Stop::Ending);
        assert_eq!(command_line(child.pid), "/bin/sh -c exit 3 ");
        go_on(child.pid, 0).unwrap();
        assert_eq!(wait(child.pidfd.as_fd()).unwrap(), Stop::Ended);
        assert_eq!(exit_code(&child), 3);
    }
}

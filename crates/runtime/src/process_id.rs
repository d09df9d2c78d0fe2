//! A process that cannot be mistaken for another one: pid with start time, since a pid alone comes back
//! after the counter has wrapped (conmon issue 260).

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::time::Timespec;

/// Pid and start time of one process, good until the next boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessId {
    /// Pid in the host's pid namespace.
    pub pid: u32,
    /// Start time in clock ticks since boot, field 22 of /proc/PID/stat.
    pub start: u64,
}

impl ProcessId {
    /// The process that has this pid now; `None` if there is none.
    pub fn of(pid: u32) -> Option<Self> {
        Some(ProcessId { pid, start: stat_of(pid)?.start })
    }

    /// This process.
    pub fn own() -> Option<Self> {
        ProcessId::of(std::process::id())
    }

    /// It runs: it exists and is no zombie.
    pub fn is_alive(&self) -> bool {
        stat_of(self.pid).is_some_and(|stat| stat.start == self.start && !stat.has_ended())
    }

    /// A descriptor of exactly this process; `None` if it is gone. The start time is compared after
    /// the descriptor was opened, so the pid cannot change hands in between.
    pub fn open(&self) -> Option<OwnedFd> {
        let pid = Pid::from_raw(i32::try_from(self.pid).ok()?)?;
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        (ProcessId::of(self.pid)? == *self).then_some(pidfd)
    }
}

/// Wait until the process behind a pidfd has ended; false when the time ran out first.
pub fn wait_for_end(pidfd: &OwnedFd, timeout: Option<Duration>) -> bool {
    let timeout = timeout.map(|time| Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    });
    let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
    loop {
        match poll(&mut fds, timeout.as_ref()) {
            Ok(ready) => return ready > 0,
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return false,
        }
    }
}

/// A short file of procfs by one read: such files have no size that a reader could prepare for, and
/// what a single read gives is all of one moment.
pub(crate) fn read_at_once(path: &str) -> Option<String> {
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut bytes = [0; 4096];
    let length = rustix::io::read(&file, &mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

/// Look at something of a process that the kernel may refuse for a moment: while it executes a program
/// (fs/exec.c `begin_new_exec`), and, where it is a set-user-id one, from the moment it gives its memory back
/// (`__ptrace_may_access`). One that has ended by then is not found.
pub(crate) fn once_visible<T>(pid: u32, look: impl Fn() -> io::Result<T>) -> io::Result<T> {
    let mut tries = 0..1000;
    loop {
        match look() {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                if is_over(pid) {
                    return Err(io::ErrorKind::NotFound.into());
                }
                tries.next().ok_or(error)?;
                std::thread::sleep(Duration::from_millis(1));
            }
            seen => return seen,
        }
    }
}

/// Whether a process has ended, be it that nobody has taken its exit status yet.
fn is_over(pid: u32) -> bool {
    stat_of(pid).is_none_or(|stat| stat.has_ended())
}

/// What /proc tells of the process that has this pid now; `None` if there is none.
fn stat_of(pid: u32) -> Option<Stat> {
    parse_stat(&read_at_once(&format!("/proc/{pid}/stat"))?)
}

/// A file of procfs of any length. The usual reader asks for its size, which is none, begins with 32 bytes and
/// doubles.
pub(crate) fn read_whole(path: &str) -> io::Result<String> {
    let mut text = Vec::with_capacity(16 << 10);
    File::open(path)?.take(u64::MAX).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// What of /proc/PID/stat is of use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    pub state: char,
    pub start: u64,
}

impl Stat {
    /// It is over, be it that nobody has taken its exit status yet.
    fn has_ended(self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// Read a line of /proc/PID/stat. The program's name, in parentheses, may itself contain spaces and
/// parentheses: the fields start after the last one.
pub(crate) fn parse_stat(text: &str) -> Option<Stat> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let start = fields.nth(18)?.parse().ok()?;
    Some(Stat { state, start })
}

/// The id of the current boot: start times of another boot mean nothing.
pub fn boot_id() -> String {
    read_at_once("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_do_not_confuse_the_fields() {
        let line = "42 (a) S 1) (x) Z 1 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 2";
        assert_eq!(parse_stat(line), Some(Stat { state: 'Z', start: 98765 }));
        assert_eq!(parse_stat("42 (a) S 1 2"), None);
    }

    #[test]
    fn another_start_time_is_another_process() {
        let own = ProcessId::own().unwrap();
        assert!(own.is_alive());
        assert!(own.open().is_some());
        let impostor = ProcessId { start: own.start + 1, ..own };
        assert!(!impostor.is_alive());
        assert!(impostor.open().is_none());
    }

    #[test]
    fn an_ended_child_is_not_alive_even_as_a_zombie() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = ProcessId::of(child.id()).unwrap();
        let pidfd = id.open().unwrap();
        assert!(wait_for_end(&pidfd, None));
        assert!(!id.is_alive());
        child.wait().unwrap();
    }
}

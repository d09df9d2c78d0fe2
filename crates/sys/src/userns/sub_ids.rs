//! Ranges of ids lent to a user by /etc/subuid and /etc/subgid, and the tools that map them.

use std::fmt;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, WaitOptions, waitpid};

/// What a user has been lent, and the tools to use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubIds {
    /// Ranges of user ids: first and count.
    pub users: Vec<(u32, u32)>,
    /// Ranges of group ids: first and count.
    pub groups: Vec<(u32, u32)>,
    /// The set-uid tool newuidmap.
    pub newuidmap: PathBuf,
    /// The set-uid tool newgidmap.
    pub newgidmap: PathBuf,
}

/// Why a user has no range of ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSubIds {
    /// No line for the user in this file.
    NoLine {
        /// `/etc/subuid` or `/etc/subgid`.
        file: &'static str,
        /// Account name, or the number of an account without name.
        user: String,
    },
    /// A tool is missing.
    NoTool {
        /// Its name.
        tool: &'static str,
    },
}

impl fmt::Display for NoSubIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoSubIds::NoLine { file, user } => {
                write!(f, "{file} has no line for {user}; as root run ")?;
                write!(f, "`usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}`")
            }
            NoSubIds::NoTool { tool } => {
                write!(f, "{tool} is not installed; it comes with the package uidmap or shadow-utils")
            }
        }
    }
}

/// Where the tools are looked for. No PATH: a set-uid tool must not be chosen by the environment.
const TOOL_DIRECTORIES: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin"];

/// The most ids that are mapped: as many as 16-bit ids have, plus what an image may use above.
const MOST: u32 = 1 << 20;

/// What a user has been lent.
pub fn sub_ids(uid: u32) -> Result<SubIds, NoSubIds> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = account_name(&passwd, uid);
    let ranges = |file: &'static str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let ranges = ranges(&text, name, uid);
        let user = name.map_or(uid.to_string(), str::to_string);
        if ranges.is_empty() { Err(NoSubIds::NoLine { file, user }) } else { Ok(ranges) }
    };
    let tool = |tool: &'static str| {
        let paths = TOOL_DIRECTORIES.iter().map(|dir| Path::new(dir).join(tool));
        paths.into_iter().find(|path| path.is_file()).ok_or(NoSubIds::NoTool { tool })
    };
    Ok(SubIds {
        users: ranges("/etc/subuid")?,
        groups: ranges("/etc/subgid")?,
        newuidmap: tool("newuidmap")?,
        newgidmap: tool("newgidmap")?,
    })
}

fn account_name(passwd: &str, uid: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

/// The ranges of a user, named or by number, that are not empty.
fn ranges(text: &str, name: Option<&str>, uid: u32) -> Vec<(u32, u32)> {
    let number = uid.to_string();
    let mut left = MOST;
    let mut found = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.trim().split(':').collect();
        let &[user, first, count] = fields.as_slice() else { continue };
        if Some(user) != name && user != number {
            continue;
        }
        let (Ok(first), Ok(count)) = (first.parse::<u32>(), count.parse::<u32>()) else { continue };
        let count = count.min(left).min(u32::MAX - first);
        if count > 0 {
            found.push((first, count));
            left -= count;
        }
    }
    found
}

/// A process outside of the namespace to be made, which maps ids into it.
pub(super) struct Mapper {
    pid: Pid,
    go: io::PipeWriter,
    answer: io::PipeReader,
}

/// What a failed mapping left behind.
pub(super) enum MapFailure {
    /// No map was written.
    Nothing,
    /// One of the two maps was written, which cannot be taken back.
    Half(String),
}

impl Mapper {
    /// Fork the process. It waits for [`Mapper::map`].
    pub(super) fn start(ids: &SubIds, uid: u32, gid: u32) -> io::Result<Self> {
        let (start, go) = io::pipe()?;
        let (answer, tell) = io::pipe()?;
        let target = std::process::id();
        // SAFETY: the caller promises that there are no threads, so the copy may use everything,
        // the allocator included. It never returns from this function.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            drop((go, answer));
            map_and_leave(ids, target, uid, gid, start, tell);
        }
        let pid = Pid::from_raw(pid).filter(|_| pid > 0).ok_or_else(io::Error::last_os_error)?;
        Ok(Mapper { pid, go, answer })
    }

    /// Let it map, now that the namespace is there.
    pub(super) fn map(mut self) -> Result<(), MapFailure> {
        let told = self.go.write_all(b"g");
        drop(self.go);
        let mut answer = String::new();
        let read = self.answer.read_to_string(&mut answer);
        let _ = waitpid(Some(self.pid), WaitOptions::empty());
        match (told, read, answer.as_str()) {
            (Ok(()), Ok(_), "done") => Ok(()),
            (_, _, why) if why.starts_with("half ") => {
                Err(MapFailure::Half(why["half ".len()..].to_string()))
            }
            _ => Err(MapFailure::Nothing),
        }
    }
}

fn map_and_leave(
    ids: &SubIds,
    target: u32,
    uid: u32,
    gid: u32,
    mut start: io::PipeReader,
    mut tell: io::PipeWriter,
) -> ! {
    let mut go = [0];
    let asked = start.read_exact(&mut go).is_ok();
    let answer = match asked {
        false => String::new(),
        true => match run(&ids.newuidmap, target, uid, &ids.users) {
            Err(_) => String::new(),
            Ok(()) => match run(&ids.newgidmap, target, gid, &ids.groups) {
                Ok(()) => "done".to_string(),
                Err(why) => format!("half {why}"),
            },
        },
    };
    let _ = tell.write_all(answer.as_bytes());
    // SAFETY: ends the copy without running the parent's exit handlers.
    unsafe { libc::_exit(0) }
}

/// `newuidmap PID 0 UID 1 1 FIRST COUNT ...`
fn run(tool: &Path, target: u32, own: u32, ranges: &[(u32, u32)]) -> Result<(), String> {
    let mut numbers = vec![target, 0, own, 1];
    let mut next = 1;
    for (first, count) in ranges {
        numbers.extend([next, *first, *count]);
        next += count;
    }
    let failed = |error: &dyn fmt::Display| format!("{}: {error}", tool.display());
    let null = fs::File::open("/dev/null").map_err(|error| failed(&error))?;
    let output = Command::new(tool)
        .args(numbers.iter().map(u32::to_string))
        .stdin(Stdio::from(null.as_fd().try_clone_to_owned().map_err(|error| failed(&error))?))
        .output()
        .map_err(|error| failed(&error))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(&String::from_utf8_lossy(&output.stderr).trim())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_user() {
        let text = "# x\nann:100000:65536\nbob:165536:65536\n1000:300000:10\nann:1:0\nann:x:1\nann:5\n";
        assert_eq!(ranges(text, Some("ann"), 1000), [(100000, 65536), (300000, 10)]);
        assert_eq!(ranges(text, None, 1000), [(300000, 10)]);
        assert_eq!(ranges(text, Some("eve"), 7), []);
        assert_eq!(ranges("ann:4294967290:100\n", Some("ann"), 1), [(4294967290, 5)]);
        assert_eq!(ranges("ann:100000:4000000000\n", Some("ann"), 1), [(100000, MOST)]);
        let passwd = "root:x:0:0::/:\nann:x:1000:1000::/:\n";
        assert_eq!(account_name(passwd, 1000), Some("ann"));
        assert_eq!(account_name(passwd, 7), None);
    }
}

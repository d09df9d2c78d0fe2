//! Every process of a container, by the numbers and names that hold inside it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;

use plimsoll_model::Signal;
use plimsoll_model::launch::ALL_CAPABILITIES;
use plimsoll_sys::signals::awaited_by;

use super::id_map::IdView;
use super::members::{members, namespace};
use super::socket_table::{ListeningSocket, listening_sockets, sockets_held};

/// A running container at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerView {
    /// Its processes by their pid inside; PID 1 first.
    pub processes: Vec<ProcessView>,
    /// Sockets they wait on.
    pub listening: Vec<ListeningSocket>,
}

impl ContainerView {
    /// PID 1.
    pub fn pid1(&self) -> Option<&ProcessView> {
        self.processes.iter().find(|process| process.pid == 1)
    }

    /// Those of its processes, by their pid on the host, that hold a socket somebody may connect to.
    pub fn listeners(&self) -> HashSet<u32> {
        let inodes: HashSet<u64> = self.listening.iter().map(|socket| socket.inode).collect();
        let holds = |process: &&ProcessView| !sockets_held(process.host_pid).is_disjoint(&inodes);
        match inodes.is_empty() {
            true => HashSet::new(),
            false => self.processes.iter().filter(holds).map(|process| process.host_pid).collect(),
        }
    }

    /// Highest memory use: the sum of each living process' own peak (VmHWM), in bytes. Pages shared
    /// between processes count once for each, so this is an upper bound.
    pub fn memory_peak(&self) -> u64 {
        self.processes.iter().map(|process| process.memory_peak).sum()
    }
}

/// One process, as /proc shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessView {
    /// Pid on the host (as this process sees it).
    pub host_pid: u32,
    /// Pid inside the container.
    pub pid: u32,
    /// Parent's pid inside the container; 0 for PID 1 and for what was brought in from outside (`exec`).
    pub parent: u32,
    /// Command line; for a zombie, which has none, its name alone.
    pub argv: Vec<String>,
    /// Path of the executable inside the container; empty for a zombie.
    pub exe: String,
    /// Effective user id inside the container.
    pub uid: u32,
    /// Effective group id inside the container.
    pub gid: u32,
    /// Effective capabilities, names without `CAP_`.
    pub capabilities: Vec<&'static str>,
    /// It has ended and nobody has asked for its exit code.
    pub zombie: bool,
    /// Signals it has a handler for (SigCgt).
    pub caught: Vec<Signal>,
    /// Signals it blocks, to read them itself with signalfd or sigwait (SigBlk, and what it waits for
    /// just now).
    pub blocked: Vec<Signal>,
    /// Signals it ignores (SigIgn).
    pub ignored: Vec<Signal>,
    /// no_new_privs is set.
    pub no_new_privileges: bool,
    /// A system call filter is active.
    pub filtered: bool,
    /// Its peak memory use (VmHWM), in bytes.
    pub memory_peak: u64,
    /// Its state as /proc names it: R, S, D, T, Z...
    pub state: char,
}

impl ProcessView {
    /// It handles or waits for this signal.
    pub fn handles(&self, signal: Signal) -> bool {
        self.caught.contains(&signal) || self.blocked.contains(&signal)
    }

    /// All signals it handles or waits for, but those that nobody can (signal(7)): who waits for every signal has
    /// them in its mask all the same.
    pub fn handled(&self) -> BTreeSet<Signal> {
        let all = self.caught.iter().chain(&self.blocked).copied();
        all.filter(|signal| ![Signal::KILL, Signal::STOP].contains(signal)).collect()
    }
}

/// Look at the container whose PID 1 is `pid`. Works for the container's owner, outside as well as
/// inside the user namespace it was started from. A process that ends meanwhile is left out.
pub fn view(pid: u32) -> io::Result<ContainerView> {
    let gone = || io::Error::from(io::ErrorKind::NotFound);
    let level = Status::read(pid).and_then(|status| status.level()).ok_or_else(gone)?;
    let uids = IdView::of(pid, "uid_map").ok_or_else(gone)?;
    let gids = IdView::of(pid, "gid_map").ok_or_else(gone)?;
    let members: Vec<(u32, Status)> =
        members(pid)?.into_iter().filter_map(|member| Some((member, Status::read(member)?))).collect();
    let inside: HashMap<u32, u32> =
        members.iter().filter_map(|(host, status)| Some((*host, status.pid_at(level)?))).collect();
    let mut processes: Vec<ProcessView> =
        members.iter().filter_map(|(host, status)| process(*host, status, &inside, &uids, &gids)).collect();
    processes.sort_by_key(|process| process.pid);
    let listening = listening(pid, &processes)?;
    Ok(ContainerView { processes, listening })
}

fn process(
    host_pid: u32,
    status: &Status,
    inside: &HashMap<u32, u32>,
    uids: &IdView,
    gids: &IdView,
) -> Option<ProcessView> {
    let state = status.field("State")?.chars().next()?;
    let zombie = matches!(state, 'Z' | 'X');
    let cmdline = fs::read(format!("/proc/{host_pid}/cmdline")).unwrap_or_default();
    let mut argv: Vec<String> = cmdline
        .strip_suffix(b"\0")
        .unwrap_or(&cmdline)
        .split(|byte| *byte == 0)
        .map(|argument| String::from_utf8_lossy(argument).into_owned())
        .collect();
    if cmdline.is_empty() {
        argv = vec![status.field("Name")?.to_string()];
    }
    drop_title_rest(&mut argv);
    let exe = fs::read_link(format!("/proc/{host_pid}/exe")).unwrap_or_default();
    let parent = status.number("PPid").and_then(|parent| inside.get(&u32::try_from(parent).ok()?)).copied();
    Some(ProcessView {
        host_pid,
        pid: *inside.get(&host_pid)?,
        parent: parent.unwrap_or(0),
        argv,
        exe: exe.to_string_lossy().into_owned(),
        uid: uids.inside(status.effective_id("Uid")?),
        gid: gids.inside(status.effective_id("Gid")?),
        capabilities: capabilities(status.bits("CapEff")),
        zombie,
        caught: signals(status.bits("SigCgt")),
        blocked: signals(status.bits("SigBlk") | awaited_by(host_pid)),
        ignored: signals(status.bits("SigIgn")),
        no_new_privileges: status.number("NoNewPrivs") == Some(1),
        filtered: status.number("Seccomp") == Some(2),
        memory_peak: status.number("VmHWM").unwrap_or(0) * 1024,
        state,
    })
}

/// A program that writes a title over its arguments (redis, node) leaves zero bytes behind it, which are no
/// empty arguments: `ps` does not show them either.
fn drop_title_rest(argv: &mut Vec<String>) {
    if let [title, rest @ ..] = &argv[..]
        && title.contains(' ')
        && rest.iter().all(String::is_empty)
    {
        argv.truncate(1);
    }
}

/// The container's listeners. With the host's network, only those its own processes hold.
fn listening(pid: u32, processes: &[ProcessView]) -> io::Result<Vec<ListeningSocket>> {
    let mut sockets = listening_sockets(&pid.to_string());
    if namespace(pid, "net")? == fs::read_link("/proc/self/ns/net")? {
        let held: HashSet<u64> =
            processes.iter().flat_map(|process| sockets_held(process.host_pid)).collect();
        sockets.retain(|socket| held.contains(&socket.inode));
    }
    sockets.sort();
    Ok(sockets)
}

/// /proc/PID/status.
pub(super) struct Status(String);

impl Status {
    pub(super) fn read(pid: u32) -> Option<Self> {
        // A program may put any bytes into its name.
        let bytes = fs::read(format!("/proc/{pid}/status")).ok()?;
        Some(Status(String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let value = |line: &'_ str| Some(line.strip_prefix(name)?.strip_prefix(':')?.len());
        self.0.lines().find_map(|line| value(line).map(|length| line[line.len() - length..].trim()))
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.field(name)?.split_ascii_whitespace().next()?.parse().ok()
    }

    pub(super) fn numbers(&self, name: &str) -> impl Iterator<Item = u32> {
        self.field(name).unwrap_or_default().split_ascii_whitespace().filter_map(|word| word.parse().ok())
    }

    pub(super) fn bits(&self, name: &str) -> u64 {
        self.field(name).and_then(|text| u64::from_str_radix(text, 16).ok()).unwrap_or(0)
    }

    /// Real, effective, saved and file system id: the second.
    pub(super) fn effective_id(&self, name: &str) -> Option<u32> {
        self.field(name)?.split_ascii_whitespace().nth(1)?.parse().ok()
    }

    /// How many pid namespaces deep it lives, counted from ours.
    fn level(&self) -> Option<usize> {
        self.field("NSpid")?.split_ascii_whitespace().count().checked_sub(1)
    }

    fn pid_at(&self, level: usize) -> Option<u32> {
        self.field("NSpid")?.split_ascii_whitespace().nth(level)?.parse().ok()
    }
}

fn capabilities(bits: u64) -> Vec<&'static str> {
    ALL_CAPABILITIES
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 == 1)
        .map(|(_, name)| name)
        .collect()
}

fn signals(bits: u64) -> Vec<Signal> {
    (1..=64).filter(|number| bits >> (number - 1) & 1 == 1).filter_map(Signal::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tsh PPid:\t9\nState:\tS (sleeping)\nPPid:\t41\nUid:\t0\t33\t0\t0\n\
                          NSpid:\t42\t1\nVmHWM:\t    1024 kB\nSigBlk:\t0000000000004000\nCapEff:\t0000000000000401\n";

    #[test]
    fn fields_of_a_status() {
        let status = Status(STATUS.into());
        assert_eq!(status.number("PPid"), Some(41));
        assert_eq!(status.effective_id("Uid"), Some(33));
        assert_eq!((status.level(), status.pid_at(1)), (Some(1), Some(1)));
        assert_eq!(status.number("VmHWM"), Some(1024));
        assert_eq!(signals(status.bits("SigBlk")), [Signal::TERM]);
        assert_eq!(capabilities(status.bits("CapEff")), ["CHOWN", "NET_BIND_SERVICE"]);
        assert_eq!(status.field("Missing"), None);
    }

    #[test]
    fn a_title_is_one_word_and_empty_arguments_stay() {
        let rest = |words: &[&str]| {
            let mut argv = words.iter().map(ToString::to_string).collect();
            drop_title_rest(&mut argv);
            argv
        };
        assert_eq!(rest(&["redis-server *:6379", "", ""]), ["redis-server *:6379"]);
        assert_eq!(rest(&["dropbear", "-P", ""]), ["dropbear", "-P", ""]);
        assert_eq!(rest(&["x", ""]), ["x", ""]);
    }

    #[test]
    fn this_process_sees_itself() {
        let own = std::process::id();
        let view = view(own).unwrap();
        let process = view.processes.iter().find(|process| process.host_pid == own).unwrap();
        assert_eq!(process.uid, rustix::process::geteuid().as_raw());
        assert!(process.exe.contains("plimsoll_runtime"), "{}", process.exe);
        assert!(process.memory_peak > 0 && !process.zombie);
    }

    #[test]
    fn a_zombie_is_seen_as_one() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pidfd = crate::process_id::ProcessId::of(child.id()).unwrap().open().unwrap();
        assert!(crate::process_id::wait_for_end(&pidfd, None));
        let view = view(std::process::id()).unwrap();
        let process = view.processes.iter().find(|process| process.host_pid == child.id()).unwrap();
        assert!(process.zombie);
        assert_eq!(process.argv, ["true"]);
        child.wait().unwrap();
    }
}

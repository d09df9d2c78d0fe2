//! Processes as `ps` of the host shows them.

use std::fs;
use std::time::Duration;

use super::process_view::Status;

/// One process, by the host's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRow {
    /// Pid.
    pub pid: u32,
    /// Parent's pid.
    pub parent: u32,
    /// Effective user.
    pub uid: u32,
    /// Effective group.
    pub gid: u32,
    /// State: R, S, D, T, Z...
    pub state: char,
    /// The program's name, 15 bytes at most.
    pub name: String,
    /// Command line; empty for a zombie.
    pub argv: Vec<String>,
    /// Process group.
    pub group: u32,
    /// Session.
    pub session: u32,
    /// Device number of its terminal; 0: none.
    pub terminal: u32,
    /// Process group in the foreground of that; `None`: no terminal.
    pub foreground: Option<u32>,
    /// Processor time.
    pub processor: Duration,
    /// Processor time of children it has waited for.
    pub of_children: Duration,
    /// The kernel's priority.
    pub priority: i64,
    /// Niceness.
    pub nice: i64,
    /// Threads.
    pub threads: u64,
    /// When it started, counted from the boot of the machine.
    pub started: Duration,
    /// Bytes of address space.
    pub virtual_memory: u64,
    /// Bytes of it in memory.
    pub resident: u64,
    /// Bytes in memory that are no file's: a process' own, and shared memory.
    pub anonymous: u64,
    /// Pages are locked in memory.
    pub locked: bool,
    /// The processor it ran on last.
    pub last_processor: u32,
}

/// Look at processes. One that ends meanwhile is left out.
pub fn rows(pids: &[u32]) -> Vec<ProcessRow> {
    pids.iter().filter_map(|pid| row(*pid)).collect()
}

fn row(pid: u32) -> Option<ProcessRow> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let cmdline = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let row = parse(&String::from_utf8_lossy(&stat), &cmdline)?;
    let status = Status::read(pid)?;
    let kibibytes = |field: &str| status.number(field).unwrap_or(0) * 1024;
    Some(ProcessRow {
        uid: status.effective_id("Uid")?,
        gid: status.effective_id("Gid")?,
        resident: kibibytes("VmRSS"),
        anonymous: kibibytes("RssAnon") + kibibytes("RssShmem"),
        locked: kibibytes("VmLck") > 0,
        ..row
    })
}

/// A clock tick of /proc: Linux counts a hundred in a second for programs, whatever its own clock does.
pub(crate) fn ticks(count: u64) -> Duration {
    Duration::from_millis(count.saturating_mul(10))
}

/// What /proc/PID/stat says (proc_pid_stat(5)); the name, in parentheses, may contain anything.
fn parse(stat: &str, cmdline: &[u8]) -> Option<ProcessRow> {
    let (head, rest) = stat.rsplit_once(") ")?;
    let (pid, name) = head.split_once(" (")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // Fields are numbered from 1; the state is the third.
    let field = |number: usize| fields.get(number - 3).copied();
    let number = |at: usize| field(at)?.parse::<u64>().ok();
    let small = |at: usize| u32::try_from(number(at)?).ok();
    Some(ProcessRow {
        pid: pid.parse().ok()?,
        parent: small(4)?,
        uid: 0,
        gid: 0,
        state: field(3)?.chars().next()?,
        name: name.to_string(),
        argv: arguments(cmdline),
        group: small(5)?,
        session: small(6)?,
        // Printed as a signed number.
        terminal: field(7)?.parse::<i32>().ok()? as u32,
        foreground: small(8),
        processor: ticks(number(14)? + number(15)?),
        of_children: ticks(field(16)?.parse().unwrap_or(0)) + ticks(field(17)?.parse().unwrap_or(0)),
        priority: field(18)?.parse().ok()?,
        nice: field(19)?.parse().ok()?,
        threads: number(20)?,
        started: ticks(number(22)?),
        virtual_memory: number(23)?,
        resident: 0,
        anonymous: 0,
        locked: false,
        last_processor: small(39).unwrap_or(0),
    })
}

fn arguments(cmdline: &[u8]) -> Vec<String> {
    if cmdline.is_empty() {
        return Vec::new();
    }
    let words = cmdline.strip_suffix(b"\0").unwrap_or(cmdline).split(|byte| *byte == 0);
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_stat_line() {
        let line = "42 (a) S 1) (x) S 41 42 40 34816 42 4194304 1 2 3 4 500 6 7 8 20 -5 3 0 98765 4096000 9 \
            18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0";
        let row = parse(line, b"sh\0-c\0a b\0").unwrap();
        assert_eq!((row.pid, row.parent, row.state, row.name.as_str()), (42, 41, 'S', "a) S 1) (x"));
        assert_eq!((row.group, row.session, row.terminal, row.foreground), (42, 40, 34816, Some(42)));
        assert_eq!((row.processor, row.of_children), (ticks(506), ticks(15)));
        assert_eq!((row.priority, row.nice, row.threads, row.last_processor), (20, -5, 3, 1));
        assert_eq!((row.started, row.virtual_memory), (ticks(98765), 4_096_000));
        assert_eq!(row.argv, ["sh", "-c", "a b"]);
        let no_terminal = line.replace("34816 42 4194304", "0 -1 4194304");
        assert_eq!(parse(&no_terminal, b"").unwrap().foreground, None);
        assert!(parse("42 (a) S 1 2", b"").is_none() && parse("", b"").is_none());
    }

    #[test]
    fn this_process_has_a_row() {
        let own = std::process::id();
        let [row] = &rows(&[own, u32::MAX])[..] else { panic!("one of the two exists") };
        assert_eq!((row.pid, row.uid), (own, rustix::process::geteuid().as_raw()));
        assert!(row.resident > 0 && row.anonymous > 0 && row.threads > 0);
    }
}

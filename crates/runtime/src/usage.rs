//! What a running container uses: told by its control group, and where that does not know, by /proc.

use std::fs;
use std::time::Duration;

use crate::cgroup::Cgroup;
use crate::container::{Container, ContainerError, Run};
use crate::observe::{ProcessRow, members, namespace, rows, ticks};

/// What a container uses at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Processor time since it started.
    pub processor: Duration,
    /// Time that all processors of the machine have had, used or not.
    pub machine: Duration,
    /// Processors that run.
    pub processors: u32,
    /// Bytes of memory. Without a control group: what its processes have that is no file's; pages shared
    /// between them count once for each.
    pub memory: u64,
    /// Bytes of memory it may have: its limit, or all there is.
    pub memory_limit: u64,
    /// Processes and threads.
    pub pids: u64,
    /// Bytes read from and written to block devices. Without a control group: by processes that live.
    pub block_io: (u64, u64),
    /// Bytes received and sent over a network of its own.
    pub network: (u64, u64),
}

impl Usage {
    /// Percent of one processor it has used since an earlier look; more than 100 with several.
    pub fn percent_since(&self, earlier: &Usage) -> f64 {
        let used = self.processor.saturating_sub(earlier.processor).as_secs_f64();
        let all = self.machine.saturating_sub(earlier.machine).as_secs_f64();
        if all > 0.0 { used / all * f64::from(self.processors) * 100.0 } else { 0.0 }
    }
}

impl Container {
    /// What it uses now; an error if it does not run.
    pub fn usage(&self) -> Result<Usage, ContainerError> {
        let run = self.running()?;
        let cgroup = Cgroup::open(&run.cgroups);
        let stats = cgroup.stats();
        let processes = rows(&pids(&cgroup, &run));
        let sum = |number: fn(&ProcessRow) -> u64| processes.iter().map(number).sum::<u64>();
        let (machine, processors) = machine_time(&fs::read_to_string("/proc/stat").unwrap_or_default());
        let there_is = memory_of_machine(&fs::read_to_string("/proc/meminfo").unwrap_or_default());
        let lived = || processes.iter().map(|row| row.processor + row.of_children).sum();
        Ok(Usage {
            processor: stats.processor.unwrap_or_else(lived),
            machine,
            processors,
            memory: stats.memory.unwrap_or_else(|| sum(|row| row.anonymous)),
            memory_limit: stats.memory_limit.unwrap_or(there_is).min(there_is),
            pids: stats.pids.unwrap_or_else(|| sum(|row| row.threads)),
            block_io: stats.block_io.unwrap_or_else(|| block_io(&processes)),
            network: network(run.process.pid),
        })
    }

    /// Its processes as the host sees them, PID 1 first; an error if it does not run.
    pub fn process_rows(&self) -> Result<Vec<ProcessRow>, ContainerError> {
        let run = self.running()?;
        let mut all = rows(&pids(&Cgroup::open(&run.cgroups), &run));
        all.sort_by_key(|row| (row.pid != run.process.pid, row.started, row.pid));
        Ok(all)
    }
}

fn pids(cgroup: &Cgroup, run: &Run) -> Vec<u32> {
    match cgroup.processes() {
        none if none.is_empty() => members(run.process.pid).unwrap_or_default(),
        some => some,
    }
}

/// The time of all processors and their number, from /proc/stat. What guests had is part of the first two
/// numbers already, so seven of them count, as for docker.
fn machine_time(stat: &str) -> (Duration, u32) {
    let mut lines = stat.lines().filter_map(|line| line.strip_prefix("cpu"));
    let numbers = lines.next().unwrap_or_default().split_whitespace().take(7);
    let all = numbers.filter_map(|number| number.parse::<u64>().ok()).sum();
    (ticks(all), u32::try_from(lines.count()).unwrap_or(1).max(1))
}

fn memory_of_machine(meminfo: &str) -> u64 {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0).saturating_mul(1024)
}

fn block_io(processes: &[ProcessRow]) -> (u64, u64) {
    let text = |row: &ProcessRow| fs::read_to_string(format!("/proc/{}/io", row.pid)).unwrap_or_default();
    let number = |text: &str, name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    processes.iter().map(text).fold((0, 0), |(read, written), text| {
        (read + number(&text, "read_bytes:"), written + number(&text, "write_bytes:"))
    })
}

/// Of the host's network nothing can be said to be the container's.
fn network(pid: u32) -> (u64, u64) {
    let own = std::process::id();
    if matches!((namespace(pid, "net"), namespace(own, "net")), (Ok(its), Ok(ours)) if its == ours) {
        return (0, 0);
    }
    interfaces(&fs::read_to_string(format!("/proc/{pid}/net/dev")).unwrap_or_default())
}

/// Bytes received and sent by all interfaces but the loopback one (proc_pid_net(5)).
fn interfaces(dev: &str) -> (u64, u64) {
    let lines = dev.lines().filter_map(|line| line.trim().split_once(':')).filter(|(name, _)| *name != "lo");
    lines.fold((0, 0), |(received, sent), (_, numbers)| {
        let number = |at| numbers.split_whitespace().nth(at).and_then(|text| text.parse::<u64>().ok());
        (received + number(0).unwrap_or(0), sent + number(8).unwrap_or(0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_of_a_processor() {
        let at = |processor, machine| Usage {
            processor: Duration::from_millis(processor),
            machine: Duration::from_millis(machine),
            processors: 4,
            ..Usage::default()
        };
        // One second on a machine of four processors; one and a half of them were used.
        assert_eq!(at(2_500, 14_000).percent_since(&at(1_000, 10_000)), 150.0);
        assert_eq!(at(1, 10).percent_since(&at(1, 10)), 0.0);
        assert_eq!(at(0, 20).percent_since(&at(5, 10)), 0.0);
    }

    #[test]
    fn numbers_of_the_machine() {
        let stat = "cpu  100 0 50 800 10 0 5 7 3 0\ncpu0 50 0 25\ncpu1 50 0 25\nintr 1 2\n";
        assert_eq!(machine_time(stat), (ticks(965), 2));
        assert_eq!(machine_time(""), (Duration::ZERO, 1));
        assert_eq!(memory_of_machine("MemTotal:        2048 kB\nMemFree: 1 kB\n"), 2048 * 1024);
    }

    #[test]
    fn bytes_of_interfaces() {
        let dev = "Inter-|   Receive                                                |  Transmit\n \
            face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n    \
            lo:     500       5    0    0    0     0          0         0      500       5    0    0\n  \
            eth0: 1296        9    0    0    0     0          0         0       90       1    0    0\n";
        assert_eq!(interfaces(dev), (1296, 90));
    }
}

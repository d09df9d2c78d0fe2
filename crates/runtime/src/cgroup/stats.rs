//! What a group uses, as its files tell.

use std::time::Duration;

use super::Cgroup;

/// What a control group uses. What it has no controller for is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Processor time of all its processes, also of those that have ended.
    pub processor: Option<Duration>,
    /// Bytes of memory, without file pages that nobody has used for long (docker's number).
    pub memory: Option<u64>,
    /// Bytes of memory it may have, if that is limited.
    pub memory_limit: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
    /// Bytes read from and written to block devices.
    pub block_io: Option<(u64, u64)>,
}

impl Cgroup {
    /// What it uses now.
    pub fn stats(&self) -> Stats {
        let number = |file| self.read(file).and_then(|text| text.trim().parse::<u64>().ok());
        let nanoseconds = number("cpuacct.usage").map(Duration::from_nanos);
        let microseconds = || number_after("usage_usec", &self.read("cpu.stat")?).map(Duration::from_micros);
        let memory = number("memory.current").or_else(|| number("memory.usage_in_bytes"));
        Stats {
            processor: nanoseconds.or_else(microseconds),
            memory: memory.map(|bytes| bytes.saturating_sub(self.inactive_files())),
            memory_limit: number("memory.max").or_else(|| number("memory.limit_in_bytes")).filter(is_a_limit),
            pids: number("pids.current"),
            block_io: self.block_io(),
        }
    }

    fn inactive_files(&self) -> u64 {
        let text = self.read("memory.stat").unwrap_or_default();
        number_after("total_inactive_file", &text)
            .or_else(|| number_after("inactive_file", &text))
            .unwrap_or(0)
    }

    fn block_io(&self) -> Option<(u64, u64)> {
        if let Some(text) = self.read("io.stat") {
            return Some((sum_of_keys("rbytes=", &text), sum_of_keys("wbytes=", &text)));
        }
        let text = self.read("blkio.throttle.io_service_bytes_recursive")?;
        Some((sum_of_operations("Read", &text), sum_of_operations("Write", &text)))
    }
}

/// Version 1 writes `no limit` as the largest number of pages, in bytes.
fn is_a_limit(bytes: &u64) -> bool {
    *bytes < 1 << 60
}

/// The number on the line that begins with this word.
pub(super) fn number_after(word: &str, text: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(key, _)| *key == word).and_then(|(_, number)| number.trim().parse().ok())
}

/// `8:0 rbytes=180224 wbytes=0 rios=3 ...`, a line a device.
fn sum_of_keys(key: &str, text: &str) -> u64 {
    let words = text.split_whitespace().filter_map(|word| word.strip_prefix(key));
    words.filter_map(|number| number.parse::<u64>().ok()).fold(0, u64::saturating_add)
}

/// `8:0 Read 180224`, a line a device and kind, and a sum of all at the end.
fn sum_of_operations(kind: &str, text: &str) -> u64 {
    let number = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        (words.next()? == kind).then(|| words.next()?.parse::<u64>().ok()).flatten()
    };
    text.lines().filter_map(number).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_files() {
        let events = "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n";
        assert_eq!(number_after("oom_kill", events), Some(1));
        assert_eq!(number_after("oom_kill", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"), Some(3));
        assert_eq!(number_after("frozen", "populated 1\nfrozen 1\n"), Some(1));
        assert_eq!(number_after("frozen", ""), None);
        assert_eq!(number_after("a", "a x\n"), None);
    }

    #[test]
    fn bytes_of_all_devices() {
        let two = "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353\n8:0 rbytes=1 wbytes=2\n253:0\n";
        assert_eq!((sum_of_keys("rbytes=", two), sum_of_keys("wbytes=", two)), (1_459_201, 314_773_506));
        let one = "8:0 Read 10\n8:0 Write 5\n8:0 Sync 0\n8:0 Total 15\n8:16 Read 7\n8:16 Total 7\nTotal 22\n";
        assert_eq!((sum_of_operations("Read", one), sum_of_operations("Write", one)), (17, 5));
    }

    #[test]
    fn the_largest_number_is_no_limit() {
        assert!(is_a_limit(&(64 << 20)) && !is_a_limit(&9_223_372_036_854_771_712));
    }
}

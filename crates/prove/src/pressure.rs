//! How busy the machine was with other things while a time was taken.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use plimsoll_runtime::observe::ContainerView;

/// Where the kernel tells how long a thread waited for a processor.
pub const METHOD: &str =
    "longest wait of a thread of the program for a processor (/proc/PID/task/TID/schedstat)";
/// The same where it does not.
pub const PRESSURE: &str =
    "share of the last 10 s in which somebody waited for a processor (/proc/pressure/cpu)";
/// Neither is told.
pub const UNKNOWN: &str = "not measured: the kernel tells neither schedstat nor pressure";

/// More than this share of a time spent waiting (thousandths), and the time is the machine's and not the
/// program's.
pub const HIGH: u32 = 250;

/// The longest share of `took` that one thread of the container waited for a processor, in thousandths.
pub fn waiting(view: &ContainerView, took: Duration) -> Option<u32> {
    let nanoseconds = took.as_nanos().max(1);
    let waits = view.processes.iter().filter(|process| !process.zombie).filter_map(|process| {
        let tasks = fs::read_dir(format!("/proc/{}/task", process.host_pid)).ok()?;
        tasks.flatten().filter_map(|task| run_delay(&fs::read(task.path().join("schedstat")).ok()?)).max()
    });
    let most = waits.max()?;
    u32::try_from((u128::from(most) * 1000 / nanoseconds).min(1000)).ok()
}

/// The second number: nanoseconds spent waiting on a run queue (Documentation/scheduler/sched-stats.rst).
fn run_delay(schedstat: &[u8]) -> Option<u64> {
    std::str::from_utf8(schedstat).ok()?.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Pressure of the last ten seconds, in thousandths.
pub fn pressure() -> Option<u32> {
    parse_pressure(&fs::read_to_string("/proc/pressure/cpu").ok()?)
}

/// `some avg10=28.52 avg60=... total=...` (Documentation/accounting/psi.rst).
fn parse_pressure(text: &str) -> Option<u32> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let fields: HashMap<&str, &str> =
        some.split_whitespace().filter_map(|field| field.split_once('=')).collect();
    let percent: f64 = fields.get("avg10")?.parse().ok()?;
    percent.is_finite().then(|| (percent.clamp(0.0, 100.0) * 10.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_tells() {
        let text = "some avg10=28.52 avg60=23.94 avg300=13.65 total=71804059\nfull avg10=0.00 total=0\n";
        assert_eq!(parse_pressure(text), Some(285));
        assert_eq!(parse_pressure("some avg10=nan\n"), None);
        assert_eq!(parse_pressure(""), None);
        assert_eq!(run_delay(b"123 456 7\n"), Some(456));
        assert_eq!((run_delay(b""), run_delay(b"1 x")), (None, None));
    }
}

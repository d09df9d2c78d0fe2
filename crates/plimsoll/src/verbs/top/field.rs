//! The fields of a process, named, headed and written as procps' `ps` does.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use plimsoll_runtime::observe::ProcessRow;

use crate::terminal::printable;

/// A column.
pub struct Field {
    /// Names for `-o`, the usual one first.
    pub names: &'static [&'static str],
    /// What stands above it.
    pub heading: &'static str,
    /// Its text for a process.
    pub show: fn(&ProcessRow, &Scene) -> String,
}

/// All of them.
pub const FIELDS: [Field; 30] = [
    field(&["pid", "tgid"], "PID", |row, _| row.pid.to_string()),
    field(&["ppid"], "PPID", |row, _| row.parent.to_string()),
    field(&["user", "euser", "uname"], "USER", |row, scene| scene.user(row.uid)),
    field(&["uid", "euid"], "UID", |row, _| row.uid.to_string()),
    field(&["gid", "egid"], "GID", |row, _| row.gid.to_string()),
    field(&["group", "egroup"], "GROUP", |row, scene| scene.group(row.gid)),
    field(&["comm", "ucmd", "ucomm"], "COMMAND", |row, _| name(row)),
    field(&["args", "command"], "COMMAND", |row, _| command(row)),
    field(&["cmd"], "CMD", |row, _| command(row)),
    field(&["c"], "C", |row, scene| (scene.percent(row) as u64).min(99).to_string()),
    field(&["pcpu", "%cpu"], "%CPU", |row, scene| format!("{:.1}", scene.percent(row))),
    field(&["pmem", "%mem"], "%MEM", |row, scene| format!("{:.1}", scene.share_of_memory(row))),
    field(&["vsz", "vsize"], "VSZ", |row, _| (row.virtual_memory / 1024).to_string()),
    field(&["rss", "rssize", "rsz"], "RSS", |row, _| (row.resident / 1024).to_string()),
    field(&["tty", "tt", "tname"], "TT", |row, _| terminal(row.terminal)),
    field(&["stat"], "STAT", |row, _| state(row)),
    field(&["state", "s"], "S", |row, _| row.state.to_string()),
    field(&["time", "cputime"], "TIME", |row, _| long_time(row.processor)),
    field(&["bsdtime"], "TIME", |row, _| minutes(row.processor)),
    field(&["stime"], "STIME", |row, scene| scene.start(row)),
    field(&["bsdstart"], "START", |row, scene| scene.start(row)),
    field(&["start"], "STARTED", |row, scene| scene.exact_start(row)),
    field(&["lstart"], "STARTED", |row, scene| scene.whole_start(row)),
    field(&["etime"], "ELAPSED", |row, scene| elapsed(scene.age(row))),
    field(&["etimes"], "ELAPSED", |row, scene| scene.age(row).as_secs().to_string()),
    field(&["ni", "nice"], "NI", |row, _| row.nice.to_string()),
    field(&["nlwp", "thcount"], "NLWP", |row, _| row.threads.to_string()),
    field(&["pgid", "pgrp"], "PGID", |row, _| row.group.to_string()),
    field(&["sid", "sess", "session"], "SID", |row, _| row.session.to_string()),
    field(&["psr"], "PSR", |row, _| row.last_processor.to_string()),
];

const fn field(
    names: &'static [&'static str],
    heading: &'static str,
    show: fn(&ProcessRow, &Scene) -> String,
) -> Field {
    Field { names, heading, show }
}

/// What the numbers of processes are measured against.
pub struct Scene {
    /// Now, and since when the machine runs.
    now: Timestamp,
    uptime: Duration,
    /// Bytes of memory of the machine.
    memory: u64,
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Scene {
    /// This machine, with the names of its own accounts: ids are the host's.
    pub fn now() -> Scene {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let uptime = text("/proc/uptime").split(' ').next().and_then(|text| text.parse::<f64>().ok());
        let memory = text("/proc/meminfo")
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Scene {
            now: Timestamp::now(),
            uptime: Duration::try_from_secs_f64(uptime.unwrap_or_default()).unwrap_or_default(),
            memory: memory.unwrap_or_default() * 1024,
            users: names_of_ids(&text("/etc/passwd")),
            groups: names_of_ids(&text("/etc/group")),
        }
    }

    fn user(&self, uid: u32) -> String {
        self.users.get(&uid).cloned().unwrap_or_else(|| uid.to_string())
    }

    fn group(&self, gid: u32) -> String {
        self.groups.get(&gid).cloned().unwrap_or_else(|| gid.to_string())
    }

    fn age(&self, row: &ProcessRow) -> Duration {
        self.uptime.saturating_sub(row.started)
    }

    /// Percent of one processor, over its whole life.
    fn percent(&self, row: &ProcessRow) -> f64 {
        let age = self.age(row).as_secs_f64();
        if age > 0.0 { row.processor.as_secs_f64() / age * 100.0 } else { 0.0 }
    }

    fn share_of_memory(&self, row: &ProcessRow) -> f64 {
        if self.memory > 0 { row.resident as f64 / self.memory as f64 * 100.0 } else { 0.0 }
    }

    fn started(&self, row: &ProcessRow) -> jiff::Zoned {
        let age = jiff::SignedDuration::try_from(self.age(row)).unwrap_or_default();
        // A time before all calendars is nobody's.
        self.now.checked_sub(age).unwrap_or(self.now).to_zoned(jiff::tz::TimeZone::UTC)
    }

    /// The hour within a day, then the day; in universal time, as all times of plimsoll.
    fn start(&self, row: &ProcessRow) -> String {
        self.started(row).strftime(if self.is_recent(row) { "%H:%M" } else { "%b%d" }).to_string()
    }

    fn is_recent(&self, row: &ProcessRow) -> bool {
        self.age(row) < Duration::from_secs(24 * 3600)
    }

    fn exact_start(&self, row: &ProcessRow) -> String {
        self.started(row).strftime(if self.is_recent(row) { "%H:%M:%S" } else { "%b %d" }).to_string()
    }

    fn whole_start(&self, row: &ProcessRow) -> String {
        self.started(row).strftime("%a %b %e %H:%M:%S %Y").to_string()
    }
}

/// Names of an account file by their numbers.
fn names_of_ids(text: &str) -> HashMap<u32, String> {
    let account = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_string();
        Some((fields.nth(1)?.parse().ok()?, name))
    };
    // Of two names for a number the first one counts.
    text.lines().rev().filter_map(account).collect()
}

fn command(row: &ProcessRow) -> String {
    match row.argv.is_empty() {
        true => format!("[{}]{}", printable(&row.name), defunct(row)),
        false => printable(&row.argv.join(" ")),
    }
}

fn name(row: &ProcessRow) -> String {
    printable(&row.name) + defunct(row)
}

fn defunct(row: &ProcessRow) -> &'static str {
    if row.state == 'Z' { " <defunct>" } else { "" }
}

/// Device numbers of terminals (kernel, devices.txt): 136 and seven more are pseudo-terminals.
fn terminal(device: u32) -> String {
    let (major, minor) = (device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xfff00);
    match (major, minor) {
        (0, 0) => "?".to_string(),
        (136..=143, minor) => format!("pts/{}", (major - 136) * 256 + minor),
        (4, minor @ 0..64) => format!("tty{minor}"),
        (4, minor) => format!("ttyS{}", minor - 64),
        (5, 1) => "console".to_string(),
        (major, minor) => format!("{major}:{minor}"),
    }
}

fn state(row: &ProcessRow) -> String {
    let flags = [
        (row.nice < 0, '<'),
        (row.nice > 0, 'N'),
        (row.locked, 'L'),
        (row.session == row.pid, 's'),
        (row.threads > 1, 'l'),
        (row.foreground == Some(row.group), '+'),
    ];
    let flags = flags.into_iter().filter(|(set, _)| *set).map(|(_, letter)| letter);
    std::iter::once(row.state).chain(flags).collect()
}

/// `[DD-]HH:MM:SS`.
fn long_time(time: Duration) -> String {
    let seconds = time.as_secs();
    let rest = format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    if seconds < 86_400 { rest } else { format!("{:02}-{rest}", seconds / 86_400) }
}

/// `M:SS`.
fn minutes(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

/// `[[DD-]HH:]MM:SS`.
fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..3600 => format!("{:02}:{:02}", seconds / 60, seconds % 60),
        _ => long_time(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_ps_writes_them() {
        let seconds = Duration::from_secs;
        assert_eq!(long_time(seconds(3_725)), "01:02:05");
        assert_eq!(long_time(seconds(90_061)), "01-01:01:01");
        assert_eq!((minutes(seconds(125)), minutes(seconds(0))), ("2:05".into(), "0:00".into()));
        assert_eq!((elapsed(seconds(59)), elapsed(seconds(3_600))), ("00:59".into(), "01:00:00".into()));
    }

    #[test]
    fn terminals_by_their_numbers() {
        assert_eq!(terminal(0), "?");
        assert_eq!(terminal(136 << 8 | 3), "pts/3");
        assert_eq!(terminal(137 << 8 | 1), "pts/257");
        assert_eq!((terminal(4 << 8 | 1), terminal(4 << 8 | 65)), ("tty1".into(), "ttyS1".into()));
        assert_eq!(terminal(5 << 8 | 1), "console");
    }

    #[test]
    fn accounts() {
        let names = names_of_ids("root:x:0:0:root:/root:/bin/sh\nbroken\ntoor:x:0:0::/:\napp:x:7:8::/:\n");
        assert_eq!((names[&0].as_str(), names[&7].as_str(), names.len()), ("root", "app", 2));
    }
}

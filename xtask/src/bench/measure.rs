//! Timing whole commands in turn.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One competitor's command line.
pub struct Entry {
    name: &'static str,
    command: Command,
    prepare: Option<Box<dyn Fn()>>,
    any_code: bool,
    wall: Vec<Duration>,
    cpu: Vec<Duration>,
    failed: Option<String>,
}

impl Entry {
    /// A command to be timed.
    pub fn new(name: &'static str, command: Command) -> Self {
        Entry {
            name,
            command,
            prepare: None,
            any_code: false,
            wall: Vec::new(),
            cpu: Vec::new(),
            failed: None,
        }
    }

    /// Do this before every run; it is not timed.
    pub fn after(mut self, prepare: impl Fn() + 'static) -> Self {
        self.prepare = Some(Box::new(prepare));
        self
    }

    /// Its exit code is an answer, not a failure.
    pub fn whatever_the_code(mut self) -> Self {
        self.any_code = true;
        self
    }

    fn run(&mut self, counts: bool) {
        if self.failed.is_some() {
            return;
        }
        if let Some(prepare) = &self.prepare {
            prepare();
        }
        let (before, started) = (children_cpu(), Instant::now());
        let output = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
        let (wall, cpu) = (started.elapsed(), children_cpu() - before);
        match output {
            Ok(output) if output.status.success() || self.any_code => {
                if counts {
                    self.wall.push(wall);
                    self.cpu.push(cpu);
                }
            }
            Ok(output) => {
                self.failed =
                    Some(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("").to_string())
            }
            Err(error) => self.failed = Some(error.to_string()),
        }
    }
}

/// Several commands for the same thing; the first one is ours.
pub struct Contest {
    title: String,
    rounds: usize,
    entries: Vec<Entry>,
}

impl Contest {
    /// A contest of so many rounds.
    pub fn new(title: impl Into<String>, rounds: usize) -> Self {
        Contest { title: title.into(), rounds, entries: Vec::new() }
    }

    /// Add a competitor.
    pub fn enter(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Run the rounds, after one that does not count, and print the table.
    pub fn hold(mut self) {
        self.entries.iter_mut().for_each(|entry| entry.run(false));
        for _ in 0..self.rounds {
            self.entries.iter_mut().for_each(|entry| entry.run(true));
        }
        println!("\n{}, {} rounds in turn", self.title, self.rounds);
        println!("  {:10} {:>10} {:>10} {:>10} {:>8}", "", "median ms", "least ms", "CPU ms", "ratio");
        let ours = self.entries.first().and_then(|entry| median(&entry.wall));
        for entry in &self.entries {
            if let Some(why) = &entry.failed {
                println!("  {:10} failed: {why}", entry.name);
                continue;
            }
            let (Some(middle), Some(least)) = (median(&entry.wall), entry.wall.iter().min()) else {
                continue;
            };
            let cpu = entry.cpu.iter().sum::<Duration>() / u32::try_from(entry.cpu.len()).unwrap_or(1).max(1);
            let ratio = ours.map_or(0.0, |ours| middle.as_secs_f64() / ours.as_secs_f64());
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            println!(
                "  {:10} {:>10.1} {:>10.1} {:>10.1} {ratio:>7.1}x",
                entry.name,
                ms(middle),
                ms(*least),
                ms(cpu)
            );
        }
    }
}

fn median(times: &[Duration]) -> Option<Duration> {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied()
}

/// User and system time of all children so far (proc_pid_stat(5), fields 16 and 17, in ticks of
/// 10 ms: only sums over many rounds mean something).
fn children_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or("");
    let fields: Vec<u64> = after_name.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    let ticks = fields.get(13).unwrap_or(&0) + fields.get(14).unwrap_or(&0);
    Duration::from_millis(ticks * 10)
}

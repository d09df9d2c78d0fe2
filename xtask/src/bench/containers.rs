//! Running containers: what a start costs with all it starts, `exec`, many at once, lists, memory, ports.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::competitors::Docker;
use super::measure::{Contest, Entry};
use super::{Competitors, Place};

const IMAGE: &str = "localhost/bench:1";
const RUN: [&str; 6] = ["run", "--rm", "--network", "none", IMAGE, "true"];

/// `run --rm --network none IMAGE true`.
pub fn run(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    let mut contest = Contest::new("run --rm --network none IMAGE true", 12);
    contest.enter(Entry::new("plimsoll", place.plimsoll(&RUN)));
    competitors.load(place)?;
    if let Some(bundle) = competitors.runc_bundle(place)? {
        contest.enter(Entry::new("runc", bundle));
    }
    if let Some(podman) = competitors.podman(&RUN) {
        contest.enter(Entry::new("podman", podman));
    }
    if let Some(docker) = competitors.docker.as_ref().map(|docker: &Docker| docker.command(&RUN)) {
        contest.enter(Entry::new("docker", docker));
    }
    Ok(contest)
}

/// `exec NAME true` in a container of each.
pub fn exec(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    let mut contest = Contest::new("exec NAME true", 12);
    let start = ["run", "-d", "--name", "bench-exec", "--network", "none", IMAGE, "sleep", "600"];
    let words = ["exec", "bench-exec", "true"];
    place.quiet(&mut place.plimsoll(&start))?;
    contest.enter(Entry::new("plimsoll", place.plimsoll(&words)));
    competitors.load(place)?;
    let docker = competitors.docker.as_ref();
    for (name, start, exec) in [
        ("podman", competitors.podman(&start), competitors.podman(&words)),
        ("docker", docker.map(|docker| docker.command(&start)), docker.map(|docker| docker.command(&words))),
    ] {
        if let (Some(mut start), Some(exec)) = (start, exec) {
            place.quiet(&mut start)?;
            contest.enter(Entry::new(name, exec));
        }
    }
    Ok(contest)
}

/// Remove what [`exec`] has left running.
pub fn end_exec(place: &Place, competitors: &Competitors) {
    let words = ["rm", "-f", "bench-exec"];
    let docker = competitors.docker.as_ref().map(|docker| docker.command(&words));
    let all = [Some(place.plimsoll(&words)), competitors.podman(&words), docker];
    all.into_iter().flatten().for_each(|mut command| drop(command.output()));
}

/// Processor time and system calls of one start, with everything it has started: the monitor outlives
/// the command and is counted too.
pub fn cost(place: &Place) -> Result<(), String> {
    const ROUNDS: u32 = 20;
    println!("\nrun --rm --network none IMAGE true: the command and all it starts");
    match Account::open() {
        None => println!("  processor time: not counted here (needs root and the controller cpuacct)"),
        Some(account) => {
            let mut command = account.counted(&place.plimsoll(&RUN));
            place.quiet(&mut command)?;
            account.settle();
            let before = account.used()?;
            (0..ROUNDS).try_for_each(|_| place.quiet(&mut command))?;
            account.settle();
            // The shell that moves itself there is measured alone and taken off.
            let ours = account.used()? - before;
            let mut nothing = account.counted(&Command::new("/bin/true"));
            let before = account.used()?;
            (0..ROUNDS).try_for_each(|_| place.quiet(&mut nothing))?;
            let shell = account.used()? - before;
            let one = ours.saturating_sub(shell) / ROUNDS;
            println!("  processor time {:>8.1} ms", one.as_secs_f64() * 1e3);
        }
    }
    match system_calls(place) {
        Some(calls) => println!("  system calls   {calls:>8}"),
        None => println!("  system calls: not counted here (needs strace)"),
    }
    Ok(())
}

/// A control group whose processor time is counted to the nanosecond.
struct Account {
    directory: PathBuf,
}

impl Account {
    fn open() -> Option<Account> {
        let directory =
            PathBuf::from(format!("/sys/fs/cgroup/cpuacct/plimsoll-bench-{}", std::process::id()));
        std::fs::create_dir(&directory).ok()?;
        Some(Account { directory })
    }

    /// The command in this group; with `sh` in front, which moves itself.
    fn counted(&self, command: &Command) -> Command {
        let mut counted = Command::new("sh");
        counted.args(["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\""]).arg(&self.directory);
        counted.arg(command.get_program()).args(command.get_args());
        counted.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        counted
    }

    fn used(&self) -> Result<Duration, String> {
        let path = self.directory.join("cpuacct.usage");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        text.trim().parse().map(Duration::from_nanos).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Until everything that was started has ended.
    fn settle(&self) {
        let empty =
            || std::fs::read_to_string(self.directory.join("cgroup.procs")).is_ok_and(|all| all.is_empty());
        while !empty() {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.settle();
        let _ = std::fs::remove_dir(&self.directory);
    }
}

fn system_calls(place: &Place) -> Option<u64> {
    let summary = place.path().join("strace");
    let plimsoll = place.plimsoll(&RUN);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-o"]).arg(&summary).arg(plimsoll.get_program()).args(plimsoll.get_args());
    strace.envs(plimsoll.get_envs().filter_map(|(name, value)| Some((name, value?))));
    place.quiet(&mut strace).ok()?;
    let text = std::fs::read_to_string(summary).ok()?;
    let total = text.lines().rev().find(|line| line.trim_end().ends_with("total"))?;
    total.split_whitespace().nth(3)?.parse().ok()
}

/// Twenty starts at once beside one.
pub fn parallel(place: &Place) -> Result<(), String> {
    const AT_ONCE: usize = 20;
    let time = |count: usize| -> Result<Duration, String> {
        let begun = Instant::now();
        let spawn = |_| place.plimsoll(&RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let children: Vec<_> = (0..count).map(spawn).collect::<Result<_, _>>().map_err(|e| e.to_string())?;
        for mut child in children {
            if !child.wait().is_ok_and(|status| status.success()) {
                return Err("one of many starts at once failed".into());
            }
        }
        Ok(begun.elapsed())
    };
    time(1)?;
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        one.push(time(1)?);
        many.push(time(AT_ONCE)?);
    }
    let (one, many) = (middle(one), middle(many));
    let ratio = many.as_secs_f64() / one.as_secs_f64();
    println!("\n{AT_ONCE} starts at once: {:.1} ms, one: {:.1} ms, {ratio:.1}x", ms(many), ms(one));
    Ok(())
}

/// A list of two hundred running containers, and what each of them holds in memory beside its process.
pub fn list_and_memory(place: &Place) -> Result<(), String> {
    const COUNT: usize = 200;
    for number in 0..COUNT {
        let name = format!("bench-{number}");
        place.quiet(&mut place.plimsoll(&[
            "run",
            "-d",
            "--name",
            &name,
            "--network",
            "none",
            IMAGE,
            "sleep",
            "600",
        ]))?;
    }
    let mut times = Vec::new();
    for _ in 0..15 {
        let begun = Instant::now();
        place.quiet(&mut place.plimsoll(&["ps"]))?;
        times.push(begun.elapsed());
    }
    println!("\nps of {COUNT} running containers: {:.1} ms", ms(middle(times)));
    let mut memory: Vec<u64> =
        monitors(place.path()).iter().filter_map(|pid| proportional_memory(*pid)).collect();
    memory.sort_unstable();
    let middle = memory.get(memory.len() / 2).copied().unwrap_or(0);
    println!("a detached idle container's monitor: {middle} kB proportional, {} monitors", memory.len());
    for number in 0..COUNT {
        place.quiet(&mut place.plimsoll(&["rm", "-f", &format!("bench-{number}")]))?;
    }
    Ok(())
}

/// Pids of the monitors of containers below a directory.
fn monitors(directory: &Path) -> Vec<u32> {
    let directory = directory.display().to_string();
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.contains("monitor\0") && line.contains(&directory)
        })
        .collect()
}

/// Kilobytes, shared pages counted in parts (proc_pid_smaps_rollup(5)).
fn proportional_memory(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What passes through a published port, beside a server on the host itself.
pub fn forwarding(place: &Place) -> Result<(), String> {
    const ROUNDS: usize = 5;
    let port = free_port()?;
    let publish = format!("127.0.0.1:{port}:80");
    let words = ["run", "-d", "--name", "bench-port", "--network", "private", "-p", &publish, IMAGE];
    let serve = ["sh", "-c", "while nc -l -p 80 > /dev/null; do :; done"];
    let mut start = place.plimsoll(&words);
    place.quiet(start.args(serve))?;
    let busybox = place.path().join("busybox/busybox");
    let (mut direct, mut forwarded) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let own = free_port()?;
        let mut server = Command::new(&busybox)
            .args(["nc", "-l", "-p", &own.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        direct.push(send(own)?);
        let _ = server.wait();
        forwarded.push(send(port)?);
    }
    place.quiet(&mut place.plimsoll(&["rm", "-f", "bench-port"]))?;
    let rate = |time: Duration| (AMOUNT as f64) * 8.0 / time.as_secs_f64() / 1e9;
    let (direct, forwarded) = (middle(direct), middle(forwarded));
    println!(
        "\n1 GB through a published port: {:.1} Gbit/s, direct {:.1} Gbit/s, {:.2} of it",
        rate(forwarded),
        rate(direct),
        direct.as_secs_f64() / forwarded.as_secs_f64()
    );
    Ok(())
}

/// Bytes sent.
const AMOUNT: usize = 1 << 30;

/// Send them to a server that is about to listen, and wait until it has taken all.
fn send(port: u16) -> Result<Duration, String> {
    let mut stream = connect(port)?;
    let piece = vec![0; 1 << 18];
    let begun = Instant::now();
    for _ in 0..AMOUNT / piece.len() {
        stream.write_all(&piece).map_err(|error| error.to_string())?;
    }
    stream.shutdown(std::net::Shutdown::Write).map_err(|error| error.to_string())?;
    let _ = stream.read(&mut [0]);
    Ok(begun.elapsed())
}

fn connect(port: u16) -> Result<TcpStream, String> {
    for _ in 0..1000 {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return Ok(stream),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    Err(format!("nothing listens on port {port}"))
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

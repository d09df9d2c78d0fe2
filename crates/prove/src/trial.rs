//! One run of an image: start, watch until it is ready or gone, stop, look at what it left.

use std::fs::{File, Permissions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_contract::evidence::{HttpAnswer, Listener, Observed, ProcessFact, WrittenPath};
use plimsoll_model::{LaunchSpec, PortSpec, Protocol, Signal};
use plimsoll_runtime::call_watch::{CallWatch, Seen};
use plimsoll_runtime::cgroup::Cgroup;
use plimsoll_runtime::launch::{LaunchOptions, Running, Stdio, launch_after};
use plimsoll_runtime::observe::{self, ContainerView};
use plimsoll_runtime::plan::plan;
use plimsoll_runtime::rootfs::RootFs;
use plimsoll_runtime::seccomp::Watched;

use crate::load::Target;
use crate::scratch::note;
use crate::stop::{self, StopOrder, StopSeen};
use crate::subject::{ProveError, Subject};
use crate::{http, written};

/// What a trial is asked to find out besides starting and watching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Kill it once it has been seen.
    Kill,
    /// Send the stop signal and measure.
    Stop,
    /// Stop it like this and measure.
    StopAs(StopOrder),
}

impl Ending {
    /// The stop asked for, the promised one unless another is.
    fn order(self, spec: &LaunchSpec) -> StopOrder {
        match self {
            Ending::StopAs(order) => order,
            Ending::Kill | Ending::Stop => {
                StopOrder { signal: spec.stop.signal, grace: spec.stop.grace, again: None, load: None }
            }
        }
    }
}

/// What a trial brought.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    pub(crate) fate: Fate,
    pub(crate) log: Vec<String>,
    pub(crate) took: Duration,
    pub(crate) http: Option<HttpAnswer>,
    pub(crate) stop: Option<StopSeen>,
    pub(crate) written: Vec<WrittenPath>,
    /// Directories written to without a trace left in them.
    pub(crate) touched: Vec<String>,
    pub(crate) memory_peak: u64,
    /// Zombies that stayed.
    pub(crate) zombies: u32,
    /// Processes and threads when it was ready.
    pub(crate) tasks: u64,
    /// What was seen of its calls, if they were watched.
    pub(crate) seen: Option<Seen>,
}

/// What goes along with a trial.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside {
    /// Which of its calls are looked at. It costs some 20 µs each: never where something is timed.
    pub(crate) watched: Option<Watched>,
    /// The control group it is put in.
    pub(crate) cgroup: Option<Cgroup>,
}

/// What became of the process until the watch ended.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Running(Observed),
    Exited { code: i32, seen: Option<Observed> },
    NotStarted { code: i32, why: String },
}

/// Time between two looks at the processes.
const LOOK: Duration = Duration::from_millis(10);
/// Watched on after the ports are open, so that workers and late failures are seen.
const SETTLE: Duration = Duration::from_millis(200);
/// A zombie that is still there after this long stays: its parent had time to wait for it.
const REAPED: Duration = Duration::from_secs(1);
/// A listener that nobody promised is enough after this long.
const OTHER_LISTENER: Duration = Duration::from_secs(3);
/// Bytes of output read back.
const LOG_LIMIT: u64 = 64 << 10;
/// Lines of output kept.
const LOG_LINES: usize = 20;

/// What a trial waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Awaited<'a> {
    /// Ports that should open.
    pub(crate) ports: &'a [PortSpec],
    /// How long a program is watched of which no port is expected.
    pub(crate) watch: Duration,
}

/// Run one trial of `spec`.
pub(crate) fn run(
    subject: &Subject<'_>,
    spec: &LaunchSpec,
    awaited: Awaited<'_>,
    ending: Ending,
) -> Result<Trial, ProveError> {
    run_with(subject, spec, awaited, ending, Beside::default())
}

/// The same with something beside it.
pub(crate) fn run_with(
    subject: &Subject<'_>,
    spec: &LaunchSpec,
    awaited: Awaited<'_>,
    ending: Ending,
    beside: Beside,
) -> Result<Trial, ProveError> {
    let directory = subject.scratch.clone();
    let failed = |source| ProveError::Scratch { path: directory.clone(), source };
    let scratch = tempfile::Builder::new().prefix("run-").tempdir_in(&directory).map_err(failed)?;
    let log = Log::create(&scratch.path().join("log")).map_err(failed)?;
    let rootfs = RootFs { lowers: subject.lowers.clone(), scratch: scratch.path().to_path_buf() };
    let started = Instant::now();
    let not_started = |code: i32, why: String| Trial {
        fate: Fate::NotStarted { code, why },
        log: Vec::new(),
        took: started.elapsed(),
        http: None,
        stop: None,
        written: Vec::new(),
        touched: Vec::new(),
        memory_peak: 0,
        zombies: 0,
        tasks: 0,
        seen: None,
    };
    let plan = match plan(spec, subject.host, &rootfs) {
        Ok(plan) => beside.watched.map_or(plan.clone(), |watched| plan.watched(watched)),
        Err(error) => return Ok(not_started(125, error.to_string())),
    };
    let stdio = log.stdio().map_err(failed)?;
    let watch = beside.watched.map(|_| CallWatch::new());
    let options = LaunchOptions {
        die_with_parent: true,
        watch: watch.clone(),
        cgroup: beside.cgroup,
        ..LaunchOptions::default()
    };
    let mut noted = |running: &Running| note(scratch.path(), running);
    let running = match launch_after(&plan, stdio, &options, &mut noted) {
        Ok(running) => running,
        Err(error) => return Ok(not_started(error.exit_code(), error.to_string())),
    };
    let mut look = Watch::new(&running, started);
    let fate = look.until_ready(subject, awaited).map_err(failed)?;
    let took = started.elapsed();
    let mut trial = Trial {
        fate,
        log: Vec::new(),
        took,
        http: None,
        stop: None,
        written: Vec::new(),
        touched: Vec::new(),
        memory_peak: look.memory_peak,
        zombies: 0,
        tasks: look.tasks(),
        seen: None,
    };
    if let Fate::Running(observed) = &trial.fate {
        let tcp = observed.listening.iter().find(|listener| listener.port.protocol == Protocol::Tcp);
        trial.http = tcp.and_then(|listener| http::probe(running.pid, listener.port.number));
        trial.zombies = look.lasting_zombies();
        trial.memory_peak = look.memory_peak;
        match ending {
            Ending::Kill => end(&running).map_err(failed)?,
            Ending::Stop | Ending::StopAs(_) => {
                let target = Target::of(running.pid, observed, trial.http.as_ref());
                let mut seen = stop::stop(&running, ending.order(spec), target.as_ref()).map_err(failed)?;
                seen.log = log.tail().map_err(failed)?;
                trial.stop = Some(seen);
            }
        }
    }
    trial.seen = watch.map(|watch| watch.finish());
    // A program that ended by itself says why at the end.
    let log = if matches!(trial.fate, Fate::Exited { .. }) { log.tail() } else { log.head() };
    trial.log = log.map_err(failed)?;
    let mut mounted: Vec<String> = ["/proc", "/sys", "/dev"].map(str::to_string).to_vec();
    mounted.extend(spec.mounts.iter().map(|mount| mount.target.clone()));
    let left = written::read(&rootfs.upper(), &mounted, subject.tree);
    (trial.written, trial.touched) = (left.written, left.touched);
    Ok(trial)
}

fn end(running: &Running) -> std::io::Result<()> {
    running.signal(Signal::KILL)?;
    running.wait(None).map(|_| ())
}

/// The watch over one running process.
struct Watch<'a> {
    running: &'a Running,
    started: Instant,
    last: Option<ContainerView>,
    first_listen: Option<Duration>,
    memory_peak: u64,
}

impl<'a> Watch<'a> {
    fn new(running: &'a Running, started: Instant) -> Self {
        Watch { running, started, last: None, first_listen: None, memory_peak: 0 }
    }

    /// One look through /proc; a process that is just ending shows nothing, the last view stays.
    fn look(&mut self) {
        let Ok(view) = observe::view(self.running.pid) else { return };
        if view.processes.is_empty() {
            return;
        }
        self.memory_peak = self.memory_peak.max(view.memory_peak());
        if self.first_listen.is_none() && !view.listening.is_empty() {
            self.first_listen = Some(self.started.elapsed());
        }
        self.last = Some(view);
    }

    /// Every child that ends is a zombie until its parent waits for it: only those count that stay.
    fn lasting_zombies(&mut self) -> u32 {
        let begun = Instant::now();
        loop {
            self.look();
            let processes = self.last.iter().flat_map(|view| &view.processes);
            let zombies = processes.filter(|process| process.zombie && process.pid != 1).count();
            if zombies == 0 || begun.elapsed() >= REAPED {
                return u32::try_from(zombies).unwrap_or(u32::MAX);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Processes and their threads at the last look.
    fn tasks(&self) -> u64 {
        let processes = self.last.iter().flat_map(|view| &view.processes);
        let threads = |process: &ProcessView| {
            let threads = std::fs::read_dir(format!("/proc/{}/task", process.host_pid));
            threads.map_or(1, |threads| threads.count() as u64)
        };
        processes.map(threads).sum()
    }

    fn observed(&self) -> Option<Observed> {
        self.last.as_ref().map(|view| observed(view, self.first_listen))
    }

    /// Until the promised ports are open (or, if none is promised, the program has run for a while),
    /// or it is gone, or the limit is reached.
    fn until_ready(&mut self, subject: &Subject<'_>, awaited: Awaited<'_>) -> std::io::Result<Fate> {
        let ports = awaited.ports;
        let mut complete_since: Option<Instant> = None;
        loop {
            if let Some(exit) = self.running.wait(Some(LOOK))? {
                return Ok(Fate::Exited { code: exit.code(), seen: self.observed() });
            }
            self.look();
            let now = Instant::now();
            match (self.is_complete(ports), complete_since) {
                (true, None) => complete_since = Some(now),
                (false, Some(_)) => complete_since = None,
                _ => {}
            }
            let settled = complete_since.is_some_and(|since| now - since >= SETTLE);
            let limit = if ports.is_empty() { awaited.watch } else { subject.settings.ready_limit };
            let elapsed = self.started.elapsed();
            let enough = self.first_listen.is_some_and(|first| elapsed - first >= OTHER_LISTENER);
            if (settled || enough || elapsed >= limit)
                && let Some(observed) = self.observed()
            {
                return Ok(Fate::Running(observed));
            }
        }
    }

    /// All promised ports are open; without a promise any listener will do.
    fn is_complete(&self, ports: &[PortSpec]) -> bool {
        let Some(view) = &self.last else { return false };
        let open = |port: &PortSpec| {
            view.listening
                .iter()
                .any(|socket| socket.address.port() == port.number && socket.protocol == port.protocol)
        };
        if ports.is_empty() { !view.listening.is_empty() } else { ports.iter().all(open) }
    }
}

fn observed(view: &ContainerView, first_listen: Option<Duration>) -> Observed {
    let processes = view.processes.iter().map(|process| ProcessFact {
        pid: process.pid,
        parent: process.parent,
        argv: process.argv.clone(),
        exe: process.exe.clone(),
        uid: process.uid,
        gid: process.gid,
        capabilities: process.capabilities.iter().map(|name| (*name).to_string()).collect(),
        zombie: process.zombie,
        handles: process.caught.iter().chain(&process.blocked).copied().collect(),
    });
    let mut listening: Vec<Listener> = Vec::new();
    for socket in &view.listening {
        let port = PortSpec { number: socket.address.port(), protocol: socket.protocol };
        let loopback_only = socket.loopback_only();
        // The same port on several addresses is reachable if one of them is.
        match listening.iter_mut().find(|known| known.port == port) {
            Some(known) => known.loopback_only &= loopback_only,
            None => listening.push(Listener { port, loopback_only }),
        }
    }
    listening.sort();
    Observed { processes: processes.collect(), listening, first_listen }
}

/// The output of a trial: a file, so that a program that writes much never waits for us.
pub(crate) struct Log(File);

impl Log {
    pub(crate) fn create(path: &Path) -> std::io::Result<Self> {
        let file = File::options().read(true).append(true).create_new(true).open(path)?;
        // As with an engine's pipes, the container's user may open /dev/stdout again (nginx, httpd do).
        file.set_permissions(Permissions::from_mode(0o666))?;
        Ok(Log(file))
    }

    pub(crate) fn stdio(&self) -> std::io::Result<Stdio> {
        Ok(Stdio {
            stdin: File::open("/dev/null")?.into(),
            stdout: self.0.try_clone()?.into(),
            stderr: self.0.try_clone()?.into(),
        })
    }

    fn head(&self) -> std::io::Result<Vec<String>> {
        let text = self.read_from(0)?;
        Ok(lines(&text).take(LOG_LINES).collect())
    }

    pub(crate) fn tail(&self) -> std::io::Result<Vec<String>> {
        let length = self.0.metadata()?.len();
        let text = self.read_from(length.saturating_sub(LOG_LIMIT))?;
        let all: Vec<String> = lines(&text).collect();
        Ok(all[all.len().saturating_sub(LOG_LINES)..].to_vec())
    }

    fn read_from(&self, offset: u64) -> std::io::Result<Vec<u8>> {
        let mut file = self.0.try_clone()?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(LOG_LIMIT).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Lines without control characters: what a container prints must not steer a terminal.
fn lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| String::from_utf8_lossy(line).chars().filter(|c| !c.is_control()).take(400).collect())
}

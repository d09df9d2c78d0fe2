//! One run of an image: start, watch until it is ready or gone, stop, look at what it left.

use std::time::{Duration, Instant};

use plimsoll_contract::evidence::{
    HttpAnswer, Listener, Observed, ProcessFact, Program, Speaks, Start, WrittenPath,
};
use plimsoll_model::{LaunchSpec, PortSpec, Signal};
use plimsoll_runtime::call_watch::{CallWatch, Seen};
use plimsoll_runtime::cgroup::Cgroup;
use plimsoll_runtime::launch::{
    Exit, LaunchOptions, Life, Running, Started, launch_following, launch_looking,
};
use plimsoll_runtime::observe::{self, ContainerView, ProcessView};
use plimsoll_runtime::seccomp::Watched;

use crate::bench::{Bench, dying};
use crate::function::{Answered, Asked, Function, hear_settled};
use crate::listen::Heard;
use crate::load::Target;
use crate::scratch::note;
use crate::stop::{self, StopOrder, StopSeen};
use crate::subject::{ProveError, Subject};
use crate::{pressure, start, written};

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
    /// PID 1 before its first instruction.
    pub(crate) start: Option<Start>,
    pub(crate) log: Vec<String>,
    pub(crate) took: Duration,
    /// Where it listens and what it speaks, if that was to be found out.
    pub(crate) heard: Vec<Heard>,
    /// What was asked.
    pub(crate) function: Function,
    /// How asking went; `None`: it was gone before, or there is nothing to ask.
    pub(crate) answered: Option<Answered>,
    /// The share of its start that it waited for a processor, in thousandths.
    pub(crate) waiting: Option<u32>,
    /// What it used once it was ready.
    pub(crate) uses: Uses,
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

/// What a container uses at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Uses {
    /// Bytes in memory, of all processes together.
    pub(crate) resident: u64,
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
    pub(crate) processes: u64,
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
/// The same at the beginning.
const LOOK_EARLY: Duration = Duration::from_millis(2);
/// How long the beginning is.
const EARLY: Duration = Duration::from_millis(100);
/// Least and longest time in which an answer is to become good.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));
/// Watched on after the ports are open, so that workers and late failures are seen: three times as long as
/// that took, within these bounds. What starts in no time has its workers in no time, too.
const SETTLE: (Duration, Duration) = (Duration::from_millis(60), Duration::from_millis(200));
/// A zombie that is still there after this long stays: its parent had time to wait for it.
const REAPED: Duration = Duration::from_secs(1);
/// A listener that nobody promised is enough after this long.
const OTHER_LISTENER: Duration = Duration::from_secs(3);
/// What a trial waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Awaited<'a> {
    /// Ports that should open.
    pub(crate) ports: &'a [PortSpec],
    /// How long a program is watched of which no port is expected.
    pub(crate) watch: Duration,
}

/// What is asked of a program that is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// What it speaks at all.
    Everything,
    /// What it is known to answer.
    TheSame,
    /// The same, and then it has been seen long enough: what comes later would not change a time.
    OnlyTheSame,
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
    carry_out(subject, spec, awaited, ending, Asking::TheSame, beside)
}

/// The same; what the program speaks is found out.
pub(crate) fn discover(
    subject: &Subject<'_>,
    spec: &LaunchSpec,
    awaited: Awaited<'_>,
) -> Result<Trial, ProveError> {
    carry_out(subject, spec, awaited, Ending::Kill, Asking::Everything, Beside::default())
}

/// The same, as short as can be: only the times count.
pub(crate) fn time(
    subject: &Subject<'_>,
    spec: &LaunchSpec,
    awaited: Awaited<'_>,
) -> Result<Trial, ProveError> {
    carry_out(subject, spec, awaited, Ending::Kill, Asking::OnlyTheSame, Beside::default())
}

/// Longest life of a program that is followed to its end: it was seen to end before anybody could look.
const FOLLOWED: Duration = Duration::from_secs(10);

/// Run a program that ends at once again, and stay with it: all that PID 1 becomes after its start.
pub(crate) fn follow(
    subject: &Subject<'_>,
    spec: &LaunchSpec,
) -> Result<Option<(Start, Vec<Program>)>, ProveError> {
    let bench = Bench::set_up(subject)?;
    let Ok(plan) = bench.plan(subject, spec) else { return Ok(None) };
    let stdio = bench.log.stdio().map_err(|source| bench.failed(source))?;
    let Ok(Life { programs, .. }) = launch_following(&plan, stdio, &dying(), FOLLOWED) else {
        return Ok(None);
    };
    let Some((first, later)) = programs.split_first() else { return Ok(None) };
    Ok(Some((start::start(first), later.iter().map(start::program).collect())))
}

fn carry_out(
    subject: &Subject<'_>,
    spec: &LaunchSpec,
    awaited: Awaited<'_>,
    ending: Ending,
    asking: Asking,
    beside: Beside,
) -> Result<Trial, ProveError> {
    let bench = Bench::set_up(subject)?;
    let failed = |source| bench.failed(source);
    let plan = match bench.plan(subject, spec) {
        Ok(plan) => beside.watched.map_or(plan.clone(), |watched| plan.watched(watched)),
        Err(why) => return Ok(Trial::not_started(125, why)),
    };
    let stdio = bench.log.stdio().map_err(failed)?;
    let calls = beside.watched.map(|_| CallWatch::new());
    let options = LaunchOptions { watch: calls.clone(), cgroup: beside.cgroup, ..dying() };
    let mut noted = |running: &Running| note(bench.scratch.path(), running);
    let started = launch_looking(&plan, stdio, &options, &mut noted);
    let Started { running, view, begun } = match started {
        Ok(started) => started,
        Err(error) => return Ok(Trial::not_started(error.exit_code(), error.to_string())),
    };
    let mut trial = Trial { start: view.as_ref().map(start::start), ..Trial::not_started(0, String::new()) };
    let mut watch = Watch::new(&running, begun);
    let early = watch.until_listening(subject, awaited).map_err(failed)?;
    trial.took = begun.elapsed();
    trial.fate = match early {
        Some(exit) => watch.exited(exit),
        None => {
            trial.waiting = watch.last.as_ref().and_then(|view| pressure::waiting(view, trial.took));
            let asked = Asked { running: &running, spec, begun, scratch: bench.scratch.path() };
            watch.ask(subject, &asked, asking, &mut trial);
            watch.until_settled(asking).map_err(failed)?
        }
    };
    trial.tasks = watch.tasks();
    if let Fate::Running(observed) = &trial.fate {
        if asking != Asking::OnlyTheSame {
            trial.zombies = watch.lasting_zombies();
            trial.uses = watch.uses();
        }
        match ending {
            Ending::Kill => end(&running).map_err(failed)?,
            Ending::Stop | Ending::StopAs(_) => {
                let target = Target::of(running.pid, observed, subject.http.as_ref());
                let mut seen = stop::stop(&running, ending.order(spec), target.as_ref()).map_err(failed)?;
                seen.log = bench.log.tail().map_err(failed)?;
                trial.stop = Some(seen);
            }
        }
    }
    trial.seen = calls.map(|calls| calls.finish());
    trial.memory_peak = watch.memory_peak;
    // A program that ended by itself says why at the end.
    let log = if matches!(trial.fate, Fate::Exited { .. }) { bench.log.tail() } else { bench.log.head() };
    trial.log = log.map_err(failed)?;
    let mut mounted: Vec<String> = ["/proc", "/sys", "/dev"].map(str::to_string).to_vec();
    mounted.extend(spec.mounts.iter().map(|mount| mount.target.clone()));
    let left = written::read(&bench.rootfs.upper(), &mounted, subject.tree);
    (trial.written, trial.touched) = (left.written, left.touched);
    Ok(trial)
}

impl Trial {
    /// The HTTP request it was seen to answer, if it speaks HTTP.
    pub(crate) fn http(&self) -> Option<HttpAnswer> {
        self.function.http().or_else(|| {
            self.heard.iter().find_map(|heard| match &heard.fact.speaks {
                Speaks::Http { path, status } => {
                    Some(HttpAnswer { port: heard.fact.port.number, path: path.clone(), status: *status })
                }
                _ => None,
            })
        })
    }

    fn not_started(code: i32, why: String) -> Self {
        Trial {
            fate: Fate::NotStarted { code, why },
            start: None,
            log: Vec::new(),
            took: Duration::ZERO,
            heard: Vec::new(),
            function: Function::Nothing,
            answered: None,
            waiting: None,
            uses: Uses::default(),
            stop: None,
            written: Vec::new(),
            touched: Vec::new(),
            memory_peak: 0,
            zombies: 0,
            tasks: 0,
            seen: None,
        }
    }
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
    /// Since when all that is expected is open.
    complete_since: Option<Instant>,
    memory_peak: u64,
}

impl<'a> Watch<'a> {
    fn new(running: &'a Running, started: Instant) -> Self {
        Watch { running, started, last: None, first_listen: None, complete_since: None, memory_peak: 0 }
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

    fn exited(&self, exit: Exit) -> Fate {
        Fate::Exited { code: exit.code(), seen: self.observed() }
    }

    /// Until the promised ports are open (or, if none is promised, the program has run for a while),
    /// or it is gone, or the limit is reached.
    fn until_listening(
        &mut self,
        subject: &Subject<'_>,
        awaited: Awaited<'_>,
    ) -> std::io::Result<Option<Exit>> {
        let ports = awaited.ports;
        let limit = if ports.is_empty() { awaited.watch } else { subject.settings.ready_limit };
        loop {
            // Most programs listen soon or not for long: what is looked at more often is known better.
            let pause = if self.started.elapsed() < EARLY { LOOK_EARLY } else { LOOK };
            if let Some(exit) = self.running.wait(Some(pause))? {
                return Ok(Some(exit));
            }
            self.look();
            let elapsed = self.started.elapsed();
            let enough = self.first_listen.is_some_and(|first| elapsed - first >= OTHER_LISTENER);
            let complete = self.is_complete(ports);
            if complete {
                self.complete_since = Some(Instant::now());
            }
            if (complete || enough || elapsed >= limit) && self.last.is_some() {
                return Ok(None);
            }
        }
    }

    /// A moment longer, so that workers and late failures are seen.
    fn until_settled(&mut self, asking: Asking) -> std::io::Result<Fate> {
        loop {
            if let Some(exit) = self.running.wait(Some(LOOK))? {
                return Ok(self.exited(exit));
            }
            self.look();
            let settled = self.complete_since.is_none_or(|since| {
                let settle = ((since - self.started) * 3).clamp(SETTLE.0, SETTLE.1);
                since.elapsed() >= settle
            });
            if (settled || asking == Asking::OnlyTheSame)
                && let Some(observed) = self.observed()
            {
                return Ok(Fate::Running(observed));
            }
        }
    }

    /// Ask the program what it is asked.
    fn ask(&self, subject: &Subject<'_>, asked: &Asked<'_>, asking: Asking, trial: &mut Trial) {
        let patience = (trial.took * 3).clamp(PATIENCE.0, PATIENCE.1);
        let (function, limit) = match (asking, &subject.function) {
            (Asking::Everything, _) => {
                let sockets = self.last.as_ref().map_or(&[][..], |view| &view.listening);
                let exposed: Vec<PortSpec> = subject.contract.ports.iter().map(|port| port.value).collect();
                trial.heard = hear_settled(asked.running.pid, sockets, &exposed, patience);
                let function = Function::of(subject.check.as_ref(), &trial.heard);
                let own = subject.check.is_some();
                (function, if own { subject.settings.ready_limit } else { patience })
            }
            (_, Some(function)) => (function.clone(), patience),
            // It is not known what this program answers.
            (_, None) => return,
        };
        if !function.is_nothing() {
            trial.answered = Some(function.until_good(asked, limit));
        }
        trial.function = function;
    }

    /// What it uses now.
    fn uses(&self) -> Uses {
        let Some(view) = &self.last else { return Uses::default() };
        let pids: Vec<u32> = view.processes.iter().map(|process| process.host_pid).collect();
        let rows = observe::rows(&pids);
        let open = |pid: &u32| std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        Uses {
            resident: rows.iter().map(|row| row.resident).sum(),
            threads: rows.iter().map(|row| row.threads).sum(),
            descriptors: pids.iter().map(|pid| open(pid) as u64).sum(),
            processes: rows.len() as u64,
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
        handles: process.handled().into_iter().collect(),
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

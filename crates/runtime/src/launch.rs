//! Carry a sandbox plan out: one clone, one loop over prepared steps, one exec.

mod diagnose;
mod first_look;
pub(crate) mod host_mount;
pub(crate) mod overlay;
mod prepare;
mod running;
mod step_failed;
mod verify;

use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use plimsoll_model::Signal;
use plimsoll_model::launch::Share;
use plimsoll_sys::child::{self, Channel, Program, Report, Spawned};
use plimsoll_sys::trace;
use rustix::io::Errno;
use rustix::thread::UnshareFlags;

use crate::attach::set_window;
use crate::call_watch::CallWatch;
use crate::cgroup::Cgroup;
use crate::network::Reservation;
use crate::observe;
use crate::ownership::Recorder;
use crate::plan::{Namespace, SandboxPlan, Step};

pub use first_look::{Life, Started, launch_following, launch_looking};
pub use running::{Exit, Running};

/// What the new process gets as descriptors 0, 1 and 2.
#[derive(Debug)]
pub struct Stdio {
    /// Descriptor 0.
    pub stdin: OwnedFd,
    /// Descriptor 1.
    pub stdout: OwnedFd,
    /// Descriptor 2.
    pub stderr: OwnedFd,
}

/// Wishes that do not change what the process sees, and who helps it.
#[derive(Debug, Clone, Default)]
pub struct LaunchOptions {
    /// Answers the calls that a plan with [`Step::HandOverIdCalls`](crate::plan::Step) hands over.
    pub recorder: Option<Arc<Recorder>>,
    /// Is shown the calls of a plan with [`Step::WatchedFilter`](crate::plan::Step).
    pub watch: Option<Arc<CallWatch>>,
    /// First processes of the containers whose namespaces are shared, by id: those that
    /// [`LaunchSpec::shared_with`](plimsoll_model::LaunchSpec::shared_with) names. The caller has made sure
    /// that they are the ones it means.
    pub others: BTreeMap<String, Arc<OwnedFd>>,
    /// The networks of a plan with [`Step::Networks`](crate::plan::Step).
    pub reservation: Option<Arc<Reservation>>,
    /// Kill the process when the thread that launched it ends (foreground runs without a monitor).
    pub die_with_parent: bool,
    /// The control group it is in from its first step; without one it stays in that of its caller.
    pub cgroup: Option<Cgroup>,
    /// Rows and columns of its terminal, if it has one.
    pub window: Option<(u16, u16)>,
}

/// Why a process was not started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The sandbox could not be made.
    #[error("step {step} of {of}, {doing}: {why}")]
    Setup {
        /// Number of the step, from 1.
        step: usize,
        /// How many there are.
        of: usize,
        /// The step in words.
        doing: String,
        /// The reason in words.
        why: String,
    },
    /// The kernel gave no process, no namespace or no descriptor.
    #[error("cannot start a process in namespaces of its own: {why}")]
    Clone {
        /// The reason in words.
        why: String,
    },
    /// The process ended before it could execute its program or say why not.
    #[error("the new process was killed while its sandbox was made; {perhaps}")]
    Vanished {
        /// What may have been the reason.
        perhaps: &'static str,
    },
    /// Whoever launched it could not do what comes before its program.
    #[error("{why}")]
    Prevented {
        /// The reason in words.
        why: String,
    },
    /// The process runs with other rights than it was promised; it was killed.
    #[error("the started process was not confined as planned and was killed: {what}")]
    NotAsPlanned {
        /// The difference.
        what: String,
    },
    /// It could not be connected to its networks.
    #[error("{why}")]
    Network {
        /// One sentence.
        why: String,
    },
    /// The program is there and cannot be executed.
    #[error("cannot execute '{program}': {why}")]
    NotExecutable {
        /// As written.
        program: String,
        /// Cause and fix.
        why: String,
    },
    /// The program is not there.
    #[error("cannot execute '{program}': {why}")]
    NotFound {
        /// As written.
        program: String,
        /// Cause and fix.
        why: String,
    },
}

impl LaunchError {
    /// Docker's exit code: 125 set-up, 126 not executable, 127 not found.
    pub fn exit_code(&self) -> i32 {
        match self {
            LaunchError::NotExecutable { .. } => 126,
            LaunchError::NotFound { .. } => 127,
            _ => 125,
        }
    }
}

/// What is done with a process that is all set up, before it executes its program; an error, in words, ends it.
pub type BeforeProgram<'a> = &'a mut dyn FnMut(&Running) -> Result<(), String>;

/// Carry a plan of [`plan`](crate::plan::plan) out. Returns when the program has been executed.
pub fn launch(plan: &SandboxPlan, stdio: Stdio, options: &LaunchOptions) -> Result<Running, LaunchError> {
    launch_after(plan, stdio, options, &mut |_| Ok(()))
}

/// The same; the program is executed after `before`, and never if we end before that.
pub fn launch_after(
    plan: &SandboxPlan,
    stdio: Stdio,
    options: &LaunchOptions,
    before: BeforeProgram<'_>,
) -> Result<Running, LaunchError> {
    carry_out(plan, stdio, options, before, Looks::Never)
}

/// Whether a process is stopped to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// No.
    Never,
    /// When its program is loaded. It stays stopped.
    AtStart,
}

fn carry_out(
    plan: &SandboxPlan,
    stdio: Stdio,
    options: &LaunchOptions,
    before: BeforeProgram<'_>,
    looks: Looks,
) -> Result<Running, LaunchError> {
    // The built-in init says when its program is executed, and would be stopped before it can.
    let looks = if plan.command.init { Looks::Never } else { looks };
    let program = prepare::prepare(plan, options, None, looks)?;
    // A user namespace comes last, and control groups are looked at from inside the container's own.
    let is_cloned = |namespace| !matches!(namespace, Namespace::User | Namespace::Cgroup);
    let own =
        plan.namespaces.iter().filter(|(namespace, share)| *share == Share::Own && is_cloned(*namespace));
    let flags = clone_flags(own.map(|(namespace, _)| *namespace));
    let nested = plan.namespaces.contains(&(Namespace::User, Share::Own));
    start(plan, &program, Way { flags, nested, looks }, &stdio, options, before)
}

/// Carry a plan of [`plan_exec`](crate::plan::plan_exec) out inside the running container whose
/// PID 1 is `pid`. `pidfd` is that process: the caller has made sure that it is the one it means.
/// Must be called as the user who started the container, not inside another user namespace.
pub fn enter_running(
    pid: u32,
    pidfd: BorrowedFd<'_>,
    plan: &SandboxPlan,
    stdio: Stdio,
    options: &LaunchOptions,
) -> Result<Running, LaunchError> {
    let failed = |why: String| LaunchError::Clone { why };
    let own = pidfd.try_clone_to_owned().map_err(|error| failed(error.to_string()))?;
    let foreign = verify::foreign_namespaces(pid).map_err(failed)?;
    let maps = plan.steps.iter().any(|step| matches!(step, Step::MapUser { .. }));
    let nested = maps || foreign.contains(&Namespace::User);
    let flags = clone_flags(foreign.into_iter());
    let program = prepare::prepare(plan, options, Some((&Arc::new(own), flags)), Looks::Never)?;
    start(plan, &program, Way { flags: 0, nested, looks: Looks::Never }, &stdio, options, &mut |_| Ok(()))
}

/// How a process is started.
#[derive(Clone, Copy)]
struct Way {
    /// `CLONE_NEW*`.
    flags: u32,
    /// Its user namespace will not be ours.
    nested: bool,
    looks: Looks,
}

/// Start the child, hear what it has to say, and check what became of it.
fn start(
    plan: &SandboxPlan,
    program: &Program,
    way: Way,
    stdio: &Stdio,
    options: &LaunchOptions,
    before: BeforeProgram<'_>,
) -> Result<Running, LaunchError> {
    let failed = |error: std::io::Error| LaunchError::Clone { why: clone_reason(&error) };
    let (channel, theirs) = Channel::new().map_err(failed)?;
    let fds = [stdio.stdin.as_fd(), stdio.stdout.as_fd(), stdio.stderr.as_fd()];
    let Spawned { pid, pidfd } = child::spawn(program, way.flags, Some(fds), &theirs).map_err(failed)?;
    drop(theirs);
    let mut running = Running { pid, pidfd, terminal: None };
    let connected = connect(plan, &channel, &running, options);
    let heard = match (connected, hear(plan, &channel, &mut running, way.nested, options, before)) {
        // It was ended because it has no network, and had nothing to say against that.
        (Err(error), Err(LaunchError::Vanished { .. })) => Err(error),
        (_, heard) => heard,
    };
    drop(channel);
    let started = heard.and_then(|()| {
        if way.looks == Looks::AtStart && observe::is_traced(running.pid) {
            trace::wait(running.pidfd.as_fd()).map_err(failed)?;
        }
        let membership = verify::namespaces(plan, running.pid, &options.others);
        membership.map_err(|what| LaunchError::NotAsPlanned { what })
    });
    match started {
        Ok(()) => Ok(running),
        Err(error) => {
            running.kill_and_reap();
            Err(error)
        }
    }
}

/// Connect a child that waits for its networks, and let it go on; one that cannot be connected is ended.
fn connect(
    plan: &SandboxPlan,
    channel: &Channel,
    running: &Running,
    options: &LaunchOptions,
) -> Result<(), LaunchError> {
    if !plan.steps.iter().any(|step| matches!(step, Step::Networks(_))) {
        return Ok(());
    }
    let failed = |why: String| LaunchError::Network { why };
    let reservation = options.reservation.as_ref().ok_or("no networks were reserved".to_string());
    let connected = reservation
        .and_then(|reservation| reservation.connect(running.pid).map_err(|error| error.to_string()))
        .and_then(|()| channel.go_on().map_err(|error| error.to_string()));
    connected.map_err(|why| {
        let _ = running.signal(Signal::KILL);
        failed(why)
    })
}

/// Take the child's reports until it closes the channel, which it does by executing the program.
fn hear(
    plan: &SandboxPlan,
    channel: &Channel,
    running: &mut Running,
    nested: bool,
    options: &LaunchOptions,
    before: BeforeProgram<'_>,
) -> Result<(), LaunchError> {
    let failed = |error: std::io::Error| LaunchError::Clone { why: error.to_string() };
    // The built-in init asks once more, for the program it starts.
    let mut awaited = 1 + usize::from(plan.command.init);
    let mut checked = false;
    let mut forked = !plan.steps.contains(&Step::EnterProcesses);
    let mut waiting = false;
    while let Some(report) = channel.next().map_err(failed)? {
        match report {
            Report::Ready => waiting = true,
            Report::Listener(fd) => {
                let attended = match (&options.watch, &options.recorder) {
                    (Some(watch), _) => watch.attend(fd, plan),
                    (None, Some(recorder)) => recorder.attend(fd, running.pid),
                    (None, None) => Err("nobody is there to answer"),
                };
                attended.map_err(|why| LaunchError::Clone { why: why.to_string() })?;
            }
            Report::Terminal(master) => {
                if let Some(window) = options.window {
                    set_window(master.as_fd(), window).map_err(failed)?;
                }
                running.terminal = Some(master);
            }
            Report::Forked { pid, pidfd } => {
                let terminal = running.terminal.take();
                let first = std::mem::replace(running, Running { pid, pidfd, terminal });
                // It has nothing left to do; this only takes its exit status.
                let _ = first.wait(None);
                forked = true;
            }
            Report::Failed { step, errno } => {
                return Err(setup_error(plan, step, step_failed::reason_of(plan, step, errno)));
            }
            Report::NotExecuted { candidate, errno, root } => {
                return Err(diagnose::not_executed(plan, running.pid, candidate, errno, root));
            }
        }
        // Of two processes the second may be ready before the first has told of it.
        if waiting && forked {
            if !checked {
                verify::rights(plan, running.pid, nested)
                    .map_err(|what| LaunchError::NotAsPlanned { what })?;
                before(running).map_err(|why| LaunchError::Prevented { why })?;
                checked = true;
            }
            // Should it have been killed meanwhile, the channel is at its end.
            let _ = channel.let_go();
            waiting = false;
            awaited = awaited.saturating_sub(1);
        }
    }
    if awaited == 0 { Ok(()) } else { Err(LaunchError::Vanished { perhaps: diagnose::why_vanished(plan) }) }
}

fn setup_error(plan: &SandboxPlan, at: usize, why: String) -> LaunchError {
    let doing = plan.steps.get(at).map_or_else(|| "prepare descriptors".to_string(), ToString::to_string);
    LaunchError::Setup { step: at + 1, of: plan.steps.len(), doing, why }
}

/// `CLONE_NEW*` of a kind of namespace.
fn clone_flag(namespace: Namespace) -> u32 {
    let flag = match namespace {
        Namespace::User => UnshareFlags::NEWUSER,
        Namespace::Mount => UnshareFlags::NEWNS,
        Namespace::Pid => UnshareFlags::NEWPID,
        Namespace::Ipc => UnshareFlags::NEWIPC,
        Namespace::Uts => UnshareFlags::NEWUTS,
        Namespace::Network => UnshareFlags::NEWNET,
        Namespace::Cgroup => UnshareFlags::NEWCGROUP,
    };
    flag.bits()
}

fn clone_flags(namespaces: impl Iterator<Item = Namespace>) -> u32 {
    namespaces.map(clone_flag).fold(0, |flags, flag| flags | flag)
}

fn clone_reason(error: &std::io::Error) -> String {
    match Errno::from_io_error(error) {
        Some(Errno::PERM) => {
            "the kernel refuses new namespaces to this process; run `plimsoll doctor`".into()
        }
        Some(Errno::NOSPC | Errno::USERS) => {
            "the limit of namespaces is reached; see /proc/sys/user/max_*_namespaces".into()
        }
        Some(Errno::AGAIN) => "the limit of processes is reached; see `ulimit -u`".into(),
        Some(errno) => crate::words::reason(errno),
        None => error.to_string(),
    }
}

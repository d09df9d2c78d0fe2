//! Carry a sandbox plan out: one clone, one loop over prepared steps, one exec.

mod diagnose;
mod executable;
mod host_mount;
mod overlay;
mod prepare;
mod running;
mod verify;
mod words;

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use plimsoll_sys::child::{self, Channel, Program, Report, Spawned};
use rustix::io::Errno;
use rustix::thread::UnshareFlags;

use crate::plan::{Namespace, SandboxPlan};

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

/// Wishes that do not change what the process sees.
#[derive(Debug, Clone, Default)]
pub struct LaunchOptions {
    /// Kill the process when the thread that launched it ends (foreground runs without a monitor).
    pub die_with_parent: bool,
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
    #[error("the new process was killed while its sandbox was made; the machine may be out of memory")]
    Vanished,
    /// The process runs with other rights than it was promised; it was killed.
    #[error("the started process was not confined as planned and was killed: {what}")]
    NotAsPlanned {
        /// The difference.
        what: String,
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

/// Carry a plan of [`plan`](crate::plan::plan) out. Returns when the program has been executed.
pub fn launch(plan: &SandboxPlan, stdio: Stdio, options: &LaunchOptions) -> Result<Running, LaunchError> {
    let program = prepare::prepare(plan, options, None)?;
    start(plan, &program, clone_flags(&plan.namespaces), &stdio)
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
    let flags = clone_flags(&verify::foreign_namespaces(pid).map_err(failed)?);
    let program = prepare::prepare(plan, options, Some((&Arc::new(own), flags)))?;
    start(plan, &program, 0, &stdio)
}

/// Start the child, hear what it has to say, and check what became of it.
fn start(
    plan: &SandboxPlan,
    program: &Program,
    namespaces: u32,
    stdio: &Stdio,
) -> Result<Running, LaunchError> {
    let failed = |error: std::io::Error| LaunchError::Clone { why: clone_reason(&error) };
    let (channel, theirs) = Channel::new().map_err(failed)?;
    let fds = [stdio.stdin.as_fd(), stdio.stdout.as_fd(), stdio.stderr.as_fd()];
    let Spawned { pid, pidfd } = child::spawn(program, namespaces, Some(fds), &theirs).map_err(failed)?;
    drop(theirs);
    let mut running = Running { pid, pidfd, terminal: None };
    match hear(plan, &channel, &mut running) {
        Ok(()) => {}
        Err(error) => {
            drop(channel);
            running.kill_and_reap();
            return Err(error);
        }
    }
    if let Err(what) = verify::verify(plan, &running) {
        running.kill_and_reap();
        return Err(LaunchError::NotAsPlanned { what });
    }
    Ok(running)
}

/// Take the child's reports until it closes the channel, which it does by executing the program.
fn hear(plan: &SandboxPlan, channel: &Channel, running: &mut Running) -> Result<(), LaunchError> {
    let failed = |error: std::io::Error| LaunchError::Clone { why: error.to_string() };
    let mut executing = false;
    while let Some(report) = channel.next().map_err(failed)? {
        match report {
            Report::Executing => executing = true,
            Report::Terminal(master) => running.terminal = Some(master),
            Report::Forked { pid, pidfd } => {
                let first = std::mem::replace(running, Running { pid, pidfd, terminal: None });
                // It has nothing left to do; this only takes its exit status.
                let _ = first.wait(None);
            }
            Report::Failed { step, errno } => {
                return Err(setup_error(plan, step, diagnose::step_failed(plan, step, errno)));
            }
            Report::NotExecuted { candidate, errno, root } => {
                return Err(diagnose::not_executed(plan, candidate, errno, root));
            }
        }
    }
    if executing { Ok(()) } else { Err(LaunchError::Vanished) }
}

fn setup_error(plan: &SandboxPlan, at: usize, why: String) -> LaunchError {
    let doing = plan.steps.get(at).map_or_else(|| "prepare descriptors".to_string(), ToString::to_string);
    LaunchError::Setup { step: at + 1, of: plan.steps.len(), doing, why }
}

fn clone_flags(namespaces: &[Namespace]) -> u32 {
    let flag = |namespace: &Namespace| match namespace {
        Namespace::User => UnshareFlags::NEWUSER,
        Namespace::Mount => UnshareFlags::NEWNS,
        Namespace::Pid => UnshareFlags::NEWPID,
        Namespace::Ipc => UnshareFlags::NEWIPC,
        Namespace::Uts => UnshareFlags::NEWUTS,
        Namespace::Network => UnshareFlags::NEWNET,
        Namespace::Cgroup => UnshareFlags::NEWCGROUP,
    };
    namespaces.iter().map(|namespace| flag(namespace).bits()).fold(0, |flags, flag| flags | flag)
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
        Some(errno) => words::reason(errno),
        None => error.to_string(),
    }
}

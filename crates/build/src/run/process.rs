//! The process of a step, from its specification to its end.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use plimsoll_image::layer::CommittedLayer;
use plimsoll_model::launch::{IdCalls, Security};
use plimsoll_model::{LaunchSpec, Network, Source, Span};
use plimsoll_runtime::launch::{LaunchOptions, Stdio, launch};
use plimsoll_runtime::ownership::Recorder;
use plimsoll_runtime::plan::{BuildStep, plan_build_step};
use plimsoll_runtime::rootfs::RootFs;

use super::mounts::Mounts;
use super::{RunJob, output};
use crate::error::BuildError;
use crate::event::{Event, StepId};
use crate::execute::Build;

/// Why a RUN failed, before its place is known.
pub(crate) enum RunError {
    Failed {
        command: String,
        code: i32,
        tail: Vec<String>,
        /// What it wrote.
        left: Option<Box<CommittedLayer>>,
    },
    NotStarted {
        command: String,
        why: String,
    },
    /// Something it asks for was not given or is not there.
    Refused(String),
    Other(BuildError),
}

impl RunError {
    /// What a process that failed wrote: a layer, or nothing.
    pub(crate) fn left(&mut self) -> Option<Option<CommittedLayer>> {
        match self {
            RunError::Failed { left, .. } => Some(left.take().map(|layer| *layer)),
            _ => None,
        }
    }

    pub(crate) fn at(self, source: &Source, span: Span, refuse: impl Fn(String) -> BuildError) -> BuildError {
        let source_text = source.clone();
        match self {
            RunError::Failed { command, code, tail, .. } => {
                BuildError::RunFailed { command, code, source_text, span, tail, kept: false }
            }
            RunError::NotStarted { command, why } => {
                BuildError::RunNotStarted { command, why, source_text, span }
            }
            RunError::Refused(message) => refuse(message),
            RunError::Other(error) => error,
        }
    }
}

impl From<plimsoll_image::Error> for RunError {
    fn from(error: plimsoll_image::Error) -> Self {
        RunError::Other(error.into())
    }
}

/// Start the process and wait for its end.
pub(super) fn run(
    job: &RunJob<'_>,
    build: &Build<'_>,
    step: StepId,
    rootfs: &RootFs,
    mounts: &Mounts,
    recorder: Option<Arc<Recorder>>,
) -> Result<(), RunError> {
    let command = job.work.argv.join(" ");
    let not_started = |why: String| RunError::NotStarted { command: command.clone(), why };
    let settings = build.request.run;
    let extras = BuildStep {
        mounts: mounts.list.clone(),
        shm_size: settings.shm_size,
        limits: settings.limits.clone(),
    };
    let spec = specification(job, mounts, network(job, build));
    let plan = plan_build_step(&spec, build.request.host, rootfs, &extras)
        .map_err(|error| not_started(error.to_string()))?;
    let (reader, writer) = std::io::pipe().map_err(|error| not_started(error.to_string()))?;
    let stdio = stdio(writer.into()).map_err(|error| not_started(error.to_string()))?;
    let options = LaunchOptions { die_with_parent: true, recorder, ..LaunchOptions::default() };
    let running = launch(&plan, stdio, &options).map_err(|error| not_started(error.to_string()))?;
    build.cancel.watch(&running).map_err(|error| not_started(error.to_string()))?;
    let tail = output::forward(reader, |bytes| (build.request.events)(Event::Output { step, bytes }));
    let exit = running.wait(None).map_err(|error| not_started(error.to_string()))?;
    build.cancel.forget(&running);
    match exit.map_or(0, |exit| exit.code()) {
        0 => Ok(()),
        _ if build.cancel.is_given_up() => Err(RunError::Other(BuildError::GivenUp)),
        code => Err(RunError::Failed { command: shown(&command), code, tail, left: None }),
    }
}

/// A build fetches packages; without root there is no private network with a way out.
pub(super) fn network(job: &RunJob<'_>, build: &Build<'_>) -> Network {
    match super::options::has_network(job.work.network, build.request.run) {
        true => Network::Host,
        false => Network::None,
    }
}

fn specification(job: &RunJob<'_>, mounts: &Mounts, network: Network) -> LaunchSpec {
    let mut env = job.work.env.clone();
    for (name, value) in &mounts.env {
        env.retain(|(known, _)| known != name);
        env.push((name.clone(), value.clone()));
    }
    let missing = |name: &str| !env.iter().any(|(known, _)| known == name);
    let proxies: Vec<_> = job.proxies.iter().filter(|(name, _)| missing(name)).cloned().collect();
    env.extend(proxies);
    LaunchSpec {
        env,
        user: job.user.clone(),
        workdir: job.workdir.to_string(),
        hostname: super::etc_files::HOSTNAME.to_string(),
        network,
        security: Security { id_calls: IdCalls::Recorded, ..Security::default() },
        ..LaunchSpec::of(job.work.argv.clone())
    }
}

/// Nothing to read, one pipe for both outputs.
fn stdio(writer: OwnedFd) -> std::io::Result<Stdio> {
    let stdin = std::fs::File::open("/dev/null")?.into();
    Ok(Stdio { stdin, stdout: writer.try_clone()?, stderr: writer })
}

/// A command as a message shows it: one line, not too long.
fn shown(command: &str) -> String {
    let line = command.lines().next().unwrap_or("");
    let text: String = line.chars().take(70).collect();
    if text.len() < command.len() { format!("'{text}…'") } else { format!("'{text}'") }
}

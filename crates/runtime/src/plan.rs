//! From a launch specification to a list of kernel steps: pure, printable, testable without root.
//!
//! The order of the steps is the order in which they are carried out, and it matters: what is mounted
//! later covers what was mounted before, and rights are given up last, from the outside in.

mod build_step;
mod command;
mod error;
mod exec;
mod files;
mod lesson;
mod limits;
mod namespace;
mod rights;
mod step;
mod step_words;
mod sysctl;

use plimsoll_model::launch::Share;
use plimsoll_model::{LaunchSpec, Network};

use crate::host::{HostFacts, IdMap};
use crate::rootfs::RootFs;
use crate::seccomp::Watched;
use rights::Rights;

pub use build_step::{BuildStep, Secret, StepMount, StepSource};
pub use command::Command;
pub use error::PlanError;
pub use exec::plan_exec;
pub(crate) use files::overlay_options;
pub use files::{MASKED_PATHS, READ_ONLY_PATHS};
pub(crate) use limits::amount;
pub use limits::{Limit, Resource, resource};
pub use namespace::Namespace;
pub(crate) use rights::capability_names;
pub use step::Step;
pub(crate) use sysctl::path as sysctl_path;

/// A list of kernel steps and what they start. `Display` prints it in chapters, each step in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxPlan {
    /// Whose namespace of each kind the process is in. `Host` is the one plimsoll is in. Empty for a
    /// process that enters a running container.
    pub namespaces: Vec<(Namespace, Share)>,
    /// How ids inside map to the host's; `None` for a process that enters a running container.
    pub ids: Option<IdMap>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What is executed at the end.
    pub command: Command,
    /// What the started process must turn out to be.
    pub promise: Promise,
}

impl SandboxPlan {
    /// The same, and whoever launches it is shown these calls
    /// ([`LaunchOptions::watch`](crate::launch::LaunchOptions::watch)). A plan without the default filter stays
    /// as it is.
    #[must_use]
    pub fn watched(mut self, watched: Watched) -> SandboxPlan {
        for step in &mut self.steps {
            if let Step::Filter { capabilities, guard_terminal } = *step {
                *step = Step::WatchedFilter { capabilities, guard_terminal, watched };
            }
        }
        self
    }
}

/// What is checked from outside before the program is executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// No capability beyond these (bits) can ever be had by it or what it starts.
    pub capabilities: u64,
    /// No capability beyond these is held; none is handed on to programs that are executed.
    pub held: u64,
    /// A system call filter is loaded.
    pub filtered: bool,
    /// no_new_privs is set.
    pub no_new_privileges: bool,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its other groups; `None`: they could not be set.
    pub groups: Option<Vec<u32>>,
}

/// Decide every step of starting a container.
pub fn plan(spec: &LaunchSpec, host: &HostFacts, rootfs: &RootFs) -> Result<SandboxPlan, PlanError> {
    plan_build_step(spec, host, rootfs, &BuildStep::default())
}

/// Decide every step of starting the process of a build, which has more than a container.
pub fn plan_build_step(
    spec: &LaunchSpec,
    host: &HostFacts,
    rootfs: &RootFs,
    build: &BuildStep,
) -> Result<SandboxPlan, PlanError> {
    let command = Command::new(spec)?;
    let namespaces = namespace::memberships(spec, host)?;
    let nested = namespace::is_nested(spec, host);
    let groups = (host.ids != IdMap::Single).then(|| spec.user.extra_groups.clone());
    let mut rights = Rights::of(spec, groups)?;
    if host.ids == IdMap::Single && !nested {
        rights = rights.handing_over(&spec.security);
    }
    let mut steps = namespace::steps(spec, &namespaces)?;
    steps.extend(files::steps(spec, host, rootfs, build)?);
    if let Network::Joined(names) = &spec.network {
        // As late as possible: meanwhile both work. But before the filter, which might forbid to wait.
        steps.push(Step::Networks(names.clone()));
    }
    steps.extend(limits::steps(spec)?);
    steps.extend(build.limits.iter().copied().map(Step::Limit));
    steps.extend(limits::oom_score(spec, host.ids == IdMap::Host)?);
    if nested {
        // Only now: who owns the mounts and namespaces made so far is root of the one around it.
        steps.push(Step::MapUser { uid: spec.user.uid, gid: spec.user.gid });
    }
    steps.extend(rights.steps());
    if files::joins_processes(spec) {
        // What the other container can see of it has given everything up already.
        steps.extend([Step::EnterProcesses, Step::Session]);
        steps.extend(spec.terminal.then_some(Step::ControlTerminal));
    }
    steps.push(Step::CleanProcess);
    steps.push(Step::Execute(command.words()));
    let (ids, promise) = (Some(host.ids.clone()), rights.promise());
    Ok(SandboxPlan { namespaces, ids, steps, command, promise })
}

/// The first digits of an id or digest, as they are shown.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
mod tests;

//! One more process in a running container.

use plimsoll_model::LaunchSpec;

use super::rights::Rights;
use super::{Command, PlanError, SandboxPlan, Step, limits};
use crate::host::ContainerIds;

/// Decide every step of starting one more process in a running container.
pub fn plan_exec(spec: &LaunchSpec, ids: &ContainerIds) -> Result<SandboxPlan, PlanError> {
    let wanted = (spec.user.uid, spec.user.gid);
    let mut steps = vec![Step::JoinCgroup, Step::Join];
    let groups = match ids {
        ContainerIds::Host | ContainerIds::Range => Some(spec.user.extra_groups.clone()),
        ContainerIds::RootOnly if wanted == (0, 0) => None,
        ContainerIds::RootOnly => {
            steps.push(Step::MapUser { uid: wanted.0, gid: wanted.1 });
            None
        }
        ContainerIds::Nested { uid, gid } if wanted == (*uid, *gid) => None,
        ContainerIds::Nested { uid, gid } => {
            let available = format!("user {uid} and group {gid}");
            return Err(PlanError::NoSuchId { uid: wanted.0, gid: wanted.1, available });
        }
    };
    // While our own file of it can still be written.
    steps.extend(limits::oom_score(spec, *ids == ContainerIds::Host)?);
    steps.push(Step::Hide);
    steps.push(Step::FindWorkdir { path: spec.workdir.clone(), create: false });
    steps.push(Step::EnterWorkdir(spec.workdir.clone()));
    steps.extend(limits::steps(spec)?);
    let rights = Rights::of(spec, groups)?;
    steps.extend(rights.steps());
    steps.push(Step::EnterProcesses);
    steps.push(Step::Session);
    if spec.terminal {
        steps.push(Step::Terminal { owner: spec.user.uid, console: false, control: true });
    }
    steps.push(Step::CleanProcess);
    let command = Command::new(spec)?;
    steps.push(Step::Execute(command.words()));
    Ok(SandboxPlan { namespaces: Vec::new(), ids: None, steps, command, promise: rights.promise() })
}

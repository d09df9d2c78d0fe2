//! What a process may do: giving up rights, from the widest to the last.

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{ALL_CAPABILITIES, IdCalls, Seccomp, Security};

use super::{PlanError, Promise, Step};
use crate::seccomp::Profile;

/// What a process may do, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rights {
    /// Capabilities it can ever have (bits).
    capabilities: u64,
    /// The filter of its system calls.
    filter: Option<Step>,
    /// Calls about ids are handed over.
    hand_over: bool,
    no_new_privileges: bool,
    /// User, group, and other groups if they can be set.
    ids: (u32, u32, Option<Vec<u32>>),
}

impl Rights {
    /// `groups` are the supplementary ones, if they can be set where it runs.
    pub(super) fn of(spec: &LaunchSpec, groups: Option<Vec<u32>>) -> Result<Self, PlanError> {
        let asked = capability_bits(&spec.security.capabilities)?;
        let capabilities = if spec.security.privileged { every_capability() } else { asked };
        Ok(Rights {
            capabilities,
            filter: filter(&spec.security, capabilities, !spec.terminal)?,
            hand_over: false,
            no_new_privileges: spec.security.no_new_privileges,
            ids: (spec.user.uid, spec.user.gid, groups),
        })
    }

    /// Calls about ids and owners are answered by whoever launched it, if that is asked for.
    pub(super) fn handing_over(mut self, security: &Security) -> Self {
        self.hand_over = security.id_calls == IdCalls::Recorded;
        self
    }

    /// The steps. Without no_new_privs a filter can only be loaded while CAP_SYS_ADMIN is held; else it comes
    /// last, so that it need not allow what we do ourselves.
    pub(super) fn steps(&self) -> Vec<Step> {
        let (uid, gid, groups) = self.ids.clone();
        let mut steps = vec![Step::Ids { uid, gid, groups }];
        let bound = Step::BoundCapabilities(self.capabilities);
        let held = Step::Capabilities(self.held());
        // Of two filters the stricter answer counts: what the first refuses stays refused.
        let filters = self.filter.iter().cloned().chain(self.hand_over.then_some(Step::HandOverIdCalls));
        match self.no_new_privileges {
            true => {
                steps.extend([bound, held, Step::NoNewPrivileges]);
                steps.extend(filters);
            }
            false => {
                steps.extend(filters);
                steps.extend([bound, held]);
            }
        }
        steps
    }

    /// Only root holds any; what others execute may still gain some (file capabilities).
    fn held(&self) -> u64 {
        if self.ids.0 == 0 { self.capabilities } else { 0 }
    }

    /// What is looked at from outside.
    pub(super) fn promise(&self) -> Promise {
        let (uid, gid, groups) = self.ids.clone();
        Promise {
            capabilities: self.capabilities,
            held: self.held(),
            filtered: self.filter.is_some() || self.hand_over,
            no_new_privileges: self.no_new_privileges,
            uid,
            gid,
            groups,
        }
    }
}

/// docker filters a privileged process only by a profile that was given for it.
fn filter(security: &Security, capabilities: u64, guard_terminal: bool) -> Result<Option<Step>, PlanError> {
    Ok(match &security.seccomp {
        Seccomp::Default if security.privileged => None,
        Seccomp::Default => Some(Step::Filter { capabilities, guard_terminal }),
        Seccomp::Unconfined => None,
        Seccomp::Profile(text) => Some(Step::ProfileFilter { profile: Profile::parse(text)?, capabilities }),
    })
}

/// All capabilities (bits).
pub(super) fn every_capability() -> u64 {
    (1 << ALL_CAPABILITIES.len()) - 1
}

fn capability_bits(names: &[String]) -> Result<u64, PlanError> {
    names.iter().try_fold(0, |bits, name| {
        let number = ALL_CAPABILITIES.iter().position(|known| known == name);
        let number = number.ok_or_else(|| PlanError::UnknownCapability { name: name.clone() })?;
        Ok(bits | 1 << number)
    })
}

/// The names of capabilities given as bits.
pub(crate) fn capability_names(bits: u64) -> String {
    if bits == 0 {
        return "none".to_string();
    }
    if bits == every_capability() {
        return "all there are".to_string();
    }
    let name = |number: u32| match ALL_CAPABILITIES.get(number as usize) {
        Some(name) => (*name).to_string(),
        None => format!("CAP_{number}"),
    };
    let names: Vec<String> = (0..64).filter(|number| bits & (1 << number) != 0).map(name).collect();
    names.join(" ")
}

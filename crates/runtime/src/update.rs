//! Changing the limits of a container, whether it runs or not.

use plimsoll_model::launch::Limits;

use crate::cgroup::{Cgroup, Machine, check};
use crate::container::{Container, ContainerError, State};

impl Container {
    /// Set the limits that `change` has, now and for every later start. A sentence for each that does not
    /// hold here. Must be called as the user who started it, in no other user namespace.
    pub fn update_limits(&self, change: &Limits) -> Result<Vec<String>, ContainerError> {
        let old = &self.record().spec.limits;
        let new = changed(old, change);
        check(&new, &Machine::read())?;
        let warnings = match self.state()? {
            State::Running { run, .. } => Cgroup::open(&run.cgroups).update(old, &new)?,
            _ => Vec::new(),
        };
        let mut record = self.record().clone();
        record.spec.limits = new;
        self.directory().write_record(&record)?;
        Ok(warnings)
    }
}

/// The limits with what is new among them.
fn changed(old: &Limits, new: &Limits) -> Limits {
    Limits {
        memory: new.memory.or(old.memory),
        memory_swap: new.memory_swap.or(old.memory_swap),
        memory_reservation: new.memory_reservation.or(old.memory_reservation),
        memory_swappiness: new.memory_swappiness.or(old.memory_swappiness),
        oom_kill_disable: new.oom_kill_disable || old.oom_kill_disable,
        nano_cpus: new.nano_cpus.or(old.nano_cpus),
        cpu_period: new.cpu_period.or(old.cpu_period),
        cpu_quota: new.cpu_quota.or(old.cpu_quota),
        cpu_shares: new.cpu_shares.or(old.cpu_shares),
        cpuset_cpus: new.cpuset_cpus.clone().or_else(|| old.cpuset_cpus.clone()),
        cpuset_mems: new.cpuset_mems.clone().or_else(|| old.cpuset_mems.clone()),
        pids: new.pids.or(old.pids),
        io_weight: new.io_weight.or(old.io_weight),
        io_rates: if new.io_rates.is_empty() { old.io_rates.clone() } else { new.io_rates.clone() },
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::launch::SwapLimit;

    use super::*;

    #[test]
    fn what_is_not_named_stays() {
        let old = Limits { memory: Some(1), pids: Some(5), cpu_shares: Some(2), ..Limits::default() };
        let change = Limits {
            memory: Some(2),
            memory_swap: Some(SwapLimit::Unlimited),
            cpuset_cpus: Some("0".into()),
            ..Limits::default()
        };
        let both = Limits { pids: Some(5), cpu_shares: Some(2), ..change.clone() };
        assert_eq!(changed(&old, &change), both);
        assert_eq!(changed(&old, &Limits::default()), old);
    }
}

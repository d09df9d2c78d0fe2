//! Where an engine differs from the documented rule, and why. A difference that does not show any more is
//! an error of its list.

mod docker;
mod plimsoll;
mod podman;

use std::path::Path;

use super::case::Case;
use super::engine::Name;
use crate::harness::{Ids, ids};

/// A difference that is known and meant.
pub struct Accepted {
    /// Who differs.
    pub engine: Name,
    /// On which machines.
    pub machine: Machine,
    /// In which steps, as `CASE/NUMBER`.
    pub steps: &'static [&'static str],
    /// Why.
    pub reason: &'static str,
}

/// Where a difference shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// Everywhere.
    Any,
    /// With the controllers of cgroup v1.
    CgroupV1,
    /// Where root has not all capabilities.
    FewCapabilities,
    /// For an ordinary user with one id.
    SingleId,
}

const fn accept(engine: Name, steps: &'static [&'static str], reason: &'static str) -> Accepted {
    on(Machine::Any, engine, steps, reason)
}

const fn on(
    machine: Machine,
    engine: Name,
    steps: &'static [&'static str],
    reason: &'static str,
) -> Accepted {
    Accepted { engine, machine, steps, reason }
}

/// What is listed of a step and has to show on this machine.
pub fn shown_here(engine: Name, case: &Case, number: usize) -> impl Iterator<Item = &'static Accepted> {
    entries(engine, case, number).filter(|entry| entry.machine.is_this())
}

/// What is listed of a step, numbered from 1.
pub fn entries(engine: Name, case: &Case, number: usize) -> impl Iterator<Item = &'static Accepted> {
    let step = format!("{}/{number}", case.name);
    let all = [plimsoll::ACCEPTED, docker::ACCEPTED, podman::ACCEPTED].into_iter().flatten();
    all.filter(move |entry| entry.engine == engine && entry.steps.contains(&step.as_str()))
}

impl Machine {
    fn is_this(self) -> bool {
        match self {
            Machine::Any => true,
            Machine::CgroupV1 => Path::new("/sys/fs/cgroup/memory/memory.limit_in_bytes").exists(),
            Machine::FewCapabilities => !has_all_capabilities(),
            Machine::SingleId => ids() == Ids::Single,
        }
    }
}

/// The bounding set has every capability the kernel knows.
fn has_all_capabilities() -> bool {
    let read = |path: &str| std::fs::read_to_string(path).expect("/proc can be read");
    let last: u32 = read("/proc/sys/kernel/cap_last_cap").trim().parse().expect("a number");
    let status = read("/proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("CapBnd:")).expect("it tells capabilities");
    u64::from_str_radix(line.trim(), 16).expect("a hexadecimal number") == (2 << last) - 1
}

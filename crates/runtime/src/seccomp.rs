//! The system call filter of a container, as a program for the kernel's filter machine.

mod compile;
mod decision;
#[cfg(test)]
mod interpret;
mod numbers;
mod profile;

use plimsoll_model::launch::ALL_CAPABILITIES;
use plimsoll_sys::seccomp::Instruction;

use profile::{Arch, Situation};

/// Docker's default profile for a process with these capabilities (bits) in its bounding set. With
/// `guard_terminal` the calls that type into a terminal are refused.
pub(crate) fn default_filter(capabilities: u64, guard_terminal: bool) -> Vec<Instruction> {
    let names: Vec<&str> = (0..)
        .zip(ALL_CAPABILITIES)
        .filter(|(number, _)| capabilities & (1u64 << number) != 0)
        .map(|(_, name)| name)
        .collect();
    let situation = Situation { capabilities: &names, guard_terminal };
    compile::compile(&profile::profile(Arch::of_machine(), situation))
}

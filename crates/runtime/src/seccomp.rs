//! The system call filter of a container, as a program for the kernel's filter machine.

mod arch;
mod compile;
mod decision;
mod handed_over;
#[cfg(test)]
mod interpret;
mod numbers;
mod own;
mod profile;
mod recorded;
mod watched;

use plimsoll_model::launch::ALL_CAPABILITIES;
use plimsoll_sys::seccomp::Instruction;

use profile::Situation;

pub(crate) use arch::Arch;
pub(crate) use handed_over::HandedOver;
pub use own::{Profile, ProfileError};
pub use recorded::recorded_profile;
pub use watched::Watched;
pub(crate) use watched::{KnownProfile, native_architecture, watched_filter};

/// Docker's default profile for a process with these capabilities (bits) in its bounding set. With
/// `guard_terminal` the calls that type into a terminal are refused.
pub(crate) fn default_filter(capabilities: u64, guard_terminal: bool) -> Vec<Instruction> {
    let situation = Situation { capabilities: &capability_names(capabilities), guard_terminal };
    compile::compile(&profile::profile(Arch::of_machine(), situation))
}

/// The same as a profile that other runtimes can be given.
pub fn default_profile(capabilities: u64, guard_terminal: bool) -> Profile {
    let situation = Situation { capabilities: &capability_names(capabilities), guard_terminal };
    Profile::default_of(Arch::native(), situation)
}

fn capability_names(bits: u64) -> Vec<&'static str> {
    let held = (0..).zip(ALL_CAPABILITIES).filter(|(number, _)| bits & (1u64 << number) != 0);
    held.map(|(_, name)| name).collect()
}

/// The filter that hands calls about ids and owners over to the listener, and lets all others be.
pub(crate) fn id_call_filter() -> Vec<Instruction> {
    compile::compile(&handed_over::decision(Arch::native()))
}

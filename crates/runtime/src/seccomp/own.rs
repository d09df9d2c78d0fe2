//! A profile of the user's own, in docker's JSON form (moby, profiles/seccomp).
//!
//! It means what it means to docker and runc: rules that say what is said anyway are left out; an
//! unconditional rule decides a call whatever other rules it has; of several conditions on the same
//! argument one is enough; calls that are newer than all the profile names do not exist, unless it lets
//! unknown calls pass; programs of an architecture it does not name are killed. Where several conditional
//! rules apply, libseccomp leaves open which decides; here it is the first.

mod apply;
mod calls;
mod circumstances;
mod error;
mod json;
mod multiplexed;
mod read;
mod show;
mod spelled_out;
#[cfg(test)]
mod tests;

use plimsoll_sys::seccomp::Instruction;

use super::arch::Arch;
use super::compile::{MOST_INSTRUCTIONS, compile};
use super::decision::{Answer, Condition};
use circumstances::{Circumstances, Requirement};

pub use error::ProfileError;

/// A profile that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// For calls without a rule.
    default: Answer,
    /// Whose programs are judged, beside the machine's own.
    architectures: Architectures,
    rules: Vec<CallRule>,
}

/// Architectures by libseccomp's names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Architectures {
    /// `architectures`.
    Listed(Vec<&'static str>),
    /// `archMap`: a machine's own, and what else it runs.
    Mapped(Vec<(&'static str, Vec<&'static str>)>),
}

/// One entry of `syscalls`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CallRule {
    names: Vec<String>,
    answer: Answer,
    conditions: Vec<Condition>,
    /// The rule is there only under these circumstances.
    includes: Requirement,
    /// And not under these.
    excludes: Requirement,
}

impl Profile {
    /// Read docker's JSON. Unknown keys and unknown calls are ignored, as docker and libseccomp do.
    pub fn parse(text: &str) -> Result<Profile, ProfileError> {
        read::profile(text)
    }

    /// The filter for a process with these capabilities (bits) in its bounding set, on this machine and
    /// kernel.
    pub fn filter(&self, capabilities: u64, kernel: (u32, u32)) -> Result<Vec<Instruction>, ProfileError> {
        let circumstances = Circumstances { native: Arch::native(), capabilities, kernel };
        let filter = compile(&apply::decision(self, circumstances)?);
        if filter.len() > MOST_INSTRUCTIONS {
            return Err(ProfileError::TooLong { instructions: filter.len() });
        }
        Ok(filter)
    }
}

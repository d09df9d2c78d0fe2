//! When a rule is there: `includes` and `excludes`.

use plimsoll_model::launch::ALL_CAPABILITIES;

use super::super::arch::Arch;
use super::CallRule;

/// The circumstances of one process.
#[derive(Debug, Clone, Copy)]
pub(in crate::seccomp) struct Circumstances {
    pub native: Arch,
    /// The bounding set, as bits.
    pub capabilities: u64,
    /// Major and minor number.
    pub kernel: (u32, u32),
}

/// Circumstances that a rule names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Requirement {
    /// With `CAP_`.
    pub capabilities: Vec<String>,
    /// docker's words: `amd64`.
    pub machines: Vec<String>,
    /// Major and minor number.
    pub min_kernel: Option<(u32, u32)>,
}

impl CallRule {
    pub(super) fn applies(&self, circumstances: Circumstances) -> bool {
        self.includes.holds(circumstances) && !self.excludes.concerns(circumstances)
    }
}

impl Requirement {
    /// Everything that is asked for is so.
    fn holds(&self, circumstances: Circumstances) -> bool {
        let Circumstances { native, capabilities, kernel } = circumstances;
        (self.machines.is_empty() || self.machines.iter().any(|name| name == native.dockers_name()))
            && self.capabilities.iter().all(|name| has(capabilities, name))
            && self.min_kernel.is_none_or(|least| kernel >= least)
    }

    /// Anything that is asked for is so.
    fn concerns(&self, circumstances: Circumstances) -> bool {
        let Circumstances { native, capabilities, kernel } = circumstances;
        self.machines.iter().any(|name| name == native.dockers_name())
            || self.capabilities.iter().any(|name| has(capabilities, name))
            || self.min_kernel.is_some_and(|least| kernel >= least)
    }
}

fn has(capabilities: u64, name: &str) -> bool {
    let number = ALL_CAPABILITIES.iter().position(|known| name.strip_prefix("CAP_") == Some(known));
    number.is_some_and(|number| capabilities & (1 << number) != 0)
}

//! The architectures whose calls are judged, by all their names.

use super::numbers::{AARCH64, I386, X86_64};

/// `AUDIT_ARCH_*` (linux/audit.h).
const ARCH_X86_64: u32 = 0xc000_003e;
const ARCH_I386: u32 = 0x4000_0003;
const ARCH_AARCH64: u32 = 0xc000_00b7;

/// An architecture a filter judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arch {
    X86_64,
    I386,
    Aarch64,
}

impl Arch {
    /// The architectures whose programs this machine runs and we let run.
    pub(super) fn of_machine() -> &'static [Arch] {
        if cfg!(target_arch = "aarch64") { &[Arch::Aarch64] } else { &[Arch::I386, Arch::X86_64] }
    }

    /// The architecture this program is made for.
    pub(crate) fn native() -> Arch {
        if cfg!(target_arch = "aarch64") { Arch::Aarch64 } else { Arch::X86_64 }
    }

    pub(crate) fn audit_number(self) -> u32 {
        match self {
            Arch::X86_64 => ARCH_X86_64,
            Arch::I386 => ARCH_I386,
            Arch::Aarch64 => ARCH_AARCH64,
        }
    }

    /// As libseccomp and profiles name it.
    pub(super) fn libseccomp_name(self) -> &'static str {
        match self {
            Arch::X86_64 => "SCMP_ARCH_X86_64",
            Arch::I386 => "SCMP_ARCH_X86",
            Arch::Aarch64 => "SCMP_ARCH_AARCH64",
        }
    }

    /// As docker names a machine in the circumstances of a rule.
    pub(super) fn dockers_name(self) -> &'static str {
        match self {
            Arch::X86_64 => "amd64",
            Arch::I386 => "x86",
            Arch::Aarch64 => "arm64",
        }
    }

    pub(super) fn calls(self) -> &'static str {
        match self {
            Arch::X86_64 => X86_64,
            Arch::I386 => I386,
            Arch::Aarch64 => AARCH64,
        }
    }
}

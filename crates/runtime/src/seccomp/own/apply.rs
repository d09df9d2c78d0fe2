//! From a profile and the circumstances of a process to a decision for every call.

use super::super::arch::Arch;
use super::super::decision::{Answer, Decision, Field, Range};
use super::super::numbers::numbered;
use super::super::profile::merged;
use super::calls::Calls;
use super::{Architectures, CallRule, Circumstances, Profile, ProfileError, multiplexed};

const ENOSYS: u16 = 38;

/// 32-bit ARM, and the bit that calls of x32 have. We have no tables of either.
const ARCH_ARM: u32 = 0x4000_0028;
const X32: u32 = 0x4000_0000;

/// The decision for every call.
pub(in crate::seccomp) fn decision(
    profile: &Profile,
    circumstances: Circumstances,
) -> Result<Decision, ProfileError> {
    let native = circumstances.native;
    let rules: Vec<&CallRule> = profile.rules.iter().filter(|rule| rule.applies(circumstances)).collect();
    let named = profile.named_architectures(native);
    // Calls that no rule can judge do not exist where they are named; else they kill.
    let unjudged = |name| match named.contains(&name) {
        true => Decision::errno(ENOSYS),
        false => Decision::Answer(Answer::KillThread),
    };
    let mut archs = Vec::new();
    match native {
        Arch::Aarch64 => archs.push((ARCH_ARM, unjudged("SCMP_ARCH_ARM"))),
        _ if named.contains(&"SCMP_ARCH_X86") => {
            archs.push((Arch::I386.audit_number(), calls_of(profile, Arch::I386, &rules, None)?));
        }
        _ => {}
    }
    let x32 = (native == Arch::X86_64).then(|| unjudged("SCMP_ARCH_X32"));
    archs.push((native.audit_number(), calls_of(profile, native, &rules, x32)?));
    let killed = || Decision::Answer(Answer::KillThread);
    let mut ranges = vec![Range { first: 0, then: killed() }];
    for (number, then) in archs {
        ranges.push(Range { first: number, then });
        ranges.push(Range { first: number + 1, then: killed() });
    }
    Ok(Decision::Switch { field: Field::Architecture, ranges })
}

/// The decision for every call of one architecture.
fn calls_of(
    profile: &Profile,
    arch: Arch,
    rules: &[&CallRule],
    x32: Option<Decision>,
) -> Result<Decision, ProfileError> {
    let calls = Calls::of(profile.default, arch, rules)?;
    let mut ranges = Vec::new();
    let mut next = 0;
    for (number, name) in numbered(arch.calls()) {
        if number > next {
            ranges.push(Range { first: next, then: calls.default() });
        }
        let then = multiplexed::decision(arch, name, &calls).unwrap_or_else(|| calls.decision(name));
        ranges.push(Range { first: number, then });
        next = number + 1;
    }
    ranges.push(Range { first: next, then: calls.default() });
    if let Some(newest) = calls.newest.filter(|_| hides_newer_calls(profile.default)) {
        ranges.retain(|range| range.first <= newest);
        ranges.push(Range { first: newest + 1, then: Decision::errno(ENOSYS) });
    }
    ranges.extend(x32.map(|then| Range { first: X32, then }));
    Ok(Decision::Switch { field: Field::Number, ranges: merged(ranges) })
}

/// A profile cannot mean calls that are newer than itself. With ENOSYS programs fall back to older ones,
/// with another error they do not (runc, libcontainer/seccomp/patchbpf).
fn hides_newer_calls(default: Answer) -> bool {
    !matches!(default, Answer::Allow | Answer::Log | Answer::Trace(_))
}

impl Profile {
    /// What programs may be of beside the machine's own architecture.
    pub(super) fn named_architectures(&self, native: Arch) -> &[&'static str] {
        match &self.architectures {
            Architectures::Listed(names) => names,
            Architectures::Mapped(entries) => {
                let entry = entries.iter().find(|(own, _)| *own == native.libseccomp_name());
                entry.map_or(&[], |(_, others)| others)
            }
        }
    }
}

//! The default profile as a profile that could have been written: what other runtimes are given.
//!
//! What it cannot say: numbers without a call do not exist (here they are refused), programs of x32 get
//! ENOSYS (here they are killed), and a rule is the same for all architectures.

use std::collections::BTreeSet;

use super::super::arch::Arch;
use super::super::decision::{Answer, Comparison, Condition, Decision, Field, Range};
use super::super::profile::{Situation, decide_by_name};
use super::{Architectures, CallRule, Profile, Requirement};

/// The default profile has it for calls that it does not allow.
const REFUSED: Answer = Answer::Errno(1);

impl Profile {
    /// docker's default profile for this machine.
    pub(in crate::seccomp) fn default_of(native: Arch, situation: Situation<'_>) -> Profile {
        let others: &[Arch] = if native == Arch::X86_64 { &[Arch::I386] } else { &[] };
        let (mut rules, mut seen) = (Vec::new(), BTreeSet::new());
        for arch in [native].iter().chain(others) {
            for (name, decision) in decide_by_name(*arch, situation) {
                if seen.insert(name) {
                    spell_out(name, &decision, &[], &mut rules);
                }
            }
        }
        let others = others.iter().map(|arch| arch.libseccomp_name()).collect();
        Profile { default: REFUSED, architectures: Architectures::Listed(others), rules }
    }
}

/// Add the rules for a call under these conditions.
fn spell_out(name: &str, decision: &Decision, conditions: &[Condition], rules: &mut Vec<CallRule>) {
    let mut under = |argument, mask, value, then: &Decision| {
        let comparison = Comparison::Masked { mask: u64::from(mask), value: u64::from(value) };
        let more = [conditions, &[Condition { argument, comparison }]].concat();
        spell_out(name, then, &more, rules);
    };
    match decision {
        Decision::Answer(REFUSED) => {}
        Decision::Answer(answer) => add(name, *answer, conditions, rules),
        Decision::AnyBit { field: Field::Argument(argument), mask, set, clear } => {
            under(*argument, *mask, 0, clear);
            for bit in (0..32).map(|bit| 1 << bit).filter(|bit| mask & bit != 0) {
                under(*argument, bit, bit, set);
            }
        }
        Decision::Switch { field: Field::Argument(argument), ranges } => {
            let lasts = ranges.iter().skip(1).map(|next| next.first - 1).chain([u32::MAX]);
            for (Range { first, then }, last) in ranges.iter().zip(lasts) {
                for (mask, value) in blocks(*first, last) {
                    under(*argument, mask, value, then);
                }
            }
        }
        _ => unreachable!("the default profile decides a call by the lower halves of its arguments"),
    }
}

/// Unconditional rules with the same answer become one.
fn add(name: &str, answer: Answer, conditions: &[Condition], rules: &mut Vec<CallRule>) {
    let same = |rule: &&mut CallRule| rule.answer == answer && rule.conditions.is_empty();
    match rules.iter_mut().find(same).filter(|_| conditions.is_empty()) {
        Some(rule) => rule.names.push(name.to_string()),
        None => rules.push(CallRule {
            names: vec![name.to_string()],
            answer,
            conditions: conditions.to_vec(),
            includes: Requirement::default(),
            excludes: Requirement::default(),
        }),
    }
}

/// A range of values as masks and what they leave: aligned blocks, as many as it takes. Of an argument of
/// 32 bits the kernel ignores the upper half, and only a mask can do so, too.
fn blocks(first: u32, last: u32) -> Vec<(u32, u32)> {
    let (mut at, end) = (u64::from(first), u64::from(last) + 1);
    let mut blocks = Vec::new();
    while at < end {
        let size = (0..=32).rev().map(|bits| 1u64 << bits).find(|size| at % size == 0 && at + size <= end);
        let size = size.unwrap_or(1);
        blocks.push((!(size - 1) as u32, at as u32));
        at += size;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn ranges_as_blocks() {
        assert_eq!(blocks(5, 5), [(u32::MAX, 5)]);
        assert_eq!(blocks(0, u32::MAX), [(0, 0)]);
        assert_eq!(blocks(6, 9), [(!1, 6), (!1, 8)]);
        for (first, last) in [(0, 11), (13, 100), (46, 1 << 16), (0xffff_fff0, u32::MAX)] {
            let blocks = blocks(first, last);
            let within = |value: u32| blocks.iter().filter(|(mask, start)| value & mask == *start).count();
            for value in [first, last, first + 3, last - 3] {
                assert_eq!(within(value), 1, "{value} of {first}..={last}");
            }
            for value in [first.wrapping_sub(1), last.wrapping_add(1)] {
                assert_eq!(within(value), 0, "{value} of {first}..={last}");
            }
        }
    }
}

//! The rules of a profile by call.

use std::collections::BTreeMap;

use super::super::arch::Arch;
use super::super::compile::MOST_INSTRUCTIONS;
use super::super::decision::{Answer, Comparison, Condition, Decision, Rule};
use super::super::numbers::numbered;
use super::{CallRule, ProfileError, multiplexed};

/// What a profile says about the calls of one architecture.
pub(super) struct Calls<'a> {
    default: Answer,
    by_name: BTreeMap<&'a str, Verdict>,
    /// The highest number that the profile names.
    pub newest: Option<u32>,
}

/// What a profile says about one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Always the same.
    Always(Answer),
    /// It depends on arguments.
    Rules(Vec<Rule>),
}

impl<'a> Calls<'a> {
    pub(super) fn of(default: Answer, arch: Arch, rules: &[&'a CallRule]) -> Result<Self, ProfileError> {
        let numbers: BTreeMap<&str, u32> =
            numbered(arch.calls()).map(|(number, name)| (name, number)).collect();
        let mut calls = Calls { default, by_name: BTreeMap::new(), newest: None };
        let mut conditional = 0;
        for rule in rules {
            let split = split(arch, rule);
            for name in &rule.names {
                let number = numbers.get(name.as_str()).copied();
                calls.newest = calls.newest.max(number);
                // A rule that says what is said anyway must not stand before others (runc).
                if rule.answer == default || number.is_none() && !multiplexed::is_one(arch, name) {
                    continue;
                }
                conditional += split.len();
                // Each is at least one instruction; what cannot fit is not even put together.
                if conditional > MOST_INSTRUCTIONS {
                    return Err(ProfileError::TooLong { instructions: conditional });
                }
                calls.add(name, rule.answer, &split);
            }
        }
        Ok(calls)
    }

    fn add(&mut self, name: &'a str, answer: Answer, split: &[Rule]) {
        let verdict = self.by_name.entry(name).or_insert(Verdict::Rules(Vec::new()));
        match verdict {
            Verdict::Always(_) => {}
            _ if split.is_empty() => *verdict = Verdict::Always(answer),
            Verdict::Rules(rules) => rules.extend_from_slice(split),
        }
    }

    pub(super) fn verdict(&self, name: &str) -> Option<&Verdict> {
        self.by_name.get(name)
    }

    /// For calls without a rule.
    pub(super) fn default(&self) -> Decision {
        Decision::Answer(self.default)
    }

    pub(super) fn decision(&self, name: &str) -> Decision {
        self.decision_or(name, self.default())
    }

    /// The decision if no rule applies being another.
    pub(super) fn decision_or(&self, name: &str, otherwise: Decision) -> Decision {
        match self.by_name.get(name) {
            None => otherwise,
            Some(Verdict::Always(answer)) => Decision::Answer(*answer),
            Some(Verdict::Rules(rules)) => {
                Decision::FirstRule { rules: rules.clone(), otherwise: Box::new(otherwise) }
            }
        }
    }
}

/// Of several conditions on one argument each is a rule of its own: what docker's users mean by them since
/// libseccomp takes one condition an argument (runc, libcontainer/seccomp).
fn split(arch: Arch, rule: &CallRule) -> Vec<Rule> {
    let conditions: Vec<Condition> = match arch {
        Arch::I386 => rule.conditions.iter().map(|condition| condition.of_32_bits()).collect(),
        Arch::X86_64 | Arch::Aarch64 => rule.conditions.clone(),
    };
    let then = rule.answer;
    let mut arguments: Vec<u8> = conditions.iter().map(|condition| condition.argument).collect();
    arguments.sort_unstable();
    match arguments.windows(2).any(|pair| pair[0] == pair[1]) {
        true => conditions.into_iter().map(|condition| Rule { conditions: vec![condition], then }).collect(),
        false if conditions.is_empty() => Vec::new(),
        false => vec![Rule { conditions, then }],
    }
}

impl Condition {
    /// As a 32-bit program's argument is compared: without the upper half of the value (libseccomp).
    fn of_32_bits(self) -> Condition {
        let low = |value: u64| value & u64::from(u32::MAX);
        let comparison = match self.comparison {
            Comparison::Equal(value) => Comparison::Equal(low(value)),
            Comparison::NotEqual(value) => Comparison::NotEqual(low(value)),
            Comparison::Less(value) => Comparison::Less(low(value)),
            Comparison::AtMost(value) => Comparison::AtMost(low(value)),
            Comparison::AtLeast(value) => Comparison::AtLeast(low(value)),
            Comparison::Above(value) => Comparison::Above(low(value)),
            Comparison::Masked { mask, value } => Comparison::Masked { mask: low(mask), value: low(value) },
        };
        Condition { comparison, ..self }
    }
}

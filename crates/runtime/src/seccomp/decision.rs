//! What a filter decides, as a value that can be compiled, evaluated and compared.

/// What is done with a system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Always the same.
    Answer(Answer),
    /// It depends on the value of a field.
    Switch {
        /// The field.
        field: Field,
        /// Ranges of values, ascending, the first one from 0, each up to the next.
        ranges: Vec<Range>,
    },
    /// It depends on bits of a field.
    AnyBit {
        /// The field.
        field: Field,
        /// The bits.
        mask: u32,
        /// If one of them is set.
        set: Box<Decision>,
        /// If none is.
        clear: Box<Decision>,
    },
    /// It is what the first rule says whose conditions all hold.
    FirstRule {
        /// The rules, in order.
        rules: Vec<Rule>,
        /// If no rule applies.
        otherwise: Box<Decision>,
    },
}

/// What is answered when conditions hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// They all must, each about another argument.
    pub conditions: Vec<Condition>,
    pub then: Answer,
}

/// A comparison of a whole argument with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Condition {
    /// Which argument, from 0.
    pub argument: u8,
    pub comparison: Comparison,
}

/// The comparisons of libseccomp. Values have 64 bits and no sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal(u64),
    NotEqual(u64),
    Less(u64),
    AtMost(u64),
    AtLeast(u64),
    Above(u64),
    /// The bits of the mask have this value.
    Masked {
        mask: u64,
        value: u64,
    },
}

impl Decision {
    pub(super) const ALLOW: Decision = Decision::Answer(Answer::Allow);
    pub(super) const NOTIFY: Decision = Decision::Answer(Answer::Notify);

    pub(super) fn errno(errno: u16) -> Decision {
        Decision::Answer(Answer::Errno(errno))
    }

    /// What is answered to a call with these fields, by a decision without [`Decision::FirstRule`], of which
    /// only what holds without its rules is known.
    pub(super) fn answer(&self, value: &dyn Fn(Field) -> u32) -> Answer {
        match self {
            Decision::Answer(answer) => *answer,
            Decision::Switch { field, ranges } => {
                let value_of = value(*field);
                let range = ranges.iter().rfind(|range| range.first <= value_of);
                range.map_or(Answer::KillProcess, |range| range.then.answer(value))
            }
            Decision::AnyBit { field, mask, set, clear } => {
                if value(*field) & mask != 0 {
                    set.answer(value)
                } else {
                    clear.answer(value)
                }
            }
            Decision::FirstRule { otherwise, .. } => otherwise.answer(value),
        }
    }
}

/// What a filter can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The call is carried out.
    Allow,
    /// It is carried out and noted in the kernel's log.
    Log,
    /// It fails with this error number.
    Errno(u16),
    /// A tracer decides and is told this number; without one the call does not exist.
    Trace(u16),
    /// Whoever holds the listener answers it.
    Notify,
    /// The caller gets SIGSYS.
    Trap,
    /// The calling thread ends.
    KillThread,
    /// The whole process ends.
    KillProcess,
}

/// A range of values up to the next one's first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    pub first: u32,
    pub then: Decision,
}

/// A 32-bit field of what the kernel shows of a system call (`struct seccomp_data`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// Number of the call.
    Number,
    /// Architecture of the caller.
    Architecture,
    /// Lower half of an argument. The calls whose arguments the default profile looks at take 32-bit
    /// values: the kernel ignores the upper half, so must we.
    Argument(u8),
    /// Upper half of an argument.
    UpperArgument(u8),
}

impl Field {
    /// Byte offset in `struct seccomp_data`, on a little-endian machine.
    pub(super) fn offset(self) -> u32 {
        match self {
            Field::Number => 0,
            Field::Architecture => 4,
            Field::Argument(index) => 16 + 8 * u32::from(index),
            Field::UpperArgument(index) => 20 + 8 * u32::from(index),
        }
    }
}

const _: () = assert!(cfg!(target_endian = "little"), "the offsets of arguments assume little-endian");

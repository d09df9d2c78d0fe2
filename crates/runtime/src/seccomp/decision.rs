//! What a filter decides, as a value that can be compiled, evaluated and compared.

/// What is done with a system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is carried out.
    Allow,
    /// It fails with this error number.
    Errno(u16),
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
    /// Lower half of an argument. The calls whose arguments we look at take 32-bit values: the kernel
    /// ignores the upper half, so must we.
    Argument(u8),
}

impl Field {
    /// Byte offset in `struct seccomp_data`, on a little-endian machine.
    pub(super) fn offset(self) -> u32 {
        match self {
            Field::Number => 0,
            Field::Architecture => 4,
            Field::Argument(index) => 16 + 8 * u32::from(index),
        }
    }
}

const _: () = assert!(cfg!(target_endian = "little"), "the offsets of arguments assume little-endian");

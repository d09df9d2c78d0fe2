//! Why a profile is refused.

use super::super::compile::MOST_INSTRUCTIONS;
use super::read::MOST_BYTES;

/// Why a profile is refused, as one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// More text than is read.
    #[error("the seccomp profile has {bytes} bytes, and at most {MOST_BYTES} are read")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Not JSON, or nested too deeply.
    #[error("the seccomp profile is not JSON: {why}")]
    NoJson {
        /// What is wrong and where.
        why: String,
    },
    /// JSON that is no profile.
    #[error("the seccomp profile is wrong at {place}: {why}")]
    Wrong {
        /// Where: `syscalls[3].args[0].op`.
        place: String,
        /// What.
        why: String,
    },
    /// More than the kernel takes.
    #[error(
        "the seccomp profile becomes {instructions} or more instructions, and the kernel takes {MOST_INSTRUCTIONS}; \
         give it fewer conditions"
    )]
    TooLong {
        /// How many instructions there are at least.
        instructions: usize,
    },
}

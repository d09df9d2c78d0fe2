//! Larger tests of the contract.
#![allow(clippy::disallowed_methods, reason = "tests read the corpus; the crate itself does no I/O")]
#![allow(clippy::print_stderr, reason = "a test says what it skips and what it counted")]

mod argv;
mod corpus;
mod shells;

//! Larger tests of the rules.
#![allow(clippy::disallowed_methods, reason = "tests read the corpus; the crate itself does no I/O")]
#![allow(clippy::print_stderr, reason = "a test says what it skips and what it counted")]

mod buildkit_checks;
mod corpus_findings;
mod corpus_fixes;
mod corpus_noise;
mod corpus_texts;
mod hadolint;
mod project;

//! The rules: what is wrong with a Dockerfile, where, why it matters, and the edit.
//!
//! One file a rule, in a folder a family; [`RULES`] lists them. Pure: what a rule looks at is a [`Subject`].
//!
//! | family | codes | about |
//! |---|---|---|
//! | `launch` | PL1xx | what becomes PID 1, and when it stops |
//! | `pins` | PL2xx | what is pinned, downloaded and kept secret |
//! | `layers` | PL3xx | the context, the order of instructions, what layers hold |
//! | `rights` | PL4xx | the user and its rights |
//! | `kubernetes` | PL5xx | what Kubernetes makes of the image |
//! | `buildkit` | PL6xx | BuildKit's own checks |
//! | `ignoring` | PL8xx | comments that keep findings back |
//! | `hadolint` | DL | hadolint's rules, with its results |
//!
//! [`Examination`] is the whole of `lint` for one file: parser, stages, rules, ignore comments; [`fix()`] applies
//! the edits, a [`Baseline`] holds what is known already.

mod baseline;
mod buildkit;
mod catalogue;
mod check_directive;
mod day;
mod edits;
mod examine;
mod file;
mod findings;
mod fix;
mod fix_beside;
mod hadolint;
mod hiding;
mod ignore_comments;
mod ignore_edit;
mod ignoring;
mod kubernetes;
mod launch;
mod layers;
mod one_fault;
mod package_managers;
mod pinning;
mod pins;
mod rights;
mod rule;
mod run_commands;
mod selection;
mod settings;
mod stage_facts;
mod subject;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod text_tests;

pub use baseline::{Baseline, Identity};
pub use buildkit::Build;
pub use catalogue::{RULES, rule};
pub use check_directive::{CheckComment, CheckComments, CheckOptions, Names};
pub use day::Day;
pub use examine::{Examination, Examined};
pub use file::{ContextFiles, File};
pub use findings::{build_findings, file_findings, findings, sort};
pub use fix::{Applied, Fixed, Fixes, fix, is_applicable, replacement};
pub use fix_beside::{FixedFile, fix_beside};
pub use hiding::place_in;
pub use ignore_edit::ignore_edit;
pub use pinning::pin;
pub use rule::Rule;
pub use selection::{Selection, UnknownRule, is_buildkit, is_hadolint};
pub use settings::{LABEL_KINDS, LabelKind, Settings};
pub use subject::Subject;

//! # DL3056 label-no-version
//!
//! `label-schema` says that the value of a label is a version as semver.org writes it: `1.2.3`.
//!
//! Labels and their kinds stand in `label-schema` of the settings file, or are given by `--require-label`; without them
//! nothing is said.

use plimsoll_model::Diagnostic;

use super::label_values::wrong;
use crate::file::File;
use crate::rule::Report;
use crate::settings::LabelKind;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    wrong(file, LabelKind::Semver, |label| report.warning(format!("label {label} is no semantic version")))
}

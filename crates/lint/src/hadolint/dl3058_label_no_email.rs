//! # DL3058 label-no-email
//!
//! `label-schema` says that the value of a label is an address of electronic mail: `me@example.org`.
//!
//! Labels and their kinds stand in `label-schema` of the settings file, or are given by `--require-label`; without them
//! nothing is said.

use plimsoll_model::Diagnostic;

use super::label_values::wrong;
use crate::file::File;
use crate::rule::Report;
use crate::settings::LabelKind;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    wrong(file, LabelKind::Email, |label| report.warning(format!("label {label} is no email address")))
}

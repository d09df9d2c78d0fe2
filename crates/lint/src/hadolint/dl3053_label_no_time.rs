//! # DL3053 label-no-time
//!
//! `label-schema` says that the value of a label is a time as RFC 3339 writes it: `2026-11-29T12:00:00Z`.
//!
//! Labels and their kinds stand in `label-schema` of the settings file, or are given by `--require-label`; without them
//! nothing is said.

use plimsoll_model::Diagnostic;

use super::label_values::wrong;
use crate::file::File;
use crate::rule::Report;
use crate::settings::LabelKind;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    wrong(file, LabelKind::Rfc3339, |label| report.warning(format!("label {label} is no time of RFC 3339")))
}

//! # DL3054 label-no-license
//!
//! `label-schema` says that the value of a label is the short name of one license of the SPDX list: `Apache-2.0`.
//!
//! Labels and their kinds stand in `label-schema` of the settings file, or are given by `--require-label`; without them
//! nothing is said.

use plimsoll_model::Diagnostic;

use super::label_values::wrong;
use crate::file::File;
use crate::rule::Report;
use crate::settings::LabelKind;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    wrong(file, LabelKind::Spdx, |label| {
        report.warning(format!("label {label} is no SPDX license identifier"))
    })
}

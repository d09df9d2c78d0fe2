//! # DL3050 label-superfluous
//!
//! With `strict-labels` an image has the labels of `label-schema` and no others.
//!
//! Labels and their kinds stand in `label-schema` of the settings file, or are given by `--require-label`; without them
//! nothing is said.

use plimsoll_dockerfile::syntax::Pair;
use plimsoll_model::Diagnostic;

use super::label_values::of_labels;
use super::words::unquoted;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let is_unknown = |pair: &Pair| {
        file.settings.strict_labels && file.settings.kind_of(unquoted(&pair.name.text)).is_none()
    };
    of_labels(file, is_unknown, |label| report.info(format!("label {label} is none of label-schema")))
}

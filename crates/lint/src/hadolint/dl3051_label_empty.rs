//! # DL3051 label-empty
//!
//! A label of `label-schema` is there and says nothing.
//!
//! Labels and their kinds stand in `label-schema` of the settings file, or are given by `--require-label`; without them
//! nothing is said.

use plimsoll_dockerfile::syntax::Pair;
use plimsoll_model::Diagnostic;

use super::label_values::{of_labels, value};
use super::words::unquoted;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let is_empty =
        |pair: &Pair| file.settings.kind_of(unquoted(&pair.name.text)).is_some() && value(pair).is_empty();
    of_labels(file, is_empty, |label| report.warning(format!("label {label} is empty")))
}

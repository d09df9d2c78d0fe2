//! # DL3061 from-first
//!
//! Instructions stand before the first FROM. Only ARG may; the builder refuses the file. Put them
//! behind the FROM of the stage they belong to.

use plimsoll_model::Diagnostic;

use super::words::at_spans;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let spans = file.dockerfile.homeless.iter().map(|statement| statement.span);
    at_spans(&file.dockerfile.source, spans, || report.error("an instruction before the first FROM"))
}

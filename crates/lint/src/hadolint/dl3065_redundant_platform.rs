//! # DL3065 redundant-platform
//!
//! `FROM --platform=$TARGETPLATFORM` is what FROM does without it. Leave the flag out: the stage is
//! built for the target either way.

use plimsoll_dockerfile::syntax::Stage;
use plimsoll_model::Diagnostic;

use super::words::at_spans;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let is_default =
        |stage: &&Stage| {
            stage.from.platform.as_ref().is_some_and(|platform| {
                matches!(platform.text.as_str(), "$TARGETPLATFORM" | "${TARGETPLATFORM}")
            })
        };
    let spans = file.dockerfile.stages.iter().filter(is_default).map(|stage| stage.span);
    at_spans(&file.dockerfile.source, spans, || report.warning("this platform is the default"))
}

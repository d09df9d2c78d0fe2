//! # DL3029 no-platform
//!
//! FROM with a fixed `--platform` builds for that platform only, whatever is asked for. Leave it out,
//! or use `$BUILDPLATFORM` for stages that cross-compile.

use plimsoll_dockerfile::syntax::Stage;
use plimsoll_model::Diagnostic;

use super::words::at_spans;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let is_fixed = |stage: &&Stage| {
        stage.from.platform.as_ref().is_some_and(|platform| {
            !platform.text.is_empty()
                && !platform.text.contains("BUILDPLATFORM")
                && !platform.text.contains("TARGETPLATFORM")
        })
    };
    let spans = file.dockerfile.stages.iter().filter(is_fixed).map(|stage| stage.span);
    at_spans(&file.dockerfile.source, spans, || report.warning("the platform is fixed"))
}

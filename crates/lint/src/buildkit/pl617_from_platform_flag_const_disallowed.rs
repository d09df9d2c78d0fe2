//! # PL617 FromPlatformFlagConstDisallowed
//!
//! `FROM --platform=linux/amd64` is the same platform whatever is built for, so that an image for another
//! one holds the wrong programs. A stage whose name speaks of the platform is meant so.
//!
//! Leave the flag out, or write `$BUILDPLATFORM` for a stage that cross-compiles.

use plimsoll_model::Diagnostic;

use super::Walk;
use super::from_line::read_platform;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = walk.from_lines.iter().filter_map(|line| {
        let stage = &walk.dockerfile.stages[line.stage];
        let (platform, written) = (line.platform.as_ref()?, stage.from.platform.as_ref()?);
        let text = platform.text.as_deref().filter(|_| platform.is_constant())?;
        let parsed = read_platform(text)?;
        let name = stage.from.name.as_ref().map_or(String::new(), |name| name.text.to_lowercase());
        if name.contains(&parsed.os) || name.contains(&parsed.architecture) {
            return None;
        }
        let found = report.warning(format!("this stage is for {text}, whatever is built for"));
        Some(walk.point(found, stage.span, written.span, "a constant"))
    });
    found.collect()
}

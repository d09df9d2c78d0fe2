//! # PL622 InvalidBaseImagePlatform
//!
//! The base image at hand is for another platform than the one that is built for: its programs will not run,
//! or only by emulation.
//!
//! Pull it for the right platform, or choose a base that has it.

use plimsoll_model::Diagnostic;

use super::Walk;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = walk.foreign.iter().map(|foreign| {
        let stage = &walk.dockerfile.stages[foreign.stage];
        let (found, wanted) = (&foreign.found, &foreign.wanted);
        let one = report.warning(format!("{} is for {found}, and {wanted} is wanted", foreign.image));
        walk.point(one, stage.span, stage.from.image.span, &format!("for {found}"))
    });
    found.collect()
}

//! # PL606 ReservedStageName
//!
//! `scratch` and `context` mean something of their own: the empty image and the build context. A stage of
//! that name hides them, or is hidden by them.
//!
//! Choose another name.

use plimsoll_model::Diagnostic;

use super::Walk;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    if !walk.is_read {
        return Vec::new();
    }
    let names = walk.dockerfile.stages.iter().filter_map(|stage| Some((stage, stage.from.name.as_ref()?)));
    let found = names.filter_map(|(stage, name)| {
        let means = match name.text.to_lowercase().as_str() {
            "scratch" => "the empty image",
            "context" => "the build context",
            _ => return None,
        };
        let found =
            report.warning(format!("a stage cannot be told from {means} by the name '{}'", name.text));
        Some(walk.point(found, stage.span, name.span, &format!("means {means}")))
    });
    found.collect()
}

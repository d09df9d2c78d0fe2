//! # PL616 InvalidDefaultArgInFrom
//!
//! Without build arguments the base image has no valid name: an ARG that FROM uses has no default, or one
//! that gives no image name. `docker build .` fails.
//!
//! Give the ARG a default: `ARG BASE=debian:12`.

use plimsoll_model::Diagnostic;

use super::Walk;
use super::from_line::read_image;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let stages = walk.dockerfile.stages.iter().zip(&walk.default_bases);
    let found = stages.filter(|(_, base)| read_image(base).is_none()).map(|(stage, base)| {
        let message = match base.as_str() {
            "" => "without build arguments the base image has no name".to_string(),
            base => format!("without build arguments '{base}' is no image name"),
        };
        let image = &stage.from.image;
        walk.point(report.warning(message), stage.span, image.span, "no valid name by default")
    });
    found.collect()
}

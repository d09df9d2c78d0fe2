//! Whether a build gives the same when it is done once more.

use plimsoll_build::reproducible::{self, Difference};
use plimsoll_build::{Built, Request};
use plimsoll_image::Store;
use plimsoll_model::{Diagnostic, Severity};

use super::building::failed;
use crate::command_error::{CommandError, ErrorKind};

/// Build once more, without the cache, and compare. A difference is a broken promise.
pub fn check(store: &Store, built: &Built, again: &Request<'_>) -> Result<(), CommandError> {
    let second = plimsoll_build::build(again).map_err(failed)?;
    let found = reproducible::compare(store, &built.image, &second.image).map_err(failed)?;
    match found {
        None => Ok(()),
        Some(difference) => Err(CommandError::with_diagnostics(
            ErrorKind::Contradiction,
            vec![diagnostic(built, &difference)],
        )),
    }
}

fn diagnostic(built: &Built, difference: &Difference) -> Diagnostic {
    let Difference { step, path, how } = difference;
    let message = match path {
        Some(path) => format!("two builds are not the same: /{path} {how}"),
        None => format!("two builds are not the same: {how}"),
    };
    let found = Diagnostic::new("PL028", "not-reproducible", Severity::Error, message);
    let dockerfile = &built.provenance.dockerfile;
    match built.provenance.places.get(*step).copied().flatten() {
        Some(span) => found.at(dockerfile, span, "this step gave something else the second time"),
        None => found,
    }
}

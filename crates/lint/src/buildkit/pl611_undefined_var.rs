//! # PL611 UndefinedVar
//!
//! An instruction uses a variable that neither ENV nor ARG of its stage nor the base sets. It is empty.
//!
//! ```Dockerfile
//! ARG VERSION=1        # above FROM: counts for FROM lines only
//! FROM debian
//! COPY app-$VERSION /  # copies app-
//! ```
//!
//! Inside of a stage an ARG of the first part must be named again: `ARG VERSION`.
//!
//! When the base image is not at hand, which may set anything, only names are reported that an ARG above FROM
//! has, or that are nearly one which is set.

use plimsoll_model::user::nearest;
use plimsoll_model::{Certainty, Diagnostic};

use super::Walk;
use super::variable::rename;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for step in &walk.steps {
        for undefined in &step.undefined {
            let name = &undefined.name;
            let one = report.warning(format!("nothing defines ${name}: it is empty here"));
            let mut one = step.point(walk, one, undefined.place, "");
            if walk.scope.as_ref().is_some_and(|scope| scope.global(name).is_some()) {
                one.notes.push(format!("the ARG above FROM counts only after ARG {name} in this stage"));
            } else if let Some(meant) = nearest(name, step.known.iter()) {
                one.notes.push(format!("did you mean ${meant}?"));
                one.fix = if step.is_trigger { None } else { rename(walk, undefined.place, name, &meant) };
            }
            if !step.base_known && one.notes.is_empty() {
                continue;
            }
            if !step.base_known {
                one = one.certainty(Certainty::Likely).note("unless the base image does: it is not at hand");
            }
            found.push(one);
        }
    }
    found
}

//! # PL121 stopsignal-ungraceful
//!
//! SIGKILL and SIGSTOP cannot be handled: the program never gets the chance to finish requests, write
//! its data and close its connections.
//!
//! Leave STOPSIGNAL out (SIGTERM), or name the signal the program stops on.

use plimsoll_model::{Diagnostic, Signal};

use crate::rule::Report;
use crate::subject::Subject;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let signal = &subject.contract.stop_signal;
    if signal.value != Signal::KILL && signal.value != Signal::STOP {
        return Vec::new();
    }
    let found = report.warning(format!("{} cannot be handled: the program is cut off", signal.value));
    vec![subject.label(found, &signal.because, "no program can react to it", true)]
}

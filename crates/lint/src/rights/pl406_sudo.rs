//! # PL406 sudo
//!
//! RUN uses sudo. Steps run as root unless USER says otherwise, so it does nothing, or the image has
//! sudo set up and everybody in the container can become root; with `allowPrivilegeEscalation: false`
//! it fails.
//!
//! Put `USER root` before the step and the old USER behind it. To step down at start use gosu or
//! setpriv.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let mut found = Vec::new();
    for run in runs.understood() {
        if let Some(word) = run.commands.iter().find_map(|command| command.wrapper("sudo")) {
            let message = "sudo in RUN: the step is root already, or everybody in the container can be";
            found.push(report.warning(message).at(source, word.span, "USER says who runs a step"));
        }
    }
    found
}

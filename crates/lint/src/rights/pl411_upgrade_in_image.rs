//! # PL411 upgrade-in-image
//!
//! `apt-get upgrade`, `apk upgrade`, `dnf update`: the image holds whatever was newest that day, and the
//! old files stay in the layers of the base.
//!
//! Off unless asked for: where the base is rebuilt rarely, this is how fixes come in. Better is a newer
//! base: `lint --pin` names its digest, a bot proposes the next one.

use plimsoll_model::Diagnostic;

use crate::package_managers::{Manager, manager};
use crate::rule::Report;
use crate::run_commands::{RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.commands().filter(|(_, command)| upgrades_all(command)).map(|(_, command)| {
        let message = format!("{} {} takes whatever is newest that day", command.program(), command.action());
        report.info(message).at(source, command.span, "not the same tomorrow")
    });
    found.collect()
}

fn upgrades_all(command: &RunCommand) -> bool {
    let named = command.arguments().iter().filter(|word| !word.text.starts_with('-')).count() > 1;
    let action = command.action();
    !named
        && match manager(command) {
            Some((Manager::Apt, _)) => {
                matches!(action, "upgrade" | "dist-upgrade" | "full-upgrade" | "safe-upgrade")
            }
            Some((Manager::Apk, _)) => action == "upgrade",
            Some((Manager::Yum | Manager::Dnf, _)) => matches!(action, "update" | "upgrade"),
            Some((Manager::Zypper, _)) => {
                matches!(action, "update" | "up" | "dist-upgrade" | "dup" | "patch")
            }
            _ => false,
        }
}

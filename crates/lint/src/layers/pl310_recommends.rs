//! # PL310 recommends
//!
//! `apt-get install` installs what packages recommend, too: often half of the layer is programs nobody
//! asked for, each with holes of its own.
//!
//! Add `--no-install-recommends`, and name what is missed then. Only stages that ship are looked at.

use plimsoll_model::Diagnostic;

use crate::edits;
use crate::package_managers::{Manager, install};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let shipped = runs.file.shipped();
    // Switched off for the whole image.
    let is_off = source.text().contains("Install-Recommends");
    let commands = runs.commands().filter(|(run, _)| run.stage.is_some_and(|stage| shipped.contains(&stage)));
    let found = commands.filter_map(|(_, command)| {
        let install = install(command).filter(|install| install.manager == Manager::Apt)?;
        let named = install.packages.iter().any(|word| !word.text.ends_with(".deb"));
        if is_off || !named || command.has(&["--no-install-recommends"]) {
            return None;
        }
        let found = report.info("apt installs more than is asked for: what packages recommend comes along");
        let found = found.at(source, command.span, "no --no-install-recommends");
        let action = command.arguments().iter().find(|word| word.text == "install");
        Some(match action.filter(|_| command.is_exact) {
            Some(word) => {
                let title = "install only what is named and what that needs";
                found.fix(edits::insert(source, word.span.end, " --no-install-recommends", title, false))
            }
            None => found,
        })
    });
    found.collect()
}

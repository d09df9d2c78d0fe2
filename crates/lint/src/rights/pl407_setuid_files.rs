//! # PL407 setuid-files
//!
//! A file gets the setuid or setgid bit: whoever starts it has the rights of its owner. A fault in it is
//! a way to root, and `no_new_privs` (Kubernetes' `allowPrivilegeEscalation: false`) switches it off.
//!
//! Give the program the one capability it needs (`setcap`), or the user the right to the file. The bits
//! of finished images are found by `scan`.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.commands().filter(|(_, command)| command.program() == "chmod");
    let found = found.filter_map(|(_, command)| {
        let mode = command.arguments().iter().find(|word| !word.text.starts_with('-'))?;
        // On directories setgid only hands the group down; -R is for directories.
        let is_directory = command.has_letter('R') || !sets_user(&mode.text);
        let message = "whoever starts this file has the rights of its owner";
        (!is_directory).then(|| report.info(message).at(source, mode.span, "sets the setuid bit"))
    });
    found.collect()
}

fn sets_user(mode: &str) -> bool {
    match u32::from_str_radix(mode, 8) {
        Ok(bits) => bits & 0o4000 != 0,
        Err(_) => mode.split(',').any(|clause| {
            let Some(at) = clause.find(['+', '=']) else { return false };
            let (who, what) = clause.split_at(at);
            what.contains('s') && (who.is_empty() || who.contains(['u', 'a']))
        }),
    }
}

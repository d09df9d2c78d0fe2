//! # PL209 unsigned-pkgs
//!
//! Packages are installed whose signature nobody checked: `apk --allow-untrusted`, `--nogpgcheck`,
//! `apt-get --force-yes` or `--allow-unauthenticated`, `[trusted=yes]`. A mirror or whoever is in between
//! decides what runs as root in the build and later in the container.
//!
//! Add the key of the repository: `signed-by=` in sources.list, `rpm --import`, a file in /etc/apk/keys.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::run_commands::{RunCommand, RunWord, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.commands().filter_map(|(_, command)| {
        let word = unsigned(command)?;
        let message = format!("{} takes packages that nobody signed", command.program());
        Some(report.error(message).at(source, word.span, "turns the check of signatures off"))
    });
    found.collect()
}

fn unsigned(command: &RunCommand) -> Option<&RunWord> {
    match command.program() {
        "apt-get" | "apt" | "aptitude" => {
            command.option(&["--force-yes", "--allow-unauthenticated", "--allow-insecure-repositories"])
        }
        "apk" => command.option(&["--allow-untrusted"]),
        "yum" | "dnf" | "microdnf" | "tdnf" => {
            let setting = command.arguments().iter().find(|word| word.text.ends_with("gpgcheck=0"));
            command.option(&["--nogpgcheck", "--no-gpgchecks"]).or(setting)
        }
        "rpm" => command.option(&["--nosignature", "--nodigest"]),
        "zypper" => command.option(&["--no-gpg-checks", "--no-gpgchecks", "--allow-unsigned-rpm"]),
        "echo" | "printf" => command.arguments().iter().find(|word| word.text.contains("[trusted=yes")),
        _ => None,
    }
}

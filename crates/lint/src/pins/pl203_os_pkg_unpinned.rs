//! # PL203 os-pkg-unpinned
//!
//! Packages of the distribution are installed without a version. Two builds may get two versions.
//!
//! Off unless asked for: distributions keep only the newest version of a package, so a pinned one
//! stops building within weeks. To repeat a build, pin the base image by digest and the archive by
//! date (snapshot.debian.org, a mirror of your own).

use plimsoll_model::Diagnostic;

use crate::package_managers::{install, is_system_package_pinned};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.commands().filter_map(|(_, command)| {
        let install = install(command).filter(|install| install.manager.is_of_the_system())?;
        let is_open = |text: &str| !is_system_package_pinned(install.manager, text);
        let open: Vec<_> = install.packages.iter().filter(|word| is_open(&word.text)).collect();
        let first = open.first()?;
        let message = match open.len() {
            1 => format!("{} is installed without a version", first.text),
            more => format!("{} and {} more are installed without a version", first.text, more - 1),
        };
        Some(report.info(message).at(source, first.span, "whichever version there is that day"))
    });
    found.collect()
}

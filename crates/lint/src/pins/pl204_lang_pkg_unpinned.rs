//! # PL204 lang-pkg-unpinned
//!
//! `pip install flask`, `npm install -g x`, `gem install y`, `go install z@latest`: the newest version
//! of that day, also the one that was taken over yesterday.
//!
//! Name the version, or install from a file with a lock. Registries keep old versions, so this holds.

use plimsoll_model::Diagnostic;

use crate::package_managers::{Manager, install, is_library_pinned};
use crate::rule::Report;
use crate::run_commands::{RunWord, Runs};

/// Installers of a language that people bring up to date in passing.
const TOOLS: [&str; 8] = ["pip", "setuptools", "wheel", "uv", "pipenv", "poetry", "npm", "bundler"];

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.commands().filter_map(|(_, command)| {
        let install = install(command).filter(|install| !install.manager.is_of_the_system())?;
        let versions_apart = match install.manager {
            Manager::Gem => command.has(&["-v", "--version"]),
            Manager::Cargo => command.has(&["--version", "--vers", "--rev", "--tag", "--path", "--locked"]),
            Manager::Pip => command.has(&["-c", "--constraint"]),
            _ => false,
        };
        // Without a version, go install takes what go.mod says.
        let by_module = install.manager == Manager::Go && command.action() == "install";
        let is_open = |word: &&RunWord| {
            (!by_module || word.text.contains('@'))
                && !is_library_pinned(install.manager, &word.text)
                && !TOOLS.contains(&word.text.as_str())
        };
        let open: Vec<&RunWord> = install.packages.iter().copied().filter(is_open).collect();
        let first = open.first().filter(|_| !versions_apart)?;
        let message = match open.len() {
            1 => format!("{} is installed in whatever version is newest", first.text),
            more => {
                format!("{} and {} more are installed in whatever version is newest", first.text, more - 1)
            }
        };
        Some(report.info(message).at(source, first.span, "no version"))
    });
    found.collect()
}

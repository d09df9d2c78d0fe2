//! # PL313 toolchain-shipped
//!
//! The last stage installs compilers. They make the image larger by hundreds of megabytes, and whoever
//! gets into the container finds a workshop.
//!
//! Compile in a stage of its own and copy the results; or remove the tools in the same RUN.
//!
//! Off unless asked for: images for development and interpreters that compile at run time need them.

use plimsoll_model::Diagnostic;

use crate::package_managers::install;
use crate::rule::Report;
use crate::run_commands::Runs;

/// Packages that are compilers or bring them.
const TOOLS: [&str; 12] = [
    "build-essential",
    "build-base",
    "gcc",
    "g++",
    "gcc-c++",
    "clang",
    "make",
    "cmake",
    "musl-dev",
    "golang",
    "rustc",
    "base-devel",
];

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let shipped = runs.file.shipped();
    let commands = runs.commands().filter(|(run, _)| run.stage.is_some_and(|stage| shipped.contains(&stage)));
    let found = commands.filter_map(|(run, command)| {
        let install = install(command).filter(|install| install.manager.is_of_the_system())?;
        let is_tool = |text: &str| TOOLS.contains(&text.split('=').next().unwrap_or(""));
        let tool = install.packages.iter().find(|word| is_tool(&word.text))?;
        let removed =
            ["apk del", "purge", "autoremove", " remove "].iter().any(|word| run.text.contains(word));
        let message = format!("{} ships with the image", tool.text);
        (!removed).then(|| report.info(message).at(source, tool.span, "needed to build, not to run"))
    });
    found.collect()
}

//! # PL309 pkg-cache-left
//!
//! What a package manager keeps for its next run stays in the layer: lists of apt (20 to 50 MB),
//! archives of dnf, wheels of pip.
//!
//! Remove it in the same RUN, or keep it outside of the image and use it again:
//!
//! ```Dockerfile
//! RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
//! ```
//!
//! Only stages that ship are looked at.

use plimsoll_dockerfile::shell::Join;
use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Fix};

use crate::edits;
use crate::package_managers::{Manager, install, manager};
use crate::rule::Report;
use crate::run_commands::{Run, RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let shipped = runs.file.shipped();
    let mut found = Vec::new();
    for run in runs.understood().filter(|run| run.stage.is_some_and(|stage| shipped.contains(&stage))) {
        let mut told: Vec<Manager> = Vec::new();
        for command in &run.commands {
            let Some((manager, cache)) = left(runs, run, command) else { continue };
            if told.contains(&manager) {
                continue;
            }
            told.push(manager);
            let message = format!("{} leaves its cache in the layer", command.program());
            let diagnostic = report.info(message).at(source, command.span, format!("{cache} stays"));
            found.push(match fix(runs, run, command, manager) {
                Some(fix) => diagnostic.fix(fix),
                None => diagnostic,
            });
        }
    }
    found
}

/// The package manager of a command and the cache it leaves.
fn left(runs: &Runs<'_>, run: &Run<'_>, command: &RunCommand) -> Option<(Manager, &'static str)> {
    let (found, _) = manager(command)?;
    let installs = install(command).is_some();
    let mentions = |parts: &[&str]| parts.iter().any(|part| run.text.contains(part));
    let cache = match found {
        Manager::Apt if matches!(command.action(), "update") => {
            let gone = mentions(&["/var/lib/apt/lists", "/var/lib/apt"]);
            let installs_too = run.commands.iter().any(|command| install(command).is_some());
            (!gone && installs_too && !run.is_mounted("/var/lib/apt/lists")).then_some("/var/lib/apt/lists")
        }
        Manager::Apk if installs => {
            let gone = command.has(&["--no-cache"]) || mentions(&["/var/cache/apk", "/etc/apk/cache"]);
            (!gone && !run.is_mounted("/var/cache/apk")).then_some("/var/cache/apk")
        }
        Manager::Yum | Manager::Dnf if installs => {
            let gone = mentions(&["clean all", "/var/cache/yum", "/var/cache/dnf", "/var/cache"]);
            let mounted = run.is_mounted("/var/cache/dnf") || run.is_mounted("/var/cache/yum");
            (!gone && !mounted).then_some("/var/cache")
        }
        Manager::Zypper if installs => {
            let gone = mentions(&["zypper clean", "zypper cc", "/var/cache/zypp", "clean -a", "clean --all"]);
            (!gone && !run.is_mounted("/var/cache/zypp")).then_some("/var/cache/zypp")
        }
        Manager::Pip if installs && command.program() != "uv" => {
            let gone = command.has(&["--no-cache-dir", "--no-cache"])
                || mentions(&["PIP_NO_CACHE_DIR", ".cache", "cache purge"]);
            let mounted = run.flag_values("mount").any(|mount| mount.contains("type=cache"));
            (!gone && !mounted && !is_set(runs, "PIP_NO_CACHE_DIR")).then_some("~/.cache/pip")
        }
        _ => None,
    };
    cache.map(|cache| (found, cache))
}

/// Whether some ENV or ARG sets a variable to something that switches on.
fn is_set(runs: &Runs<'_>, name: &str) -> bool {
    let statements = runs.file.statements().chain(&runs.file.dockerfile.global_args);
    statements.into_iter().any(|statement| match &statement.instruction {
        Instruction::Env(pairs) | Instruction::Arg(pairs) => pairs.iter().any(|pair| pair.name.text == name),
        _ => false,
    })
}

fn fix(runs: &Runs<'_>, run: &Run<'_>, command: &RunCommand, manager: Manager) -> Option<Fix> {
    let source = &runs.file.dockerfile.source;
    if !command.is_exact {
        return None;
    }
    let option = |option: &str, at: usize| {
        let title = format!("{option} keeps nothing");
        edits::insert(source, at, format!(" {option}"), &title, true)
    };
    let action = command.arguments().iter().find(|word| matches!(word.text.as_str(), "add" | "install"));
    let clean = match manager {
        Manager::Apk => return Some(option("--no-cache", action?.span.end)),
        Manager::Pip => return Some(option("--no-cache-dir", action?.span.end)),
        Manager::Apt => "rm -rf /var/lib/apt/lists/*",
        Manager::Yum | Manager::Dnf | Manager::Zypper => "",
        _ => return None,
    };
    let clean = match clean {
        "" => {
            format!("{} clean {}", command.program(), if manager == Manager::Zypper { "-a" } else { "all" })
        }
        clean => clean.to_string(),
    };
    // Behind a last command that runs only if all before it did.
    let chained = run
        .commands
        .iter()
        .all(|command| command.is_top && command.is_exact && matches!(command.join, Join::And | Join::End));
    let last = run.commands.last().filter(|_| chained && !run.is_unclear && run.commands.len() > 1)?;
    let line_break = if source.slice(run.statement.span).contains('\n') { " \\\n    && " } else { " && " };
    let title = "remove it in the same RUN";
    Some(edits::insert(source, last.span.end, format!("{line_break}{clean}"), title, true))
}

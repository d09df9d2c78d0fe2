//! Why a step or the exec failed, in one sentence with cause and fix.
//!
//! The kernel says "no such file or directory" for a missing interpreter, a missing loader and a line
//! end from Windows alike. Here the file itself is looked at, inside the container's root, while the
//! failed process still keeps that root alive.

mod caller;
mod chain;
mod executable;
mod format;
mod interpreter;
mod links;
mod missing;
mod refused;
#[cfg(test)]
mod tests;
mod too_long;

use std::os::fd::OwnedFd;

use plimsoll_model::file_tree::clean_path;
use plimsoll_sys::root_dir::{NodeKind, RootDir};
use rustix::io::Errno;

use super::LaunchError;
use crate::plan::{SandboxPlan, Step};
use crate::words::reason;
use chain::Chain;
use executable::Executable;
use links::Way;

/// What is said of everything that fails behind a filter of the user's own.
pub(super) const BY_PROFILE: &str = "the seccomp profile may refuse a call that starting a process takes";

pub(super) fn is_own_filter(step: &Step) -> bool {
    matches!(step, Step::ProfileFilter { .. })
}

/// What may have killed a process that told nothing.
pub(super) fn why_vanished(plan: &SandboxPlan) -> &'static str {
    match plan.steps.iter().any(is_own_filter) {
        true => BY_PROFILE,
        false => "the machine may be out of memory",
    }
}

/// The reason of a failed exec of the process `pid`, which waits and keeps its root alive.
pub(super) fn not_executed(
    plan: &SandboxPlan,
    pid: u32,
    candidate: usize,
    errno: i32,
    root: Option<OwnedFd>,
) -> LaunchError {
    let program = plan.command.argv.first().cloned().unwrap_or_default();
    let errno = Errno::from_raw_os_error(errno);
    let Some(root) = root.map(RootDir::from_fd) else {
        return LaunchError::NotExecutable { program, why: reason(errno) };
    };
    let scene = Scene { plan, pid, root };
    let path = plan.command.candidates.get(candidate).map(|path| clean_path(scene.workdir(), path));
    match path {
        Some(path) if !(matches!(errno, Errno::NOENT | Errno::NOTDIR) && scene.is_missing(&path)) => {
            LaunchError::NotExecutable { program, why: one_line(&scene.why_not(&path, errno)) }
        }
        path => {
            let why = one_line(&missing::why(&scene, &program, path.as_deref()));
            LaunchError::NotFound { program, why }
        }
    }
}

/// Names and first lines are the image's: they must neither steer a terminal nor begin a line.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// Names as a list of a sentence.
fn listed(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_string(),
        [name] => (*name).to_string(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

/// The container's files and what was to be started.
struct Scene<'a> {
    plan: &'a SandboxPlan,
    pid: u32,
    root: RootDir,
}

impl Scene<'_> {
    fn workdir(&self) -> &str {
        let entered = self.plan.steps.iter().find_map(|step| match step {
            Step::EnterWorkdir(path) => Some(path.as_str()),
            _ => None,
        });
        entered.unwrap_or("/")
    }

    fn user(&self) -> u32 {
        self.plan.promise.uid
    }

    fn is_missing(&self, path: &str) -> bool {
        Way::walk(&self.root, path).is_missing()
    }

    fn has_file(&self, path: &str) -> bool {
        self.root.metadata_followed(path).is_ok_and(|entry| entry.kind == NodeKind::File)
    }

    fn executable(&self, path: &str) -> Executable {
        let file = self.root.open_file(path);
        file.map_or(Executable::Unreadable, |mut file| Executable::read(&mut file))
    }

    /// The mount of the user's own that a path lies below.
    fn mount_above(&self, path: &str) -> Option<&str> {
        let targets = self.plan.steps.iter().filter_map(|step| match step {
            Step::Mount { mount, .. } => Some(mount.target.as_str()),
            _ => None,
        });
        let is_above = |target: &&str| {
            path.strip_prefix(*target).is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
        };
        targets.filter(is_above).max_by_key(|target| target.len())
    }

    fn why_not(&self, path: &str, errno: Errno) -> String {
        match errno {
            Errno::NOENT | Errno::NOTDIR => interpreter::why_missing(self, path),
            Errno::NOEXEC => format::why_unknown(self, path),
            Errno::ACCESS => refused::why_denied(self, path),
            Errno::PERM => refused::why_not_permitted(self, path),
            Errno::LOOP => self.why_endless(path),
            Errno::TOOBIG => too_long::why(&self.plan.command),
            Errno::TXTBSY => format!("{path} is open for writing; close it first"),
            errno if self.plan.steps.iter().any(is_own_filter) => {
                format!("{path}: {}; {BY_PROFILE}", reason(errno))
            }
            errno => format!("{path}: {}", reason(errno)),
        }
    }

    fn why_endless(&self, path: &str) -> String {
        let chain = Chain::follow(self, path);
        let endless = chain.files().iter().find_map(|(path, _)| Way::walk(&self.root, path).why_endless());
        match endless {
            Some(why) => why,
            None if chain.is_too_long() => format!(
                "more than {} scripts have a script for an interpreter, {} for one; let one name a program",
                chain::DEPTH,
                chain.subject()
            ),
            None => "it, or its interpreter, is reached through a link of /proc".to_string(),
        }
    }
}

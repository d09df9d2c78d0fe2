//! Why a step or the exec failed, in one sentence with cause and fix.
//!
//! The kernel says "no such file or directory" for a missing interpreter, a missing loader and a line
//! end from Windows alike. Here the file itself is looked at, inside the container's root, while the
//! failed process still keeps that root alive.

use std::io;
use std::os::fd::OwnedFd;

use plimsoll_model::file_tree::clean_path;
use plimsoll_sys::root_dir::{NodeKind, RootDir};
use rustix::io::Errno;

use super::LaunchError;
use super::executable::{Executable, machine_name, own_machine};
use super::words::reason;
use crate::plan::{SandboxPlan, Step};

/// The reason of a failed step.
pub(super) fn step_failed(plan: &SandboxPlan, step: usize, errno: i32) -> String {
    let errno = Errno::from_raw_os_error(errno);
    match (plan.steps.get(step), errno) {
        (Some(Step::Proc | Step::Sys | Step::Dev), Errno::LOOP | Errno::NOTDIR) => {
            "the image has a link or file where this directory must be".to_string()
        }
        (Some(Step::Proc | Step::Sys), Errno::PERM) => {
            "the kernel shows a user namespace a new one only where the old one is fully visible; \
             inside a container this needs `--security-opt systempaths=unconfined` or the like"
                .to_string()
        }
        (Some(Step::Mount { .. }), Errno::XDEV) => {
            "a link in the image leads this target into /proc, which must not be falsified".to_string()
        }
        (Some(Step::Mount { .. }), Errno::NOTDIR | Errno::INVAL) => {
            "one of source and target is a directory and the other is a file".to_string()
        }
        (Some(Step::Mount { .. } | Step::FindWorkdir { create: true, .. }), Errno::NOENT | Errno::EXIST) => {
            "a link on the way leads nowhere".to_string()
        }
        (Some(Step::FindWorkdir { create: false, .. }), Errno::NOENT) => {
            "there is no such directory in the container".to_string()
        }
        (Some(Step::FindWorkdir { .. }), Errno::NOTDIR) => "it is a file, not a directory".to_string(),
        (Some(Step::FindWorkdir { .. }), Errno::LOOP) => {
            "it is reached through a link of /proc, or through too many links".to_string()
        }
        (Some(Step::Pivot), Errno::INVAL) => {
            "the machine's own root is an initramfs, which cannot be left; boot from a real file system"
                .to_string()
        }
        (Some(Step::Ids { uid, gid, .. }), Errno::INVAL) => {
            format!("user {uid} or group {gid} is above the range of ids of this container")
        }
        (Some(Step::Filter { .. }), Errno::INVAL) => "the kernel has no seccomp filters".to_string(),
        (_, errno) => reason(errno),
    }
}

/// The reason of a failed exec.
pub(super) fn not_executed(
    plan: &SandboxPlan,
    candidate: usize,
    errno: i32,
    root: Option<OwnedFd>,
) -> LaunchError {
    let program = plan.command.argv.first().cloned().unwrap_or_default();
    let errno = Errno::from_raw_os_error(errno);
    let path = plan.command.candidates.get(candidate).map(|path| clean_path(workdir(plan), path));
    let scene = Scene { plan, root: root.map(RootDir::from_fd) };
    match path {
        Some(path) if !(matches!(errno, Errno::NOENT | Errno::NOTDIR) && scene.is_missing(&path)) => {
            LaunchError::NotExecutable { program, why: scene.why_not(&path, errno) }
        }
        path => LaunchError::NotFound { why: scene.why_missing(&program, path.as_deref()), program },
    }
}

fn workdir(plan: &SandboxPlan) -> &str {
    let entered = plan.steps.iter().find_map(|step| match step {
        Step::EnterWorkdir(path) => Some(path.as_str()),
        _ => None,
    });
    entered.unwrap_or("/")
}

/// The container's files and what was to be started.
struct Scene<'a> {
    plan: &'a SandboxPlan,
    root: Option<RootDir>,
}

impl Scene<'_> {
    fn is_missing(&self, path: &str) -> bool {
        let absent = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        };
        self.root.as_ref().is_none_or(|root| root.metadata_followed(path).is_err_and(|error| absent(&error)))
    }

    fn why_missing(&self, program: &str, path: Option<&str>) -> String {
        if program.is_empty() {
            return "the name of the program is empty".to_string();
        }
        if program.contains(char::is_whitespace) {
            let words: Vec<String> = program.split_whitespace().map(|word| format!("\"{word}\"")).collect();
            return format!("the whole line was given as one word; write [{}]", words.join(", "));
        }
        if program.contains('/') {
            let target = self.root.as_ref().zip(path).and_then(|(root, path)| root.read_link(path).ok());
            return match target {
                Some(target) => {
                    format!("it is a link to {}, which does not exist", String::from_utf8_lossy(&target))
                }
                None => "there is no such file in the container".to_string(),
            };
        }
        let path = self.plan.command.env.iter().find_map(|entry| entry.strip_prefix("PATH="));
        match path {
            Some(path) => format!("it is in no directory of PATH ({path})"),
            None => "PATH is not set, and it is in none of the usual directories".to_string(),
        }
    }

    fn why_not(&self, path: &str, errno: Errno) -> String {
        match errno {
            Errno::NOENT => self.why_interpreter_missing(path),
            Errno::NOEXEC => self.why_no_format(path),
            Errno::ACCESS => self.why_refused(path),
            Errno::LOOP => "it, or its interpreter, is reached through a link of /proc or through too many \
                            links"
                .to_string(),
            Errno::TOOBIG => {
                let bytes: usize =
                    self.plan.command.argv.iter().chain(&self.plan.command.env).map(String::len).sum();
                format!("arguments and environment have {bytes} bytes, more than the kernel passes on")
            }
            Errno::TXTBSY => format!("{path} is open for writing"),
            errno => format!("{path}: {}", reason(errno)),
        }
    }

    fn executable(&self, path: &str) -> Executable {
        let head = self.root.as_ref().and_then(|root| {
            let mut file = root.open_file(path).ok()?;
            Some(Executable::read(&mut file))
        });
        head.unwrap_or(Executable::Unreadable)
    }

    fn why_interpreter_missing(&self, path: &str) -> String {
        match self.executable(path) {
            Executable::Script { interpreter } if interpreter.ends_with('\r') => {
                let clean = interpreter.trim_end_matches('\r');
                format!(
                    "the lines of {path} end as on Windows, so the kernel looks for '{clean}\\r'; \
                     convert the file with `sed -i 's/\\r$//'` or set `* text eol=lf` in .gitattributes"
                )
            }
            Executable::Script { interpreter } => format!(
                "the script {path} asks for {interpreter}, which is not in the image; \
                 install it or change the first line"
            ),
            Executable::Elf { loader: Some(loader), .. } if self.is_missing(&loader) => format!(
                "{path} needs the loader {loader}, which is not in the image: it was built for another \
                 C library; link it statically or use the base image it was built on"
            ),
            _ => format!("{path} or something it needs does not exist"),
        }
    }

    fn why_no_format(&self, path: &str) -> String {
        match self.executable(path) {
            Executable::Elf { machine, .. } if machine != own_machine() => format!(
                "{path} is built for {}, and this machine is {}; build it for this platform",
                machine_name(machine),
                machine_name(own_machine()),
            ),
            Executable::Elf { .. } => format!("{path} is a damaged program"),
            Executable::Empty => format!("{path} is empty"),
            Executable::LateShebang => format!(
                "{path} has something before '#!', perhaps a blank line or a byte order mark; \
                 '#!' must be the very first two bytes"
            ),
            Executable::Script { .. } => format!("the first line of {path} names no usable interpreter"),
            Executable::Text => {
                format!("{path} is a script without '#!'; make '#!/bin/sh' its first line")
            }
            Executable::Other | Executable::Unreadable => format!("{path} is no program the kernel knows"),
        }
    }

    fn why_refused(&self, path: &str) -> String {
        let Some(root) = &self.root else { return reason(Errno::ACCESS) };
        let user = self.user();
        if let Some((dir, mode)) = self.closed_parent(root, path) {
            return format!("user {user} cannot enter {dir} (mode {mode:04o}); `chmod o+x {dir}` lets it");
        }
        match root.metadata_followed(path) {
            Ok(entry) if entry.kind == NodeKind::Directory => format!("{path} is a directory"),
            Ok(entry) if entry.kind != NodeKind::File => format!("{path} is no regular file"),
            Ok(entry) if entry.mode & 0o111 == 0 => format!(
                "{path} is not executable (mode {:04o}); use `COPY --chmod=755` or `RUN chmod +x {path}`",
                entry.mode
            ),
            Ok(entry) => match self.executable(path) {
                Executable::Script { interpreter } if interpreter != path => {
                    format!("{path}, or its interpreter {interpreter}, must not be executed by user {user}")
                }
                _ => format!(
                    "user {user} must not execute {path} (mode {:04o}, owner {}:{}), or it lies on a \
                     mount without programs (noexec)",
                    entry.mode, entry.uid, entry.gid
                ),
            },
            Err(_) => reason(Errno::ACCESS),
        }
    }

    fn user(&self) -> u32 {
        self.ids().0
    }

    fn ids(&self) -> (u32, u32, &[u32]) {
        let ids = self.plan.steps.iter().find_map(|step| match step {
            Step::Ids { uid, gid, groups } => Some((*uid, *gid, groups.as_deref().unwrap_or_default())),
            _ => None,
        });
        ids.unwrap_or((0, 0, &[]))
    }

    /// The first directory on the way that the user must not enter.
    fn closed_parent<'a>(&self, root: &RootDir, path: &'a str) -> Option<(&'a str, u32)> {
        let (uid, gid, groups) = self.ids();
        if uid == 0 {
            return None;
        }
        path.match_indices('/').filter(|(at, _)| *at > 0).find_map(|(at, _)| {
            let dir = &path[..at];
            let entry = root.metadata_followed(dir).ok()?;
            let in_group = entry.gid == gid || groups.contains(&entry.gid);
            let bit = if entry.uid == uid {
                0o100
            } else if in_group {
                0o010
            } else {
                0o001
            };
            (entry.mode & bit == 0).then_some((dir, entry.mode))
        })
    }
}

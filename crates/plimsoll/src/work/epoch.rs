//! The time of an image: never the clock, so that the same tree gives the same digest.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::command_error::CommandError;

/// The switch of reproducible builds (reproducible-builds.org, "SOURCE_DATE_EPOCH").
const NAME: &str = "SOURCE_DATE_EPOCH";

/// A commit whose header is longer than this is none.
const LONGEST_HEADER: usize = 64 << 10;

/// The times an image is built with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildTime {
    /// No file is later (seconds since 1970). Only the person sets it: a commit must not change the
    /// bytes of layers whose content is the same.
    pub epoch: u64,
    /// `created` of the image, RFC 3339.
    pub created: String,
}

impl BuildTime {
    /// SOURCE_DATE_EPOCH of the environment, else 1970: for what no git tree has to do with.
    pub fn given() -> Result<BuildTime, CommandError> {
        Asked { given: std::env::var(NAME).ok(), git: None }.answer()
    }
}

/// The question for the newest commit, asked while other things are done.
pub struct Asked {
    given: Option<String>,
    git: Option<Child>,
}

impl Asked {
    /// SOURCE_DATE_EPOCH, as a build argument or in the environment, else the newest commit of the
    /// git tree the directory lies in.
    pub fn ask(build_args: &BTreeMap<String, String>, directory: &Path) -> Asked {
        let given = build_args.get(NAME).cloned().or_else(|| std::env::var(NAME).ok());
        let git = if given.is_none() { ask_git(directory) } else { None };
        Asked { given, git }
    }

    /// The answer; without a commit everything is of 1970.
    pub fn answer(self) -> Result<BuildTime, CommandError> {
        let Some(text) = self.given else {
            let committed = self.git.and_then(commit_time).unwrap_or(0);
            return Ok(BuildTime { epoch: 0, created: rfc3339(committed)? });
        };
        let seconds = text.trim().parse::<u64>().map_err(|_| {
            CommandError::usage(format!("{NAME} is '{text}': seconds since 1970 were expected"))
        })?;
        Ok(BuildTime { epoch: seconds, created: rfc3339(seconds)? })
    }
}

fn rfc3339(seconds: u64) -> Result<String, CommandError> {
    let time = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let time = time.ok_or_else(|| CommandError::usage(format!("{NAME} {seconds} is out of range")))?;
    Ok(time.to_string())
}

/// Ask git for the commit object itself: plumbing that runs no program a repository may name, and a
/// tree of another user is as good as any since nothing but bytes is read.
fn ask_git(directory: &Path) -> Option<Child> {
    let is_tree = |path: &Path| path.join(".git").exists();
    let absolute = std::path::absolute(directory).ok()?;
    absolute.ancestors().find(|ancestor| is_tree(ancestor))?;
    Command::new("git")
        .args(["--no-pager", "--no-optional-locks", "-c", "safe.directory=*", "-c", "core.fsmonitor=false"])
        .arg("-C")
        .arg(directory)
        .args(["cat-file", "commit", "HEAD"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()
}

/// `committer NAME <MAIL> SECONDS ZONE` of a commit (git, Documentation/gitformat-*; commit.c).
fn commit_time(git: Child) -> Option<u64> {
    let output = git.wait_with_output().ok().filter(|output| output.status.success())?;
    let head = &output.stdout[..output.stdout.len().min(LONGEST_HEADER)];
    let lines = head.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    let committer = lines.map(String::from_utf8_lossy).find(|line| line.starts_with("committer "))?;
    let (_, date) = committer.rsplit_once("> ")?;
    date.split(' ').next()?.parse().ok()
}

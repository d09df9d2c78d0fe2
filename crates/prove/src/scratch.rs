//! The place of one proof's scratch files, which is swept whatever becomes of the proof.
//!
//! A signal ends a proof in the middle of an experiment, SIGKILL without a word. So a second process waits for
//! its end at the other end of a pipe, in a process group of its own that a terminal's Ctrl-C does not reach,
//! and then kills what still runs and removes what was made. The parent-death signal alone would not do: the
//! kernel forgets it when a process changes its user, as gosu and its kin do.

use std::fs;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use plimsoll_runtime::cgroup::Cgroup;
use plimsoll_runtime::launch::Running;
use plimsoll_runtime::process_id::ProcessId;
use plimsoll_sys::process::send_signal;

/// The word by which our program is started in the role of the sweeper.
pub const ROLE: &str = "sweep-after";

/// Holds the first process of a run, in the run's directory.
const PROCESS_FILE: &str = "process";

/// A directory that is gone with this value, or soon after this process.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    sweeper: Child,
    /// Closed when the sweeper shall begin.
    alive: Option<ChildStdin>,
}

impl Scratch {
    /// Make it in a directory, and start the sweeper: this program in another role.
    pub fn create(parent: &Path) -> io::Result<Scratch> {
        let path = tempfile::Builder::new().prefix("prove-").tempdir_in(parent)?.keep();
        let started = Command::new("/proc/self/exe")
            .arg(ROLE)
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        match started {
            Ok(mut sweeper) => Ok(Scratch { path, alive: sweeper.stdin.take(), sweeper }),
            Err(error) => {
                let _ = fs::remove_dir(&path);
                Err(error)
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.alive.take());
        let _ = self.sweeper.wait();
    }
}

/// Note the first process of a run before its program is executed.
pub(crate) fn note(run: &Path, running: &Running) -> Result<(), String> {
    let process = ProcessId::of(running.pid).ok_or("its first process has ended already")?;
    let text = format!("{} {}\n", process.pid, process.start);
    fs::write(run.join(PROCESS_FILE), text).map_err(|error| format!("its process cannot be noted: {error}"))
}

/// The sweeper: wait for the end of whoever holds the other end of standard input, then sweep. Returns an exit
/// code.
pub fn sweep_main(scratch: &Path) -> i32 {
    let _ = io::stdin().read_to_end(&mut Vec::new());
    if !scratch.file_name().is_some_and(|name| name.to_string_lossy().starts_with("prove-")) {
        return 2;
    }
    // What dies may still be writing.
    for pause in (0..12).map(|power| Duration::from_millis(1 << power)) {
        kill_all(scratch);
        if removed(scratch) {
            return 0;
        }
        std::thread::sleep(pause);
    }
    1
}

fn kill_all(scratch: &Path) {
    const KILL: i32 = 9;
    for run in fs::read_dir(scratch).into_iter().flatten().flatten() {
        let noted = fs::read_to_string(run.path().join(PROCESS_FILE)).ok();
        let process = noted.and_then(|text| parse(&text));
        if let Some(pidfd) = process.and_then(|process| process.open()) {
            let _ = send_signal(pidfd.as_fd(), KILL);
        }
    }
    if let Some(name) = scratch.file_name() {
        let group = Cgroup::of_container(&name.to_string_lossy());
        let _ = group.kill_all();
        let _ = group.remove();
    }
}

fn parse(text: &str) -> Option<ProcessId> {
    let (pid, start) = text.trim().split_once(' ')?;
    Some(ProcessId { pid: pid.parse().ok()?, start: start.parse().ok()? })
}

/// By descriptor, since a container wrote there; modes that shut us out are changed.
fn removed(scratch: &Path) -> bool {
    let (Some(parent), Some(name)) = (scratch.parent(), scratch.file_name()) else { return true };
    let parent = plimsoll_sys::root_dir::RootDir::open(parent);
    let gone = parent.and_then(|parent| parent.remove_all(name.as_encoded_bytes()));
    gone.is_ok() || !scratch.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_directories_are_swept_and_processes_are_read_back() {
        assert_eq!(parse("12 345\n"), Some(ProcessId { pid: 12, start: 345 }));
        assert_eq!((parse("12"), parse("x 1")), (None, None));
        let other = tempfile::tempdir().unwrap();
        fs::create_dir(other.path().join("prove-x")).unwrap();
        fs::write(other.path().join("prove-x/file"), "").unwrap();
        assert!(removed(&other.path().join("prove-x")));
        assert!(other.path().exists());
    }
}

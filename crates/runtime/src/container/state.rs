//! What became of a container, and how docker says it.

use std::time::Duration;

use jiff::Timestamp;

use super::{ContainerError, Directory, End, Ended, Run};
use crate::process_id::boot_id;

/// What became of a container.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Never started.
    Created,
    /// Starting was tried and failed.
    NotStarted {
        /// docker's exit code.
        code: i32,
        /// One sentence.
        why: String,
    },
    /// Its process runs.
    Running {
        /// Its process.
        run: Run,
        /// Its monitor runs as well. Without it there are no logs and ports, and the exit code will
        /// not be known.
        monitored: bool,
    },
    /// Its process ended while the monitor watched.
    Exited(Ended),
    /// Its process is gone and nobody saw how.
    Lost {
        /// What had been started.
        run: Run,
    },
}

impl State {
    pub(crate) fn read(directory: &Directory) -> Result<Self, ContainerError> {
        if let Some(ended) = directory.ended()? {
            return Ok(State::ended(ended));
        }
        let Some(run) = directory.run()? else {
            // Not to be confused with a container that is gone.
            return directory.record().map(|_| State::Created);
        };
        let this_boot = run.boot_id == boot_id();
        if this_boot && run.monitor.is_alive() {
            // The monitor writes the end before it goes: as long as it lives it has the last word.
            return Ok(State::Running { run, monitored: true });
        }
        if this_boot && run.process.is_alive() {
            return Ok(State::Running { run, monitored: false });
        }
        // The monitor may have written the end and gone since we looked.
        let ended = directory.ended()?;
        Ok(ended.map_or(State::Lost { run }, State::ended))
    }

    fn ended(ended: Ended) -> Self {
        match ended.how {
            End::NotStarted { code, why } => State::NotStarted { code, why },
            End::Exit(_) => State::Exited(ended),
        }
    }

    /// docker's word for it: `created`, `running`, `exited`.
    pub fn word(&self) -> &'static str {
        match self {
            State::Created | State::NotStarted { .. } => "created",
            State::Running { .. } => "running",
            State::Exited(_) | State::Lost { .. } => "exited",
        }
    }

    /// Its process runs.
    pub fn is_running(&self) -> bool {
        matches!(self, State::Running { .. })
    }

    /// The exit code, if it is known.
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            State::NotStarted { code, .. } => Some(*code),
            State::Exited(ended) => Some(ended.how.code()),
            State::Created | State::Running { .. } | State::Lost { .. } => None,
        }
    }

    /// The STATUS column of `ps`: `Up 3 seconds`, `Exited (137) 2 minutes ago`, `Created`.
    pub fn status(&self, now: Timestamp) -> String {
        match self {
            State::Created | State::NotStarted { .. } => "Created".into(),
            State::Running { run, monitored: true } => format!("Up {}", since(run.started, now)),
            State::Running { run, monitored: false } => {
                format!("Up {} (unmonitored)", since(run.started, now))
            }
            State::Exited(ended) => {
                format!("Exited ({}) {} ago", ended.how.code(), since(ended.at, now))
            }
            State::Lost { .. } => "Exited (unknown)".into(),
        }
    }
}

/// Time passed, as docker words it; a clock that was set back gives zero.
pub fn since(then: Timestamp, now: Timestamp) -> String {
    human_duration(Duration::try_from(now.duration_since(then)).unwrap_or_default())
}

/// docker/go-units `HumanDuration`, with its thresholds.
fn human_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let minutes = seconds / 60;
    let hours = (seconds + 1800) / 3600;
    match (seconds, minutes, hours) {
        (0, ..) => "Less than a second".into(),
        (1, ..) => "1 second".into(),
        (2..60, ..) => format!("{seconds} seconds"),
        (_, 1, _) => "About a minute".into(),
        (_, 2..60, _) => format!("{minutes} minutes"),
        (_, _, 1) => "About an hour".into(),
        (_, _, 2..48) => format!("{hours} hours"),
        (_, _, 48..336) => format!("{} days", hours / 24),
        (_, _, 336..1440) => format!("{} weeks", hours / 24 / 7),
        (_, _, 1440..17520) => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", seconds / 3600 / 24 / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::Exit;
    use crate::process_id::ProcessId;

    #[test]
    fn durations_are_worded_as_docker_words_them() {
        let hour = 3600;
        for (seconds, text) in [
            (0, "Less than a second"),
            (1, "1 second"),
            (45, "45 seconds"),
            (60, "About a minute"),
            (119, "About a minute"),
            (180, "3 minutes"),
            (hour, "About an hour"),
            (3 * hour, "3 hours"),
            (hour * 47, "47 hours"),
            (hour * 24 * 3, "3 days"),
            (hour * 24 * 14, "2 weeks"),
            (hour * 24 * 60, "2 months"),
            (hour * 24 * 365 * 2, "2 years"),
        ] {
            assert_eq!(human_duration(Duration::from_secs(seconds)), text);
        }
    }

    fn run(process: ProcessId, monitor: ProcessId) -> Run {
        let started = "2026-11-22T10:00:00Z".parse().unwrap();
        Run { process, monitor, boot_id: boot_id(), started, ports: Vec::new() }
    }

    #[test]
    fn the_state_is_read_off_the_files_that_exist() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Directory::new(temporary.path());
        let own = ProcessId::own().unwrap();
        let gone = ProcessId { start: own.start + 1, ..own };
        let now = "2026-11-22T10:00:03Z".parse().unwrap();
        let status = || State::read(&directory).unwrap().status(now);

        assert!(State::read(&directory).is_err());
        directory.write_run(&run(own, own)).unwrap();
        assert_eq!(status(), "Up 3 seconds");
        directory.write_run(&run(own, gone)).unwrap();
        assert_eq!(status(), "Up 3 seconds (unmonitored)");
        directory.write_run(&run(gone, gone)).unwrap();
        assert_eq!(status(), "Exited (unknown)");
        assert_eq!(State::read(&directory).unwrap().exit_code(), None);
        directory.write_run(&Run { boot_id: "another".into(), ..run(own, own) }).unwrap();
        assert_eq!(status(), "Exited (unknown)");

        let at = "2026-11-22T09:58:00Z".parse().unwrap();
        let killed = Exit::Signal(plimsoll_model::Signal::KILL);
        directory.write_ended(&Ended { at, how: End::Exit(killed) }).unwrap();
        assert_eq!(status(), "Exited (137) 2 minutes ago");
    }
}

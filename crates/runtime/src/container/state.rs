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
        /// It was frozen by `pause`.
        paused: bool,
    },
    /// Its process ended and its monitor is about to start it again.
    Restarting {
        /// What ran.
        run: Run,
        /// How that ended.
        ended: Ended,
    },
    /// Its process ended while the monitor watched.
    Exited {
        /// What ran.
        run: Run,
        /// How that ended.
        ended: Ended,
    },
    /// Its process is gone and nobody saw how.
    Lost {
        /// What had been started.
        run: Run,
    },
}

impl State {
    pub(crate) fn read(directory: &Directory) -> Result<Self, ContainerError> {
        // In this order: the end of a start is written after the start.
        let ended = directory.ended()?;
        let Some(run) = directory.run()? else {
            return match ended {
                Some(Ended { how: End::NotStarted { code, why }, .. }) => Ok(State::NotStarted { code, why }),
                // Not to be confused with a container that is gone.
                _ => directory.expect_record().map(|()| State::Created),
            };
        };
        let this_boot = run.boot_id == boot_id();
        if let Some(ended) = ended.filter(|ended| ended.run >= run.number) {
            return Ok(State::ended(run, ended, this_boot));
        }
        if this_boot && run.monitor.is_alive() {
            // The monitor writes the end before it goes: as long as it lives it has the last word.
            let paused = directory.paused(run.number).is_some();
            return Ok(State::Running { run, monitored: true, paused });
        }
        if this_boot && run.process.is_alive() {
            let paused = directory.paused(run.number).is_some();
            return Ok(State::Running { run, monitored: false, paused });
        }
        // The monitor may have written the end and gone since we looked.
        match directory.ended()?.filter(|ended| ended.run >= run.number) {
            Some(ended) => Ok(State::ended(run, ended, this_boot)),
            None => Ok(State::Lost { run }),
        }
    }

    fn ended(run: Run, ended: Ended, this_boot: bool) -> Self {
        match ended.how {
            End::NotStarted { code, why } => State::NotStarted { code, why },
            End::Exit(_) if ended.restart_at.is_some() && this_boot && run.monitor.is_alive() => {
                State::Restarting { run, ended }
            }
            End::Exit(_) => State::Exited { run, ended },
        }
    }

    /// docker's word for it: `created`, `running`, `paused`, `restarting`, `exited`.
    pub fn word(&self) -> &'static str {
        match self {
            State::Created | State::NotStarted { .. } => "created",
            State::Running { paused: true, .. } => "paused",
            State::Running { .. } => "running",
            State::Restarting { .. } => "restarting",
            State::Exited { .. } | State::Lost { .. } => "exited",
        }
    }

    /// Its process runs.
    pub fn is_running(&self) -> bool {
        matches!(self, State::Running { .. })
    }

    /// Its process runs or is about to run again: a monitor is there.
    pub fn is_active(&self) -> bool {
        matches!(self, State::Running { .. } | State::Restarting { .. })
    }

    /// The last start, if there was one.
    pub fn run(&self) -> Option<&Run> {
        match self {
            State::Created | State::NotStarted { .. } => None,
            State::Running { run, .. }
            | State::Restarting { run, .. }
            | State::Exited { run, .. }
            | State::Lost { run } => Some(run),
        }
    }

    /// The exit code, if it is known.
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            State::NotStarted { code, .. } => Some(*code),
            State::Exited { ended, .. } | State::Restarting { ended, .. } => Some(ended.how.code()),
            State::Created | State::Running { .. } | State::Lost { .. } => None,
        }
    }

    /// The STATUS column of `ps`: `Up 3 seconds`, `Exited (137) 2 minutes ago`, `Created`.
    pub fn status(&self, now: Timestamp) -> String {
        match self {
            State::Created | State::NotStarted { .. } => "Created".into(),
            State::Running { run, monitored, paused } => {
                let up = since(run.started, now);
                let paused = if *paused { " (Paused)" } else { "" };
                let alone = if *monitored { "" } else { " (unmonitored)" };
                format!("Up {up}{paused}{alone}")
            }
            State::Restarting { ended, .. } => {
                format!("Restarting ({}) {} ago", ended.how.code(), since(ended.at, now))
            }
            State::Exited { ended, .. } => {
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
    use crate::container::Standstill;
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
        Run {
            number: 1,
            restarts: 0,
            process,
            monitor,
            boot_id: boot_id(),
            started,
            ports: Vec::new(),
            cgroups: Vec::new(),
            warnings: Vec::new(),
            attachments: Vec::new(),
        }
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
        let end = |run, restart_at| Ended { run, at, how: End::Exit(killed), oom_killed: false, restart_at };
        directory.write_ended(&end(1, None)).unwrap();
        assert_eq!(status(), "Exited (137) 2 minutes ago");

        // Started again: the end of the first start says nothing about the second.
        directory.write_run(&Run { number: 2, ..run(own, own) }).unwrap();
        assert_eq!(status(), "Up 3 seconds");
        directory.write_paused(2, Standstill::Stopped).unwrap();
        assert_eq!(status(), "Up 3 seconds (Paused)");
        directory.write_ended(&end(2, Some(now))).unwrap();
        assert_eq!(status(), "Restarting (137) 2 minutes ago");
        // Whoever was to start it again is gone.
        directory.write_run(&Run { number: 2, ..run(gone, gone) }).unwrap();
        assert_eq!(status(), "Exited (137) 2 minutes ago");
    }
}

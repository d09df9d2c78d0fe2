//! Health checks: a timer, a process in the container, its result.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use plimsoll_model::Signal;
use rustix::event::epoll::EventFlags;

use super::output::set_nonblocking;
use crate::container::health::{Health, HealthResult, HealthStatus};
use crate::container::{Container, HealthCheck};
use crate::container_stdio::pipe;
use crate::event_loop::EventLoop;
use crate::events::EventLog;
use crate::exec_process::ExecRequest;
use crate::launch::{Exit, Running, Stdio};

/// Numbers of the events that a check has ended, and that it has written something.
const ENDED: u64 = 3;
const WRITTEN: u64 = 4;
/// More output of a check is not kept (docker's limit).
const MOST_OUTPUT: usize = 4096;

/// The checks of one start of a container.
pub(super) struct HealthWatch {
    check: HealthCheck,
    health: Health,
    begun: Instant,
    next: Instant,
    probe: Option<Probe>,
}

/// A check under way.
struct Probe {
    process: Running,
    output: OwnedFd,
    written: Vec<u8>,
    start: Timestamp,
    deadline: Instant,
}

impl HealthWatch {
    /// Begin; the first check comes after one interval.
    pub fn begin(check: HealthCheck, run: u32, container: &Container, now: Instant) -> Self {
        let mut watch =
            HealthWatch { check, health: Health::starting(run), begun: now, next: now, probe: None };
        watch.next = now + watch.pause(now);
        watch.write_down(container);
        watch
    }

    /// Whether an event is one of a check's.
    pub fn is_concerned(token: u64) -> bool {
        matches!(token, ENDED | WRITTEN)
    }

    /// When something is to be done next.
    pub fn wake_at(&self) -> Instant {
        self.probe.as_ref().map_or(self.next, |probe| probe.deadline)
    }

    /// Do what is to be done now.
    pub fn turn(&mut self, container: &Container, events: &EventLoop, now: Instant) {
        match &mut self.probe {
            Some(probe) => {
                probe.read(events);
                let ended = probe.process.wait(Some(Duration::ZERO)).ok().flatten();
                if ended.is_some() || now >= probe.deadline {
                    self.finish(ended, container, now);
                }
            }
            None if now >= self.next => self.start(container, events, now),
            None => {}
        }
    }

    fn start(&mut self, container: &Container, events: &EventLoop, now: Instant) {
        let start = Timestamp::now();
        match Probe::start(container, &self.check, events, now) {
            Ok(probe) => self.probe = Some(probe),
            Err(output) => {
                self.conclude(HealthResult { start, end: start, exit_code: -1, output }, container, now);
            }
        }
    }

    fn finish(&mut self, ended: Option<Exit>, container: &Container, now: Instant) {
        let Some(mut probe) = self.probe.take() else { return };
        let (exit_code, output) = match ended {
            Some(exit) => (exit.code(), probe.output()),
            None => {
                probe.end();
                (-1, format!("Health check exceeded timeout ({})", words(self.check.timeout)))
            }
        };
        self.conclude(
            HealthResult { start: probe.start, end: Timestamp::now(), exit_code, output },
            container,
            now,
        );
    }

    fn conclude(&mut self, result: HealthResult, container: &Container, now: Instant) {
        let in_start_period = now.duration_since(self.begun) < self.check.start_period;
        let before = self.health.status;
        self.health.take(result, self.check.retries, in_start_period);
        if self.health.status != before {
            let action = format!("health_status: {}", self.health.status.word());
            EventLog::around(container).add_of(container, &action, &[]);
        }
        self.write_down(container);
        self.next = now + self.pause(now);
    }

    /// Until the next check: shorter while the container starts.
    fn pause(&self, now: Instant) -> Duration {
        let starting = self.health.status == HealthStatus::Starting
            && now.duration_since(self.begun) < self.check.start_period;
        if starting { self.check.start_interval } else { self.check.interval }
    }

    fn write_down(&self, container: &Container) {
        // A full disk ends what is known of its health, not the container.
        let _ = container.directory().write_health(&self.health);
    }

    /// The container has ended: so has a check under way.
    pub fn end(&mut self) {
        if let Some(mut probe) = self.probe.take() {
            probe.end();
        }
    }
}

impl Probe {
    fn start(
        container: &Container,
        check: &HealthCheck,
        events: &EventLoop,
        now: Instant,
    ) -> Result<Self, String> {
        let failed = |error: io::Error| format!("cannot start the check: {error}");
        let (output, theirs) = pipe().map_err(failed)?;
        set_nonblocking(&output).map_err(failed)?;
        let stdin = std::fs::File::open("/dev/null").map_err(failed)?.into();
        let stderr = theirs.try_clone().map_err(failed)?;
        let request = ExecRequest { argv: check.argv.clone(), ..ExecRequest::default() };
        let start = Timestamp::now();
        let process = container
            .enter(&request, Stdio { stdin, stdout: theirs, stderr }, None)
            .map_err(|error| error.to_string())?;
        events.add(&process.pidfd, ENDED, EventFlags::IN).map_err(failed)?;
        events.add(&output, WRITTEN, EventFlags::IN).map_err(failed)?;
        Ok(Probe { process, output, written: Vec::new(), start, deadline: now + check.timeout })
    }

    /// Take what it has written; what is too much is thrown away.
    fn read(&mut self, events: &EventLoop) {
        let mut piece = [0; 8192];
        loop {
            match rustix::io::read(&self.output, &mut piece) {
                Ok(0) => return events.remove(&self.output),
                Ok(length) => {
                    let room = MOST_OUTPUT.saturating_sub(self.written.len());
                    self.written.extend_from_slice(&piece[..length.min(room)]);
                }
                Err(_) => return,
            }
        }
    }

    fn output(&mut self) -> String {
        let mut piece = [0; MOST_OUTPUT];
        while let Ok(length @ 1..) = rustix::io::read(&self.output, &mut piece) {
            let room = MOST_OUTPUT.saturating_sub(self.written.len());
            self.written.extend_from_slice(&piece[..length.min(room)]);
        }
        String::from_utf8_lossy(&self.written).into_owned()
    }

    /// Kill it and take its end.
    fn end(&mut self) {
        let _ = self.process.signal(Signal::KILL);
        let _ = self.process.wait(None);
    }
}

/// A time as Go prints it, for docker's sentence.
fn words(time: Duration) -> String {
    match (time.as_secs(), time.subsec_millis()) {
        (0, ms) => format!("{ms}ms"),
        (seconds @ 0..60, 0) => format!("{seconds}s"),
        (seconds @ 0..60, ms) => format!("{seconds}.{ms:03}s"),
        (seconds, _) if seconds < 3600 => format!("{}m{}s", seconds / 60, seconds % 60),
        (seconds, _) => format!("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

//! The monitor: one process per container that is its parent, keeps its log, forwards its ports, checks
//! its health, starts it again, and writes down how it ended. It is our own binary, started anew, in a
//! session of its own: it outlives the command that started it.

mod door;
mod health_watch;
mod hello;
mod networks;
mod output;
mod prepare;
mod restart;
mod session;
mod start;

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::cgroup::Cgroup;
use crate::container::wire;
use crate::container::{Container, ContainerError, Containers, End, Ended};
use crate::event_loop::EventLoop;
use crate::events::EventLog;
use crate::fd_message;
use crate::stop::Idle;
use crate::store_directory::Discarded;
use crate::volume::Volumes;
use door::{Door, Heard};
use hello::Hello;
use restart::Restarts;
use session::{Outcome, Session, Start};

pub(crate) use door::Ask;
pub(crate) use output::set_nonblocking;
pub(crate) use start::Started;
pub use start::{MonitorProgram, WaitingMonitor};

/// Be the monitor of the container in this directory: what the hidden verb `monitor DIR` of the roof
/// calls, and nothing else. Standard input is the socket to the command that started it.
pub fn monitor_main(directory: &Path) -> i32 {
    // Whatever directory our caller was in may be unmounted.
    let _ = rustix::process::chdir(c"/");
    // What a container sees of what is made for it has the modes that are asked for, whatever our caller's mask.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    // A terminal that hangs up must not reach us. Fails only for a session leader, which is as good.
    let _ = rustix::process::setsid();
    let Ok(client) = hello::take_socket() else { return 125 };
    let Ok((message, readers)) = fd_message::receive(&client) else { return 125 };
    if message.is_empty() {
        // The command has found that there is nothing to start, or is gone.
        return 125;
    }
    let Ok(container) = Container::open(directory) else { return 125 };
    match Monitor::begin(&container, &message) {
        Ok(monitor) => monitor.run(client, readers),
        Err(error) => {
            // Nothing is written down: what is there belongs to whoever holds the lock.
            let how = End::NotStarted { code: error.exit_code(), why: error.to_string() };
            let ended = Ended { run: 0, at: Timestamp::now(), how, oom_killed: false, restart_at: None };
            let _ = fd_message::send(&client, &wire::write_ended(&ended), &[]);
        }
    }
    0
}

/// All starts of a container until it is left alone.
struct Monitor<'a> {
    container: &'a Container,
    hello: Hello,
    events: EventLoop,
    door: Door,
    /// Number of the next start.
    number: u32,
    restarts: Restarts,
    /// Held for life: a container has one monitor.
    _idle: Idle,
}

impl<'a> Monitor<'a> {
    fn begin(container: &'a Container, message: &[u8]) -> Result<Self, ContainerError> {
        let hello = hello::read(message).map_err(|why| ContainerError::NotStarted { code: 125, why })?;
        // The monitor of the start before may still be about to go.
        let idle = container
            .lock_idle()?
            .ok_or_else(|| ContainerError::BeingStarted { name: container.name().to_string() })?;
        let failed = || ContainerError::at::<std::io::Error>("listen in", container.path());
        let events = EventLoop::new().map_err(failed())?;
        let door = Door::open(container, &events).map_err(failed())?;
        let number = container.directory().last_number()? + 1;
        let restarts = Restarts::new(container.record().upkeep.restart);
        Ok(Monitor { container, hello, events, door, number, restarts, _idle: idle })
    }

    fn run(mut self, client: OwnedFd, readers: Vec<OwnedFd>) {
        let mut first = Some((client, readers));
        while let Some((pause, ended)) = self.start_once(&mut first) {
            if self.rest(pause) {
                let ended = Ended { restart_at: None, ..ended };
                return conclude(self.container, &ended, |answer| self.door.close(answer));
            }
            self.number += 1;
        }
    }

    /// From one start to its end: how long to wait before the next, if there is to be one, and the end.
    fn start_once(&mut self, first: &mut Option<(OwnedFd, Vec<OwnedFd>)>) -> Option<(Duration, Ended)> {
        let begun = Instant::now();
        let start = Start { number: self.number, restarts: self.restarts.count, hello: &self.hello };
        let mut session = match Session::start(self.container, &self.events, &start) {
            Ok(session) => session,
            Err(error) => {
                self.not_started(first.take().map(|(client, _)| client), &error);
                return None;
            }
        };
        let events = EventLog::around(self.container);
        events.add_of(self.container, "start", &[]);
        if let Some((client, readers)) = first.take() {
            session.introduce(&mut self.door, client, readers);
        }
        let Outcome { exit, oom_killed, stopped } = session.watch(&mut self.door);
        if oom_killed {
            events.add_of(self.container, "oom", &[]);
        }
        events.add_of(self.container, "die", &[("exitCode", exit.code().to_string())]);
        let pause = if stopped { None } else { self.restarts.next(exit.code(), begun.elapsed()) };
        let at = Timestamp::now();
        let restart_at = pause.map(|pause| at + pause);
        let ended = Ended { run: self.number, at, how: End::Exit(exit), oom_killed, restart_at };
        match pause {
            Some(pause) => {
                let _ = self.container.directory().write_ended(&ended);
                // Each start has places of its own in its networks.
                networks::leave(self.container);
                remove_group(&session.finish(&mut self.door, &wire::write_ended(&ended)));
                Some((pause, ended))
            }
            None => {
                conclude(self.container, &ended, |answer| {
                    let cgroup = session.finish(&mut self.door, answer);
                    self.door.close(answer);
                    remove_group(&cgroup);
                });
                None
            }
        }
    }

    fn not_started(&mut self, client: Option<OwnedFd>, error: &ContainerError) {
        let how = End::NotStarted { code: error.exit_code(), why: error.to_string() };
        let at = Timestamp::now();
        let ended = Ended { run: self.number, at, how, oom_killed: false, restart_at: None };
        conclude(self.container, &ended, |answer| {
            if let Some(client) = client {
                let _ = fd_message::send(&client, answer, &[]);
            }
            self.door.close(answer);
        });
    }

    /// Wait before the next start; true if a command has stopped the container meanwhile.
    fn rest(&mut self, pause: Duration) -> bool {
        let end = Instant::now() + pause;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            for (token, _) in session::wait(&self.events, Some(left)) {
                if !Door::is_concerned(token) {
                    continue;
                }
                match self.door.turn(token, &self.events) {
                    Heard::Stop => return true,
                    // There is nothing to be attached to at the moment.
                    Heard::Attach(guest, _) => self.door.dismiss(guest),
                    Heard::Nothing | Heard::Gone(_) => {}
                }
            }
        }
    }
}

/// Free the name of a container that is not to be kept, or write its end down, then tell who waits, and only
/// then delete what may take long.
fn conclude(container: &Container, ended: &Ended, tell: impl FnOnce(&[u8])) {
    networks::leave(container);
    let discarded = container.record().upkeep.auto_remove.then(|| discard(container)).flatten();
    if discarded.is_none() {
        // Should the disk be full, those who wait are still told.
        let _ = container.directory().write_ended(ended);
    }
    tell(&wire::write_ended(ended));
    if let Some(discarded) = discarded {
        // What cannot be deleted stays in the trash.
        let _ = discarded.delete();
        let _ = Volumes::remove_anonymous(container);
    }
}

/// Take a container out of the store; `None`: it is still there.
fn discard(container: &Container) -> Option<Discarded> {
    Containers::around(container).and_then(|store| store.discard(container)).ok()
}

/// What cannot be removed is swept up later.
fn remove_group(cgroup: &Cgroup) {
    let _ = cgroup.remove();
}

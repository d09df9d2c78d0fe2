//! One start of a container: a loop from its first system call to its end.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use plimsoll_model::Signal;
use plimsoll_model::launch::Share;
use rustix::event::epoll::EventFlags;

use super::door::{Door, GuestId, Heard};
use super::health_watch::HealthWatch;
use super::hello::Hello;
use super::output::{Output, set_nonblocking};
use super::prepare::{self, Prepared, Surroundings};
use crate::cgroup::Cgroup;
use crate::container::{Container, ContainerError, Run, wire};
use crate::event_loop::EventLoop;
use crate::forward::{Forwarder, HostPorts};
use crate::launch::{Exit, Running};
use crate::logs::{LogFiles, LogWriter, Stream};
use crate::network::Reservation;
use crate::process_id::{ProcessId, boot_id};
use crate::user_mode::Carrier;

/// Numbers of the loop's events; the door and the health checks have their own.
const END: u64 = 0;
const FORWARD: u64 = 1;
/// The outputs, each with as many numbers as it takes.
const OUTPUTS: u64 = 16;

/// What a start is given.
pub(super) struct Start<'a> {
    pub number: u32,
    pub restarts: u32,
    pub hello: &'a Hello,
}

/// How a start has ended.
pub(super) struct Outcome {
    pub exit: Exit,
    /// Its memory was used up, and the kernel has killed something of it.
    pub oom_killed: bool,
    /// A command has said that it is stopped.
    pub stopped: bool,
}

/// A running container and all that hangs on it.
pub(super) struct Session<'a> {
    container: &'a Container,
    events: &'a EventLoop,
    running: Running,
    cgroup: Cgroup,
    run: Run,
    log: LogWriter<LogFiles>,
    outputs: Vec<Output>,
    /// The way into the container, while nobody attached has it alone: keeps the input of a detached
    /// container from ending (`-d -i`).
    input: Option<OwnedFd>,
    attached: Vec<GuestId>,
    forwarder: Option<Forwarder>,
    carrier: Option<Carrier>,
    health: Option<HealthWatch>,
}

impl<'a> Session<'a> {
    /// Start the container and write it down.
    pub fn start(
        container: &'a Container,
        events: &'a EventLoop,
        start: &Start<'_>,
    ) -> Result<Self, ContainerError> {
        let mut run = None;
        let note = |running: &Running, around: &Surroundings| {
            container.directory().write_run(run.insert(describe(running, start, around)))
        };
        let (running, around) =
            Prepared::new(container, start.hello)?.launch(container, start.hello, note)?;
        let run = run.expect("nothing is executed before it is noted");
        Session::watch_over(container, events, running, around, run)
            .map_err(ContainerError::doing("watch the container"))
    }

    fn watch_over(
        container: &'a Container,
        events: &'a EventLoop,
        running: Running,
        around: Surroundings,
        run: Run,
    ) -> io::Result<Self> {
        let reservation = around.joined.reservation.as_deref();
        let watched = Watched::begin(events, &running, around.ports, reservation, around.streams.outputs);
        let Watched { outputs, forwarder } =
            watched.inspect_err(|_| prepare::end(&running, &around.cgroup))?;
        let check = container.record().upkeep.health.clone();
        let health = check.map(|check| HealthWatch::begin(check, run.number, container, Instant::now()));
        let (log, input, cgroup) = (around.log, around.streams.input, around.cgroup);
        Ok(Session {
            container,
            events,
            running,
            cgroup,
            run,
            log,
            outputs,
            input,
            attached: Vec::new(),
            forwarder,
            carrier: around.carrier,
            health,
        })
    }

    /// Take in the command that started the container: its output is copied to `readers`; with none it
    /// only wanted to know that the container runs.
    pub fn introduce(&mut self, door: &mut Door, client: OwnedFd, readers: Vec<OwnedFd>) {
        let told = wire::write_run(&self.run);
        if readers.is_empty() {
            let _ = crate::fd_message::send(&client, &told, &[]);
        } else if let Some(guest) = door.admit(client, self.events) {
            // It alone has the way in: when it closes that, the container's input ends.
            let input = self.input.take();
            self.attach(door, guest, readers, input.as_ref());
        }
    }

    /// Copy the output to a guest from now on, and give it the way in.
    fn attach(&mut self, door: &mut Door, guest: GuestId, readers: Vec<OwnedFd>, input: Option<&OwnedFd>) {
        for (output, reader) in self.outputs.iter_mut().zip(readers) {
            if set_nonblocking(&reader).is_ok() {
                output.add_reader(guest, reader);
            }
        }
        let input: Vec<_> = input.into_iter().map(AsFd::as_fd).collect();
        if door.tell(guest, &wire::write_run(&self.run), &input) {
            self.attached.push(guest);
        } else {
            self.forget(guest);
        }
    }

    /// Somebody came later: the way in stays ours, too.
    fn attach_later(&mut self, door: &mut Door, guest: GuestId, readers: Vec<OwnedFd>) {
        let input = match self.container.record().spec.terminal {
            true => self.outputs.first().and_then(|output| output.terminal().ok()),
            false => self.input.as_ref().and_then(|input| input.try_clone().ok()),
        };
        self.attach(door, guest, readers, input.as_ref());
    }

    fn forget(&mut self, guest: GuestId) {
        self.attached.retain(|known| *known != guest);
        self.outputs.iter_mut().for_each(|output| output.forget(guest, self.events));
    }

    /// Until the container has ended.
    pub fn watch(&mut self, door: &mut Door) -> Outcome {
        let mut stopped = false;
        loop {
            let (ended, stop) = self.turn(door);
            stopped |= stop;
            if ended {
                break;
            }
        }
        // The kernel knows how its child ended; should it not say, only a kill leaves no word.
        let exit = self.running.wait(None).ok().flatten().unwrap_or(Exit::Signal(Signal::KILL));
        self.events.remove(&self.running.pidfd);
        if let Some(health) = &mut self.health {
            health.end();
        }
        self.carrier = None;
        self.drain();
        let oom_killed = self.cgroup.oom_kills() > 0;
        if self.container.record().spec.sharing.pid != Share::Own {
            // Its first process takes nobody along: what it has started ends with its group.
            let _ = self.cgroup.remove();
        }
        Outcome { exit, oom_killed, stopped }
    }

    /// Wait once and do what is to be done: whether the container has ended, and is being stopped.
    fn turn(&mut self, door: &mut Door) -> (bool, bool) {
        let wake = self.forwarder.as_mut().and_then(|forwarder| forwarder.turn(Instant::now()));
        let check =
            self.health.as_ref().map(|health| health.wake_at().saturating_duration_since(Instant::now()));
        let wake = [wake, check].into_iter().flatten().min();
        let (mut ended, mut stopped) = (false, false);
        for (token, flags) in wait(self.events, wake) {
            match token {
                END => ended = true,
                token if Door::is_concerned(token) => stopped |= self.answer(door, token),
                // Forwarder and health checks have their turn around every wait.
                FORWARD => {}
                token if HealthWatch::is_concerned(token) => {}
                token => self.copy(token, flags),
            }
        }
        if let (Some(health), false) = (&mut self.health, ended) {
            health.turn(self.container, self.events, Instant::now());
        }
        (ended, stopped)
    }

    /// Somebody is at the door; true if they stop the container.
    fn answer(&mut self, door: &mut Door, token: u64) -> bool {
        match door.turn(token, self.events) {
            Heard::Nothing => {}
            Heard::Gone(guest) => self.forget(guest),
            Heard::Attach(guest, readers) => self.attach_later(door, guest, readers),
            Heard::Stop => return true,
        }
        false
    }

    /// The container has written something, or a reader has taken it.
    fn copy(&mut self, token: u64, flags: EventFlags) {
        let log = &mut self.log;
        let at = (token - OUTPUTS) / Output::TOKENS;
        if let Some(output) = self.outputs.get_mut(at as usize) {
            output.turn(token, flags, self.events, &mut |stream, bytes| write_log(log, stream, bytes));
        }
    }

    /// What is left in the pipes of a container that has ended.
    fn drain(&mut self) {
        let log = &mut self.log;
        for output in &mut self.outputs {
            output.drain(&mut |stream, bytes| write_log(log, stream, bytes));
        }
        let _ = self.log.finish(Timestamp::now());
    }

    /// Tell all who wait how it ended; and those attached, when they have taken all output. Its control group
    /// is left to be removed, which nobody has to wait for.
    pub fn finish(mut self, door: &mut Door, answer: &[u8]) -> Cgroup {
        door.tell_waiting(answer);
        let mut behind = false;
        for output in &mut self.outputs {
            behind |= output.end(self.events);
        }
        while behind {
            for (token, flags) in wait(self.events, None) {
                if Door::is_concerned(token) {
                    self.answer(door, token);
                    door.tell_waiting(answer);
                } else if token >= OUTPUTS {
                    self.copy(token, flags);
                }
            }
            behind = self.outputs.iter().any(Output::is_behind);
        }
        for guest in self.attached.drain(..) {
            door.tell(guest, answer, &[]);
            door.dismiss(guest);
        }
        self.cgroup
    }
}

/// What is watched beside the process itself.
struct Watched {
    outputs: Vec<Output>,
    forwarder: Option<Forwarder>,
}

impl Watched {
    fn begin(
        events: &EventLoop,
        running: &Running,
        ports: Option<HostPorts>,
        reservation: Option<&Reservation>,
        sources: Vec<(Stream, OwnedFd)>,
    ) -> io::Result<Self> {
        events.add(&running.pidfd, END, EventFlags::IN)?;
        let numbered = (OUTPUTS..).step_by(Output::TOKENS as usize).zip(sources);
        let outputs = numbered
            .map(|(token, (stream, source))| Output::new(stream, source, token, events))
            .collect::<io::Result<_>>()?;
        let forwarder = ports.map(|ports| ports.forward_to(running.pid, reservation)).transpose();
        let forwarder = forwarder.map_err(io::Error::other)?.flatten();
        if let Some(forwarder) = &forwarder {
            events.add(forwarder.descriptor(), FORWARD, EventFlags::IN)?;
        }
        Ok(Watched { outputs, forwarder })
    }
}

/// A failing wait can only be one of ours that is broken: its container is not to be lost.
pub(super) fn wait(events: &EventLoop, limit: Option<Duration>) -> Vec<(u64, EventFlags)> {
    events.wait(limit).unwrap_or_default()
}

/// A full disk ends the log, not the container.
fn write_log(log: &mut LogWriter<LogFiles>, stream: Stream, bytes: &[u8]) {
    let _ = log.write(stream, bytes, Timestamp::now());
}

fn describe(running: &Running, start: &Start<'_>, around: &Surroundings) -> Run {
    // Both live at this moment: the one is this process, the other a child not waited for.
    let identify = |pid| ProcessId::of(pid).unwrap_or(ProcessId { pid, start: 0 });
    Run {
        number: start.number,
        restarts: start.restarts,
        process: identify(running.pid),
        monitor: identify(std::process::id()),
        boot_id: boot_id(),
        started: Timestamp::now(),
        ports: around.ports.as_ref().map_or(Vec::new(), |ports| ports.published().to_vec()),
        cgroups: around.cgroup.directories().to_vec(),
        warnings: around.warnings.clone(),
        attachments: around.joined.attachments(),
    }
}

//! The monitor's work: one loop from the start of the container to its end.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use plimsoll_model::Signal;
use rustix::event::epoll::EventFlags;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{SocketFlags, accept_with};
use rustix::termios::{Winsize, tcsetwinsize};

use super::hello::Hello;
use super::output::Output;
use super::prepare::{Prepared, Surroundings, kill_and_reap};
use crate::container::{Container, ContainerError, End, Ended, PublishedPort, Run, wire};
use crate::event_loop::EventLoop;
use crate::fd_message;
use crate::forward::{Forwarder, HostPorts};
use crate::launch::{Exit, Running};
use crate::logs::LogWriter;
use crate::process_id::{ProcessId, boot_id};

/// Numbers of the loop's events: the container's end, the command that started us, those who begin
/// to wait, the forwarder; then one for each output, each output's reader, and each who waits.
const END: u64 = 0;
const CLIENT: u64 = 1;
const CONTROL: u64 = 2;
const FORWARD: u64 = 3;
const OUTPUT: u64 = 10;
const READER: u64 = 20;
const WAITER: u64 = 30;

/// A running container and all that hangs on it.
pub(super) struct Session {
    running: Running,
    surroundings: Watched,
}

/// Everything but the process itself.
struct Watched {
    events: EventLoop,
    log: LogWriter<File>,
    outputs: Vec<Output>,
    /// The way into the container, while nobody attached has it: keeps the input of a detached
    /// container from ending (`-d -i`).
    input: Option<OwnedFd>,
    client: Option<OwnedFd>,
    control: OwnedFd,
    waiters: Vec<Option<OwnedFd>>,
    forwarder: Option<Forwarder>,
}

impl Session {
    /// Start the container and tell the client. Its output is copied to the `readers`: stdout, then
    /// stderr; with none the start is a detached one.
    pub fn start(
        container: &Container,
        hello: &Hello,
        client: OwnedFd,
        readers: Vec<OwnedFd>,
    ) -> Result<Self, ContainerError> {
        let (running, around) = Prepared::new(container)?.launch(container, hello)?;
        let ports = around.ports.as_ref().map_or(&[][..], HostPorts::published);
        let run = describe(&running, ports);
        let attached = !readers.is_empty();
        let watched = Watched::begin(&running, around, readers)
            .and_then(|watched| set_window(&running, hello.window).map(|()| watched))
            .map_err(ContainerError::doing("watch the container"))
            .and_then(|watched| container.directory().write_run(&run).map(|()| watched));
        match watched {
            Ok(mut surroundings) => {
                surroundings.introduce(client, &run, attached);
                Ok(Session { running, surroundings })
            }
            Err(error) => {
                kill_and_reap(&running);
                Err(error)
            }
        }
    }

    /// Until the container has ended.
    pub fn watch(&mut self) -> Ended {
        while !self.surroundings.turn() {}
        // The kernel knows how its child ended; should it not say, only a kill leaves no word.
        let exit = self.running.wait(None).ok().flatten().unwrap_or(Exit::Signal(Signal::KILL));
        self.surroundings.drain();
        Ended { at: Timestamp::now(), how: End::Exit(exit) }
    }

    /// Tell all who wait how it ended.
    pub fn finish(self, answer: &[u8]) {
        self.surroundings.finish(answer);
    }
}

fn describe(running: &Running, ports: &[PublishedPort]) -> Run {
    // Both live at this moment: the one is this process, the other a child not waited for.
    let identify = |pid| ProcessId::of(pid).unwrap_or(ProcessId { pid, start: 0 });
    Run {
        process: identify(running.pid),
        monitor: identify(std::process::id()),
        boot_id: boot_id(),
        started: Timestamp::now(),
        ports: ports.to_vec(),
    }
}

fn set_window(running: &Running, window: Option<(u16, u16)>) -> io::Result<()> {
    if let (Some(terminal), Some((rows, columns))) = (&running.terminal, window) {
        tcsetwinsize(terminal, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })?;
    }
    Ok(())
}

impl Watched {
    fn begin(running: &Running, around: Surroundings, readers: Vec<OwnedFd>) -> io::Result<Self> {
        let events = EventLoop::new()?;
        events.add(&running.pidfd, END, EventFlags::IN)?;
        events.add(&around.control, CONTROL, EventFlags::IN)?;
        let mut readers = readers.into_iter();
        let mut outputs = Vec::new();
        for (at, (stream, source)) in (OUTPUT..).zip(around.streams.outputs) {
            let output = Output::new(stream, source, readers.next())?;
            events.add(&output.source, at, EventFlags::IN)?;
            outputs.push(output);
        }
        let mut forwarder = None;
        if let Some(ports) = around.ports {
            forwarder = ports.forward_to(running.pid).map_err(io::Error::other)?;
        }
        if let Some(forwarder) = &forwarder {
            events.add(forwarder.descriptor(), FORWARD, EventFlags::IN)?;
        }
        Ok(Watched {
            events,
            log: around.log,
            outputs,
            input: around.streams.input,
            client: None,
            control: around.control,
            waiters: Vec::new(),
            forwarder,
        })
    }

    /// Tell the client that the container runs, and give it the way in if it stays.
    fn introduce(&mut self, client: OwnedFd, run: &Run, attached: bool) {
        let input = if attached { self.input.take() } else { None };
        let descriptors: Vec<_> = input.iter().map(AsFd::as_fd).collect();
        let told = fd_message::send(&client, &wire::write_run(run), &descriptors);
        if attached {
            let watched = told.and_then(|()| self.events.add(&client, CLIENT, EventFlags::RDHUP));
            match watched {
                Ok(()) => self.client = Some(client),
                Err(_) => self.forget_client(),
            }
        }
    }

    /// Wait once and do what is to be done; true when the container has ended.
    fn turn(&mut self) -> bool {
        let wake = self.forwarder.as_mut().and_then(|forwarder| forwarder.turn(Instant::now()));
        let mut ended = false;
        for (token, flags) in self.wait(wake) {
            match token {
                END => ended = true,
                CLIENT => self.forget_client(),
                CONTROL => self.welcome_waiter(),
                OUTPUT..READER => self.copy((token - OUTPUT) as usize),
                READER..WAITER => self.catch_up((token - READER) as usize, flags),
                WAITER.. => self.forget_waiter((token - WAITER) as usize),
                // The forwarder has its turn before every wait.
                _ => {}
            }
        }
        ended
    }

    fn wait(&self, wake: Option<Duration>) -> Vec<(u64, EventFlags)> {
        // A failing wait can only be one of ours that is broken: its container is not to be lost.
        self.events.wait(wake).unwrap_or_default()
    }

    /// The container has written something.
    fn copy(&mut self, at: usize) {
        let Some(output) = self.outputs.get_mut(at) else { return };
        if let Some(bytes) = output.read() {
            // A full disk ends the log, not the container.
            let _ = self.log.write(output.stream, &bytes, Timestamp::now());
            output.pass_on(&bytes);
        }
        if output.ended || output.is_behind() {
            self.events.remove(&output.source);
        }
        self.await_reader(at);
    }

    fn await_reader(&self, at: usize) {
        let output = &self.outputs[at];
        if let Some(reader) = output.reader.as_ref().filter(|_| output.is_behind()) {
            let _ = self.events.add(reader, READER + at as u64, EventFlags::OUT);
        }
    }

    /// A slow reader can take more, or is gone.
    fn catch_up(&mut self, at: usize, flags: EventFlags) {
        let Some(output) = self.outputs.get_mut(at) else { return };
        if let Some(reader) = &output.reader {
            self.events.remove(reader);
        }
        if flags.contains(EventFlags::ERR) {
            output.detach();
        }
        output.flush();
        if !output.is_behind() && !output.ended {
            let _ = self.events.add(&output.source, OUTPUT + at as u64, EventFlags::IN);
        }
        self.await_reader(at);
    }

    /// What is left in the pipes of a container that has ended.
    fn drain(&mut self) {
        let now = Timestamp::now();
        for output in &mut self.outputs {
            while let Some(bytes) = output.read() {
                let _ = self.log.write(output.stream, &bytes, now);
                output.pass_on(&bytes);
            }
        }
        let _ = self.log.finish(now);
    }

    /// The command that was attached has gone; the container goes on.
    fn forget_client(&mut self) {
        if let Some(client) = self.client.take() {
            self.events.remove(&client);
        }
        for at in 0..self.outputs.len() {
            if self.outputs[at].is_behind() {
                self.catch_up(at, EventFlags::ERR);
            } else {
                self.outputs[at].detach();
            }
        }
    }

    fn welcome_waiter(&mut self) {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let Ok(waiter) = accept_with(&self.control, flags) else { return };
        let free = self.waiters.iter().position(Option::is_none).unwrap_or(self.waiters.len());
        if self.events.add(&waiter, WAITER + free as u64, EventFlags::RDHUP).is_ok() {
            if free == self.waiters.len() {
                self.waiters.push(None);
            }
            self.waiters[free] = Some(waiter);
        }
    }

    fn forget_waiter(&mut self, at: usize) {
        if let Some(waiter) = self.waiters.get_mut(at) {
            *waiter = None;
        }
    }

    /// Tell all who wait how it ended; and the command attached, when it has taken all output.
    fn finish(mut self, answer: &[u8]) {
        for waiter in self.waiters.iter().flatten() {
            let _ = fd_message::send(waiter, answer, &[]);
        }
        answer_door(&self.control, answer);
        let Some(client) = self.client else { return };
        for output in &mut self.outputs {
            while let Some(reader) = output.reader.as_ref().filter(|_| output.is_behind()) {
                let mut fds = [
                    PollFd::new(reader, PollFlags::OUT),
                    PollFd::new(&client, PollFlags::empty()),
                    PollFd::new(&self.control, PollFlags::IN),
                ];
                if poll(&mut fds, None).is_err() || !fds[1].revents().is_empty() {
                    break;
                }
                output.flush();
                answer_door(&self.control, answer);
            }
            // Closed, so that the reader meets the end.
            output.detach();
        }
        let _ = fd_message::send(&client, answer, &[]);
    }
}

/// Answer those who come to wait only now.
fn answer_door(control: &OwnedFd, answer: &[u8]) {
    while let Ok(waiter) = accept_with(control, SocketFlags::CLOEXEC) {
        let _ = fd_message::send(waiter, answer, &[]);
    }
}

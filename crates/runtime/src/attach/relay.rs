//! The loop of an attached command: input in, output out, signals through, until the end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use plimsoll_model::Signal;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::detach_keys::DetachKeys;
use super::raw_terminal::{RawTerminal, set_window};
use super::{CallersSignals, Streams};
use crate::container_stdio::OurEnds;
use crate::logs::Stream;
use crate::monitor::set_nonblocking;
use crate::stop::send;

const PIECE: usize = 64 << 10;

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relayed {
    Ended,
    Detached,
}

/// What came of passing a piece of output on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed {
    /// There may be more.
    More,
    /// There is no more.
    Ended,
    /// Nobody reads it, and the process goes on.
    Unread,
}

/// One process and the caller's streams.
pub(crate) struct Relay<'fd> {
    streams: Streams<'fd>,
    signals: &'fd CallersSignals,
    /// The process signals go to; `None` if it has ended.
    process: Option<&'fd OwnedFd>,
    /// Readable when the process has ended.
    end: BorrowedFd<'fd>,
    ends: OurEnds,
    /// The process has a terminal: its input is one.
    terminal: bool,
    /// Read from the caller and not yet taken by the process.
    typed: Vec<u8>,
    keys: DetachKeys,
    reading: bool,
    /// What becomes of the process when nobody reads its output any more.
    unread: Unread,
}

/// What becomes of a process whose output cannot be passed on any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// As in a pipeline of programs: who writes to nobody is ended (`run ... | head`).
    Ends,
    /// It was there before us and goes on.
    GoesOn,
}

/// What was heard in one wait.
#[derive(Default)]
struct Heard {
    end: bool,
    signals: bool,
    stdin: bool,
    input: bool,
    outputs: Vec<bool>,
}

impl<'fd> Relay<'fd> {
    pub fn new(
        streams: Streams<'fd>,
        signals: &'fd CallersSignals,
        process: Option<&'fd OwnedFd>,
        end: BorrowedFd<'fd>,
        ends: OurEnds,
        terminal: bool,
    ) -> io::Result<Self> {
        for (_, output) in &ends.outputs {
            set_nonblocking(output)?;
        }
        if let Some(input) = &ends.input {
            set_nonblocking(input)?;
        }
        let reading = streams.stdin.is_some() && ends.input.is_some();
        let (typed, keys) = (Vec::new(), DetachKeys::new(streams.detach_keys));
        let unread = Unread::Ends;
        Ok(Relay { streams, signals, process, end, ends, terminal, typed, keys, reading, unread })
    }

    /// The same with another end for output that nobody reads.
    pub fn when_unread(mut self, unread: Unread) -> Self {
        self.unread = unread;
        self
    }

    /// Until the process has ended and all it wrote was passed on.
    pub fn run(mut self) -> io::Result<Relayed> {
        let _raw = self.streams.stdin.filter(|_| self.terminal && self.reading).and_then(RawTerminal::enter);
        if !self.terminal && !self.reading {
            self.ends.input = None;
        }
        loop {
            let heard = self.wait()?;
            for (at, ready) in heard.outputs.iter().enumerate().rev() {
                match if *ready { self.pass_output(at)? } else { Passed::More } {
                    Passed::More => {}
                    Passed::Ended => drop(self.ends.outputs.remove(at)),
                    Passed::Unread => return Ok(Relayed::Detached),
                }
            }
            if heard.signals {
                self.pass_signals();
            }
            let detach = heard.stdin && self.read_typed();
            if heard.stdin || heard.input {
                self.pass_typed();
            }
            if detach {
                return Ok(Relayed::Detached);
            }
            if heard.end {
                self.drain()?;
                return Ok(Relayed::Ended);
            }
        }
    }

    fn wait(&self) -> io::Result<Heard> {
        let mut fds = vec![PollFd::new(&self.end, PollFlags::IN)];
        let mut watch = |fd, flags| {
            fds.push(PollFd::from_borrowed_fd(fd, flags));
            fds.len() - 1
        };
        let signals = watch(self.signals.descriptor(), PollFlags::IN);
        let idle = self.reading && self.typed.is_empty();
        let stdin = self.streams.stdin.filter(|_| idle).map(|fd| watch(fd, PollFlags::IN));
        let behind = self.ends.input.as_ref().filter(|_| !self.typed.is_empty());
        let input = behind.map(|fd| watch(fd.as_fd(), PollFlags::OUT));
        let outputs: Vec<usize> =
            self.ends.outputs.iter().map(|(_, fd)| watch(fd.as_fd(), PollFlags::IN)).collect();
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Heard::default()),
            Err(error) => return Err(error.into()),
        }
        let ready = |at: usize| !fds[at].revents().is_empty();
        Ok(Heard {
            end: ready(0),
            signals: ready(signals),
            stdin: stdin.is_some_and(ready),
            input: input.is_some_and(ready),
            outputs: outputs.into_iter().map(ready).collect(),
        })
    }

    /// Pass one piece of output on.
    fn pass_output(&self, at: usize) -> io::Result<Passed> {
        let (stream, source) = &self.ends.outputs[at];
        let mut buffer = [0; PIECE];
        let length = match rustix::io::read(source, &mut buffer) {
            Ok(0) => return Ok(Passed::Ended),
            Ok(length) => length,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(Passed::More),
            // A terminal nobody holds open any more.
            Err(Errno::IO) => return Ok(Passed::Ended),
            Err(error) => return Err(error.into()),
        };
        let target = match stream {
            Stream::Stdout => self.streams.stdout,
            Stream::Stderr => self.streams.stderr,
        };
        match write_all(target, &buffer[..length]) {
            Ok(()) => Ok(Passed::More),
            Err(Errno::PIPE) if self.unread == Unread::GoesOn => Ok(Passed::Unread),
            Err(Errno::PIPE) => {
                self.signal(Signal::KILL);
                Ok(Passed::Ended)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What the process had written before its end.
    fn drain(&mut self) -> io::Result<()> {
        for at in 0..self.ends.outputs.len() {
            while self.has_more(at) && self.pass_output(at)? == Passed::More {}
        }
        Ok(())
    }

    fn has_more(&self, at: usize) -> bool {
        let mut fds = [PollFd::new(&self.ends.outputs[at].1, PollFlags::IN)];
        let now = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
    }

    /// Take what was typed; true if it ended with the detach keys.
    fn read_typed(&mut self) -> bool {
        let Some(stdin) = self.streams.stdin else { return false };
        let mut buffer = [0; PIECE];
        match rustix::io::read(stdin, &mut buffer) {
            Ok(length) if length > 0 && self.terminal => {
                let (meant, detach) = self.keys.filter(&buffer[..length]);
                self.typed.extend_from_slice(&meant);
                return detach;
            }
            Ok(length) if length > 0 => self.typed.extend_from_slice(&buffer[..length]),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Ok(_) | Err(_) => self.end_input(),
        }
        false
    }

    fn pass_typed(&mut self) {
        while let Some(input) = self.ends.input.as_ref().filter(|_| !self.typed.is_empty()) {
            match rustix::io::write(input, &self.typed) {
                Ok(written) => {
                    self.typed.drain(..written);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                // The process does not read any more.
                Err(_) => {
                    self.typed.clear();
                    self.end_input();
                }
            }
        }
    }

    /// The caller's input has ended: so does the process'. A terminal stays, for its size.
    fn end_input(&mut self) {
        self.reading = false;
        if !self.terminal {
            self.ends.input = None;
        }
    }

    fn pass_signals(&self) {
        for signal in self.signals.received() {
            match signal {
                Signal::WINCH => self.resize(),
                signal => self.signal(signal),
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // What has ended in this moment needs no signal.
        let _ = self.process.map(|process| send(process, signal));
    }

    fn resize(&self) {
        if let (true, Some(terminal), Some(window)) = (self.terminal, &self.ends.input, self.streams.window())
        {
            let _ = set_window(terminal.as_fd(), window);
        }
    }
}

/// Write all of it, waiting if need be: the caller's own descriptor may be blocking or not.
fn write_all(target: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(target, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut fds = [PollFd::from_borrowed_fd(target, PollFlags::OUT)];
                let _ = poll(&mut fds, None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

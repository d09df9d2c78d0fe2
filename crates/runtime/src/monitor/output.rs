//! One output of the container on its way to the log and to those who are attached.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

use super::door::GuestId;
use crate::event_loop::EventLoop;
use crate::logs::Stream;

/// Read at once; the container waits while a slow reader has not taken it.
const PIECE: usize = 64 << 10;
/// Readers of one output that are waited for at a time have numbers below this.
const MOST_READERS: u64 = 1 << 16;

/// An output of the container: a pipe, or the terminal.
#[derive(Debug)]
pub(super) struct Output {
    pub stream: Stream,
    /// Our end of it.
    source: OwnedFd,
    /// The container has closed it, or has ended.
    ended: bool,
    /// Number of the event that the container has written something.
    token: u64,
    readers: Vec<Option<Reader>>,
}

/// Where a copy goes.
#[derive(Debug)]
struct Reader {
    guest: GuestId,
    /// Not blocking.
    fd: OwnedFd,
    /// Read, logged, and not yet taken.
    waiting: Vec<u8>,
}

/// What an event of an output is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Source,
    Reader(usize),
}

impl Output {
    /// Watch an output under numbers from `token` on.
    pub fn new(stream: Stream, source: OwnedFd, token: u64, events: &EventLoop) -> io::Result<Self> {
        set_nonblocking(&source)?;
        events.add(&source, token, EventFlags::IN)?;
        Ok(Output { stream, source, ended: false, token, readers: Vec::new() })
    }

    /// How many numbers one output takes.
    pub const TOKENS: u64 = MOST_READERS;

    /// Another one that gets a copy from now on.
    pub fn add_reader(&mut self, guest: GuestId, fd: OwnedFd) {
        let reader = Some(Reader { guest, fd, waiting: Vec::new() });
        match self.readers.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = reader,
            None => self.readers.push(reader),
        }
    }

    /// Another descriptor of a terminal: way in and out in one.
    pub fn terminal(&self) -> io::Result<OwnedFd> {
        self.source.try_clone()
    }

    fn about(&self, token: u64) -> Option<About> {
        match token.checked_sub(self.token)? {
            0 => Some(About::Source),
            at if at < MOST_READERS => Some(About::Reader(at as usize - 1)),
            _ => None,
        }
    }

    /// An event: what the container has just written, if it has, is given to `log`.
    pub fn turn(
        &mut self,
        token: u64,
        flags: EventFlags,
        events: &EventLoop,
        log: &mut dyn FnMut(Stream, &[u8]),
    ) {
        match self.about(token) {
            Some(About::Source) => {
                if let Some(bytes) = self.read() {
                    log(self.stream, &bytes);
                    self.pass_on(&bytes);
                }
                if self.ended || self.is_behind() {
                    events.remove(&self.source);
                }
                self.await_readers(events);
            }
            Some(About::Reader(at)) => {
                self.catch_up(at, flags, events);
                self.resume(events);
            }
            None => {}
        }
    }

    /// Some reader is behind: nothing more is read until all have caught up.
    pub fn is_behind(&self) -> bool {
        self.readers.iter().flatten().any(|reader| !reader.waiting.is_empty())
    }

    /// What the container has just written; `None` when there is nothing at the moment, or no more.
    fn read(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        let mut bytes = vec![0; PIECE];
        match rustix::io::read(&self.source, &mut bytes) {
            Ok(length) if length > 0 => {
                bytes.truncate(length);
                Some(bytes)
            }
            Err(Errno::AGAIN | Errno::INTR) => None,
            // A terminal nobody holds open any more answers EIO.
            Ok(_) | Err(_) => {
                self.ended = true;
                None
            }
        }
    }

    fn pass_on(&mut self, bytes: &[u8]) {
        for place in &mut self.readers {
            if let Some(reader) = place {
                reader.waiting.extend_from_slice(bytes);
                if !reader.flush() {
                    *place = None;
                }
            }
        }
    }

    /// Be told when those who are behind can take more.
    fn await_readers(&self, events: &EventLoop) {
        for (at, reader) in (self.token + 1..).zip(&self.readers) {
            if let Some(reader) = reader.as_ref().filter(|reader| !reader.waiting.is_empty()) {
                let _ = events.add(&reader.fd, at, EventFlags::OUT);
            }
        }
    }

    /// A slow reader can take more, or is gone.
    fn catch_up(&mut self, at: usize, flags: EventFlags, events: &EventLoop) {
        let Some(place) = self.readers.get_mut(at) else { return };
        let Some(reader) = place else { return };
        events.remove(&reader.fd);
        let gone = flags.contains(EventFlags::ERR) || !reader.flush();
        if gone || (self.ended && reader.waiting.is_empty()) {
            *place = None;
        } else if !reader.waiting.is_empty() {
            let _ = events.add(&reader.fd, self.token + 1 + at as u64, EventFlags::OUT);
        }
    }

    fn resume(&self, events: &EventLoop) {
        if !self.is_behind() && !self.ended {
            let _ = events.add(&self.source, self.token, EventFlags::IN);
        }
    }

    /// A guest is gone: it gets no copy any more.
    pub fn forget(&mut self, guest: GuestId, events: &EventLoop) {
        let was_behind = self.is_behind();
        for place in &mut self.readers {
            if let Some(reader) = place.take_if(|reader| reader.guest == guest) {
                events.remove(&reader.fd);
            }
        }
        if was_behind {
            self.resume(events);
        }
    }

    /// What is left in the pipe of a container that has ended.
    pub fn drain(&mut self, log: &mut dyn FnMut(Stream, &[u8])) {
        while let Some(bytes) = self.read() {
            log(self.stream, &bytes);
            self.pass_on(&bytes);
        }
    }

    /// No more will come: readers that have taken everything meet the end. True if some have not.
    pub fn end(&mut self, events: &EventLoop) -> bool {
        events.remove(&self.source);
        self.ended = true;
        self.readers.iter_mut().for_each(|place| drop(place.take_if(|reader| reader.waiting.is_empty())));
        self.await_readers(events);
        self.is_behind()
    }
}

impl Reader {
    /// Give it what it can take now; false if it is gone.
    fn flush(&mut self) -> bool {
        while !self.waiting.is_empty() {
            match rustix::io::write(&self.fd, &self.waiting) {
                Ok(written) => {
                    self.waiting.drain(..written);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return true,
                Err(_) => return false,
            }
        }
        true
    }
}

/// Make reading or writing return at once.
pub(crate) fn set_nonblocking(fd: impl AsFd) -> io::Result<()> {
    let (flags, nonblocking) = (rustix::fs::fcntl_getfl(&fd)?, rustix::fs::OFlags::NONBLOCK);
    if flags.contains(nonblocking) {
        return Ok(());
    }
    Ok(rustix::fs::fcntl_setfl(&fd, flags | nonblocking)?)
}

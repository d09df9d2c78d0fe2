//! One output of the container on its way to the log and, while someone is attached, to them.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;

use crate::logs::Stream;

/// Read at once; the container waits while a slow reader has not taken it.
const PIECE: usize = 64 << 10;

/// An output of the container: a pipe, or the terminal.
#[derive(Debug)]
pub(super) struct Output {
    pub stream: Stream,
    /// Our end of it.
    pub source: OwnedFd,
    /// The container has closed it, or has ended.
    pub ended: bool,
    /// Where a copy goes; not blocking.
    pub reader: Option<OwnedFd>,
    /// Read, logged, and not yet taken by the reader.
    waiting: Vec<u8>,
}

impl Output {
    pub fn new(stream: Stream, source: OwnedFd, reader: Option<OwnedFd>) -> io::Result<Self> {
        set_nonblocking(&source)?;
        Ok(Output { stream, source, ended: false, reader, waiting: Vec::new() })
    }

    /// The reader is behind: nothing more is read until it has caught up.
    pub fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What the container has just written; `None` when there is nothing at the moment, or no more.
    pub fn read(&mut self) -> Option<Vec<u8>> {
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

    /// Pass bytes on to the reader.
    pub fn pass_on(&mut self, bytes: &[u8]) {
        if self.reader.is_some() {
            self.waiting.extend_from_slice(bytes);
            self.flush();
        }
    }

    /// Give the reader what it can take now. A reader that is gone is forgotten.
    pub fn flush(&mut self) {
        while let Some(reader) = self.reader.as_ref().filter(|_| !self.waiting.is_empty()) {
            match rustix::io::write(reader, &self.waiting) {
                Ok(written) => {
                    self.waiting.drain(..written);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => self.detach(),
            }
        }
    }

    /// Nobody reads along any more.
    pub fn detach(&mut self) {
        self.reader = None;
        self.waiting = Vec::new();
    }
}

/// Make reading or writing return at once.
pub(crate) fn set_nonblocking(fd: impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(&fd)?;
    Ok(rustix::fs::fcntl_setfl(&fd, flags | rustix::fs::OFlags::NONBLOCK)?)
}

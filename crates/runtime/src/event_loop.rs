//! Waiting for many descriptors at once, each known by a number.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::Timespec;

/// Events handled in one go; more wait in the kernel.
const BATCH: usize = 64;

/// An epoll instance.
#[derive(Debug)]
pub(crate) struct EventLoop {
    epoll: OwnedFd,
}

impl EventLoop {
    pub fn new() -> io::Result<Self> {
        Ok(EventLoop { epoll: epoll::create(CreateFlags::CLOEXEC)? })
    }

    /// Readable when there are events: a loop can be watched by another one.
    pub fn descriptor(&self) -> &OwnedFd {
        &self.epoll
    }

    pub fn add(&self, fd: impl AsFd, token: u64, flags: EventFlags) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, fd, EventData::new_u64(token), flags)?)
    }

    /// No more events of this descriptor. Closing it does the same only while no copy of it is open
    /// in another process.
    pub fn remove(&self, fd: impl AsFd) {
        // Fails only if it was not there.
        let _ = epoll::delete(&self.epoll, fd);
    }

    /// What is ready, after at most this time (`None`: when something is).
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<Vec<(u64, EventFlags)>> {
        let timeout = timeout.map(|time| Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(time.subsec_nanos()),
        });
        let mut events: Vec<Event> = Vec::with_capacity(BATCH);
        match epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(other) => return Err(other.into()),
        }
        Ok(events.into_iter().map(|event| (event.data.u64(), event.flags)).collect())
    }
}

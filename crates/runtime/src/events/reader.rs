//! Reading events: those that are there, then those that come.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;
use rustix::time::Timespec;

use super::EventLog;
use super::event::{self, Event};

/// Reads what is there, and what comes.
#[derive(Debug)]
pub struct EventReader {
    log: EventLog,
    /// What is read now; `None` while there is no file.
    current: Option<BufReader<File>>,
    /// The beginning of a line that is still being written.
    rest: Vec<u8>,
    /// Told by the kernel when the directory's files change.
    changes: OwnedFd,
}

impl EventLog {
    /// Begin with the oldest event there is.
    pub fn read(&self) -> io::Result<EventReader> {
        let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
        let changes = inotify::init(flags)?;
        if let Some(directory) = self.path.parent() {
            let kinds = inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE;
            inotify::add_watch(&changes, directory, kinds)?;
        }
        let current = match open(&self.older())? {
            Some(file) => Some(file),
            None => open(&self.path)?,
        };
        Ok(EventReader { log: self.clone(), current, rest: Vec::new(), changes })
    }
}

fn open(path: &std::path::Path) -> io::Result<Option<BufReader<File>>> {
    match File::open(path) {
        Ok(file) => Ok(Some(BufReader::new(file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl EventReader {
    /// All events that have been written since the last call.
    pub fn next_batch(&mut self) -> io::Result<Vec<Event>> {
        let mut events = Vec::new();
        loop {
            // Looked for before reading: nothing is added to a file that has a successor.
            let next = self.successor()?;
            self.read_lines(&mut events)?;
            match next {
                Some(next) => {
                    self.current = Some(next);
                    self.rest.clear();
                }
                None => return Ok(events),
            }
        }
    }

    /// The file that is written to now, if that is another one.
    fn successor(&self) -> io::Result<Option<BufReader<File>>> {
        let Some(newest) = open(&self.log.path)? else { return Ok(None) };
        let identity = |file: &File| file.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
        match &self.current {
            Some(current) if identity(current.get_ref())? == identity(newest.get_ref())? => Ok(None),
            _ => Ok(Some(newest)),
        }
    }

    fn read_lines(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        while current.read_until(b'\n', &mut self.rest)? > 0 {
            if self.rest.last() == Some(&b'\n') {
                events.extend(event::read(&self.rest));
                self.rest.clear();
            }
        }
        Ok(())
    }

    /// Wait until something may have been added, at most so long.
    pub fn wait(&self, limit: Option<Duration>) {
        let limit = limit.map(|limit| Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(limit.subsec_nanos()),
        });
        let mut fds = [PollFd::new(&self.changes, PollFlags::IN)];
        let _ = poll(&mut fds, limit.as_ref());
        let mut events = [0_u8; 4096];
        while rustix::io::read(&self.changes, &mut events).is_ok_and(|read| read > 0) {}
    }
}

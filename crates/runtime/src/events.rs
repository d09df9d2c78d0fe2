//! What has happened to containers: lines of one file of the store, which every command and monitor adds to.
//!
//! There is no daemon that could be asked. A line is written by one call to a file opened for appending,
//! so lines of several writers do not mix; a file that has grown makes room for a new one.

mod event;
mod reader;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{Mode, OFlags};

use crate::container::Container;

pub use event::Event;
pub use reader::EventReader;

/// A file of so many bytes is put aside; the one put aside before it goes.
const LARGEST: u64 = 4 << 20;

/// The events of one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLog {
    path: PathBuf,
}

impl EventLog {
    /// Those of the store at `root`.
    pub fn of_store(root: &Path) -> Self {
        EventLog { path: root.join("events") }
    }

    /// Those of the store a container lies in.
    pub fn around(container: &Container) -> Self {
        let root = container.path().parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        EventLog::of_store(root)
    }

    /// Add an event. It is no failure of what has happened if it cannot be written down.
    pub fn add(&self, event: &Event) {
        let mut line = event::write(event);
        line.push(b'\n');
        let _ = self.open_to_add().and_then(|mut file| file.write_all(&line));
    }

    /// Add an event of a container: what happened to it, with what is worth knowing beside its image, name
    /// and labels.
    pub fn add_of(&self, container: &Container, action: &str, more: &[(&str, String)]) {
        self.add(&Event::of_container(container, action, more, Timestamp::now()));
    }

    fn open_to_add(&self) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(&self.path, flags, Mode::RUSR | Mode::WUSR)?);
        if file.metadata()?.len() < LARGEST {
            return Ok(file);
        }
        fs::rename(&self.path, self.older())?;
        Ok(File::from(rustix::fs::open(&self.path, flags, Mode::RUSR | Mode::WUSR)?))
    }

    fn older(&self) -> PathBuf {
        self.path.with_extension("old")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: usize) -> Event {
        Event {
            time: "2026-11-22T10:00:00.5Z".parse().unwrap(),
            kind: "container".into(),
            action: "start".into(),
            id: format!("{number:064}"),
            attributes: vec![("name".into(), "we\"b\n".into())],
        }
    }

    #[test]
    fn events_come_back_in_their_order_and_damaged_lines_are_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let log = EventLog::of_store(directory.path());
        assert!(log.read().unwrap().next_batch().unwrap().is_empty());
        log.add(&event(1));
        fs::write(
            directory.path().join("events"),
            [event::write(&event(1)), b"\n{\"half\n".to_vec()].concat(),
        )
        .unwrap();
        log.add(&event(2));
        let mut reader = log.read().unwrap();
        assert_eq!(reader.next_batch().unwrap(), [event(1), event(2)]);
        log.add(&event(3));
        assert_eq!(reader.next_batch().unwrap(), [event(3)]);
    }

    #[test]
    fn a_file_that_has_grown_makes_room_and_readers_go_on_to_the_new_one() {
        let directory = tempfile::tempdir().unwrap();
        let log = EventLog::of_store(directory.path());
        log.add(&event(1));
        let mut reader = log.read().unwrap();
        assert_eq!(reader.next_batch().unwrap().len(), 1);
        let line = [event::write(&event(2)), b"\n".to_vec()].concat();
        let many = usize::try_from(LARGEST).unwrap() / line.len() + 1;
        fs::write(directory.path().join("events"), line.repeat(many)).unwrap();
        log.add(&event(3));
        assert!(fs::metadata(directory.path().join("events")).unwrap().len() < 1000);
        assert!(reader.next_batch().unwrap().contains(&event(3)));
        assert_eq!(log.read().unwrap().next_batch().unwrap().len(), many + 1);
    }

    #[test]
    fn lines_of_many_writers_do_not_mix() {
        let directory = tempfile::tempdir().unwrap();
        let log = EventLog::of_store(directory.path());
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let log = &log;
                scope.spawn(move || (0..100).for_each(|number| log.add(&event(writer * 100 + number))));
            }
        });
        assert_eq!(log.read().unwrap().next_batch().unwrap().len(), 800);
    }
}

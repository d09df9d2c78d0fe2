//! A container's directory: its state files, each written under another name and then renamed.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::health::Health;
use super::{ContainerError, Ended, Record, Run, health_wire, wire};

const RECORD: &str = "record.json";
const RUNNING: &str = "running.json";
const ENDED: &str = "ended.json";
/// Holds the number of the start that stands still, and how it came to.
const PAUSED: &str = "paused";
const HEALTH: &str = "health.json";
const FROZEN: &str = "frozen";
const STOPPED: &str = "stopped";
const LOG: &str = "log";
const CONTROL: &str = "control";
/// No state file of ours comes near; a larger one is not ours.
const STATE_LIMIT: u64 = 16 << 20;

/// What makes a container's processes stand still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standstill {
    /// The freezer of its control group.
    Frozen,
    /// SIGSTOP, sent to each of them.
    Stopped,
}

/// The files of one container. Only its owner can enter it (mode 0700); still no symbolic link is
/// followed at the last step, since a log replaced by a link has shown other files before
/// (containerd CVE-2026-53489).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub fn new(path: &Path) -> Self {
        Directory { path: path.to_path_buf() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Address at which the monitor listens for those who wait. It goes by the directory's descriptor,
    /// since the path itself may be longer than a socket address can hold (108 bytes), and is good
    /// while that is open.
    pub fn control_address(&self) -> std::io::Result<(File, String)> {
        let directory = File::open(&self.path)?;
        let address = format!("/proc/self/fd/{}/{CONTROL}", directory.as_raw_fd());
        Ok((directory, address))
    }

    pub fn record(&self) -> Result<Record, ContainerError> {
        let path = self.path.join(RECORD);
        let bytes = match self.read(RECORD)? {
            Some(bytes) => bytes,
            None if self.path.is_dir() => {
                return Err(ContainerError::Damaged { path, why: "it is missing".into() });
            }
            None => {
                let id = self.path.file_name().unwrap_or_default().to_string_lossy();
                return Err(ContainerError::NotFound { key: id.chars().take(12).collect() });
            }
        };
        wire::read_record(&bytes).map_err(|why| ContainerError::Damaged { path, why })
    }

    /// An error if there is no record.
    pub fn expect_record(&self) -> Result<(), ContainerError> {
        match rustix::fs::stat(self.path.join(RECORD)) {
            Ok(_) => Ok(()),
            Err(_) => self.record().map(drop),
        }
    }

    pub fn run(&self) -> Result<Option<Run>, ContainerError> {
        self.parse(RUNNING, wire::read_run)
    }

    pub fn ended(&self) -> Result<Option<Ended>, ContainerError> {
        self.parse(ENDED, wire::read_ended)
    }

    pub fn write_record(&self, record: &Record) -> Result<(), ContainerError> {
        self.write(RECORD, &record_bytes(record)?)
    }

    /// The same in a directory that nobody else knows yet.
    pub fn write_first_record(&self, record: &Record) -> Result<(), ContainerError> {
        write_new(&self.path.join(RECORD), &record_bytes(record)?, Mode::RUSR | Mode::WUSR)
    }

    pub fn write_run(&self, run: &Run) -> Result<(), ContainerError> {
        self.write(RUNNING, &wire::write_run(run))
    }

    pub fn write_ended(&self, ended: &Ended) -> Result<(), ContainerError> {
        self.write(ENDED, &wire::write_ended(ended))
    }

    /// How this start was made to stand still, if it was.
    pub fn paused(&self, run: u32) -> Option<Standstill> {
        let text = String::from_utf8(self.read(PAUSED).ok()??).ok()?;
        let (number, how) = text.trim().split_once(' ')?;
        let how = match how {
            FROZEN => Standstill::Frozen,
            STOPPED => Standstill::Stopped,
            _ => return None,
        };
        (number.parse() == Ok(run)).then_some(how)
    }

    /// Note that this start stands still.
    pub fn write_paused(&self, run: u32, how: Standstill) -> Result<(), ContainerError> {
        let how = match how {
            Standstill::Frozen => FROZEN,
            Standstill::Stopped => STOPPED,
        };
        self.write(PAUSED, format!("{run} {how}\n").as_bytes())
    }

    /// No start stands still.
    pub fn remove_paused(&self) -> Result<(), ContainerError> {
        let path = self.path.join(PAUSED);
        match rustix::fs::unlink(&path) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(ContainerError::at("remove", &path)(error)),
        }
    }

    /// Put a whole file in place; readers see the old one or the new one.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ContainerError> {
        let path = self.path.join(name);
        let temporary = self.path.join(format!(".{name}.new"));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
        let mut file = open(&temporary, flags)?;
        file.write_all(bytes).map_err(ContainerError::at("write", &temporary))?;
        rustix::fs::rename(&temporary, &path).map_err(ContainerError::at("put in place", &path))
    }

    /// The same for a file that every user of the container may read; the directory around it is closed to
    /// the host's. The first time nobody can be reading it.
    pub fn write_readable(&self, name: &str, bytes: &[u8]) -> Result<(), ContainerError> {
        let path = self.path.join(name);
        let mode = Mode::from_raw_mode(0o644);
        match write_new(&path, bytes, mode) {
            Err(ContainerError::System { source, .. })
                if source.kind() == std::io::ErrorKind::AlreadyExists => {}
            written => return written,
        }
        self.write(name, bytes)?;
        rustix::fs::chmod(&path, mode).map_err(ContainerError::at("set the mode of", &path))
    }

    /// The log, to be added to.
    pub fn append_log(&self) -> Result<File, ContainerError> {
        open(&self.log_path(0), OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND)
    }

    /// A file of the log, to be read: 0 is the newest, 1 the one before; `None` if there is none.
    pub fn open_log(&self, age: u32) -> Result<Option<File>, ContainerError> {
        open_if_there(&self.log_path(age))
    }

    /// Where a file of the log lies: `log`, `log.1`, `log.2`.
    pub fn log_path(&self, age: u32) -> PathBuf {
        self.path.join(if age == 0 { LOG.to_string() } else { format!("{LOG}.{age}") })
    }

    /// What is known of its health.
    pub fn health(&self) -> Result<Option<Health>, ContainerError> {
        self.parse(HEALTH, health_wire::read)
    }

    pub fn write_health(&self, health: &Health) -> Result<(), ContainerError> {
        self.write(HEALTH, &health_wire::write(health))
    }

    /// Be its monitor as long as the file is open; `None` if another one is, or it is just being made.
    pub fn lock_for_monitor(&self) -> Result<Option<File>, ContainerError> {
        let directory = open(&self.path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        match rustix::fs::flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(directory)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(ContainerError::at("lock", &self.path)(errno)),
        }
    }

    /// Number of the last start, 0 if there was none.
    pub fn last_number(&self) -> Result<u32, ContainerError> {
        let started = self.run()?.map_or(0, |run| run.number);
        Ok(self.ended()?.map_or(started, |ended| ended.run.max(started)))
    }

    fn parse<T>(
        &self,
        name: &str,
        read: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<Option<T>, ContainerError> {
        let Some(bytes) = self.read(name)? else { return Ok(None) };
        let damaged = |why| ContainerError::Damaged { path: self.path.join(name), why };
        read(&bytes).map(Some).map_err(damaged)
    }

    /// A file's bytes; `None` if it is not there.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ContainerError> {
        let path = self.path.join(name);
        let Some(file) = open_if_there(&path)? else { return Ok(None) };
        let size = file.metadata().map_or(0, |metadata| metadata.len().min(STATE_LIMIT));
        let mut bytes = Vec::with_capacity(size as usize + 1);
        file.take(STATE_LIMIT).read_to_end(&mut bytes).map_err(ContainerError::at("read", &path))?;
        Ok(Some(bytes))
    }
}

fn record_bytes(record: &Record) -> Result<Vec<u8>, ContainerError> {
    wire::write_record(record).map_err(|why| ContainerError::System {
        action: format!("write down container {}", record.name),
        source: std::io::Error::other(why),
    })
}

/// Write a file that must not be there yet.
fn write_new(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), ContainerError> {
    let mut file = open_with(path, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL, mode)?;
    file.write_all(bytes).map_err(ContainerError::at("write", path))
}

fn open_if_there(path: &Path) -> Result<Option<File>, ContainerError> {
    match open(path, OFlags::RDONLY) {
        Ok(file) => Ok(Some(file)),
        Err(ContainerError::System { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

fn open(path: &Path, flags: OFlags) -> Result<File, ContainerError> {
    open_with(path, flags, Mode::RUSR | Mode::WUSR)
}

fn open_with(path: &Path, flags: OFlags, mode: Mode) -> Result<File, ContainerError> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::openat(CWD, path, flags, mode);
    match file.map(File::from) {
        Ok(file) => Ok(file),
        Err(Errno::LOOP) => {
            let why = "it is a symbolic link, which is never written here".into();
            Err(ContainerError::Damaged { path: path.to_path_buf(), why })
        }
        Err(error) => Err(ContainerError::at("open", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_in_place_of_the_log_is_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Directory::new(temporary.path());
        std::os::unix::fs::symlink("/etc/hostname", temporary.path().join(LOG)).unwrap();
        assert!(matches!(directory.open_log(0), Err(ContainerError::Damaged { .. })));
        assert!(matches!(directory.append_log(), Err(ContainerError::Damaged { .. })));
    }

    #[test]
    fn half_written_state_is_damaged_not_a_panic() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Directory::new(temporary.path());
        assert!(directory.ended().unwrap().is_none());
        directory.write(ENDED, b"{\"schema\":\"plimsoll.ended/1\",").unwrap();
        let message = directory.ended().unwrap_err().to_string();
        assert!(message.contains("ended.json is damaged"), "{message}");
        assert!(directory.record().unwrap_err().to_string().contains("missing"));
    }
}

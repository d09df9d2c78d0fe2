//! Reading the log: all of it or its tail, as it was or with times, once or as it grows.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::time::Duration;

use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;
use rustix::time::Timespec;

use super::Stream;
use super::format::LogLine;
use crate::container::{Container, ContainerError};

/// What of a log is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogOptions {
    /// Go on until the container ends.
    pub follow: bool,
    /// Only the last lines.
    pub tail: Option<usize>,
    /// Only lines written at this time or later.
    pub since: Option<Timestamp>,
    /// Only lines written before this time.
    pub until: Option<Timestamp>,
    /// Put the time before each line.
    pub timestamps: bool,
}

/// No line of ours is longer: a part, its time, stream and tag.
const LONGEST_LINE: u64 = 128 << 10;
/// How often a follower looks whether the container has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Container {
    /// Copy its log to `stdout` and `stderr`.
    pub fn logs(
        &self,
        options: &LogOptions,
        stdout: &mut dyn Write,
        stderr: &mut dyn Write,
    ) -> Result<(), ContainerError> {
        let failed = || ContainerError::doing::<io::Error>("read the log");
        let mut files = self.log_files()?;
        if let Some(lines) = options.tail {
            seek_to_tail(&mut files, lines).map_err(failed())?;
        }
        let mut printer = Printer { options, stdout, stderr, in_line: [false; 2] };
        for reader in &mut files {
            print_rest(reader, &mut printer).map_err(failed())?;
        }
        match files.pop() {
            Some(newest) if options.follow => self.follow(newest, &mut printer),
            _ => Ok(()),
        }
    }

    /// The files of the log, oldest first. One that turned over meanwhile is in the list once.
    fn log_files(&self) -> Result<Vec<BufReader<File>>, ContainerError> {
        let mut files = Vec::new();
        let mut known = Vec::new();
        for age in (0..self.record().upkeep.log.max_file.max(1)).rev() {
            let Some(file) = self.directory().open_log(age)? else { continue };
            let id = identity(&file).map_err(ContainerError::doing("look at the log"))?;
            if !known.contains(&id) {
                known.push(id);
                files.push(BufReader::new(file));
            }
        }
        Ok(files)
    }

    /// Print what is added, until the container has ended.
    fn follow(&self, mut reader: BufReader<File>, printer: &mut Printer<'_>) -> Result<(), ContainerError> {
        let failed = || ContainerError::doing::<io::Error>("follow the log");
        let mut growth = watch(reader.get_ref()).map_err(failed())?;
        loop {
            // Asked before reading: what is written before the end is then read after it was asked.
            let active = self.state().is_ok_and(|state| state.is_active());
            // Looked for before reading, too: nothing is added to a file that has a successor.
            let next = self.successor(reader.get_ref())?;
            print_rest(&mut reader, printer).map_err(failed())?;
            match next {
                Some(next) => {
                    growth = watch(&next).map_err(failed())?;
                    reader = BufReader::new(next);
                }
                None if !active => return Ok(()),
                None => wait_for_growth(&growth),
            }
        }
    }

    /// The file that was begun after this one.
    fn successor(&self, file: &File) -> Result<Option<File>, ContainerError> {
        let failed = || ContainerError::doing::<io::Error>("follow the log");
        let own = identity(file).map_err(failed())?;
        let mut younger = None;
        for age in 0..self.record().upkeep.log.max_file.max(1) {
            let Some(other) = self.directory().open_log(age)? else { break };
            if identity(&other).map_err(failed())? == own {
                return Ok(younger);
            }
            younger = Some(other);
        }
        // It has been deleted: the oldest that is left comes next.
        Ok(younger)
    }
}

/// What makes two descriptors the same file.
fn identity(file: &File) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Print whole lines up to the end. A line that is not finished yet is left for the next time.
fn print_rest(reader: &mut BufReader<File>, printer: &mut Printer<'_>) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            reader.seek_relative(-(i64::try_from(read).unwrap_or(0)))?;
            break;
        }
        printer.print(&line)?;
    }
    printer.stdout.flush()?;
    printer.stderr.flush()
}

struct Printer<'out> {
    options: &'out LogOptions,
    stdout: &'out mut dyn Write,
    stderr: &'out mut dyn Write,
    /// The stream's last line was a part.
    in_line: [bool; 2],
}

impl Printer<'_> {
    fn print(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(line) = LogLine::read(line) else { return Ok(()) };
        let too_old = self.options.since.is_some_and(|since| line.time < since);
        let too_new = self.options.until.is_some_and(|until| line.time >= until);
        if too_old || too_new {
            return Ok(());
        }
        let (out, in_line) = match line.stream {
            Stream::Stdout => (&mut self.stdout, &mut self.in_line[0]),
            Stream::Stderr => (&mut self.stderr, &mut self.in_line[1]),
        };
        if self.options.timestamps && !*in_line {
            write!(out, "{:.9} ", line.time)?;
        }
        *in_line = line.partial;
        out.write_all(line.text)?;
        if !line.partial {
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// Go to where the last lines begin: in the newest file, or, if it has fewer, in those before it.
fn seek_to_tail(files: &mut [BufReader<File>], lines: usize) -> io::Result<()> {
    let mut wanted = lines;
    for reader in files.iter_mut().rev() {
        wanted -= seek_to_tail_of(reader, wanted)?;
    }
    Ok(())
}

/// The same in one file; how many lines come after that. A line begins after a full line of the same
/// stream.
fn seek_to_tail_of(reader: &mut BufReader<File>, lines: usize) -> io::Result<usize> {
    let mut starts = VecDeque::new();
    let mut in_line = [false; 2];
    let mut position = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            break;
        }
        if let Some(line) = LogLine::read(&line) {
            let in_line = &mut in_line[usize::from(line.stream == Stream::Stderr)];
            if !*in_line {
                starts.push_back(position);
            }
            *in_line = line.partial;
            if starts.len() > lines {
                starts.pop_front();
            }
        }
        position += read as u64;
    }
    let start = starts.front().copied().unwrap_or(position);
    reader.seek(SeekFrom::Start(start)).map(|_| starts.len())
}

/// Told by the kernel when the file grows. It is named by its descriptor: in the meantime the
/// container's directory may have been renamed.
fn watch(file: &File) -> io::Result<std::os::fd::OwnedFd> {
    use std::os::fd::AsRawFd;
    let inotify = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    inotify::add_watch(&inotify, path, inotify::WatchFlags::MODIFY)?;
    Ok(inotify)
}

fn wait_for_growth(inotify: &std::os::fd::OwnedFd) {
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK_AGAIN.subsec_nanos()) };
    let mut fds = [PollFd::new(inotify, PollFlags::IN)];
    let _ = poll(&mut fds, Some(&timeout));
    let mut events = [0_u8; 4096];
    while rustix::io::read(inotify, &mut events).is_ok_and(|read| read > 0) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "2026-11-22T10:00:01Z stdout F one\n\
                       2026-11-22T10:00:02Z stdout P tw\n\
                       2026-11-22T10:00:03Z stderr F oops\n\
                       2026-11-22T10:00:04Z stdout F o\n\
                       this is no log line\n\
                       2026-11-22T10:00:05Z stdout P end\n\
                       2026-11-22T10:00:06Z stdout F half a li";

    fn read(options: &LogOptions) -> (String, String) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(LOG.as_bytes()).unwrap();
        file.rewind().unwrap();
        let mut files = [BufReader::new(file)];
        if let Some(lines) = options.tail {
            seek_to_tail(&mut files, lines).unwrap();
        }
        let [mut reader] = files;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut printer = Printer { options, stdout: &mut stdout, stderr: &mut stderr, in_line: [false; 2] };
        print_rest(&mut reader, &mut printer).unwrap();
        (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    #[test]
    fn parts_are_joined_and_streams_kept_apart() {
        let (stdout, stderr) = read(&LogOptions::default());
        assert_eq!(stdout, "one\ntwo\nend");
        assert_eq!(stderr, "oops\n");
    }

    #[test]
    fn the_tail_counts_lines_not_parts() {
        let tail = |lines| read(&LogOptions { tail: Some(lines), ..LogOptions::default() });
        assert_eq!(tail(0), (String::new(), String::new()));
        assert_eq!(tail(1).0, "end");
        assert_eq!(tail(3), ("two\nend".into(), "oops\n".into()));
        assert_eq!(tail(99).0, "one\ntwo\nend");
    }

    #[test]
    fn times_bound_and_prefix_lines() {
        let since = Some("2026-11-22T10:00:05Z".parse().unwrap());
        let options = LogOptions { since, timestamps: true, ..LogOptions::default() };
        assert_eq!(read(&options).0, "2026-11-22T10:00:05.000000000Z end");
        let until = Some("2026-11-22T10:00:02Z".parse().unwrap());
        assert_eq!(read(&LogOptions { until, ..LogOptions::default() }).0, "one\n");
    }
}

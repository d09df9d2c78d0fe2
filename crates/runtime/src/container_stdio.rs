//! The streams of a process in a container: pipes, or a terminal. Never the caller's own
//! descriptors, which could be reopened from inside.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::launch::{Running, Stdio};
use crate::logs::Stream;

/// Our ends of a process' streams.
#[derive(Debug, Default)]
pub(crate) struct OurEnds {
    /// What it reads, if anything.
    pub input: Option<OwnedFd>,
    /// What it writes.
    pub outputs: Vec<(Stream, OwnedFd)>,
}

/// Its ends and ours. A process with a terminal gets that from the launcher.
pub(crate) fn make(terminal: bool, open_stdin: bool) -> io::Result<(Stdio, OurEnds)> {
    if terminal {
        let theirs = Stdio { stdin: nothing()?, stdout: nothing()?, stderr: nothing()? };
        return Ok((theirs, OurEnds::default()));
    }
    let (stdin, input) = match open_stdin {
        true => pipe().map(|(reader, writer)| (reader, Some(writer)))?,
        false => (nothing()?, None),
    };
    let (from_stdout, stdout) = pipe()?;
    let (from_stderr, stderr) = pipe()?;
    let outputs = vec![(Stream::Stdout, from_stdout), (Stream::Stderr, from_stderr)];
    Ok((Stdio { stdin, stdout, stderr }, OurEnds { input, outputs }))
}

impl OurEnds {
    /// A terminal, if the process has one, is input and output in one.
    pub fn with_terminal(self, process: &Running) -> io::Result<Self> {
        match &process.terminal {
            Some(terminal) => Ok(OurEnds {
                input: Some(terminal.try_clone()?),
                outputs: vec![(Stream::Stdout, terminal.try_clone()?)],
            }),
            None => Ok(self),
        }
    }
}

/// Reader and writer, closed on exec.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(pipe_with(PipeFlags::CLOEXEC)?)
}

fn nothing() -> io::Result<OwnedFd> {
    Ok(rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?)
}

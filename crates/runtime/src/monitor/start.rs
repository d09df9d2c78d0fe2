//! Starting a monitor, and its first answer.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use plimsoll_sys::start;
use rustix::process::{Pid, WaitOptions, waitpid};

use super::hello::{self, Hello};
use crate::container::wire;
use crate::container::{Container, ContainerError, End, Run};
use crate::fd_message;
use crate::host::HostFacts;
use crate::user_mode::Programs;

/// How to start our own binary as a monitor: the program, and the arguments before the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorProgram {
    /// The binary, `/proc/self/exe`.
    pub program: PathBuf,
    /// `["monitor"]`.
    pub arguments: Vec<OsString>,
    /// Programs that it may start to carry a container's traffic out.
    pub user_mode: Programs,
}

/// A container that has just been started.
#[derive(Debug)]
pub(crate) struct Started {
    pub run: Run,
    /// The way into the container: its terminal, or its standard input.
    pub input: Option<OwnedFd>,
    /// The monitor's end of the line; it will say how the container ended.
    pub monitor: OwnedFd,
}

/// A monitor that waits to be told what to do, and ends if it is not.
#[derive(Debug)]
pub struct WaitingMonitor {
    child: Pid,
    socket: OwnedFd,
    user_mode: Programs,
}

impl MonitorProgram {
    /// Start one for the container that is, or will be, in this directory. While what it is to do is still being
    /// found out, it gets ready. A deaf one is not reached by signals that are sent to all of us and mean the
    /// process in the container.
    pub fn begin(&self, directory: &Path, deaf: bool) -> Result<WaitingMonitor, ContainerError> {
        let begun = fd_message::pair().and_then(|(here, there)| {
            let child = self.execute(directory, there, deaf)?;
            Ok(WaitingMonitor { child, socket: here, user_mode: self.user_mode.clone() })
        });
        begun.map_err(ContainerError::doing("start the monitor"))
    }

    /// The socket is its standard input.
    fn execute(&self, directory: &Path, socket: OwnedFd, deaf: bool) -> io::Result<Pid> {
        let words =
            [self.program.as_os_str()].into_iter().chain(self.arguments.iter().map(OsString::as_os_str));
        let argv = words.chain([directory.as_os_str()]).map(|word| CString::new(word.as_bytes()));
        let argv = argv.collect::<Result<Vec<_>, _>>()?;
        let nothing = File::options().write(true).open("/dev/null")?;
        start::start(&argv[0], &argv, [socket.as_fd(), nothing.as_fd(), nothing.as_fd()], deaf)
    }
}

impl WaitingMonitor {
    /// Let it start this container, hand it the descriptors output is to be copied to, and wait until the
    /// container runs or is known not to.
    pub(crate) fn start(
        self,
        container: &Container,
        host: &HostFacts,
        window: Option<(u16, u16)>,
        outputs: &[BorrowedFd<'_>],
    ) -> Result<Started, ContainerError> {
        if container.state()?.is_active() {
            return Err(ContainerError::BeingStarted { name: container.name().to_string() });
        }
        let WaitingMonitor { child, socket, user_mode } = self;
        let hello = Hello { host: host.clone(), window, user_mode };
        // A monitor that cannot even listen shows by its silence.
        let _ = fd_message::send(&socket, &hello::write(&hello), outputs);
        let failed = ContainerError::doing("start the monitor");
        let (message, mut descriptors) = fd_message::receive(&socket).map_err(failed)?;
        if message.is_empty() {
            let why = match waitpid(Some(child), WaitOptions::empty()) {
                Ok(Some((_, status))) => ExitStatus::from_raw(status.as_raw()).to_string(),
                _ => "it is not there".to_string(),
            };
            return Err(ContainerError::MonitorLost { name: container.name().to_string(), why });
        }
        if let Ok(run) = wire::read_run(&message) {
            return Ok(Started { run, input: descriptors.pop(), monitor: socket });
        }
        let lost = |why| ContainerError::MonitorLost { name: container.name().to_string(), why };
        match wire::read_ended(&message).map_err(lost)?.how {
            End::NotStarted { code, why } => Err(ContainerError::NotStarted { code, why }),
            End::Exit(_) => Err(lost("it reported an end before a start".into())),
        }
    }
}

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

impl MonitorProgram {
    /// Execute it for the container in this directory; the socket is its standard input.
    fn execute(&self, directory: &Path, socket: OwnedFd) -> io::Result<Pid> {
        let words =
            [self.program.as_os_str()].into_iter().chain(self.arguments.iter().map(OsString::as_os_str));
        let argv = words.chain([directory.as_os_str()]).map(|word| CString::new(word.as_bytes()));
        let argv = argv.collect::<Result<Vec<_>, _>>()?;
        let nothing = File::options().write(true).open("/dev/null")?;
        start::start(&argv[0], &argv, [socket.as_fd(), nothing.as_fd(), nothing.as_fd()])
    }

    /// Start a monitor for this container, hand it the descriptors output is to be copied to, and
    /// wait until the container runs or is known not to.
    pub(crate) fn start(
        &self,
        container: &Container,
        hello: &Hello,
        outputs: &[BorrowedFd<'_>],
    ) -> Result<Started, ContainerError> {
        if container.state()?.is_active() {
            return Err(ContainerError::BeingStarted { name: container.name().to_string() });
        }
        let failed = || ContainerError::doing::<io::Error>("start the monitor");
        let (here, there) = fd_message::pair().map_err(failed())?;
        let child = self.execute(container.path(), there).map_err(failed())?;
        // A monitor that cannot even listen shows by its silence.
        let _ = fd_message::send(&here, &hello::write(hello), outputs);
        let (message, mut descriptors) = fd_message::receive(&here).map_err(failed())?;
        if message.is_empty() {
            let why = match waitpid(Some(child), WaitOptions::empty()) {
                Ok(Some((_, status))) => ExitStatus::from_raw(status.as_raw()).to_string(),
                _ => "it is not there".to_string(),
            };
            return Err(ContainerError::MonitorLost { name: container.name().to_string(), why });
        }
        if let Ok(run) = wire::read_run(&message) {
            return Ok(Started { run, input: descriptors.pop(), monitor: here });
        }
        let lost = |why| ContainerError::MonitorLost { name: container.name().to_string(), why };
        match wire::read_ended(&message).map_err(lost)?.how {
            End::NotStarted { code, why } => Err(ContainerError::NotStarted { code, why }),
            End::Exit(_) => Err(lost("it reported an end before a start".into())),
        }
    }
}

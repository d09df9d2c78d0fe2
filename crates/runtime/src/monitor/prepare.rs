//! Everything a container needs before its first system call: ports, files, log, streams.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use plimsoll_model::{LaunchSpec, Network, Signal};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::hello::Hello;
use crate::container::etc_files::{self, HostEtc};
use crate::container::{Container, ContainerError};
use crate::container_stdio::{self, OurEnds};
use crate::forward::HostPorts;
use crate::launch::{LaunchOptions, Running, Stdio, launch};
use crate::logs::LogWriter;
use crate::plan::plan;

/// A container about to be started.
pub(super) struct Prepared {
    spec: LaunchSpec,
    theirs: Stdio,
    rest: Surroundings,
}

/// What is around a container's process.
pub(super) struct Surroundings {
    /// Those of a network of its own.
    pub ports: Option<HostPorts>,
    pub log: LogWriter<File>,
    /// Where those who wait for the end connect.
    pub control: OwnedFd,
    /// Our ends of its streams.
    pub streams: OurEnds,
}

impl Prepared {
    pub fn new(container: &Container) -> Result<Self, ContainerError> {
        let record = container.record();
        // First of all: a busy port must be known before anything else is done.
        let private = record.spec.network == Network::Private;
        let ports = private.then(|| HostPorts::open(&record.spec.publish)).transpose();
        let ports = ports.map_err(|error| refused(125, error))?;
        let mut spec = record.spec.clone();
        let etc = etc_files::provide(container, &HostEtc::read())?;
        spec.mounts.splice(0..0, etc);
        let log = LogWriter::new(container.directory().append_log()?);
        let control = listen_for_waiters(container)?;
        let (theirs, streams) = container_stdio::make(spec.terminal, record.open_stdin)
            .map_err(ContainerError::doing("make the container's pipes"))?;
        Ok(Prepared { spec, theirs, rest: Surroundings { ports, log, control, streams } })
    }

    /// Start it. Its ends of the pipes are its own from here on.
    pub fn launch(
        self,
        container: &Container,
        hello: &Hello,
    ) -> Result<(Running, Surroundings), ContainerError> {
        let plan = plan(&self.spec, &hello.host, &container.rootfs()).map_err(|error| refused(125, error))?;
        let running = launch(&plan, self.theirs, &LaunchOptions::default())
            .map_err(|error| refused(error.exit_code(), error))?;
        // Only now: the container has inherited our caller's limit.
        raise_descriptor_limit();
        match self.rest.streams.with_terminal(&running) {
            Ok(streams) => Ok((running, Surroundings { streams, ..self.rest })),
            Err(source) => {
                kill_and_reap(&running);
                Err(ContainerError::doing("take the container's terminal")(source))
            }
        }
    }
}

/// End a container that could not be looked after.
pub(super) fn kill_and_reap(running: &Running) {
    // Our own child: neither can fail while it has not been waited for.
    let _ = running.signal(Signal::KILL);
    let _ = running.wait(None);
}

fn refused(code: i32, error: impl std::error::Error) -> ContainerError {
    ContainerError::NotStarted { code, why: error.to_string() }
}

fn listen_for_waiters(container: &Container) -> Result<OwnedFd, ContainerError> {
    let listening = || {
        let (_directory, address) = container.directory().control_address()?;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        bind(&socket, &SocketAddrUnix::new(address)?)?;
        listen(&socket, 64)?;
        Ok::<_, io::Error>(socket)
    };
    listening().map_err(ContainerError::at("listen for those who wait in", container.path()))
}

/// As many connections as the machine allows can be forwarded.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    // A lower number only means that fewer connections fit.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

//! Everything a container needs before its first system call: ports, files, log, streams.

use std::collections::BTreeMap;

use plimsoll_model::{LaunchSpec, Signal};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::hello::Hello;
use super::networks::{self, Joined};
use crate::cgroup::{Cgroup, Created};
use crate::container::etc_files::{self, HostEtc};
use crate::container::store::root_of;
use crate::container::{Container, ContainerError, Containers};
use crate::container_stdio::{self, OurEnds};
use crate::forward::HostPorts;
use crate::launch::{BeforeProgram, LaunchOptions, Running, Stdio, launch_after};
use crate::logs::{LogFiles, LogWriter};
use crate::mount_point_layer;
use crate::network::can_join;
use crate::plan::{overlay_options, plan};
use crate::user_mode::{Carrier, WayOut};

/// A container about to be started.
pub(super) struct Prepared {
    spec: LaunchSpec,
    theirs: Stdio,
    way_out: WayOut,
    rest: Surroundings,
}

/// What is around a container's process.
pub(super) struct Surroundings {
    /// Those of a network of its own.
    pub ports: Option<HostPorts>,
    /// Its networks of the store.
    pub joined: Joined,
    /// What carries its traffic out of a private network.
    pub carrier: Option<Carrier>,
    pub log: LogWriter<LogFiles>,
    /// Our ends of its streams.
    pub streams: OurEnds,
    /// Its control group, until nobody is in it any more.
    pub cgroup: Cgroup,
    /// What was asked for and cannot be had here.
    pub warnings: Vec<String>,
}

impl Prepared {
    pub fn new(container: &Container, hello: &Hello) -> Result<Self, ContainerError> {
        let record = container.record();
        // First of all: a busy port must be known before anything else is done.
        let reachable = can_join(&record.spec.network);
        let ports = reachable.then(|| HostPorts::open(&record.spec.publish)).transpose();
        let ports = ports.map_err(|error| match Containers::around(container) {
            Ok(containers) => refused(125, error.among(&containers)),
            Err(_) => refused(125, error),
        })?;
        let mut spec = record.spec.clone();
        let joined = networks::join(container, hello, &mut spec)?;
        let way_out = WayOut::choose(&spec.network, &hello.host.ids, &hello.user_mode);
        let way_out = way_out.map_err(|error| refused(125, error))?;
        let host = HostEtc::read(&spec.network).served_by(way_out.name_server());
        let etc = etc_files::provide(container, &host, joined.gateway())?;
        spec.mounts.splice(0..0, etc);
        let log = LogWriter::new(LogFiles::append(container)?);
        let (theirs, streams) = container_stdio::make(spec.terminal, record.upkeep.open_stdin)
            .map_err(ContainerError::doing("make the container's pipes"))?;
        // Last: nothing that can still fail may leave it behind.
        let Created { cgroup, mut warnings } =
            Cgroup::create(container.id(), &spec).map_err(|error| refused(125, error))?;
        warnings.extend(joined.warning.clone());
        let rest = Surroundings { ports, joined, carrier: None, log, streams, cgroup, warnings };
        Ok(Prepared { spec, theirs, way_out, rest })
    }

    /// Start it, and note it before its program is executed: should we be killed, whoever comes later finds it.
    /// Its ends of the pipes are its own from here on.
    pub fn launch(
        self,
        container: &Container,
        hello: &Hello,
        mut note: impl FnMut(&Running, &Surroundings) -> Result<(), ContainerError>,
    ) -> Result<(Running, Surroundings), ContainerError> {
        let Surroundings { cgroup, joined, .. } = &self.rest;
        let options = LaunchOptions {
            cgroup: Some(cgroup.clone()),
            reservation: joined.reservation.clone(),
            window: hello.window,
            ..LaunchOptions::default()
        };
        let mut carrier = None;
        let mut note = |running: &Running| {
            carrier = self.way_out.open(running.pid, container.path())?;
            note(running, &self.rest).map_err(|error| error.to_string())
        };
        let running = start(container, hello, &self.spec, self.theirs, options, &mut note)
            .inspect_err(|_| drop(cgroup.remove()))?;
        // Only now: the container has inherited our caller's limit.
        raise_descriptor_limit();
        match self.rest.streams.with_terminal(&running) {
            Ok(streams) => Ok((running, Surroundings { streams, carrier, ..self.rest })),
            Err(source) => {
                end(&running, &self.rest.cgroup);
                Err(ContainerError::doing("take the container's terminal")(source))
            }
        }
    }
}

fn start(
    container: &Container,
    hello: &Hello,
    spec: &LaunchSpec,
    stdio: Stdio,
    options: LaunchOptions,
    before: BeforeProgram<'_>,
) -> Result<Running, ContainerError> {
    let mut rootfs = container.rootfs();
    let (_, layer_by_layer) = overlay_options(&hello.host);
    if layer_by_layer {
        let layer = mount_point_layer::find(root_of(container), spec, rootfs.lowers.len());
        rootfs.lowers.splice(0..0, layer);
    }
    let plan = plan(spec, &hello.host, &rootfs).map_err(|error| refused(125, error))?;
    let others = match spec.shared_with().is_empty() {
        true => BTreeMap::new(),
        false => Containers::around(container)?.others(spec)?,
    };
    let options = LaunchOptions { others, ..options };
    launch_after(&plan, stdio, &options, before).map_err(|error| refused(error.exit_code(), error))
}

/// End a container that could not be looked after.
pub(super) fn end(running: &Running, cgroup: &Cgroup) {
    // Our own child: neither can fail while it has not been waited for.
    let _ = running.signal(Signal::KILL);
    let _ = running.wait(None);
    // What cannot be removed is swept up later.
    let _ = cgroup.remove();
}

pub(super) fn refused(code: i32, error: impl std::error::Error) -> ContainerError {
    ContainerError::NotStarted { code, why: error.to_string() }
}

/// As many connections as the machine allows can be forwarded.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    // A lower number only means that fewer connections fit.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

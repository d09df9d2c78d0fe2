//! `exec`: one more process in a running container.

use std::io;
use std::os::fd::AsFd;

use plimsoll_model::{LaunchSpec, ProcessUser};

use crate::attach::{CallersSignals, Finished, Relay, Relayed, Streams};
use crate::cgroup::Cgroup;
use crate::container::{Container, ContainerError, State};
use crate::container_stdio;
use crate::host::ContainerIds;
use crate::launch::{LaunchOptions, Running, Stdio, enter_running};
use crate::plan::plan_exec;

/// What is to be executed, and how it differs from the container's own process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecRequest {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Variables beside and instead of the container's.
    pub env: Vec<(String, String)>,
    /// Another user.
    pub user: Option<ProcessUser>,
    /// Another working directory.
    pub workdir: Option<String>,
    /// Hold nothing back of what the container's namespaces allow: all capabilities, no usual filter.
    pub privileged: bool,
    /// Give it a terminal.
    pub terminal: bool,
    /// Pass standard input on.
    pub open_stdin: bool,
}

impl ExecRequest {
    /// The container's specification with the differences.
    fn specification(&self, container: &LaunchSpec) -> LaunchSpec {
        let mut spec = container.clone();
        spec.argv = self.argv.clone();
        spec.init = false;
        spec.security.privileged |= self.privileged;
        spec.terminal = self.terminal;
        for (name, value) in &self.env {
            spec.env.retain(|(known, _)| known != name);
            spec.env.push((name.clone(), value.clone()));
        }
        if let Some(user) = &self.user {
            spec.user = user.clone();
        }
        if let Some(workdir) = &self.workdir {
            spec.workdir = workdir.clone();
        }
        spec
    }
}

impl Container {
    /// Execute and stay attached until its end. Like everything that enters a running container, to
    /// be called as the user who started that, in no other user namespace.
    pub fn exec(&self, request: &ExecRequest, streams: Streams<'_>) -> Result<Finished, ContainerError> {
        let failed = || ContainerError::doing::<io::Error>("attach to the new process");
        let signals = CallersSignals::take_over(streams.forwards_signals).map_err(failed())?;
        let open_stdin = request.open_stdin && streams.stdin.is_some();
        let (theirs, ends) = container_stdio::make(request.terminal, open_stdin).map_err(failed())?;
        let process = self.enter(request, theirs, streams.window())?;
        let ends = ends.with_terminal(&process).map_err(failed())?;
        let end = process.pidfd.as_fd();
        let relay = Relay::new(streams, &signals, Some(&process.pidfd), end, ends, request.terminal);
        match relay.and_then(Relay::run).map_err(failed())? {
            Relayed::Detached => Ok(Finished::Detached),
            Relayed::Ended => {
                let exit = process.wait(None).map_err(failed())?;
                Ok(Finished::Exit(exit.map_or(0, |exit| exit.code())))
            }
        }
    }

    /// Execute and leave it alone (`exec -d`); it ends with the container at the latest.
    pub fn exec_detached(&self, request: &ExecRequest) -> Result<(), ContainerError> {
        let made = container_stdio::make(true, false);
        let (nothing, _) = made.map_err(ContainerError::doing("open /dev/null"))?;
        // A terminal nobody holds would hang up at once.
        let request = ExecRequest { terminal: false, ..request.clone() };
        let process = self.enter(&request, nothing, None)?;
        // It is our child: a container cannot end before each of its processes was waited for. When
        // we end first, it is the host's init that does it.
        std::thread::spawn(move || process.wait(None));
        Ok(())
    }

    /// Start a process in it; a terminal of its own has so many rows and columns.
    pub(crate) fn enter(
        &self,
        request: &ExecRequest,
        stdio: Stdio,
        window: Option<(u16, u16)>,
    ) -> Result<Running, ContainerError> {
        let refused = |code, why| ContainerError::NotStarted { code, why };
        let run = match self.state()? {
            State::Running { paused: true, .. } => {
                return Err(ContainerError::Paused { name: self.name().to_string() });
            }
            State::Running { run, .. } => run,
            other => return Err(self.not_running(&other)),
        };
        let gone = || ContainerError::NotRunning { name: self.name().to_string(), state: "exited".into() };
        let pidfd = run.process.open().ok_or_else(gone)?;
        let ids = ContainerIds::of_process(run.process.pid)
            .map_err(ContainerError::doing("read the ids of the container"))?;
        let spec = request.specification(&self.record().spec);
        let plan = plan_exec(&spec, &ids).map_err(|error| refused(125, error.to_string()))?;
        let cgroup = Some(Cgroup::open(&run.cgroups));
        let options = LaunchOptions { cgroup, window, ..LaunchOptions::default() };
        enter_running(run.process.pid, pidfd.as_fd(), &plan, stdio, &options)
            .map_err(|error| refused(error.exit_code(), error.to_string()))
    }
}

//! One pod of the rehearsal: a container of one version, from its start to its end.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_contract::evidence::PodEvent;
use plimsoll_model::{LaunchSpec, Signal};
use plimsoll_runtime::launch::{LaunchOptions, Running, launch_after};
use plimsoll_runtime::plan::plan;
use plimsoll_runtime::rootfs::RootFs;
use tempfile::TempDir;

use super::asking::Asked;
use crate::scratch::note;
use crate::subject::{ProveError, Subject};
use crate::trial::Log;

/// Where a pod is asked: its network namespace, which stays while somebody holds it.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) pod: String,
    pub(super) namespace: Arc<File>,
    pub(super) asked: Arc<Asked>,
}

/// A running pod.
pub(super) struct Pod {
    pub(super) endpoint: Endpoint,
    pub(super) is_new: bool,
    /// When its probe first succeeded.
    pub(super) ready: Option<Instant>,
    pub(super) ending: Option<Ending>,
    pub(super) routed: bool,
    running: Running,
    stop_signal: Signal,
    log: Log,
    _scratch: TempDir,
}

/// A pod that shall end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    /// Since when.
    pub(super) since: Instant,
    /// When it got its signal.
    pub(super) signalled: Option<Instant>,
    killed: bool,
}

impl Pod {
    /// Start one. The inner error says why it did not start.
    pub(super) fn start(
        subject: &Subject<'_>,
        spec: &LaunchSpec,
        name: String,
        is_new: bool,
        asked: &Arc<Asked>,
    ) -> Result<Result<Pod, String>, ProveError> {
        let directory = subject.scratch.clone();
        let failed = |source| ProveError::Scratch { path: directory.clone(), source };
        let scratch = tempfile::Builder::new().prefix("run-").tempdir_in(&directory).map_err(failed)?;
        let log = Log::create(&scratch.path().join("log")).map_err(failed)?;
        let rootfs = RootFs { lowers: subject.lowers.clone(), scratch: scratch.path().to_path_buf() };
        let plan = match plan(spec, subject.host, &rootfs) {
            Ok(plan) => plan,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let options = LaunchOptions { die_with_parent: true, ..LaunchOptions::default() };
        let mut noted = |running: &Running| note(scratch.path(), running);
        let running = match launch_after(&plan, log.stdio().map_err(failed)?, &options, &mut noted) {
            Ok(running) => running,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let namespace = Arc::new(File::open(format!("/proc/{}/ns/net", running.pid)).map_err(failed)?);
        Ok(Ok(Pod {
            endpoint: Endpoint { pod: name, namespace, asked: Arc::clone(asked) },
            is_new,
            ready: None,
            ending: None,
            routed: false,
            running,
            stop_signal: spec.stop.signal,
            log,
            _scratch: scratch,
        }))
    }

    /// The last line it wrote.
    pub(super) fn last_line(&self) -> String {
        self.log.tail().ok().and_then(|lines| lines.last().cloned()).unwrap_or_default()
    }

    /// Whether it has ended by now, and with what.
    pub(super) fn has_ended(&self) -> io::Result<Option<i32>> {
        Ok(self.running.wait(Some(Duration::ZERO))?.map(|exit| exit.code()))
    }

    /// What an ending pod goes through by time: the sleep, the signal, SIGKILL.
    pub(super) fn go_on_ending(
        &mut self,
        pre_stop: Duration,
        grace: Duration,
    ) -> io::Result<Option<PodEvent>> {
        let Some(ending) = &mut self.ending else { return Ok(None) };
        let since = ending.since.elapsed();
        if ending.signalled.is_none() && since >= pre_stop {
            ending.signalled = Some(Instant::now());
            self.running.signal(self.stop_signal)?;
            return Ok(Some(PodEvent::Signalled));
        }
        if !ending.killed && since >= pre_stop + grace {
            ending.killed = true;
            self.running.signal(Signal::KILL)?;
            return Ok(Some(PodEvent::Killed));
        }
        Ok(None)
    }
}

impl Ending {
    /// From now on.
    pub(super) fn now() -> Self {
        Ending { since: Instant::now(), signalled: None, killed: false }
    }
}

impl Drop for Pod {
    /// Nothing of a rehearsal is left behind, however it ends.
    fn drop(&mut self) {
        let _ = self.running.signal(Signal::KILL);
        // One that has been waited for is gone already.
        let _ = self.running.wait(None);
    }
}

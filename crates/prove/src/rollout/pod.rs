//! One pod of the rehearsal: a container of one version, from its start to its end.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_contract::evidence::PodEvent;
use plimsoll_model::{LaunchSpec, Signal};
use plimsoll_runtime::launch::{Running, launch_after};
use plimsoll_runtime::network::namespace;

use super::asking::Asked;
use crate::bench::{Bench, dying};
use crate::scratch::note;
use crate::subject::{ProveError, Subject};

/// Where a pod is asked: its network namespace, which stays while somebody holds it.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) pod: String,
    pub(super) namespace: Arc<OwnedFd>,
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
    bench: Bench,
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
        let bench = Bench::set_up(subject)?;
        let plan = match bench.plan(subject, spec) {
            Ok(plan) => plan,
            Err(why) => return Ok(Err(why)),
        };
        let stdio = bench.log.stdio().map_err(|source| bench.failed(source))?;
        let mut noted = |running: &Running| note(bench.scratch.path(), running);
        let running = match launch_after(&plan, stdio, &dying(), &mut noted) {
            Ok(running) => running,
            Err(error) => return Ok(Err(error.to_string())),
        };
        // Nobody can be asked where everything has ended.
        let Ok(namespace) = namespace::of_process(running.pid) else {
            return Ok(Err(format!("it was over at once: {}", bench.log.last_line())));
        };
        Ok(Ok(Pod {
            endpoint: Endpoint { pod: name, namespace: Arc::new(namespace), asked: Arc::clone(asked) },
            is_new,
            ready: None,
            ending: None,
            routed: false,
            running,
            stop_signal: spec.stop.signal,
            bench,
        }))
    }

    /// The last line it wrote.
    pub(super) fn last_line(&self) -> String {
        self.bench.log.last_line()
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

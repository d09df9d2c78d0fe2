//! One stop: the signal, what happens until the end, SIGKILL when the grace is over.

use std::io;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use plimsoll_contract::evidence::{ConnectionCount, ProcessEnd};
use plimsoll_model::Signal;
use plimsoll_runtime::launch::{Exit, Running};
use plimsoll_runtime::observe;

use super::ends::Ends;
use crate::load::{self, Counts, Shape, Target};

/// Time between two looks while it stops.
const LOOK: Duration = Duration::from_millis(2);

/// How a running program is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StopOrder {
    /// The signal for PID 1.
    pub(crate) signal: Signal,
    /// Time until SIGKILL.
    pub(crate) grace: Duration,
    /// The signal comes once more this long after the first.
    pub(crate) again: Option<Duration>,
    /// Who talks to it meanwhile.
    pub(crate) load: Option<Shape>,
}

/// The end of a process that was asked to stop.
#[derive(Debug, Clone)]
pub(crate) struct StopSeen {
    pub(crate) order: StopOrder,
    pub(crate) took: Duration,
    pub(crate) code: i32,
    pub(crate) killed: bool,
    pub(crate) listener_closed: Option<Duration>,
    pub(crate) last_answer: Option<Duration>,
    pub(crate) processes: Vec<ProcessEnd>,
    pub(crate) connections: Vec<ConnectionCount>,
    pub(crate) log: Vec<String>,
}

/// Send the signal and watch the end. `target` is what a load would ask.
pub(crate) fn stop(running: &Running, order: StopOrder, target: Option<&Target>) -> io::Result<StopSeen> {
    let view = observe::view(running.pid).unwrap_or_default();
    let had_listener = !view.listening.is_empty();
    let mut ends = Ends::before(order.signal, &view);
    let ended = OnceLock::new();
    let signal = || {
        let asked = Instant::now();
        running.signal(order.signal).map(|()| asked)
    };
    std::thread::scope(|scope| {
        let load = order.load.zip(target).map(|(shape, target)| {
            let (tell, told) = mpsc::channel();
            let ended = &ended;
            let fire = move || {
                let asked = signal()?;
                // Nobody listens if the watch has failed.
                let _ = tell.send(asked);
                Ok(asked)
            };
            (scope.spawn(move || load::run(target, shape, ended, fire)), told)
        });
        // A load that fails before it has sent the signal leaves that to us.
        let asked = match load.as_ref().and_then(|(_, told)| told.recv().ok()) {
            Some(asked) => asked,
            None => signal()?,
        };
        let watched = watch(running, order, asked, had_listener, &mut ends);
        let end = Instant::now();
        let _ = ended.set(end);
        let counts = load.and_then(|(load, _)| load.join().ok()?.ok()).unwrap_or_default();
        let Watched { exit, killed, listener_closed } = watched?;
        let Counts { connections, last_answer } = counts;
        Ok(StopSeen {
            order,
            took: end - asked,
            code: exit.code(),
            killed,
            listener_closed,
            last_answer: last_answer.map(|at| at.saturating_duration_since(asked)),
            processes: ends.read(exit, killed),
            connections,
            log: Vec::new(),
        })
    })
}

struct Watched {
    exit: Exit,
    killed: bool,
    listener_closed: Option<Duration>,
}

fn watch(
    running: &Running,
    order: StopOrder,
    asked: Instant,
    had_listener: bool,
    ends: &mut Ends,
) -> io::Result<Watched> {
    let mut again = order.again;
    let mut killed = false;
    let mut listener_closed = None;
    loop {
        if let Some(exit) = running.wait(Some(LOOK))? {
            return Ok(Watched { exit, killed, listener_closed });
        }
        let elapsed = asked.elapsed();
        if !killed && elapsed >= order.grace {
            killed = true;
            running.signal(Signal::KILL)?;
        }
        if killed {
            continue;
        }
        if again.is_some_and(|after| elapsed >= after) {
            again = None;
            running.signal(order.signal)?;
        }
        // A process that is just ending shows nothing.
        let Ok(view) = observe::view(running.pid) else { continue };
        if view.processes.is_empty() {
            continue;
        }
        ends.hold(&view);
        if had_listener && view.listening.is_empty() {
            listener_closed = listener_closed.or(Some(asked.elapsed()));
        }
    }
}

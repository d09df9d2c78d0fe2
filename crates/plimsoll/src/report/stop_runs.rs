//! The runs of the stop test in words, for the terminal and the page. Pure.

use plimsoll_contract::evidence::{ConnectionCount, ConnectionKind, End, ProcessEnd, StopCondition, StopRun};
use plimsoll_contract::judge::{Manner, manner};

use super::seconds;

/// What was different about a run.
pub fn name(run: &StopRun) -> String {
    match run.condition {
        StopCondition::Quiet => "quiet".to_string(),
        StopCondition::Requests => "under requests".to_string(),
        StopCondition::Held => "idle and half sent requests".to_string(),
        StopCondition::OtherSignal => format!("{} instead", run.signal),
        StopCondition::Init => "with an init".to_string(),
        StopCondition::SecondSignal(after) => format!("a second {} after {}", run.signal, seconds(after)),
        StopCondition::ShortGrace => format!("only {} of grace", seconds(run.grace)),
    }
}

/// How it ended, and when.
pub fn end(run: &StopRun) -> String {
    match (manner(run), run.killed) {
        (_, true) => format!("SIGKILL after {}", seconds(run.grace)),
        (Manner::Quick(_), _) => format!("exit {} in {}, not graceful", run.code, seconds(run.took)),
        _ => format!("exit {} in {}", run.code, seconds(run.took)),
    }
}

/// What became of the connections, a phrase for each kind. Who asked nothing is told of by what it did to
/// the stop.
pub fn connections(run: &StopRun) -> Vec<String> {
    run.connections.iter().filter(|count| count.kind != ConnectionKind::Idle).map(count).collect()
}

fn count(count: &ConnectionCount) -> String {
    let kind = match count.kind {
        ConnectionKind::Idle => "idle",
        ConnectionKind::HalfSent => "half sent",
        ConnectionKind::InFlight => "under way",
        ConnectionKind::New => "new",
    };
    match count.losses() {
        losses if losses.is_empty() => format!("{} {kind}: all answered", count.total()),
        losses => format!("{} {kind}: {losses}", count.total()),
    }
}

/// Requests under way that a stop lost.
pub fn lost(run: &StopRun) -> u32 {
    run.count(ConnectionKind::InFlight).map_or(0, ConnectionCount::lost)
}

/// The signals that a process is known to have got: PID 1 by us, others by what ended them.
pub fn signals(process: &ProcessEnd, run: &StopRun) -> String {
    let own = match (process.pid, run.condition) {
        // One that ended before got no second signal.
        (1, StopCondition::SecondSignal(after)) if after < run.took => Some(format!("{} twice", run.signal)),
        (1, _) => Some(run.signal.to_string()),
        _ => None,
    };
    let last = match process.end {
        End::Killed | End::WithNamespace => Some("SIGKILL".to_string()),
        End::Signal(signal) if process.pid != 1 || signal != run.signal => Some(signal.to_string()),
        _ => None,
    };
    match own.into_iter().chain(last).collect::<Vec<_>>() {
        known if known.is_empty() => "none from outside".to_string(),
        known => known.join(", "),
    }
}

/// How a process ended.
pub fn process_end(end: End) -> String {
    match end {
        End::Exit(code) => format!("exit {code}"),
        End::Signal(signal) => format!("ended by {signal}"),
        End::Killed => "SIGKILL after the grace".to_string(),
        End::WithNamespace => "SIGKILL, because PID 1 had ended".to_string(),
        End::Unknown => "this kernel does not tell".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plimsoll_model::Signal;

    use super::*;
    use crate::report::demo::stop_run;

    #[test]
    fn who_got_which_signal_is_said_as_far_as_it_is_known() {
        let twice = StopRun {
            condition: StopCondition::SecondSignal(Duration::from_millis(500)),
            ..stop_run("stop-twice", StopCondition::Quiet, 900)
        };
        let process =
            |pid, end| ProcessEnd { pid, parent: 0, command: "x".into(), listens: false, handles: true, end };
        let told = |pid, end| signals(&process(pid, end), &twice);
        assert_eq!(told(1, End::Exit(0)), "SIGTERM twice");
        assert_eq!(told(1, End::Signal(Signal::TERM)), "SIGTERM twice");
        assert_eq!(told(1, End::Killed), "SIGTERM twice, SIGKILL");
        assert_eq!(told(7, End::Exit(0)), "none from outside");
        assert_eq!(told(7, End::Signal(Signal::TERM)), "SIGTERM");
        assert_eq!(told(7, End::WithNamespace), "SIGKILL");
    }
}

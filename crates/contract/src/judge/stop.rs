//! Claims about stopping, and what "graceful" means: the *program* ended by its own handler. One that
//! died because its wrapper ended, or for want of a handler, was merely quick.

use plimsoll_model::Signal;

use super::{Claim, seconds};
use crate::contract::Contract;
use crate::evidence::{
    ConnectionKind, End, Evidence, ProcessEnd, StopCondition, StopRecord, StopRun, Verdict,
};

/// How a stop went for the program itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// It ended by itself or by its handler.
    Graceful,
    /// It is gone in time, but its handler never ran; the text says which process and how.
    Quick(String),
    /// SIGKILL after the grace.
    Killed,
    /// Not decidable; the text says why.
    Open(String),
}

/// How a stop went for the program: the processes that listened; where none did, all of them.
pub fn manner(run: &StopRun) -> Manner {
    if run.killed {
        return Manner::Killed;
    }
    let listens = run.processes.iter().any(|process| process.listens);
    let program = || run.processes.iter().filter(|process| process.listens == listens);
    if let Some(why) = program().find_map(unhandled) {
        return Manner::Quick(why);
    }
    match program().find(|process| process.end == End::Unknown) {
        Some(process) => {
            Manner::Open(format!("this kernel does not tell how {} ended (Linux 6.15 does)", process.command))
        }
        None => Manner::Graceful,
    }
}

/// Why an end was none of the process' own making.
fn unhandled(process: &ProcessEnd) -> Option<String> {
    match process.end {
        End::WithNamespace => Some(format!("{} died with PID 1, its handler never ran", process.command)),
        // A handler that gives the signal back to the kernel has run all the same.
        End::Signal(signal) if signal == Signal::KILL || !process.handles => {
            Some(format!("{signal} ended {}, which has no handler for it", process.command))
        }
        _ => None,
    }
}

/// Every claim about stopping.
pub(super) fn claims(contract: &Contract, evidence: &Evidence) -> Vec<Claim> {
    let signal = contract.stop_signal.value;
    let statement = format!("it stops by itself on {signal} within the grace period");
    let Some(stop) = &evidence.stop else {
        let verdict = Verdict::Unproven("the stop test did not run".to_string());
        let id = "stop-graceful".to_string();
        return vec![Claim { id, statement, required: false, verdict, experiment: None }];
    };
    let claim = |id: &str, statement: &str, verdict| Claim {
        id: id.to_string(),
        statement: statement.to_string(),
        required: false,
        verdict,
        experiment: Some(stop.id.clone()),
    };
    let mut claims = vec![
        claim("stop-graceful", &statement, in_time(stop)),
        claim("stop-all", "every process gets the chance to end when it is stopped", all_end(stop)),
    ];
    let mut add = |id: &str, statement: &str, verdict: Option<Verdict>| {
        claims.extend(verdict.map(|verdict| claim(id, statement, verdict)));
    };
    add("stop-handled", &format!("{signal} reaches the program itself and it handles it"), handled(stop));
    add("stop-in-flight", "no request under way is lost when it stops", in_flight(stop));
    add("stop-new", "nothing that comes while it stops is accepted and then dropped", new(stop));
    add("stop-held", "clients that ask nothing do not keep it from stopping", held(stop));
    add("stop-with-init", "it stops as well with an init as PID 1", with_init(stop));
    claims
}

/// Exit by the stop signal's default action (128+n) is a stop too; a crash or SIGKILL is not.
fn in_time(stop: &StopRecord) -> Verdict {
    let by_signal = 128 + stop.signal.number();
    let time = stop.times.iter().max().copied().unwrap_or_default();
    if stop.killed {
        return Verdict::Refuted(format!(
            "it was still running {} after {}: SIGKILL, exit code {}",
            seconds(stop.grace),
            stop.signal,
            stop.code
        ));
    }
    if time > stop.grace {
        return Verdict::Refuted(format!("it took {}", seconds(time)));
    }
    match stop.code {
        0 => Verdict::Proven,
        code if code == by_signal => Verdict::Proven,
        137 => Verdict::Refuted("it was killed (exit code 137)".to_string()),
        132 | 134 | 135 | 136 | 139 => Verdict::Refuted(format!("it crashed (exit code {})", stop.code)),
        // Many servers end with a code of their own: they stopped when asked.
        _ => Verdict::Proven,
    }
}

fn all_end(stop: &StopRecord) -> Verdict {
    match stop.killed_with_namespace.as_slice() {
        [] => Verdict::Proven,
        names => Verdict::Refuted(format!("{} died with PID 1, without a signal", names.join(", "))),
    }
}

fn handled(stop: &StopRecord) -> Option<Verdict> {
    let quiet = stop.run(|condition| *condition == StopCondition::Quiet)?;
    Some(verdict_of(manner(quiet), || {
        let first = quiet.processes.iter().find(|process| process.pid == 1);
        match first {
            Some(first) if !first.handles => {
                format!("PID 1 ({}) has no handler for {}: the kernel drops it", first.command, quiet.signal)
            }
            _ => format!("it did not end within {}", seconds(quiet.grace)),
        }
    }))
}

/// A manner as a verdict; what a SIGKILL means depends on the claim.
fn verdict_of(manner: Manner, killed: impl Fn() -> String) -> Verdict {
    match manner {
        Manner::Graceful => Verdict::Proven,
        Manner::Quick(why) => Verdict::Refuted(why),
        Manner::Killed => Verdict::Refuted(killed()),
        Manner::Open(why) => Verdict::Unproven(why),
    }
}

fn in_flight(stop: &StopRecord) -> Option<Verdict> {
    let Some(run) = stop.under_requests() else {
        let why = "it had to be killed: what is under way then is lost".to_string();
        return (stop.killed && stop.runs.iter().any(listened)).then_some(Verdict::Unproven(why));
    };
    // Without HTTP there are connections only: what a request would be nobody knows.
    if run.count(ConnectionKind::Idle).is_some() {
        return None;
    }
    Some(match run.count(ConnectionKind::InFlight) {
        Some(count) if count.lost() > 0 => {
            Verdict::Refuted(format!("{} of {} were lost: {}", count.lost(), count.total(), count.losses()))
        }
        Some(count) if count.total() > 0 => Verdict::Proven,
        _ => Verdict::Unproven("no request could be caught under way".to_string()),
    })
}

fn listened(run: &StopRun) -> bool {
    run.processes.iter().any(|process| process.listens)
}

/// A refused client knows that nothing was done and may ask elsewhere; one that was accepted and
/// dropped does not.
fn new(stop: &StopRecord) -> Option<Verdict> {
    let count = stop.under_requests()?.count(ConnectionKind::New)?;
    Some(match count.dropped() {
        0 => Verdict::Proven,
        dropped => Verdict::Refuted(format!("{dropped} of {} were: {}", count.total(), count.losses())),
    })
}

fn held(stop: &StopRecord) -> Option<Verdict> {
    let run = stop.run(|condition| *condition == StopCondition::Held)?;
    Some(match run.killed {
        false => Verdict::Proven,
        true => Verdict::Refuted(format!(
            "with idle and half sent requests open it was still running after {}",
            seconds(run.grace)
        )),
    })
}

fn with_init(stop: &StopRecord) -> Option<Verdict> {
    let run = stop.run(|condition| *condition == StopCondition::Init)?;
    Some(verdict_of(manner(run), || format!("it was still running after {}", seconds(run.grace))))
}

#[cfg(test)]
mod tests;

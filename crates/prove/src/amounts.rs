//! Times and amounts: more starts of the image as built, alone and not disturbed by anything of ours.

use plimsoll_contract::evidence::{Amounts, MachineLoad, StartTimes, Verdict};
use plimsoll_model::PortSpec;

use crate::pressure;
use crate::stop;
use crate::subject::{ProveError, Subject};
use crate::trial::{self, Awaited, Fate, Trial};

/// Time as many starts as asked for. One during which the machine was busy is taken again, as often as
/// there are runs; if that does not help the times are told, and not believed.
pub(crate) fn run(subject: &Subject<'_>, baseline: &Trial) -> Result<Amounts, ProveError> {
    let runs = subject.settings.runs;
    let ports = ports(baseline);
    let awaited = Awaited { ports: &ports, watch: subject.settings.watch };
    let spec = subject.spec(stop::as_built(subject))?;
    let mut seen: Vec<(StartTimes, Option<u32>)> = Vec::new();
    let mut repeated = 0;
    // A program that only runs has no moment at which it is ready.
    let wanted = if ports.is_empty() && baseline.function.is_nothing() { 0 } else { runs };
    while seen.len() < wanted {
        subject.tell(format!("start {} of {wanted}", seen.len() + 1));
        let trial = trial::time(subject, &spec, awaited)?;
        let Fate::Running(observed) = &trial.fate else { break };
        let times = StartTimes {
            listen: observed.first_listen,
            answer: trial.answered.as_ref().filter(|answered| answered.good).map(|answered| answered.after),
        };
        if trial.waiting.is_some_and(|waiting| waiting > pressure::HIGH) && repeated < runs {
            repeated += 1;
            continue;
        }
        seen.push((times, trial.waiting));
    }
    let waiting: Vec<Option<u32>> = seen.iter().map(|(_, waiting)| *waiting).collect();
    Ok(Amounts {
        timing: verdict(&waiting, pressure::pressure()),
        load: MachineLoad { method: method(&waiting).to_string(), waiting, repeated: repeated as u32 },
        runs: seen.into_iter().map(|(times, _)| times).collect(),
        memory_idle: (baseline.uses.resident > 0).then_some(baseline.uses.resident),
        descriptors: baseline.uses.descriptors,
        threads: baseline.uses.threads,
        processes: baseline.uses.processes,
    })
}

/// The ports the image was seen to open.
fn ports(baseline: &Trial) -> Vec<PortSpec> {
    match &baseline.fate {
        Fate::Running(observed) => observed.listening.iter().map(|listener| listener.port).collect(),
        _ => Vec::new(),
    }
}

fn method(waiting: &[Option<u32>]) -> &'static str {
    match (waiting.iter().any(Option::is_some), pressure::pressure()) {
        (true, _) => pressure::METHOD,
        (false, Some(_)) => pressure::PRESSURE,
        (false, None) => pressure::UNKNOWN,
    }
}

/// Whether the times of these runs are the program's own.
fn verdict(waiting: &[Option<u32>], pressure: Option<u32>) -> Option<Verdict> {
    if waiting.is_empty() {
        return None;
    }
    let most = waiting.iter().flatten().max().copied().or(pressure);
    Some(match most {
        None => Verdict::Unproven("how busy the machine was is not known".to_string()),
        Some(share) if share > pressure::HIGH => Verdict::Unproven(format!(
            "it waited for a processor {} % of the time, also when it was started again: other programs kept the machine busy",
            share / 10
        )),
        Some(_) => Verdict::Proven,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_busy_machine_are_not_believed() {
        assert_eq!(verdict(&[], Some(0)), None);
        assert_eq!(verdict(&[Some(10), None], Some(900)), Some(Verdict::Proven));
        assert!(
            matches!(verdict(&[Some(10), Some(600)], None), Some(Verdict::Unproven(why)) if why.contains("60 %"))
        );
        assert!(matches!(verdict(&[None], Some(900)), Some(Verdict::Unproven(_))));
        assert!(matches!(verdict(&[None], None), Some(Verdict::Unproven(_))));
    }
}

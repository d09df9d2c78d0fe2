//! Compare what is expected with what was seen.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_model::PortSpec;
use plimsoll_model::quantity::{go_duration, human_bytes};

use super::{Expectation, Fate, Wanted};
use crate::evidence::{
    LaunchRecord, Observed, Outcome, ProcessFact, Relaxation, Rung, RungRecord, StopRecord, Verdict,
};
use crate::judge::{Proof, command_text, rung_word};

/// An expectation weighed.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What was expected.
    pub expectation: Expectation,
    /// Met, not met, or not to be decided.
    pub verdict: Verdict,
    /// The experiment that decided it.
    pub experiment: Option<String>,
}

/// Weigh every expectation.
pub fn check(expectations: &[Expectation], proof: &Proof) -> Vec<Answer> {
    let seen = Seen { proof };
    let answer = |expectation: &Expectation| {
        let (verdict, experiment) = seen.answer(&expectation.wanted.value);
        Answer { expectation: expectation.clone(), verdict, experiment }
    };
    expectations.iter().map(answer).collect()
}

/// What a question to a proof gives: a value, or the verdict where there is none.
type Found<T> = Result<T, Verdict>;

fn refuted<T>(why: impl Into<String>) -> Found<T> {
    Err(Verdict::Refuted(why.into()))
}

fn open<T>(why: impl Into<String>) -> Found<T> {
    Err(Verdict::Unproven(why.into()))
}

/// Proven, or what was seen instead.
fn verdict(is_met: bool, instead: impl FnOnce() -> String) -> Verdict {
    if is_met { Verdict::Proven } else { Verdict::Refuted(instead()) }
}

struct Seen<'a> {
    proof: &'a Proof,
}

impl Seen<'_> {
    fn answer(&self, wanted: &Wanted) -> (Verdict, Option<String>) {
        let evidence = &self.proof.evidence;
        let as_built = || evidence.as_built().map(|record| record.id.clone());
        let stop = || evidence.stop.as_ref().map(|stop| stop.id.clone());
        let rung = |record: &RungRecord| Some(record.id.clone());
        let (found, experiment) = match wanted {
            Wanted::Pid1(argv) => {
                (self.pid1(|first| first.argv == *argv, |first| command_text(&first.argv)), as_built())
            }
            Wanted::Exe(exe) => (self.pid1(|first| first.exe == *exe, |first| first.exe.clone()), as_built()),
            Wanted::User(uid) => {
                (self.pid1(|first| first.uid == *uid, |first| format!("uid {}", first.uid)), as_built())
            }
            Wanted::Group(gid) => {
                (self.pid1(|first| first.gid == *gid, |first| format!("gid {}", first.gid)), as_built())
            }
            Wanted::Ports(ports) => (self.ports(ports), as_built()),
            Wanted::ListensWithin(limit) => (self.listens(*limit), as_built()),
            Wanted::Http { path, status } => (self.http(path, *status), as_built()),
            Wanted::StopSignal(signal) => {
                (self.stop(|stop| stop.signal == *signal, |stop| stop.signal.to_string()), stop())
            }
            Wanted::StopCode(code) => {
                (self.stop(|stop| stop.code == *code, |stop| format!("exit code {}", stop.code)), stop())
            }
            Wanted::StopWithin(limit) => (self.stop_time(*limit), stop()),
            Wanted::StopGraceful(graceful) => (self.graceful(*graceful), stop()),
            Wanted::Zombies(most) => (self.zombies(*most), stop().or(as_built())),
            Wanted::Writes(places) => (self.writes(places), as_built()),
            Wanted::Capabilities(names) => {
                let record = self.rung(|rung| matches!(rung, Rung::DropAllCapabilities));
                (record.clone().and_then(|record| capabilities(record, names)), record.ok().and_then(rung))
            }
            Wanted::MemoryBelow(limit) => (self.memory(*limit), as_built()),
            Wanted::Rung { word, holds } => {
                let record = self.rung(|rung| rung_word(rung) == word);
                (record.clone().and_then(|record| held(record, *holds)), record.ok().and_then(rung))
            }
            Wanted::Launch { word, fate } => {
                let record = self.launch(word);
                let experiment = record.clone().ok().map(|record| record.id.clone());
                (record.and_then(|record| became(record, *fate)), experiment)
            }
        };
        (found.unwrap_or_else(|verdict| verdict), experiment)
    }

    /// The last look at the image as built, also where it ended after it.
    fn look(&self) -> Found<&Observed> {
        let Some(record) = self.proof.evidence.as_built() else {
            return open("the image as built was not started");
        };
        match &record.outcome {
            Outcome::Running(seen) | Outcome::Exited { seen: Some(seen), .. } => Ok(seen),
            Outcome::Exited { code, seen: None } => {
                open(format!("it ended with exit code {code} before it could be looked at"))
            }
            Outcome::NotStarted { why, .. } => refuted(format!("nothing was started: {why}")),
            Outcome::Undecided { why } => open(why.clone()),
        }
    }

    /// The same while it ran.
    fn running(&self) -> Found<&Observed> {
        match self.proof.evidence.as_built().map(|record| &record.outcome) {
            Some(Outcome::Exited { code, .. }) => {
                refuted(format!("it ended by itself with exit code {code}"))
            }
            _ => self.look(),
        }
    }

    fn pid1(
        &self,
        is_met: impl Fn(&ProcessFact) -> bool,
        tell: impl Fn(&ProcessFact) -> String,
    ) -> Found<Verdict> {
        match self.look()?.pid1() {
            Some(first) => Ok(verdict(is_met(first), || format!("it was {}", tell(first)))),
            None => open("PID 1 was not seen"),
        }
    }

    fn ports(&self, wanted: &[PortSpec]) -> Found<Verdict> {
        let listening = &self.running()?.listening;
        let open: BTreeSet<PortSpec> = listening
            .iter()
            .filter(|listener| !listener.loopback_only)
            .map(|listener| listener.port)
            .collect();
        let wanted: BTreeSet<PortSpec> = wanted.iter().copied().collect();
        let named =
            |ports: Vec<&PortSpec>| ports.iter().map(|port| port.to_string()).collect::<Vec<_>>().join(", ");
        let missing = named(wanted.difference(&open).collect());
        let more = named(open.difference(&wanted).collect());
        Ok(match (missing.is_empty(), more.is_empty()) {
            (true, true) => Verdict::Proven,
            (false, true) => Verdict::Refuted(format!("{missing} cannot be reached")),
            (true, false) => Verdict::Refuted(format!("{more} can be reached, too")),
            (false, false) => Verdict::Refuted(format!("{missing} cannot be reached, and {more} can be")),
        })
    }

    fn listens(&self, limit: Duration) -> Found<Verdict> {
        match self.running()?.first_listen {
            Some(time) => Ok(verdict(time <= limit, || format!("it took {}", shown(time)))),
            None => refuted("nothing listened on a port"),
        }
    }

    fn http(&self, path: &str, status: u16) -> Found<Verdict> {
        self.running()?;
        match &self.proof.evidence.http {
            Some(answer) if answer.path == path => {
                Ok(verdict(answer.status == status, || format!("the answer was {}", answer.status)))
            }
            Some(answer) => open(format!("{path} was not asked for, {} was", answer.path)),
            None => refuted("nothing answered HTTP"),
        }
    }

    fn stopped(&self) -> Found<&StopRecord> {
        match &self.proof.evidence.stop {
            Some(stop) => Ok(stop),
            None => match self.running() {
                Ok(_) => open("the stop test did not run"),
                Err(verdict) => Err(verdict),
            },
        }
    }

    fn stop(
        &self,
        is_met: impl Fn(&StopRecord) -> bool,
        tell: impl Fn(&StopRecord) -> String,
    ) -> Found<Verdict> {
        let stop = self.stopped()?;
        Ok(verdict(is_met(stop), || format!("it was {}", tell(stop))))
    }

    fn stop_time(&self, limit: Duration) -> Found<Verdict> {
        let stop = self.stopped()?;
        if stop.killed {
            return refuted(format!("it was killed after {}", shown(stop.grace)));
        }
        match stop.times.iter().max() {
            Some(longest) => Ok(verdict(*longest <= limit, || format!("it took {}", shown(*longest)))),
            None => open("no time was measured"),
        }
    }

    fn graceful(&self, wanted: bool) -> Found<Verdict> {
        self.stopped()?;
        match self.proof.claim("stop-graceful").map(|claim| &claim.verdict) {
            Some(Verdict::Proven) => Ok(verdict(wanted, || "it stops by itself".to_string())),
            Some(Verdict::Refuted(why)) => Ok(verdict(!wanted, || why.clone())),
            Some(Verdict::Unproven(why)) => open(why.clone()),
            None => open("the stop test did not run"),
        }
    }

    fn zombies(&self, most: u32) -> Found<Verdict> {
        let running = self.look()?.processes.iter().filter(|process| process.zombie).count();
        let stopped = self.proof.evidence.stop.as_ref().map_or(0, |stop| stop.zombies);
        let seen = stopped.max(u32::try_from(running).unwrap_or(u32::MAX));
        Ok(verdict(seen <= most, || format!("there were {seen}")))
    }

    fn writes(&self, places: &[String]) -> Found<Verdict> {
        self.look()?;
        let below = |path: &str, place: &str| {
            let place = place.trim_end_matches('/');
            path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let written = self.proof.evidence.written.iter().map(|entry| entry.path.as_str());
        let others: Vec<&str> =
            written.filter(|path| !places.iter().any(|place| below(path, place))).collect();
        Ok(match others.as_slice() {
            [] => Verdict::Proven,
            [one] => Verdict::Refuted(format!("it writes {one}")),
            [first, rest @ ..] => Verdict::Refuted(format!("it writes {first} and {} more", rest.len())),
        })
    }

    fn memory(&self, limit: u64) -> Found<Verdict> {
        match &self.proof.evidence.memory_peak {
            Some((peak, _)) => Ok(verdict(*peak < limit, || format!("the peak was {}", human_bytes(*peak)))),
            None => open("no memory was measured"),
        }
    }

    /// A restriction that was tried.
    fn rung(&self, is_meant: impl Fn(&Rung) -> bool) -> Found<&RungRecord> {
        let rungs = &self.proof.evidence.rungs;
        match rungs.iter().find(|record| is_meant(&record.rung)) {
            Some(record) => Ok(record),
            None if rungs.is_empty() => {
                self.running()?;
                open("no restriction was tried")
            }
            None => {
                let known: Vec<&str> = rungs.iter().map(|record| rung_word(&record.rung)).collect();
                refuted(format!("no such restriction was tried; there are {}", known.join(", ")))
            }
        }
    }

    fn launch(&self, word: &str) -> Found<&LaunchRecord> {
        let claims =
            || self.proof.claims.iter().filter_map(|claim| Some((claim.id.strip_prefix("launch-")?, claim)));
        let experiment =
            claims().find(|(known, _)| *known == word).and_then(|(_, claim)| claim.experiment.as_deref());
        let record =
            self.proof.evidence.launches.iter().find(|record| Some(record.id.as_str()) == experiment);
        match record {
            Some(record) => Ok(record),
            None => {
                let known: Vec<&str> = claims().map(|(known, _)| known).collect();
                refuted(format!("there is no such launch; there are {}", known.join(", ")))
            }
        }
    }
}

fn held(record: &RungRecord, wanted: bool) -> Found<Verdict> {
    match &record.verdict {
        Verdict::Proven => Ok(verdict(wanted, || format!("it holds: {}", record.fact))),
        Verdict::Refuted(why) => Ok(verdict(!wanted, || why.clone())),
        Verdict::Unproven(why) => open(why.clone()),
    }
}

fn capabilities(record: &RungRecord, wanted: &[String]) -> Found<Verdict> {
    match &record.verdict {
        Verdict::Proven => {
            let needed = record.relaxations.iter().filter_map(|given| match given {
                Relaxation::Capability(name) => Some(name.as_str()),
                _ => None,
            });
            let more: Vec<&str> = needed.filter(|name| !wanted.iter().any(|known| known == name)).collect();
            Ok(verdict(more.is_empty(), || format!("it needs {}, too", more.join(", "))))
        }
        Verdict::Refuted(why) => refuted(why.clone()),
        Verdict::Unproven(why) => open(why.clone()),
    }
}

fn became(record: &LaunchRecord, wanted: Fate) -> Found<Verdict> {
    let really = match &record.outcome {
        Outcome::Running(_) => Fate::Running,
        Outcome::Exited { code, .. } => Fate::Exited(Some(*code)),
        Outcome::NotStarted { code, .. } => Fate::NotStarted(Some(*code)),
        Outcome::Undecided { why } => return open(why.clone()),
    };
    let is_met = match (wanted, really) {
        (Fate::Exited(None), Fate::Exited(_)) | (Fate::NotStarted(None), Fate::NotStarted(_)) => true,
        (wanted, really) => wanted == really,
    };
    Ok(verdict(is_met, || format!("it was: {}", really.words())))
}

/// A time of a message: milliseconds are enough.
fn shown(time: Duration) -> String {
    go_duration(Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
}

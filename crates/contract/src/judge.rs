//! Contract and evidence to proof: pure, so that a recorded run can be judged again.

mod readiness;
mod rollout;
mod start;
mod stop;

use std::time::Duration;

use plimsoll_model::PortSpec;

use crate::contract::{Contract, LaunchMode, Pid1};
use crate::evidence::{Evidence, LaunchRecord, Observed, Outcome, ProcessFact, Promised, Rung, Verdict};
use crate::given::with_given;
use crate::pid1::words::base_name;

pub use rollout::{losses, rollout_claims, rollout_command};
pub use stop::{Manner, manner};

/// A statement of the contract that an experiment can confirm or refute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Stable id such as `launch-as-built`, `port-8080/tcp`, `stop-graceful`, `rung-read-only`.
    pub id: String,
    /// The statement in a sentence.
    pub statement: String,
    /// Refuting it means the image breaks its promise (or plimsoll predicted wrongly): exit code 5.
    pub required: bool,
    /// The outcome.
    pub verdict: Verdict,
    /// The experiment that decided it.
    pub experiment: Option<String>,
}

/// Contract, evidence and the claims weighed.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// The promise.
    pub contract: Contract,
    /// What was seen.
    pub evidence: Evidence,
    /// The verdicts.
    pub claims: Vec<Claim>,
}

impl Proof {
    /// Whether nothing required was refuted.
    pub fn holds(&self) -> bool {
        !self.claims.iter().any(|claim| claim.required && matches!(claim.verdict, Verdict::Refuted(_)))
    }

    /// A claim by its id.
    pub fn claim(&self, id: &str) -> Option<&Claim> {
        self.claims.iter().find(|claim| claim.id == id)
    }
}

/// Weigh the evidence against the contract, which counts with what the experiments were given.
pub fn judge(contract: Contract, evidence: Evidence) -> Proof {
    let contract = with_given(&contract, &evidence.given);
    let claims = match &evidence.rollout {
        // A rehearsal is all there is then.
        Some(rollout) => rollout_claims(rollout),
        None => claims(&contract, &evidence),
    };
    Proof { contract, evidence, claims }
}

/// What the experiments on one image say about its promise.
fn claims(contract: &Contract, evidence: &Evidence) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    for record in &evidence.launches {
        let word = format!("launch-{}", mode_word(&record.predicted.mode));
        let same = |claim: &&Claim| claim.id == word || claim.id.starts_with(&format!("{word}-again"));
        let id = match claims.iter().filter(same).count() {
            0 => word,
            before => format!("{word}-again-{}", before + 1),
        };
        claims.push(launch_claim(record, id, evidence.promised.as_ref()));
    }
    claims.extend(failed_start_claim(contract, evidence));
    claims.extend(port_claims(contract, evidence));
    claims.extend(user_claim(contract, evidence));
    claims.extend(readiness::claims(evidence));
    claims.extend(stop::claims(contract, evidence));
    claims.extend(zombie_claim(evidence));
    claims.extend(evidence.rungs.iter().map(|record| Claim {
        id: format!("rung-{}", rung_word(&record.rung)),
        statement: rung_statement(&record.rung),
        required: false,
        verdict: record.verdict.clone(),
        experiment: Some(record.id.clone()),
    }));
    claims
}

/// The stable word of a launch mode.
pub fn mode_word(mode: &LaunchMode) -> &'static str {
    match mode {
        LaunchMode::AsBuilt => "as-built",
        LaunchMode::RunArgs(_) => "run-args",
        LaunchMode::Entrypoint(..) => "entrypoint",
        LaunchMode::Pod => "pod",
        LaunchMode::PodArgs(_) => "pod-args",
        LaunchMode::PodCommand(_) => "pod-command",
        LaunchMode::PodBoth(..) => "pod-command-args",
    }
}

/// The stable word of a rung.
pub fn rung_word(rung: &Rung) -> &'static str {
    match rung {
        Rung::NonRoot { .. } => "non-root",
        Rung::ReadOnlyRoot => "read-only",
        Rung::DropAllCapabilities => "drop-all",
        Rung::NoNewPrivileges => "no-new-privileges",
        Rung::AllTogether => "all-together",
        Rung::ArbitraryUser { .. } => "arbitrary-user",
        Rung::DefaultSeccomp => "default-seccomp",
        Rung::LowPorts => "low-ports",
        Rung::HomeNotWritable => "home",
        Rung::NoEgress => "no-egress",
        Rung::MemoryLimit { .. } => "memory-limit",
        Rung::PidsLimit { .. } => "pids-limit",
    }
}

fn rung_statement(rung: &Rung) -> String {
    match rung {
        Rung::NonRoot { uid, gid } => format!("it works as user {uid}, group {gid}"),
        Rung::ReadOnlyRoot => "it works with a read-only root file system".to_string(),
        Rung::DropAllCapabilities => "it works without any capability".to_string(),
        Rung::NoNewPrivileges => "it works without gaining privileges".to_string(),
        Rung::AllTogether => "it works with all restrictions together".to_string(),
        Rung::ArbitraryUser { uid } => format!("it works as user {uid}, whom nobody knows, in group 0"),
        Rung::DefaultSeccomp => "it works under the default seccomp profile".to_string(),
        Rung::LowPorts => "it listens without the right to ports below 1024".to_string(),
        Rung::HomeNotWritable => "it works with a home directory that cannot be written".to_string(),
        Rung::NoEgress => "it works without a network".to_string(),
        Rung::MemoryLimit { bytes } => format!("it works with {} MiB of memory", bytes >> 20),
        Rung::PidsLimit { count } => format!("it works with {count} processes and threads"),
    }
}

/// The image as built fails when it is started and nothing is given. An image that names ports promises
/// a server, so there it is a broken promise; another one may want arguments.
fn failed_start_claim(contract: &Contract, evidence: &Evidence) -> Option<Claim> {
    let record = evidence.as_built()?;
    let why = match &record.outcome {
        Outcome::Exited { code: code @ 1.., .. } => format!("it ended by itself with exit code {code}"),
        Outcome::NotStarted { code, why } if record.predicted.argv.is_ok() => format!("{code}: {why}"),
        _ => return None,
    };
    let said = record.log.last().map_or(String::new(), |line| format!(", saying: {line}"));
    Some(Claim {
        id: "start-as-built".to_string(),
        statement: match evidence.given.is_empty() {
            true => "it starts as built, without arguments and variables".to_string(),
            false => "it starts with what was given".to_string(),
        },
        required: !contract.ports.is_empty(),
        verdict: Verdict::Refuted(format!("{why}{said}")),
        experiment: Some(record.id.clone()),
    })
}

/// One launch did what was predicted. A contradiction means that either the image or plimsoll is
/// not what it says, so it is always required.
fn launch_claim(record: &LaunchRecord, id: String, promised: Option<&Promised>) -> Claim {
    let predicted = &record.predicted;
    let statement = match &predicted.argv {
        Ok(argv) => format!("{} starts {}", predicted.mode.phrase(), command_text(argv)),
        Err(why) => format!("{} is refused: {why}", predicted.mode.phrase()),
    };
    Claim {
        id,
        statement,
        required: true,
        verdict: launch_verdict(record, promised),
        experiment: Some(record.id.clone()),
    }
}

fn launch_verdict(record: &LaunchRecord, promised: Option<&Promised>) -> Verdict {
    let argv = &record.predicted.argv;
    if let (Ok(_), Some(start)) = (argv, &record.start) {
        let found = start::contradictions(record, start, promised);
        if !found.is_empty() {
            return Verdict::Refuted(found.join("; "));
        }
    }
    match (argv, &record.outcome) {
        (_, Outcome::Undecided { why }) => Verdict::Unproven(why.clone()),
        (Err(_), Outcome::NotStarted { .. }) => Verdict::Proven,
        (Err(_), Outcome::Running(_) | Outcome::Exited { .. }) => {
            Verdict::Refuted("something was started although nothing should have been".to_string())
        }
        (Ok(_), Outcome::Running(seen)) => seen_verdict(record, seen),
        (Ok(_), Outcome::Exited { seen, code }) => match (&record.start, seen) {
            // It was followed to its end, or there was no other look at it.
            (Some(start), seen) if start.became.is_some() || seen.is_none() => {
                start::ended_verdict(record, start, *code)
            }
            (start, Some(seen)) => start::last_look_verdict(record, start.as_ref(), seen, *code),
            (_, None) => {
                Verdict::Unproven(format!("it ended with exit code {code} before PID 1 could be looked at"))
            }
        },
        (Ok(_), Outcome::NotStarted { why, .. }) => match &record.predicted.pid1 {
            Pid1::Nothing => Verdict::Proven,
            // The words were right; that the image has no such program is for the reader to see.
            _ => Verdict::Unproven(format!("nothing was started: {why}")),
        },
    }
}

fn seen_verdict(record: &LaunchRecord, seen: &Observed) -> Verdict {
    let Some(first) = seen.pid1() else {
        return Verdict::Unproven("PID 1 was not seen".to_string());
    };
    let looks = format!("PID 1 was {}", command_text(&first.argv));
    match &record.predicted.pid1 {
        Pid1::Unknown(why) => Verdict::Unproven(format!("{looks}; beforehand it was open: {why}")),
        Pid1::Nothing => Verdict::Refuted(format!("{looks}, but nothing should have started")),
        Pid1::Program(program) => match process_is(first, program) {
            true => Verdict::Proven,
            false => Verdict::Refuted(format!("{looks}, not {program}")),
        },
        Pid1::Shell { shell, child } => {
            let below = |name: &str| {
                seen.processes.iter().any(|process| process.pid != 1 && process_is(process, name))
            };
            match (process_is(first, shell), child) {
                (false, _) => Verdict::Refuted(format!("{looks}, not the shell {shell}")),
                (true, Some(child)) if !below(child) && seen.processes.len() > 1 => {
                    Verdict::Refuted(format!("{child} was not among the processes below {shell}"))
                }
                (true, _) => Verdict::Proven,
            }
        }
    }
}

fn process_is(process: &ProcessFact, program: &str) -> bool {
    is_program(&process.argv, &process.exe, program)
}

/// Whether a process is this program: by its command line (a script's interpreter stands before
/// it), by its executable, or by a title it gave itself (`nginx: master process`).
fn is_program(argv: &[String], exe: &str, program: &str) -> bool {
    let name = base_name(program);
    let title = |word: &str| word.split([':', ' ']).next().is_some_and(|first| base_name(first) == name);
    let own = argv.first().is_some_and(|word| base_name(word.trim_start_matches('-')) == name || title(word));
    let script = argv.iter().skip(1).take(2).any(|word| base_name(word) == name && word.contains('/'));
    own || script || base_name(exe) == name
}

/// The last look at the image started as built.
fn last_look(evidence: &Evidence) -> Option<(&LaunchRecord, &Observed)> {
    let record = evidence.as_built()?;
    match &record.outcome {
        Outcome::Running(seen) => Some((record, seen)),
        _ => None,
    }
}

fn port_claims(contract: &Contract, evidence: &Evidence) -> Vec<Claim> {
    let Some((record, seen)) = last_look(evidence) else {
        let record = evidence.as_built();
        let verdict = match record.map(|record| &record.outcome) {
            // Content with itself, and gone: a daemon that went to the background ended with PID 1.
            Some(Outcome::Exited { code: 0, .. }) => Verdict::Refuted(
                "the image as built ended by itself with exit code 0: nothing listens afterwards".to_string(),
            ),
            _ => Verdict::Unproven("the image as built did not stay running".to_string()),
        };
        let claim = |port: &PortSpec| Claim {
            verdict: verdict.clone(),
            ..port_claim(*port, record.map(|record| record.id.clone()))
        };
        return contract.ports.iter().map(|port| claim(&port.value)).collect();
    };
    let id = Some(record.id.clone());
    let mut claims = Vec::new();
    for port in &contract.ports {
        let listeners: Vec<_> = seen.listening.iter().filter(|l| l.port == port.value).collect();
        let verdict = match listeners.as_slice() {
            [] => Verdict::Refuted(nothing_on(port.value, seen)),
            all if all.iter().all(|l| l.loopback_only) => {
                Verdict::Refuted("it listens on 127.0.0.1 only: nobody outside reaches it".to_string())
            }
            _ => Verdict::Proven,
        };
        claims.push(Claim { verdict, ..port_claim(port.value, id.clone()) });
    }
    let exposed = |port: PortSpec| contract.ports.iter().any(|known| known.value == port);
    let mut extra: Vec<_> = seen.listening.iter().filter(|l| !exposed(l.port) && !l.loopback_only).collect();
    extra.sort();
    extra.dedup_by_key(|listener| listener.port);
    claims.extend(extra.iter().map(|listener| Claim {
        id: format!("unexposed-{}", listener.port),
        statement: format!("every port listened on is named by EXPOSE, {} too", listener.port),
        required: false,
        verdict: Verdict::Refuted(format!("it listens on {}, which EXPOSE does not name", listener.port)),
        experiment: id.clone(),
    }));
    claims
}

fn port_claim(port: PortSpec, experiment: Option<String>) -> Claim {
    Claim {
        id: format!("port-{port}"),
        statement: format!("it listens on the exposed port {port}"),
        required: false,
        verdict: Verdict::Proven,
        experiment,
    }
}

fn nothing_on(port: PortSpec, seen: &Observed) -> String {
    let others: Vec<String> = seen.listening.iter().map(|listener| listener.port.to_string()).collect();
    match others.is_empty() {
        true => format!("nothing listens on {port}, nor on any other port"),
        false => format!("nothing listens on {port}; it listens on {}", others.join(", ")),
    }
}

/// PID 1 runs as the promised user. A name is a number by the account files of the image.
fn user_claim(contract: &Contract, evidence: &Evidence) -> Option<Claim> {
    let record = evidence.as_built()?;
    let running = last_look(evidence).and_then(|(_, seen)| seen.pid1()).map(|first| first.uid);
    let uid = running.or(record.start.as_ref().map(|start| start.uid))?;
    let written = contract.user.value.as_str();
    let name = written.split(':').next().unwrap_or("");
    let promised = match (name, &evidence.promised) {
        ("" | "root", _) => Some(0),
        (_, Some(promised)) => Some(promised.uid),
        (number, None) => number.parse::<u32>().ok(),
    };
    let shown = if written.is_empty() { "root (no USER)" } else { written };
    let statement = match promised {
        // An entrypoint that starts as root may step down (gosu, setpriv): that breaks no promise.
        Some(0) if uid != 0 => format!("it starts as {shown} and steps down to uid {uid}"),
        _ => format!("it runs as {shown}"),
    };
    let verdict = match promised {
        Some(promised) if promised == uid || promised == 0 => Verdict::Proven,
        Some(_) => Verdict::Refuted(format!("PID 1 runs as uid {uid}")),
        None if uid != 0 => Verdict::Proven,
        None => Verdict::Refuted("PID 1 runs as uid 0".to_string()),
    };
    Some(Claim {
        id: "user".to_string(),
        statement,
        required: promised.is_none_or(|uid| uid != 0),
        verdict,
        experiment: Some(record.id.clone()),
    })
}

fn zombie_claim(evidence: &Evidence) -> Option<Claim> {
    let stop = evidence.stop.as_ref();
    let (id, running) = match last_look(evidence) {
        Some((record, seen)) => (Some(record.id.clone()), seen.processes.iter().filter(|p| p.zombie).count()),
        None => (None, 0),
    };
    let at_stop = stop.map_or(0, |stop| stop.zombies as usize);
    let id = if at_stop > running { stop.map(|stop| stop.id.clone()) } else { id };
    let experiment = id.or(stop.map(|stop| stop.id.clone()));
    experiment.as_ref()?;
    let verdict = match running.max(at_stop) {
        0 => Verdict::Proven,
        1 => Verdict::Refuted("one zombie was left: PID 1 does not wait for its children".to_string()),
        n => Verdict::Refuted(format!("{n} zombies were left: PID 1 does not wait for its children")),
    };
    Some(Claim {
        id: "zombies".to_string(),
        statement: "no zombie is left behind".to_string(),
        required: false,
        verdict,
        experiment,
    })
}

/// Words as a shell would read them back.
pub fn command_text(argv: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c) || !c.is_ascii();
    let quote = |word: &String| match !word.is_empty() && word.chars().all(plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    };
    argv.iter().map(quote).collect::<Vec<_>>().join(" ")
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests;

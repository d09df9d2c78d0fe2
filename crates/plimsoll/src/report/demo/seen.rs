//! What experiments could have seen.

use std::time::Duration;

use plimsoll_contract::contract::Launch;
use plimsoll_contract::evidence::{
    Amounts, CheckFact, End, Evidence, LaunchRecord, Listener, Observed, Outcome, PortFact, ProcessEnd,
    ProcessFact, Refused, Relaxation, Rung, RungRecord, Speaks, StartTimes, StopCondition, StopRecord,
    StopRun, Verdict, Written, WrittenPath,
};
use plimsoll_contract::{Contract, launch, matrix};
use plimsoll_model::{Digest, PortSpec, Signal};

pub fn words_of(argv: &[String]) -> Vec<&str> {
    argv.iter().map(String::as_str).collect()
}

pub fn process(
    pid: u32,
    parent: u32,
    argv: &[&str],
    (uid, gid): (u32, u32),
    handles: &[Signal],
) -> ProcessFact {
    let argv: Vec<String> = argv.iter().map(|word| (*word).to_string()).collect();
    let capabilities = match uid {
        0 => ["CHOWN", "SETGID", "SETUID"].map(str::to_string).to_vec(),
        _ => Vec::new(),
    };
    ProcessFact {
        pid,
        parent,
        exe: argv[0].clone(),
        argv,
        uid,
        gid,
        capabilities,
        zombie: false,
        handles: handles.to_vec(),
    }
}

pub fn observed(processes: Vec<ProcessFact>, ports: &[&str], after: Option<u64>) -> Observed {
    let listener =
        |text: &&str| Listener { port: PortSpec::parse(text).expect("a port"), loopback_only: false };
    Observed {
        processes,
        listening: ports.iter().map(listener).collect(),
        first_listen: after.map(Duration::from_millis),
    }
}

/// A port that everybody can reach.
pub fn port(number: &str, exposed: bool, speaks: Speaks) -> PortFact {
    PortFact {
        port: PortSpec::parse(number).expect("a port"),
        addresses: vec!["0.0.0.0".into(), "::".into()],
        exposed,
        loopback_only: false,
        ipv4: true,
        ipv6: true,
        speaks,
    }
}

/// Timed starts: milliseconds to listen and to answer.
pub fn amounts(runs: &[(u64, u64)]) -> Amounts {
    let run = |(listen, answer): &(u64, u64)| StartTimes {
        listen: Some(Duration::from_millis(*listen)),
        answer: Some(Duration::from_millis(*answer)),
    };
    Amounts {
        runs: runs.iter().map(run).collect(),
        memory_idle: Some(11_400_000),
        descriptors: 9,
        threads: 4,
        processes: 2,
        ..Amounts::default()
    }
}

/// A user's own check that failed.
pub fn failed_check(words: &str, said: &str) -> CheckFact {
    CheckFact { words: words.into(), argv: Vec::new(), http: None, good: false, tries: 2, said: said.into() }
}

pub fn evidence(
    image: &str,
    contract: &Contract,
    seen: impl Fn(&Launch) -> Outcome,
    log: &[&str],
) -> Evidence {
    let records = matrix(contract).into_iter().enumerate().map(|(at, mode)| {
        let predicted = launch(contract, &mode);
        LaunchRecord {
            id: format!("launch-{}", at + 1),
            outcome: seen(&predicted),
            command: format!(
                "plimsoll run --rm {image} {}",
                predicted.argv.clone().unwrap_or_default().join(" ")
            ),
            log: log.iter().map(|line| (*line).to_string()).collect(),
            took: Duration::from_millis(410 + 7 * at as u64),
            start: None,
            predicted,
        }
    });
    Evidence {
        image: image.into(),
        digest: Digest::of(image.as_bytes()).to_string(),
        machine: vec![
            "Linux 6.18.44".into(),
            "as an ordinary user with subordinate ids".into(),
            "plimsoll 0.1.0".into(),
        ],
        launches: records.collect(),
        ..Evidence::default()
    }
}

pub fn stop() -> StopRecord {
    StopRecord {
        id: "stop".into(),
        signal: Signal::TERM,
        grace: Duration::from_secs(10),
        times: Vec::new(),
        code: 0,
        killed: false,
        killed_with_namespace: Vec::new(),
        zombies: 0,
        listener_closed: None,
        log: Vec::new(),
        runs: Vec::new(),
        undelivered: Vec::new(),
        untried: Vec::new(),
    }
}

pub fn stop_run(id: &str, condition: StopCondition, millis: u64) -> StopRun {
    StopRun {
        id: id.into(),
        condition,
        signal: Signal::TERM,
        grace: Duration::from_secs(10),
        took: Duration::from_millis(millis),
        code: 0,
        killed: false,
        listener_closed: None,
        last_answer: None,
        processes: Vec::new(),
        connections: Vec::new(),
    }
}

/// How processes ended: pid, parent, command, whether it handles the signal, end.
pub fn ends(processes: &[(u32, u32, &str, bool, End)]) -> Vec<ProcessEnd> {
    let end = |(pid, parent, command, handles, end): &(u32, u32, &str, bool, End)| ProcessEnd {
        pid: *pid,
        parent: *parent,
        command: (*command).to_string(),
        listens: *handles,
        handles: *handles,
        end: *end,
    };
    processes.iter().map(end).collect()
}

pub fn rung(id: &str, rung: Rung, relaxations: &[Relaxation]) -> RungRecord {
    RungRecord {
        id: id.into(),
        rung,
        verdict: Verdict::Proven,
        fact: "started, served, stopped".into(),
        relaxations: relaxations.to_vec(),
        refused: Vec::new(),
        command: format!("plimsoll run --rm {} app:dev", id.replace("rung-", "--")),
    }
}

pub fn refused(call: &str, subject: &str, why: &str) -> Refused {
    Refused { call: call.into(), subject: subject.into(), why: why.into(), program: "/srv/server".into() }
}

pub fn written_path(path: &str, bytes: u64, what: Written) -> WrittenPath {
    WrittenPath { path: path.into(), bytes, what }
}

//! What experiments could have seen.

use std::time::Duration;

use plimsoll_contract::contract::Launch;
use plimsoll_contract::evidence::{
    End, Evidence, LaunchRecord, Listener, Observed, Outcome, ProcessEnd, ProcessFact, Refused, Relaxation,
    Rung, RungRecord, StopCondition, StopRecord, StopRun, Verdict, Written, WrittenPath,
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

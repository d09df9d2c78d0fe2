use plimsoll_model::PortSpec;

use super::*;
use crate::contract::{Launch, LaunchMode, Pid1};
use crate::evidence::{
    Amounts, Answer, CheckFact, Given, Hardening, LaunchRecord, Listener, MachineLoad, Observed, Outcome,
    PortFact, ProcessFact, Program, Promised, Readiness, RecordedCalls, Refused, Relaxation, Rung,
    RungRecord, Speaks, Start, StartTimes, StopRecord, StructureTest, Verdict, Written, WrittenPath,
};
use crate::evidence::{ConnectionCount, ConnectionKind, End, ProcessEnd, StopCondition, StopRun};

fn stop_runs() -> Vec<StopRun> {
    let conditions = [
        StopCondition::Quiet,
        StopCondition::Requests,
        StopCondition::Held,
        StopCondition::OtherSignal,
        StopCondition::Init,
        StopCondition::SecondSignal(Duration::from_millis(400)),
        StopCondition::ShortGrace,
    ];
    let ends = [End::Exit(3), End::Signal(Signal::TERM), End::Killed, End::WithNamespace, End::Unknown];
    let kinds =
        [ConnectionKind::Idle, ConnectionKind::HalfSent, ConnectionKind::InFlight, ConnectionKind::New];
    let process = |end: &End| ProcessEnd {
        pid: 7,
        parent: 1,
        command: "server --port 1".into(),
        listens: true,
        handles: false,
        end: *end,
    };
    let run = |condition: &StopCondition| StopRun {
        id: "stop-requests".into(),
        condition: *condition,
        signal: Signal::INT,
        grace: Duration::from_secs(1),
        took: Duration::from_micros(17),
        code: 143,
        killed: false,
        listener_closed: None,
        last_answer: Some(Duration::from_micros(3)),
        processes: ends.iter().map(process).collect(),
        connections: kinds
            .iter()
            .map(|kind| ConnectionCount {
                answered: 1,
                error_status: 2,
                reset: 3,
                ..ConnectionCount::of(*kind)
            })
            .collect(),
    };
    conditions.iter().map(run).collect()
}

fn start(at: usize) -> Start {
    let program = Program { argv: vec!["sh".into(), String::new()], exe: "/bin/sh".into() };
    Start {
        became: (at == 2).then(|| vec![program.clone()]),
        program,
        workdir: "/w".into(),
        env: vec![("A".into(), "ä".into())],
        uid: 1,
        gid: 2,
        groups: vec![3],
        effective: vec!["CHOWN".into()],
        permitted: vec!["CHOWN".into()],
        bounding: vec!["CHOWN".into(), "KILL".into()],
    }
}

fn readiness() -> Readiness {
    let speaks = [
        Speaks::Http { path: "/".into(), status: 204 },
        Speaks::Tls,
        Speaks::Greeting { protocol: Some("SSH".into()), line: "SSH-2.0".into() },
        Speaks::Other { line: "-ERR".into() },
        Speaks::Silent,
        Speaks::Unreachable { why: "refused".into() },
        Speaks::Datagrams,
    ];
    let port = |speaks: &Speaks| PortFact {
        port: PortSpec::parse("53/udp").unwrap(),
        addresses: vec!["::".into()],
        exposed: true,
        loopback_only: false,
        ipv4: false,
        ipv6: true,
        speaks: speaks.clone(),
    };
    Readiness {
        experiment: "launch-1".into(),
        ports: speaks.iter().map(port).collect(),
        answer: Answer::Check(CheckFact {
            words: "--check x".into(),
            argv: vec!["x".into()],
            http: Some(HttpAnswer { port: 80, path: "/".into(), status: 200 }),
            good: true,
            tries: 2,
            said: "PONG".into(),
        }),
        first_answer: Some(Duration::from_micros(7)),
        structure: vec![StructureTest {
            kind: "commandTests".into(),
            name: "x".into(),
            failures: vec!["no".into()],
        }],
    }
}

fn amounts() -> Amounts {
    Amounts {
        runs: vec![StartTimes { listen: Some(Duration::from_micros(1)), answer: None }],
        memory_idle: Some(1),
        descriptors: 2,
        threads: 3,
        processes: 4,
        load: MachineLoad { waiting: vec![Some(17), None], method: "pressure".into(), repeated: 1 },
        timing: Some(Verdict::Unproven("busy".into())),
    }
}

pub(super) fn everything() -> Evidence {
    let modes = [
        LaunchMode::AsBuilt,
        LaunchMode::RunArgs(vec!["a".into()]),
        LaunchMode::Entrypoint("x".into(), vec!["a".into()]),
        LaunchMode::Pod,
        LaunchMode::PodArgs(vec![]),
        LaunchMode::PodCommand(vec!["c".into()]),
        LaunchMode::PodBoth(vec!["c".into()], vec!["a".into()]),
    ];
    let seen = Observed {
        processes: vec![ProcessFact {
            pid: 1,
            parent: 0,
            argv: vec!["server".into(), "".into(), "ä\u{fffd}".into()],
            exe: "/server".into(),
            uid: 5,
            gid: 6,
            capabilities: vec!["CHOWN".into()],
            zombie: false,
            handles: vec![Signal::TERM, Signal::parse("RTMIN+3").unwrap()],
        }],
        listening: vec![Listener { port: PortSpec::parse("53/udp").unwrap(), loopback_only: true }],
        first_listen: Some(Duration::from_micros(1234)),
    };
    let outcomes = [
        Outcome::Running(seen.clone()),
        Outcome::Exited { code: 137, seen: Some(seen) },
        Outcome::Exited { code: 0, seen: None },
        Outcome::NotStarted { code: 127, why: "not found".into() },
        Outcome::Undecided { why: "no namespaces".into() },
    ];
    let pid1 = [
        Pid1::Program("server".into()),
        Pid1::Shell { shell: "sh".into(), child: None },
        Pid1::Unknown("why".into()),
        Pid1::Nothing,
    ];
    let launch = |at: usize, mode: &LaunchMode| LaunchRecord {
        id: format!("launch-{at}"),
        predicted: Launch {
            mode: mode.clone(),
            argv: if at == 0 { Err("no command specified".into()) } else { Ok(vec!["server".into()]) },
            elsewhere: None,
            drops_cmd: at.is_multiple_of(2),
            ignored_args: vec!["i".into()],
            pid1: pid1[at % pid1.len()].clone(),
        },
        outcome: outcomes[at % outcomes.len()].clone(),
        command: "plimsoll run".into(),
        log: vec!["line".into()],
        took: Duration::from_millis(5),
        start: (at != 1).then(|| start(at)),
    };
    let rungs = [
        Rung::NonRoot { uid: 1, gid: 2 },
        Rung::ReadOnlyRoot,
        Rung::DropAllCapabilities,
        Rung::NoNewPrivileges,
        Rung::AllTogether,
        Rung::ArbitraryUser { uid: 1_000_650_000 },
        Rung::DefaultSeccomp,
        Rung::LowPorts,
        Rung::HomeNotWritable,
        Rung::NoEgress,
        Rung::MemoryLimit { bytes: 64 << 20 },
        Rung::PidsLimit { count: 100 },
    ];
    let verdicts = [Verdict::Proven, Verdict::Refuted("seen".into()), Verdict::Unproven("why".into())];
    let relaxations = vec![
        Relaxation::WritableMount("/tmp".into()),
        Relaxation::Capability("CHOWN".into()),
        Relaxation::RunAsRoot,
        Relaxation::WritableRoot,
        Relaxation::PrivilegeEscalation,
        Relaxation::LowPorts,
        Relaxation::Home("/tmp".into()),
    ];
    let written = [Written::File, Written::Directory, Written::Other, Written::Deleted];
    Evidence {
        image: "app:dev".into(),
        digest: "sha256:0".into(),
        machine: vec!["user namespaces".into()],
        launches: modes.iter().enumerate().map(|(at, mode)| launch(at, mode)).collect(),
        stop: Some(StopRecord {
            id: "stop-1".into(),
            signal: Signal::QUIT,
            grace: Duration::from_secs(10),
            times: vec![Duration::from_micros(830_001)],
            code: 0,
            killed: true,
            killed_with_namespace: vec!["worker".into()],
            zombies: 3,
            listener_closed: Some(Duration::ZERO),
            log: vec!["bye".into()],
            runs: stop_runs(),
            undelivered: vec![Signal::HUP],
            untried: vec!["nothing listens".into()],
        }),
        written: written
            .iter()
            .map(|what| WrittenPath { path: "/tmp/x".into(), bytes: u64::MAX, what: *what })
            .collect(),
        rungs: rungs
            .iter()
            .enumerate()
            .map(|(at, rung)| RungRecord {
                id: format!("rung-{at}"),
                rung: rung.clone(),
                verdict: verdicts[at % verdicts.len()].clone(),
                fact: "started".into(),
                relaxations: relaxations.clone(),
                refused: vec![Refused {
                    call: "mkdir".into(),
                    subject: "/run/app".into(),
                    why: "read-only file system".into(),
                    program: "/bin/app".into(),
                }],
                command: "plimsoll run".into(),
            })
            .collect(),
        memory_peak: Some((18_200_000, MEMORY_METHODS[0])),
        http: Some(HttpAnswer { port: 80, path: "/".into(), status: 200 }),
        hardening: Some(Hardening {
            user: Some((33, 0)),
            relaxations: relaxations.clone(),
            starts: 7,
            sent_to: vec!["10.0.0.5:5432".into()],
            seccomp: Some(RecordedCalls {
                calls: vec!["read".into()],
                launch: vec!["umask".into()],
                foreign: true,
                verdict: Verdict::Refuted("seen".into()),
            }),
        }),
        rollout: None,
        given: Given {
            args: vec!["a b".into()],
            env: vec![("A".into(), Some("1".into())), ("B".into(), None)],
            user: Some("app".into()),
            workdir: Some("/w".into()),
            hostname: Some("box".into()),
            mounts: vec![("--tmpfs".into(), "/x".into())],
        },
        promised: Some(Promised {
            uid: 1,
            gid: 2,
            groups: Some(vec![3]),
            env: vec![("A".into(), "1".into())],
            workdir: "/w".into(),
            capabilities: vec!["CHOWN".into()],
        }),
        readiness: Some(readiness()),
        amounts: Some(amounts()),
    }
}

#[test]
fn what_is_written_is_read_back() {
    let evidence = everything();
    let text = to_json(&evidence).to_string();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(from_json(&value).unwrap(), evidence);
}

#[test]
fn every_answer_is_read_back() {
    let port = PortSpec::parse("25/tcp").unwrap();
    let http = HttpAnswer { port: 80, path: "/".into(), status: 200 };
    for answer in [Answer::Nothing, Answer::Http(http), Answer::Greeting(port), Answer::Connection(port)] {
        let mut evidence = everything();
        evidence.readiness.as_mut().unwrap().answer = answer;
        assert_eq!(from_json(&to_json(&evidence)).unwrap(), evidence);
    }
    let mut older = to_json(&everything());
    for field in ["given", "promised", "readiness", "amounts"] {
        older.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(from_json(&older).unwrap().readiness, None);
}

#[test]
fn other_formats_and_damage_are_told_apart() {
    let mut value = to_json(&everything());
    value["launches"][0]["argv"] = Value::from(vec!["x"]);
    assert!(matches!(from_json(&value), Err(BadEvidence::Damaged { .. })));
    let mut value = to_json(&everything());
    value["stop"]["signal"] = Value::from("SIGNONE");
    assert!(from_json(&value).unwrap_err().to_string().contains("SIGNONE"));
    value["schema"] = Value::from("plimsoll.evidence/2");
    assert!(matches!(from_json(&value), Err(BadEvidence::Schema { .. })));
    for nonsense in ["null", "[]", "{}", "1"] {
        assert!(from_json(&serde_json::from_str(nonsense).unwrap()).is_err());
    }
}

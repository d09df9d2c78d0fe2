use plimsoll_model::Because;

use super::*;
use crate::evidence::{
    HttpAnswer, Listener, Observed, Outcome, ProcessFact, Relaxation, Rung, RungRecord, StopRecord, Verdict,
    Written, WrittenPath,
};
use crate::judge::{Proof, judge};
use crate::{Evidence, LaunchMode, from_image, modes};

fn proof(outcome: Outcome) -> Proof {
    let config = plimsoll_model::ImageConfig {
        entrypoint: vec!["/app/server".into()],
        exposed_ports: vec!["8080/tcp".into()],
        ..Default::default()
    };
    let contract = from_image(&config, None, Because::ImageConfig);
    let launches = [LaunchMode::AsBuilt, LaunchMode::RunArgs(vec!["--help".into()])];
    let outcomes = [outcome.clone(), Outcome::Exited { code: 2, seen: None }];
    let runs = matches!(outcome, Outcome::Running(_));
    let records = launches.iter().zip(outcomes).enumerate().map(|(at, (mode, outcome))| {
        crate::evidence::LaunchRecord {
            id: format!("launch-{}", at + 1),
            predicted: modes::launch(&contract, mode),
            outcome,
            command: "plimsoll run x".into(),
            log: Vec::new(),
            took: Duration::from_millis(200),
            start: None,
        }
    });
    let rung = |id: &str, rung, verdict, relaxations| RungRecord {
        id: id.into(),
        rung,
        verdict,
        fact: "started".into(),
        relaxations,
        refused: Vec::new(),
        command: "plimsoll run x".into(),
    };
    let evidence = Evidence {
        image: "x".into(),
        digest: "sha256:0".into(),
        launches: records.collect(),
        stop: runs.then(|| StopRecord {
            id: "stop".into(),
            signal: Signal::TERM,
            grace: Duration::from_secs(10),
            times: vec![Duration::from_millis(300), Duration::from_millis(400)],
            code: 0,
            killed: false,
            killed_with_namespace: Vec::new(),
            zombies: 1,
            listener_closed: None,
            log: Vec::new(),
            runs: Vec::new(),
            undelivered: Vec::new(),
            untried: Vec::new(),
        }),
        written: vec![WrittenPath { path: "/tmp/a/b".into(), bytes: 1, what: Written::File }],
        rungs: match runs {
            false => Vec::new(),
            true => vec![
                rung("rung-read-only", Rung::ReadOnlyRoot, Verdict::Proven, Vec::new()),
                rung(
                    "rung-drop-capabilities",
                    Rung::DropAllCapabilities,
                    Verdict::Proven,
                    vec![Relaxation::Capability("CHOWN".into())],
                ),
                rung(
                    "rung-non-root",
                    Rung::NonRoot { uid: 1, gid: 1 },
                    Verdict::Refuted("permission denied".into()),
                    Vec::new(),
                ),
            ],
        },
        memory_peak: Some((20_000_000, "sum of PSS")),
        http: Some(HttpAnswer { port: 8080, path: "/healthz".into(), status: 200 }),
        ..Evidence::default()
    };
    judge(contract, evidence)
}

fn running() -> Proof {
    let server = ProcessFact {
        pid: 1,
        parent: 0,
        argv: vec!["/app/server".into()],
        exe: "/app/server".into(),
        uid: 0,
        gid: 0,
        capabilities: Vec::new(),
        zombie: false,
        handles: Vec::new(),
    };
    let listener = |port, loopback_only| Listener { port: PortSpec::parse(port).unwrap(), loopback_only };
    proof(Outcome::Running(Observed {
        processes: vec![server],
        listening: vec![listener("8080/tcp", false), listener("9000/tcp", true)],
        first_listen: Some(Duration::from_millis(210)),
    }))
}

fn ask(proof: &Proof, wanted: Wanted) -> Verdict {
    let wanted = Reasoned::new(wanted, Because::Asked("test".into()));
    check(&[Expectation { key: "key".into(), wanted }], proof).remove(0).verdict
}

fn ports(names: &[&str]) -> Wanted {
    Wanted::Ports(names.iter().map(|name| PortSpec::parse(name).unwrap()).collect())
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_string()).collect()
}

#[test]
fn what_was_seen_is_what_is_expected_of_the_next_proof() {
    let proof = running();
    let derived = derive(&proof);
    assert!(derived.len() >= 15, "{derived:#?}");
    for (key, wanted, _) in derived {
        assert_eq!(ask(&proof, wanted.clone()), Verdict::Proven, "{key} {wanted:?}");
    }
}

#[test]
fn each_expectation_that_is_not_met_says_what_was_seen_instead() {
    let proof = running();
    let rung = |word: &str, holds| Wanted::Rung { word: word.into(), holds };
    let launch = |word: &str, fate| Wanted::Launch { word: word.into(), fate };
    let failures = [
        (Wanted::Pid1(strings(&["sh"])), "it was /app/server"),
        (Wanted::Exe("/bin/sh".into()), "it was /app/server"),
        (Wanted::User(10001), "it was uid 0"),
        (Wanted::Group(10001), "it was gid 0"),
        (ports(&["80"]), "80/tcp cannot be reached, and 8080/tcp can be"),
        (ports(&["8080", "80"]), "80/tcp cannot be reached"),
        // Loopback counts as closed.
        (ports(&["8080", "9000"]), "9000/tcp cannot be reached"),
        (ports(&[]), "8080/tcp can be reached, too"),
        (Wanted::ListensWithin(Duration::from_millis(100)), "it took 210ms"),
        (Wanted::Http { path: "/healthz".into(), status: 204 }, "the answer was 200"),
        (Wanted::StopSignal(Signal::INT), "it was SIGTERM"),
        (Wanted::StopCode(143), "it was exit code 0"),
        (Wanted::StopWithin(Duration::from_millis(350)), "it took 400ms"),
        (Wanted::StopGraceful(false), "it stops by itself"),
        (Wanted::Zombies(0), "there were 1"),
        (Wanted::Writes(strings(&["/tm", "/tmp/a/bc"])), "it writes /tmp/a/b"),
        (Wanted::Capabilities(Vec::new()), "it needs CHOWN, too"),
        (Wanted::MemoryBelow(20_000_000), "the peak was 20.0MB"),
        (rung("read-only", false), "it holds: started"),
        (rung("non-root", true), "permission denied"),
        (rung("read-onli", true), "no such restriction was tried; there are read-only, drop-all, non-root"),
        (launch("run-args", Fate::Running), "it was: exit 2"),
        (launch("run-args", Fate::Exited(Some(0))), "it was: exit 2"),
        (launch("pod", Fate::Running), "there is no such launch; there are as-built, run-args"),
    ];
    for (wanted, why) in failures {
        assert_eq!(ask(&proof, wanted.clone()), Verdict::Refuted(why.into()), "{wanted:?}");
    }
}

#[test]
fn room_is_given_where_it_is_asked_for() {
    let proof = running();
    for wanted in [
        Wanted::Writes(strings(&["/"])),
        Wanted::Writes(strings(&["/tmp/"])),
        Wanted::Writes(strings(&["/tmp/a/b"])),
        Wanted::Capabilities(strings(&["CHOWN", "SETUID"])),
        Wanted::Zombies(1),
        Wanted::Launch { word: "run-args".into(), fate: Fate::Exited(None) },
        Wanted::Rung { word: "non-root".into(), holds: false },
    ] {
        assert_eq!(ask(&proof, wanted.clone()), Verdict::Proven, "{wanted:?}");
    }
}

#[test]
fn an_image_that_does_not_run_fails_what_only_a_running_one_can_meet() {
    let ended = proof(Outcome::Exited { code: 1, seen: None });
    let because_it_ended = Verdict::Refuted("it ended by itself with exit code 1".into());
    for wanted in [
        ports(&["8080"]),
        Wanted::StopCode(0),
        Wanted::StopGraceful(true),
        Wanted::Rung { word: "read-only".into(), holds: true },
        Wanted::Capabilities(Vec::new()),
    ] {
        assert_eq!(ask(&ended, wanted.clone()), because_it_ended, "{wanted:?}");
    }
    // Who it was nobody saw.
    assert!(matches!(ask(&ended, Wanted::User(0)), Verdict::Unproven(_)));
    let refused = proof(Outcome::NotStarted { code: 127, why: "no such file".into() });
    assert_eq!(ask(&refused, Wanted::User(0)), Verdict::Refuted("nothing was started: no such file".into()));
    let unknown = proof(Outcome::Undecided { why: "no namespaces".into() });
    assert_eq!(ask(&unknown, Wanted::StopCode(0)), Verdict::Unproven("no namespaces".into()));
}

#[test]
fn what_was_not_asked_for_is_open() {
    let wanted = Wanted::Http { path: "/ready".into(), status: 200 };
    let open = Verdict::Unproven("/ready was not asked for, /healthz was".into());
    assert_eq!(ask(&running(), wanted), open);
}

#[test]
fn fates_have_words() {
    for text in ["running", "exited", "exit 0", "exit 143", "not started", "not started 127"] {
        assert_eq!(Fate::parse(text).unwrap().words(), text);
    }
    for text in ["", "exit", "exit x", "exit 256", "exit -1", "Running", "not started x"] {
        assert_eq!(Fate::parse(text), None, "{text}");
    }
}

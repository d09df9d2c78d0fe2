use plimsoll_model::{Because, ImageConfig, Signal};

use super::*;
use crate::contract::{Launch, ShellKind};
use crate::evidence::{Listener, StopRecord};
use crate::modes;

fn contract() -> Contract {
    let config = ImageConfig {
        entrypoint: vec!["/app/server".into()],
        cmd: vec!["--port".into(), "8080".into()],
        exposed_ports: vec!["8080/tcp".into()],
        user: "10001".into(),
        ..ImageConfig::default()
    };
    let mut contract = crate::from_image(&config, None, Because::ImageConfig);
    contract.shell = ShellKind::Dash;
    contract
}

fn process(pid: u32, argv: &[&str], uid: u32) -> ProcessFact {
    ProcessFact {
        pid,
        parent: pid - 1,
        argv: argv.iter().map(|word| word.to_string()).collect(),
        exe: argv[0].to_string(),
        uid,
        gid: uid,
        capabilities: Vec::new(),
        zombie: false,
        handles: Vec::new(),
    }
}

fn listener(port: &str, loopback_only: bool) -> Listener {
    Listener { port: PortSpec::parse(port).unwrap(), loopback_only }
}

fn record(predicted: Launch, outcome: Outcome) -> LaunchRecord {
    LaunchRecord {
        id: format!("launch-{}", mode_word(&predicted.mode)),
        predicted,
        outcome,
        command: "plimsoll run x".into(),
        log: Vec::new(),
        took: Duration::from_millis(200),
        start: None,
    }
}

fn running(processes: Vec<ProcessFact>, listening: Vec<Listener>) -> Outcome {
    Outcome::Running(Observed { processes, listening, first_listen: None })
}

fn evidence(outcome: Outcome) -> Evidence {
    let predicted = modes::launch(&contract(), &LaunchMode::AsBuilt);
    Evidence {
        image: "x".into(),
        digest: "sha256:0".into(),
        machine: Vec::new(),
        launches: vec![record(predicted, outcome)],
        ..Evidence::default()
    }
}

fn good() -> Evidence {
    let server = process(1, &["/app/server", "--port", "8080"], 10001);
    evidence(running(vec![server], vec![listener("8080/tcp", false)]))
}

fn stop() -> StopRecord {
    StopRecord {
        id: "stop-1".into(),
        signal: Signal::TERM,
        grace: Duration::from_secs(10),
        times: vec![Duration::from_millis(300)],
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

fn verdict(evidence: Evidence, id: &str) -> Verdict {
    judge(contract(), evidence).claim(id).unwrap_or_else(|| panic!("no claim {id}")).verdict.clone()
}

fn refuted(evidence: Evidence, id: &str) -> String {
    match verdict(evidence, id) {
        Verdict::Refuted(seen) => seen,
        other => panic!("{id}: {other:?}"),
    }
}

#[test]
fn an_image_that_keeps_its_promise() {
    let mut evidence = good();
    evidence.stop = Some(stop());
    let proof = judge(contract(), evidence);
    assert!(proof.holds());
    for id in ["launch-as-built", "port-8080/tcp", "user", "stop-graceful", "stop-all", "zombies"] {
        assert_eq!(proof.claim(id).unwrap().verdict, Verdict::Proven, "{id}");
    }
}

#[test]
fn another_pid1_than_predicted_is_a_broken_promise() {
    let evidence = evidence(running(vec![process(1, &["/bin/sh", "-c", "server"], 10001)], vec![]));
    let proof = judge(contract(), evidence.clone());
    assert!(!proof.holds());
    assert!(refuted(evidence, "launch-as-built").contains("/bin/sh -c server"));
}

#[test]
fn interpreters_and_titles_count_as_the_program() {
    let fact = |argv: &[&str], exe: &str| ProcessFact { exe: exe.into(), ..process(1, argv, 0) };
    assert!(process_is(&fact(&["python3", "/usr/bin/gunicorn", "app"], "/usr/bin/python3.11"), "gunicorn"));
    assert!(process_is(&fact(&["nginx: master process nginx -g"], "/usr/sbin/nginx"), "nginx"));
    assert!(process_is(&fact(&["/bin/sh", "/entrypoint.sh"], "/bin/dash"), "/bin/sh"));
    assert!(!process_is(&fact(&["/bin/sh", "-c", "server"], "/bin/dash"), "server"));
}

#[test]
fn a_predicted_shell_needs_its_child() {
    let mut predicted = modes::launch(&contract(), &LaunchMode::AsBuilt);
    predicted.pid1 = Pid1::Shell { shell: "/bin/sh".into(), child: Some("server".into()) };
    let shell = || process(1, &["/bin/sh", "-c", "server"], 0);
    let verdict = |processes| launch_verdict(&record(predicted.clone(), running(processes, vec![])), None);
    assert_eq!(verdict(vec![shell(), process(7, &["server"], 0)]), Verdict::Proven);
    assert!(matches!(verdict(vec![shell(), process(7, &["other"], 0)]), Verdict::Refuted(_)));
    assert!(matches!(verdict(vec![process(1, &["server"], 0)]), Verdict::Refuted(_)));
}

#[test]
fn refusals_and_what_was_too_short_to_see() {
    let refused = Launch {
        argv: Err("no command specified".into()),
        pid1: Pid1::Nothing,
        ..good().launches[0].predicted.clone()
    };
    let not_started = || Outcome::NotStarted { code: 125, why: "no command specified".into() };
    assert_eq!(launch_verdict(&record(refused.clone(), not_started()), None), Verdict::Proven);
    let started = running(vec![process(1, &["x"], 0)], vec![]);
    assert!(matches!(launch_verdict(&record(refused, started), None), Verdict::Refuted(_)));
    let predicted = good().launches[0].predicted.clone();
    for outcome in [
        Outcome::Exited { code: 1, seen: None },
        Outcome::Undecided { why: "no namespaces".into() },
        not_started(),
    ] {
        assert!(matches!(launch_verdict(&record(predicted.clone(), outcome), None), Verdict::Unproven(_)));
    }
}

#[test]
fn a_server_that_fails_at_once_breaks_its_promise() {
    let failed = || evidence(Outcome::Exited { code: 2, seen: None });
    let claim = |contract: Contract| judge(contract, failed()).claim("start-as-built").unwrap().clone();
    let server = claim(contract());
    assert!(
        server.required && matches!(&server.verdict, Verdict::Refuted(why) if why.contains("exit code 2"))
    );
    // What names no port may only want arguments.
    assert!(!claim(Contract { ports: Vec::new(), ..contract() }).required);
    assert!(judge(contract(), good()).claim("start-as-built").is_none());
    let ended = evidence(Outcome::Exited { code: 0, seen: None });
    assert!(judge(contract(), ended).claim("start-as-built").is_none());
}

#[test]
fn ports() {
    let with = |listening| evidence(running(vec![process(1, &["/app/server"], 10001)], listening));
    assert!(refuted(with(vec![]), "port-8080/tcp").contains("nothing listens"));
    assert!(refuted(with(vec![listener("8080/tcp", true)]), "port-8080/tcp").contains("127.0.0.1"));
    let both = with(vec![listener("8080/tcp", true), listener("8080/tcp", false)]);
    assert_eq!(verdict(both, "port-8080/tcp"), Verdict::Proven);
    let other = with(vec![listener("9090/tcp", false)]);
    assert!(refuted(other.clone(), "port-8080/tcp").contains("9090/tcp"));
    assert!(refuted(other, "unexposed-9090/tcp").contains("EXPOSE does not name"));
    let ended = evidence(Outcome::Exited { code: 1, seen: None });
    assert!(matches!(verdict(ended, "port-8080/tcp"), Verdict::Unproven(_)));
    let in_background = evidence(Outcome::Exited { code: 0, seen: None });
    assert!(refuted(in_background, "port-8080/tcp").contains("ended by itself"));
}

#[test]
fn the_user() {
    let root = evidence(running(vec![process(1, &["/app/server"], 0)], vec![]));
    assert!(refuted(root.clone(), "user").contains("uid 0"));
    assert!(!judge(contract(), root).holds());
}

#[test]
fn a_mode_tried_twice_has_two_claims() {
    let mut evidence = good();
    evidence.launches.push(evidence.launches[0].clone());
    let ids: Vec<String> = judge(contract(), evidence).claims.into_iter().map(|claim| claim.id).collect();
    assert_eq!(ids[..2], ["launch-as-built", "launch-as-built-again-2"]);
}

#[test]
fn stepping_down_from_root_breaks_no_promise() {
    let mut promise = contract();
    promise.user.value.clear();
    let proof = judge(promise, good());
    let claim = proof.claim("user").unwrap();
    assert_eq!(claim.verdict, Verdict::Proven);
    assert!(claim.statement.contains("steps down to uid 10001"));
}

#[test]
fn stopping() {
    let with = |stop: StopRecord| Evidence { stop: Some(stop), ..good() };
    let killed = StopRecord { killed: true, code: 137, ..stop() };
    assert!(refuted(with(killed), "stop-graceful").contains("SIGKILL"));
    assert_eq!(verdict(with(StopRecord { code: 143, ..stop() }), "stop-graceful"), Verdict::Proven);
    assert!(refuted(with(StopRecord { code: 139, ..stop() }), "stop-graceful").contains("crashed"));
    let left = StopRecord { killed_with_namespace: vec!["worker".into()], ..stop() };
    assert!(refuted(with(left), "stop-all").contains("worker"));
    assert!(refuted(with(StopRecord { zombies: 2, ..stop() }), "zombies").starts_with("2 zombies"));
    assert!(matches!(verdict(good(), "stop-graceful"), Verdict::Unproven(_)));
}

#[test]
fn words_are_quoted_so_that_a_shell_reads_them_back() {
    let words = |list: &[&str]| command_text(&list.iter().map(|word| word.to_string()).collect::<Vec<_>>());
    assert_eq!(words(&["a", "b c", "", "it's"]), "a 'b c' '' 'it'\\''s'");
}

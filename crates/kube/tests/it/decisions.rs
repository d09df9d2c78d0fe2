//! Single decisions that a snapshot alone would not explain.

use std::time::Duration;

use plimsoll_contract::evidence::{
    Answer, CheckFact, ConnectionCount, ConnectionKind, Given, HttpAnswer, Outcome, Readiness, Relaxation,
    Rung, StopCondition, StopRun, Verdict,
};
use plimsoll_kube::{Level, Manifest, Node, Options, Value, generate};
use plimsoll_model::{Because, Signal};

use crate::specimens::{self, broke, static_server};

fn default(proof: &plimsoll_contract::judge::Proof) -> Manifest {
    generate(proof, &Options::default())
}

fn specimen(name: &str) -> Manifest {
    let found = specimens::all().into_iter().find(|specimen| specimen.name == name).expect("a specimen");
    generate(&found.proof, &found.options)
}

fn pod(manifest: &Manifest) -> &Node {
    manifest.documents[0].at(&["spec", "template", "spec"]).expect("a pod")
}

fn container(manifest: &Manifest) -> &Node {
    &pod(manifest).get("containers").expect("containers").items()[0]
}

fn reason<'a>(manifest: &'a Manifest, path_end: &str) -> &'a Because {
    let found = manifest.fields.iter().find(|field| field.path.ends_with(path_end));
    &found.unwrap_or_else(|| panic!("no reason at {path_end}")).because
}

#[test]
fn levels_follow_from_what_held() {
    for (name, level) in [
        ("static_server", Level::Restricted),
        ("root_server", Level::Baseline),
        ("broken_rungs", Level::Baseline),
        ("database", Level::Restricted),
        ("untried", Level::Baseline),
    ] {
        assert_eq!(specimen(name).pod_security.level, level, "{name}");
    }
}

#[test]
fn every_value_has_a_reason_of_its_own_or_from_its_parent() {
    fn walk(path: &str, node: &Node, reasoned: bool) {
        let reasoned = reasoned || node.because.is_some();
        match &node.value {
            Value::Map(fields) => {
                fields.iter().for_each(|f| walk(&format!("{path}.{}", f.key), &f.node, reasoned))
            }
            Value::List(items) => items.iter().for_each(|item| walk(&format!("{path}[]"), item, reasoned)),
            _ => assert!(reasoned, "{path}"),
        }
    }
    for specimen in specimens::all() {
        for document in &generate(&specimen.proof, &specimen.options).documents {
            walk(specimen.name, document, false);
        }
    }
}

#[test]
fn comments_stay_within_the_page() {
    for specimen in specimens::all() {
        for line in generate(&specimen.proof, &specimen.options).to_yaml().lines() {
            let only_value = !line.contains('#');
            assert!(only_value || line.chars().count() <= 100, "{}: {line}", specimen.name);
        }
    }
}

#[test]
fn what_broke_together_is_not_written_although_it_held_alone() {
    let mut proof = static_server();
    proof.evidence.rungs[4] = broke("rung-together", Rung::AllTogether, "no answer on 8080");
    let manifest = default(&proof);
    let root = container(&manifest).at(&["securityContext", "readOnlyRootFilesystem"]);
    assert_eq!(root.and_then(Node::as_bool), Some(false));
    assert!(reason(&manifest, "readOnlyRootFilesystem").phrase().contains("no answer on 8080"));
    // The image's own user ran as built: that needs no rung.
    assert_eq!(pod(&manifest).at(&["securityContext", "runAsUser"]).and_then(Node::as_int), Some(10001));
}

#[test]
fn single_experiments_count_where_the_joint_one_was_not_made() {
    let mut proof = static_server();
    proof.evidence.rungs[4].verdict = Verdict::Unproven("no time".into());
    let manifest = default(&proof);
    assert_eq!(manifest.pod_security.level, Level::Restricted);
    let Because::Observed { experiment, .. } = reason(&manifest, "readOnlyRootFilesystem") else {
        panic!("observed")
    };
    assert_eq!(experiment, "rung-read-only");
}

#[test]
fn what_was_given_up_for_the_whole_is_given_up() {
    let mut proof = static_server();
    proof.evidence.rungs[4].relaxations = vec![Relaxation::PrivilegeEscalation, Relaxation::WritableRoot];
    let manifest = default(&proof);
    let security = container(&manifest).get("securityContext").expect("a context");
    assert_eq!(security.get("allowPrivilegeEscalation").and_then(Node::as_bool), Some(true));
    assert_eq!(security.get("readOnlyRootFilesystem").and_then(Node::as_bool), Some(false));
    assert_eq!(manifest.pod_security.level, Level::Baseline);
}

#[test]
fn a_root_image_proven_as_another_user_starts_as_that_user() {
    let mut proof = static_server();
    proof.contract.user.value = String::new();
    let manifest = default(&proof);
    assert_eq!(pod(&manifest).at(&["securityContext", "runAsUser"]).and_then(Node::as_int), Some(10001));
}

#[test]
fn the_image_is_named_by_digest() {
    for specimen in specimens::all() {
        let manifest = generate(&specimen.proof, &specimen.options);
        let image = container(&manifest).get("image").and_then(Node::as_text).expect("an image");
        assert!(image.ends_with(&format!("@{}", specimen.proof.evidence.digest)), "{image}");
    }
    let local = reason(&specimen("static_server"), ".image").phrase();
    assert!(local.contains("plimsoll push app:dev REGISTRY/app"), "{local}");
}

#[test]
fn without_a_digest_the_doubt_is_said() {
    let mut proof = static_server();
    proof.evidence.digest = String::new();
    assert!(matches!(reason(&default(&proof), ".image"), Because::Assumed(_)));
}

#[test]
fn a_service_needs_a_reachable_port() {
    assert_eq!(specimen("loopback_only").documents.len(), 1);
    assert_eq!(specimen("worker").documents.len(), 1);
    assert_eq!(specimen("udp_server").documents[1].at(&["spec", "ports"]).expect("ports").items().len(), 2);
    let why = reason(&specimen("loopback_only"), ".ports").phrase();
    assert!(why.contains("loopback"), "{why}");
}

#[test]
fn what_ends_with_success_is_a_job_and_what_fails_is_said() {
    let job = specimen("one_shot");
    assert_eq!(job.documents[0].get("kind").and_then(Node::as_text), Some("Job"));
    assert_eq!(container(&job).get("livenessProbe"), None);
    let mut proof = static_server();
    proof.evidence.launches[0].outcome = Outcome::Exited { code: 2, seen: None };
    let failing = default(&proof);
    assert_eq!(failing.documents[0].get("kind").and_then(Node::as_text), Some("Deployment"));
    assert!(failing.fields[0].phrase().contains("exit code 2"));
}

#[test]
fn grace_covers_three_slow_stops_and_the_sleep() {
    let seconds = |name| pod(&specimen(name)).get("terminationGracePeriodSeconds").and_then(Node::as_int);
    assert_eq!(seconds("static_server"), Some(10));
    assert_eq!(seconds("database"), Some(20));
    assert_eq!(seconds("broken_rungs"), Some(30));
}

#[test]
fn hostile_evidence_gives_valid_text() {
    let mut proof = static_server();
    proof.evidence.image = "x\n---\nkind: Evil\u{2028}".repeat(50);
    proof.contract.volumes = (0..300)
        .map(|n| plimsoll_model::Reasoned::new(format!("/:/../..//{n}\n"), Because::ImageConfig))
        .collect();
    proof.evidence.memory_peak = Some((u64::MAX, "x"));
    proof.evidence.stop.as_mut().expect("a stop").times = vec![std::time::Duration::MAX];
    specimens::listen(&mut proof, &[("8080", false)], u64::MAX);
    let yaml = default(&proof).to_yaml();
    assert!(!yaml.contains("\nkind: Evil"), "{yaml}");
}

/// A run of the stop test under requests or with idle clients.
fn stop_run(condition: StopCondition, killed: bool, took: Duration) -> StopRun {
    StopRun {
        id: "stop-x".into(),
        condition,
        signal: Signal::TERM,
        grace: Duration::from_secs(1),
        took,
        code: 0,
        killed,
        listener_closed: None,
        last_answer: None,
        processes: Vec::new(),
        connections: vec![ConnectionCount {
            answered: 1,
            refused: 7,
            ..ConnectionCount::of(ConnectionKind::New)
        }],
    }
}

#[test]
fn idle_clients_count_for_the_grace_period() {
    let with = |run: StopRun| {
        let mut proof = static_server();
        proof.evidence.stop.as_mut().expect("it was stopped").runs = vec![run];
        default(&proof)
    };
    let period =
        |manifest: &Manifest| pod(manifest).get("terminationGracePeriodSeconds").and_then(Node::as_int);
    let held_up = with(stop_run(StopCondition::Held, true, Duration::from_secs(1)));
    assert_eq!(period(&held_up), Some(30));
    assert!(reason(&held_up, "terminationGracePeriodSeconds").phrase().contains("idle clients"));
    let slow = with(stop_run(StopCondition::Held, false, Duration::from_secs(4)));
    assert_eq!(period(&slow), Some(3 * 4 + 5));
}

#[test]
fn the_sleep_is_for_those_who_were_turned_away() {
    let mut proof = static_server();
    let run = stop_run(StopCondition::Requests, false, Duration::from_millis(20));
    proof.evidence.stop.as_mut().expect("it was stopped").runs = vec![run];
    let phrase = reason(&default(&proof), "preStop.sleep.seconds").phrase();
    assert!(phrase.contains("of 8 after SIGTERM 7 refused"), "{phrase}");
}

fn check(argv: &[&str], http: Option<HttpAnswer>, good: bool) -> Option<Readiness> {
    let check = CheckFact {
        words: "--check x".into(),
        argv: argv.iter().map(ToString::to_string).collect(),
        http,
        good,
        tries: 1,
        said: String::new(),
    };
    let first_answer = good.then(|| std::time::Duration::from_millis(4_000));
    Some(Readiness { answer: Answer::Check(check), first_answer, ..Readiness::default() })
}

#[test]
fn a_check_that_was_good_becomes_the_probes() {
    let mut proof = static_server();
    proof.evidence.readiness = check(&["/bin/sh", "-c", "test $(cat /up) = 1"], None, true);
    let manifest = default(&proof);
    let startup = container(&manifest).get("startupProbe").expect("a startup probe");
    let command = startup.at(&["exec", "command"]).expect("a command").items();
    // What Kubernetes would expand is written so that it does not.
    assert_eq!(command[2].as_text(), Some("test $$(cat /up) = 1"));
    assert!(reason(&manifest, "startupProbe").phrase().contains("answered after 4.00 s"));
    assert_eq!(startup.get("periodSeconds").and_then(Node::as_int), Some(1));

    let answer = HttpAnswer { port: 8080, path: "/up".into(), status: 204 };
    proof.evidence.readiness = check(&[], Some(answer), true);
    let manifest = default(&proof);
    let path = container(&manifest).at(&["readinessProbe", "httpGet", "path"]).and_then(Node::as_text);
    assert_eq!(path, Some("/up"));

    proof.evidence.readiness = check(&["x"], None, false);
    let manifest = default(&proof);
    assert!(container(&manifest).at(&["startupProbe", "exec"]).is_none());
    assert!(container(&manifest).at(&["startupProbe", "httpGet"]).is_some());
}

#[test]
fn what_was_given_to_prove_is_given_in_the_pod() {
    let mut proof = static_server();
    proof.evidence.given = Given {
        args: vec!["--name".into(), "$(x)".into()],
        env: vec![
            ("A".into(), Some("$(HOME)".into())),
            ("DB_PASSWORD".into(), Some("x".into())),
            ("B".into(), None),
        ],
        workdir: Some("/srv".into()),
        mounts: vec![("--tmpfs".into(), "/scratch:size=1m".into()), ("-v".into(), "/a:/b".into())],
        ..Given::default()
    };
    let manifest = default(&proof);
    let container = container(&manifest);
    let args: Vec<_> = container.get("args").expect("args").items().iter().map(Node::as_text).collect();
    assert_eq!(args, [Some("--name"), Some("$$(x)")]);
    let env = container.get("env").expect("env").items();
    assert_eq!(env.len(), 2);
    assert_eq!(env[0].get("value").and_then(Node::as_text), Some("$$(HOME)"));
    assert!(manifest.to_yaml().contains("a Secret is the place for it"));
    assert_eq!(container.get("workingDir").and_then(Node::as_text), Some("/srv"));
    let mounts = container.get("volumeMounts").expect("mounts").items();
    assert!(mounts.iter().any(|m| m.get("mountPath").and_then(Node::as_text) == Some("/scratch")));
}

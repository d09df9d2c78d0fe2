use std::time::Duration;

use plimsoll_model::{Because, ImageConfig, PortSpec, Signal};

use super::*;
use crate::evidence::{
    HttpAnswer, LaunchRecord, Listener, Observed, Outcome, PortFact, ProcessFact, Promised, Readiness,
    Relaxation, RolloutRecord, Rung, RungRecord, Speaks, Start, StopRecord, Verdict, Written, WrittenPath,
};
use crate::{Evidence, LaunchMode, from_image, judge, modes};

fn proof(change: impl Fn(&mut Evidence, &mut ImageConfig)) -> Proof {
    let mut config = ImageConfig {
        entrypoint: vec!["/app/server".into()],
        env: vec![("PORT".into(), "80".into())],
        ..ImageConfig::default()
    };
    let server = ProcessFact {
        pid: 1,
        parent: 0,
        argv: vec!["/app/server".into()],
        exe: "/app/server".into(),
        uid: 0,
        gid: 0,
        capabilities: vec!["CHOWN".into()],
        zombie: false,
        handles: Vec::new(),
    };
    let listener = Listener { port: PortSpec::parse("80").unwrap(), loopback_only: false };
    let seen = Observed { processes: vec![server], listening: vec![listener], first_listen: None };
    let predicted = modes::launch(&from_image(&config, None, Because::ImageConfig), &LaunchMode::AsBuilt);
    let mut evidence = Evidence {
        launches: vec![LaunchRecord {
            id: "launch-1".into(),
            predicted,
            outcome: Outcome::Running(seen),
            command: String::new(),
            log: Vec::new(),
            took: Duration::from_millis(20),
            start: None,
        }],
        stop: Some(StopRecord {
            id: "stop".into(),
            signal: Signal::TERM,
            grace: Duration::from_secs(10),
            times: [300, 400].map(Duration::from_millis).to_vec(),
            code: 0,
            killed: false,
            killed_with_namespace: Vec::new(),
            zombies: 0,
            listener_closed: None,
            log: Vec::new(),
            runs: Vec::new(),
            undelivered: Vec::new(),
            untried: Vec::new(),
        }),
        written: vec![WrittenPath { path: "/tmp/x1".into(), bytes: 1, what: Written::File }],
        rungs: vec![RungRecord {
            id: "rung-read-only".into(),
            rung: Rung::ReadOnlyRoot,
            verdict: Verdict::Proven,
            fact: String::new(),
            relaxations: Vec::new(),
            refused: Vec::new(),
            command: String::new(),
        }],
        memory_peak: Some((40 << 20, "sum of PSS")),
        http: Some(HttpAnswer { port: 80, path: "/".into(), status: 200 }),
        ..Evidence::default()
    };
    change(&mut evidence, &mut config);
    judge(from_image(&config, None, Because::ImageConfig), evidence)
}

fn seen(evidence: &mut Evidence) -> &mut Observed {
    match &mut evidence.launches[0].outcome {
        Outcome::Running(seen) => seen,
        _ => unreachable!("it runs"),
    }
}

/// The differences to the usual proof, as words.
fn differences(change: impl Fn(&mut Evidence, &mut ImageConfig)) -> Vec<String> {
    let found = compare(&proof(|_, _| {}), &proof(change));
    let side = |side: &Option<String>| side.clone().unwrap_or("-".to_string());
    found
        .differences
        .iter()
        .map(|found| {
            format!("{} {}: {} > {}", found.part.word(), found.what, side(&found.before), side(&found.after))
        })
        .collect()
}

#[test]
fn a_proof_does_not_differ_from_itself() {
    assert_eq!(compare(&proof(|_, _| {}), &proof(|_, _| {})), Comparison::default());
}

#[test]
fn every_part_of_behaviour_is_compared() {
    let stop = |evidence: &mut Evidence, change: &dyn Fn(&mut StopRecord)| {
        change(evidence.stop.as_mut().unwrap());
    };
    assert_eq!(
        differences(|evidence, _| {
            let first = &mut seen(evidence).processes[0];
            first.argv.push("a b".into());
            first.exe = "/bin/other".into();
            first.uid = 5;
            first.capabilities.clear();
        }),
        [
            "pid 1 argv: /app/server > /app/server 'a b'",
            "pid 1 exe: /app/server > /bin/other",
            "pid 1 user: 0:0 > 5:0",
            "pid 1 capabilities: CHOWN > none",
        ]
    );
    assert_eq!(
        differences(|_, config| config.env = vec![("MODE".into(), "x".into()), ("PORT".into(), "81".into())]),
        ["env MODE: - > x", "env PORT: 80 > 81"]
    );
    assert_eq!(
        differences(|evidence, _| {
            let seen = seen(evidence);
            seen.listening[0].loopback_only = true;
            seen.listening.push(Listener { port: PortSpec::parse("81").unwrap(), loopback_only: false });
        }),
        ["ports 80/tcp: open > loopback only", "ports 81/tcp: - > open"]
    );
    assert_eq!(
        differences(|evidence, _| evidence.http.as_mut().unwrap().status = 404),
        ["answers HTTP / on 80: 200 > 404"]
    );
    assert_eq!(
        differences(|evidence, _| stop(evidence, &|stop| {
            stop.signal = Signal::QUIT;
            stop.code = 3;
            stop.zombies = 4;
            stop.killed_with_namespace = vec!["worker".into()];
        })),
        [
            "stop signal: SIGTERM > SIGQUIT",
            "stop end: exit 0 > exit 3",
            "stop died with PID 1: nobody > other processes",
            "zombies left behind: none > some",
        ]
    );
    assert_eq!(
        differences(|evidence, _| stop(evidence, &|stop| stop.killed = true)),
        ["stop end: exit 0 > killed after the grace period", "stop graceful: yes > no"]
    );
    assert_eq!(
        differences(|evidence, _| evidence.written.push(WrittenPath {
            path: "/etc/passwd".into(),
            bytes: 1,
            what: Written::Deleted
        })),
        ["written /etc/passwd: - > deleted"]
    );
    assert_eq!(
        differences(|evidence, _| {
            evidence.rungs[0].relaxations =
                vec![Relaxation::WritableMount("/b".into()), Relaxation::WritableMount("/a".into())];
        }),
        ["hardening read-only: holds > holds with a volume at /a, a volume at /b"]
    );
    assert_eq!(
        differences(|evidence, _| evidence.rungs[0].verdict = Verdict::Refuted("x".into())),
        ["hardening read-only: holds > breaks"]
    );
    assert_eq!(
        differences(|evidence, _| evidence.launches[0].outcome = Outcome::Exited { code: 1, seen: None }),
        ["launches as-built: runs > exit 1"]
    );
}

#[test]
fn times_count_where_their_ranges_lie_apart() {
    let times = |millis: &[u64]| {
        let millis = millis.to_vec();
        differences(move |evidence, _| {
            evidence.stop.as_mut().unwrap().times =
                millis.iter().copied().map(Duration::from_millis).collect();
        })
    };
    for same in [&[350, 900][..], &[410, 450], &[499, 900], &[201, 250], &[9000], &[]] {
        assert_eq!(times(same), [""; 0], "{same:?}");
    }
    assert_eq!(times(&[510, 900]), ["stop time: 0.30-0.40 s > 0.51-0.90 s"]);
    assert_eq!(times(&[100, 120]), ["stop time: 0.30-0.40 s > 0.10-0.12 s"]);
}

#[test]
fn memory_counts_beyond_the_tolerance() {
    let peak =
        |bytes: u64| differences(move |evidence, _| evidence.memory_peak = Some((bytes, "sum of PSS")));
    for same in [40 << 20, 49 << 20, 33 << 20] {
        assert_eq!(peak(same), [""; 0], "{same}");
    }
    assert_eq!(peak(51 << 20), ["memory peak: 41.9MB > 53.5MB"]);
    assert_eq!(peak(u64::MAX).len(), 1);
}

#[test]
fn what_one_of_them_does_not_know_is_open_and_no_difference() {
    let known = proof(|_, _| {});
    for (unknown, why) in [
        (proof(|evidence, _| evidence.stop = None), "not stopped"),
        (proof(|evidence, _| evidence.rungs.clear()), "not restricted"),
        (proof(|evidence, _| evidence.memory_peak = Some((1, "sum of RSS"))), "same way"),
        (proof(|evidence, _| evidence.memory_peak = None), "not measured"),
    ] {
        for found in [compare(&known, &unknown), compare(&unknown, &known)] {
            assert_eq!(found.differences, []);
            assert!(found.open.iter().any(|open| open.contains(why)), "{why}: {:?}", found.open);
        }
    }
    let rung = |verdict: Verdict| {
        proof(move |evidence, _| {
            let second = RungRecord {
                rung: Rung::NoNewPrivileges,
                verdict: verdict.clone(),
                ..evidence.rungs[0].clone()
            };
            evidence.rungs.push(second);
        })
    };
    let found = compare(&rung(Verdict::Proven), &rung(Verdict::Unproven("one id".into())));
    assert_eq!((found.differences.len(), found.open.len()), (0, 1), "{found:?}");
}

#[test]
fn a_rollout_is_no_proof_of_an_image() {
    let image = proof(|_, _| {});
    let rollout = RolloutRecord {
        id: "rollout".into(),
        old: "app:1".into(),
        new: "app:2".into(),
        replicas: 1,
        max_surge: 1,
        max_unavailable: 0,
        probe: "TCP".into(),
        asks: false,
        lag: Duration::ZERO,
        every: Duration::ZERO,
        passes: Vec::new(),
    };
    let evidence = Evidence { rollout: Some(rollout), ..Evidence::default() };
    let rehearsed = judge(image.contract.clone(), evidence);
    assert!(rehearsed.claims.iter().all(|claim| claim.id.starts_with("rollout-")), "{rehearsed:?}");
    let found = compare(&image, &rehearsed);
    assert_eq!(found.differences, []);
    assert!(found.open.iter().any(|why| why.contains("a rehearsed rollout")), "{:?}", found.open);
    assert_eq!(compare(&rehearsed, &rehearsed), Comparison::default());
}

/// A proof of a server that was given these groups and whose port speaks this.
fn asked(groups: &[u32], speaks: Speaks) -> Proof {
    proof(move |evidence, _| {
        evidence.promised = Some(Promised { groups: Some(groups.to_vec()), ..Promised::default() });
        evidence.launches[0].start = Some(Start { groups: groups.to_vec(), ..Start::default() });
        let port = PortFact {
            port: PortSpec::parse("5432").unwrap(),
            addresses: Vec::new(),
            exposed: true,
            loopback_only: false,
            ipv4: true,
            ipv6: false,
            speaks: speaks.clone(),
        };
        evidence.readiness = Some(Readiness { ports: vec![port], ..Readiness::default() });
    })
}

fn greeting(protocol: Option<&str>, line: &str) -> Speaks {
    Speaks::Greeting { protocol: protocol.map(str::to_string), line: line.to_string() }
}

#[test]
fn what_a_port_speaks_is_compared_and_not_its_words() {
    let told = |old: Speaks, new: Speaks| {
        let found = compare(&asked(&[], old), &asked(&[], new));
        let sides = |found: &Difference| (found.part, found.before.clone(), found.after.clone());
        (found.differences.iter().map(sides).collect::<Vec<_>>(), found.open.len())
    };
    let smtp = || greeting(Some("SMTP"), "220 a");
    let changed =
        |old: &str, new: &str| (vec![(Part::Answers, Some(old.to_string()), Some(new.to_string()))], 0);
    assert_eq!(told(smtp(), greeting(Some("SMTP"), "220 b")), (vec![], 0));
    assert_eq!(told(smtp(), Speaks::Tls), changed("SMTP", "TLS"));
    assert_eq!(
        told(Speaks::Http { path: "/".into(), status: 200 }, greeting(None, "hello")),
        changed("HTTP", "a greeting")
    );
    assert_eq!(
        told(Speaks::Silent, Speaks::Other { line: "x".into() }),
        changed("waits for the client", "no HTTP")
    );
    let unreachable = || Speaks::Unreachable { why: "refused".into() };
    assert_eq!(told(smtp(), unreachable()), (vec![], 1));
    assert_eq!(told(unreachable(), unreachable()), (vec![], 0));
    assert_eq!(told(Speaks::Datagrams, Speaks::Datagrams), (vec![], 0));
}

#[test]
fn supplementary_groups_are_compared() {
    let found = compare(&asked(&[4, 27], Speaks::Tls), &asked(&[], Speaks::Tls));
    let [groups] = found.differences.as_slice() else { panic!("{found:?}") };
    assert_eq!((groups.part, groups.what.as_str()), (Part::Pid1, "groups"));
    assert_eq!((groups.before.as_deref(), groups.after.as_deref()), (Some("4 27"), Some("none")));
    // A machine with one id cannot set any: that is no change of the program.
    let mut one_id = asked(&[], Speaks::Tls);
    one_id.evidence.promised = Some(Promised::default());
    for (before, after) in [(&asked(&[4], Speaks::Tls), &one_id), (&one_id, &asked(&[4], Speaks::Tls))] {
        let found = compare(before, after);
        assert_eq!(found.differences, []);
        assert!(found.open.iter().any(|why| why.contains("groups")), "{:?}", found.open);
    }
    // Of a record that was not asked nothing is known.
    let found = compare(&asked(&[4], Speaks::Tls), &proof(|_, _| {}));
    assert_eq!((found.differences.len(), found.open.len()), (0, 2), "{found:?}");
}

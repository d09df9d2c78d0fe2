//! Reports made by hand for the tests: a healthy server, one started in shell form, one by an enemy.
//! Contract, predictions, judgement, sizes and manifest are the real ones; only what was seen is made up.

mod rehearsal;
mod scan;
mod seen;

use std::rc::Rc;
use std::time::Duration;

use plimsoll_contract::contract::{Launch, LaunchMode, Pid1};
use plimsoll_contract::evidence::{
    Amounts, Answer, ConnectionCount, ConnectionKind, End, Evidence, HttpAnswer, Outcome, PortFact,
    ProcessFact, Readiness, Refused, Relaxation, Rung, RungRecord, Speaks, StopCondition, StopRecord,
    StopRun, StructureTest, Verdict, Written,
};
use plimsoll_contract::judge::Proof;
use plimsoll_contract::{BaseImage, Contract, Question, from_dockerfile, judge};
use plimsoll_kube::{Options, generate};
use plimsoll_lint::{Rule, Subject, findings};
use plimsoll_model::{Diagnostic, ImageConfig, MemoryTree, Platform, Reference, Signal, Source};
use plimsoll_scan::{ScanReport, Secret, SecretPlace, Vulnerability};

use seen::{amounts, ends, evidence, observed, process, refused, rung, stop, words_of, written_path};

pub use seen::{failed_check, port, stop_run};

use super::{Report, Stage};

const HEALTHY: &str = "FROM debian:12-slim AS base
RUN apt-get update && apt-get install -y --no-install-recommends libssl3 ca-certificates
COPY --chown=10001:10001 target/release/server /app/server
COPY --chown=10001:10001 static /app/static
RUN install -d -o 10001 -g 10001 /var/cache/app

FROM base
ENV PORT=8080 \\
    RUST_LOG=info
WORKDIR /app
VOLUME /var/lib/app
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s CMD [\"/app/server\", \"check\"]
STOPSIGNAL SIGTERM
ENTRYPOINT [\"/app/server\"]
CMD [\"--port\", \"8080\"]
";

const SHELL_FORM: &str = "FROM debian:12
RUN apt-get update && apt-get install -y python3 python3-pip
COPY . /srv
WORKDIR /srv
RUN pip install -r requirements.txt && rm -rf /srv/.git
ENV DATABASE_PASSWORD=hunter2-hunter2
EXPOSE 8080
USER node
ENTRYPOINT ./server --port 3000
CMD [\"--log\", \"json\"]
";

/// Non-root, exec form, stops by itself, every restriction holds.
pub fn healthy() -> Report {
    let written = Shipped { file: HEALTHY, name: "app/Dockerfile" };
    let (contract, findings) = written.explained();
    let argv = ["/app/server", "--port", "8080"];
    let server = process(1, 0, &argv, (10001, 10001), &[Signal::TERM, Signal::INT]);
    let worker = process(12, 1, &["/app/server", "worker"], (10001, 10001), &[Signal::TERM]);
    let seen = |launch: &Launch| match (&launch.mode, &launch.argv) {
        (LaunchMode::Entrypoint(program, _), _) if program == "/bin/sh" => {
            Outcome::NotStarted { code: 127, why: "/bin/sh: no such file in the image".into() }
        }
        (LaunchMode::RunArgs(words), Ok(argv)) if words == &["sh"] => Outcome::Exited {
            code: 2,
            seen: Some(observed(vec![process(1, 0, &words_of(argv), (10001, 10001), &[])], &[], None)),
        },
        (_, Ok(argv)) => {
            let first = ProcessFact { argv: argv.clone(), ..server.clone() };
            Outcome::Running(observed(vec![first, worker.clone()], &["8080"], Some(210)))
        }
        (_, Err(why)) => Outcome::NotStarted { code: 125, why: why.clone() },
    };
    let log = [
        "{\"level\":\"info\",\"msg\":\"listening\",\"addr\":\"0.0.0.0:8080\"}",
        "{\"level\":\"info\",\"msg\":\"2 workers\"}",
    ];
    let mut evidence = evidence("app:dev", &contract, seen, &log);
    evidence.readiness = Some(Readiness {
        ports: vec![port("8080", true, Speaks::Http { path: "/".into(), status: 200 })],
        answer: Answer::Http(HttpAnswer { port: 8080, path: "/".into(), status: 200 }),
        first_answer: Some(Duration::from_millis(230)),
        ..Readiness::default()
    });
    evidence.amounts = Some(amounts(&[(205, 220), (210, 231), (290, 320)]));
    evidence.stop = Some(StopRecord {
        times: [830, 820, 860, 840, 830].map(Duration::from_millis).to_vec(),
        listener_closed: Some(Duration::from_millis(12)),
        log: vec!["{\"level\":\"info\",\"msg\":\"draining 1 request\"}".into(), "bye".into()],
        runs: healthy_stops(),
        ..stop()
    });
    evidence.written = vec![
        written_path("/tmp/app-upload", 0, Written::Directory),
        written_path("/tmp/app-upload/part-1", 12_288, Written::File),
        written_path("/var/cache/app/index.db", 4_194_304, Written::File),
        written_path("/var/cache/app/index.db-wal", 32_768, Written::File),
        written_path("/var/cache/app/old", 0, Written::Deleted),
        written_path("/run/app.sock", 0, Written::Other),
    ];
    let mounts = ["/run", "/tmp", "/var/cache/app"].map(|path| Relaxation::WritableMount(path.into()));
    evidence.rungs = vec![
        rung("rung-non-root", Rung::NonRoot { uid: 10001, gid: 10001 }, &[]),
        rung("rung-no-new-privileges", Rung::NoNewPrivileges, &[]),
        rung("rung-drop-capabilities", Rung::DropAllCapabilities, &[]),
        rung("rung-read-only", Rung::ReadOnlyRoot, &mounts),
        rung("rung-together", Rung::AllTogether, &mounts),
    ];
    evidence.memory_peak = Some((18_200_000, "cgroup memory.peak"));
    evidence.http = Some(HttpAnswer { port: 8080, path: "/".into(), status: 200 });
    let mut report = written.report("./app", "app:dev", contract, findings, evidence, scan::healthy());
    report.wrote = vec![
        ("app/deploy/app.yaml".into(), "41 values, each with its source".into()),
        ("app/deploy/app.html".into(), "full report, one file".into()),
    ];
    report
}

/// Shell form on dash: arguments are lost, SIGTERM stops at the shell, root, a secret, waste.
pub fn shell_form() -> Report {
    let written = Shipped { file: SHELL_FORM, name: "shop/Dockerfile" };
    let (contract, findings) = written.explained();
    let shell = |argv: &[String]| process(1, 0, &words_of(argv), (0, 0), &[]);
    let server = process(7, 1, &["./server", "--port", "3000"], (0, 0), &[Signal::TERM]);
    let zombie = ProcessFact { zombie: true, ..process(9, 1, &["[convert]"], (0, 0), &[]) };
    let seen = |launch: &Launch| match (&launch.mode, &launch.argv) {
        (LaunchMode::Entrypoint(program, _), Ok(argv)) if program == "/bin/sh" && argv.len() == 1 => {
            Outcome::Exited { code: 0, seen: None }
        }
        (LaunchMode::PodCommand(_), Ok(argv)) => {
            Outcome::Running(observed(vec![ProcessFact { pid: 1, ..shell(argv) }], &["3000"], Some(190)))
        }
        (_, Ok(argv)) => Outcome::Running(observed(
            vec![shell(argv), server.clone(), zombie.clone()],
            &["3000"],
            Some(340),
        )),
        (_, Err(why)) => Outcome::NotStarted { code: 125, why: why.clone() },
    };
    let mut evidence = evidence(
        "registry.example/shop:1.4",
        &contract,
        seen,
        &["server: listening on :3000", "server: no --log given, using text"],
    );
    let server = port("3000", false, Speaks::Silent);
    evidence.readiness = Some(Readiness {
        answer: Answer::Connection(server.port),
        ports: vec![server],
        ..Readiness::default()
    });
    evidence.amounts = Some(Amounts {
        timing: Some(Verdict::Unproven("other programs wanted the processors in 2 of 3 runs".into())),
        ..amounts(&[(340, 341), (350, 352), (900, 903)])
    });
    evidence.stop = Some(StopRecord {
        times: vec![Duration::from_millis(10_020)],
        code: 137,
        killed: true,
        zombies: 1,
        runs: shell_form_stops(),
        ..stop()
    });
    evidence.written = vec![written_path("/srv/state/now.db", 1_000, Written::File)];
    let broke = |id: &str, which, what: &str| RungRecord {
        verdict: Verdict::Refuted(what.into()),
        fact: what.into(),
        ..rung(id, which, &[])
    };
    evidence.rungs = vec![
        RungRecord {
            refused: vec![refused("openat", "/srv/state/now.db", "permission denied")],
            ..broke(
                "rung-non-root",
                Rung::NonRoot { uid: 10001, gid: 10001 },
                "open /srv/state/now.db: permission denied, exit 1",
            )
        },
        rung("rung-no-new-privileges", Rung::NoNewPrivileges, &[]),
        rung("rung-drop-capabilities", Rung::DropAllCapabilities, &[Relaxation::Capability("CHOWN".into())]),
        RungRecord {
            refused: vec![
                refused("mkdirat", "/srv/state", "read-only file system"),
                refused("openat", "/srv/state/now.db", "read-only file system"),
            ],
            ..rung("rung-read-only", Rung::ReadOnlyRoot, &[Relaxation::WritableMount("/srv/state".into())])
        },
        RungRecord {
            verdict: Verdict::Unproven("this machine maps one user id only".into()),
            ..rung("rung-together", Rung::AllTogether, &[])
        },
    ];
    evidence.memory_peak = Some((61_000_000, "sum of PSS"));
    let mut report = written.report(
        "./shop",
        "registry.example/shop:1.4",
        contract,
        findings,
        evidence,
        scan::shell_form(),
    );
    report.wrote = vec![("shop/deploy/shop.html".into(), "full report, one file".into())];
    report
}

/// A rollout to the healthy server.
pub fn rollout() -> Proof {
    let Proof { contract, evidence, .. } = healthy().proof.expect("the demo has a proof");
    let Evidence { image, digest, machine, .. } = evidence;
    let rollout = Some(rehearsal::rehearsal());
    judge(contract, Evidence { image, digest, machine, rollout, ..Evidence::default() })
}

/// Stops of a server that handles its signal, under all conditions.
fn healthy_stops() -> Vec<StopRun> {
    let millis = |millis: u64| Some(Duration::from_millis(millis));
    let handled =
        |end| ends(&[(1, 0, "/app/server --port 8080", true, end), (12, 1, "/app/server worker", true, end)]);
    let run = |id: &str, condition, took: u64| StopRun {
        listener_closed: millis(12),
        processes: handled(End::Exit(0)),
        ..stop_run(id, condition, took)
    };
    let count = |kind, answered, refused| ConnectionCount { answered, refused, ..ConnectionCount::of(kind) };
    let requests = vec![count(ConnectionKind::InFlight, 16, 0), count(ConnectionKind::New, 2, 1)];
    let cut = vec![ConnectionCount { reset: 4, ..count(ConnectionKind::InFlight, 12, 0) }];
    vec![
        run("stop-quiet", StopCondition::Quiet, 830),
        StopRun {
            last_answer: millis(790),
            connections: requests.clone(),
            ..run("stop-requests", StopCondition::Requests, 860)
        },
        StopRun {
            connections: vec![count(ConnectionKind::Idle, 8, 0), count(ConnectionKind::HalfSent, 8, 0)],
            last_answer: millis(140),
            ..run("stop-held", StopCondition::Held, 840)
        },
        StopRun { signal: Signal::INT, ..run("stop-sigint", StopCondition::OtherSignal, 820) },
        StopRun {
            last_answer: millis(780),
            connections: requests,
            ..run("stop-init", StopCondition::Init, 850)
        },
        run("stop-twice", StopCondition::SecondSignal(Duration::from_millis(415)), 420),
        StopRun {
            grace: Duration::from_millis(415),
            killed: true,
            code: 137,
            processes: handled(End::Killed),
            last_answer: millis(400),
            connections: cut,
            ..run("stop-short-grace", StopCondition::ShortGrace, 417)
        },
    ]
}

/// Stops of a shell that stays PID 1: nothing reaches the server but SIGKILL.
fn shell_form_stops() -> Vec<StopRun> {
    let shell = "/bin/sh -c './server --port 3000' --log json";
    vec![
        StopRun {
            code: 137,
            killed: true,
            processes: ends(&[
                (1, 0, shell, false, End::Killed),
                (7, 1, "./server --port 3000", true, End::Killed),
            ]),
            ..stop_run("stop-quiet", StopCondition::Quiet, 10_020)
        },
        StopRun {
            code: 143,
            grace: Duration::from_secs(1),
            processes: ends(&[
                (1, 0, "/.plimsoll/init", false, End::Exit(143)),
                (2, 1, shell, false, End::Signal(Signal::TERM)),
                (7, 2, "./server --port 3000", true, End::WithNamespace),
            ]),
            ..stop_run("stop-init", StopCondition::Init, 30)
        },
    ]
}

/// Every text that an image can choose is an attack, and there is much of it.
pub fn hostile() -> Report {
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u{1b}[31m\u{202e}\u{0}\u{9b}\u{2028}\"'`]]>--> 漢字漢字";
    let long = format!("{evil}{}", "漢<&>".repeat(500));
    let mut report = shell_form();
    report.subject = long.clone();
    report.image = long.clone();
    report.dockerfile = Source::new(long.clone(), format!("{long}\n").repeat(3));
    report.platform = evil.into();
    report.digest = evil.into();
    report.wrote = (0..99).map(|_| (long.clone().into(), long.clone())).collect();
    report.stages.iter_mut().for_each(|stage| stage.text = long.clone());
    report.findings = (0..300)
        .map(|_| {
            let span = plimsoll_model::Span::new(0, 5);
            Diagnostic::new(evil, evil, plimsoll_model::Severity::Error, long.clone())
                .at(&report.dockerfile, span, evil)
                .note(evil)
        })
        .collect();
    let proof = report.proof.as_mut().expect("the demo has a proof");
    let mut contract = proof.contract.clone();
    let mut evidence = proof.evidence.clone();
    contract.cmd.value = vec![long.clone()];
    let variable = contract.env[0].clone();
    contract.env = (0..2000)
        .map(|number| variable.clone().map(|_| (format!("{evil}{number}"), long[..900].to_string())))
        .collect();
    evidence.image = "evil".into();
    evidence.machine = vec![long.clone()];
    let processes: Vec<ProcessFact> =
        (1..150).map(|pid| process(pid, pid.saturating_sub(1), &[evil, &long], (0, 0), &[])).collect();
    for record in &mut evidence.launches {
        record.predicted.argv = Ok(vec![long.clone()]);
        record.predicted.pid1 = Pid1::Program(long.clone());
        record.predicted.ignored_args = vec![long.clone()];
        record.outcome = Outcome::Running(observed(processes.clone(), &["80"], Some(1)));
        record.command = long.clone();
        record.log = vec![long.clone(); 100];
    }
    let loopback = PortFact {
        ipv4: false,
        loopback_only: true,
        addresses: vec![long.clone()],
        ..port("80", false, Speaks::Tls)
    };
    let failed = StructureTest { kind: evil.into(), name: evil.into(), failures: vec![long.clone(); 20] };
    evidence.readiness = Some(Readiness {
        ports: vec![PortFact { speaks: Speaks::Other { line: long.clone() }, ..loopback }; 60],
        answer: Answer::Check(failed_check(&long, &long)),
        structure: vec![failed; 40],
        ..Readiness::default()
    });
    if let Some(stop) = &mut evidence.stop {
        stop.killed_with_namespace = vec![evil.into(); 500];
        let crowd: Vec<_> =
            (1..50).map(|pid| (pid, pid - 1, long.as_str(), true, End::WithNamespace)).collect();
        let run = StopRun { processes: ends(&crowd), ..stop_run(evil, StopCondition::Quiet, u64::MAX / 2) };
        stop.runs = vec![run; 40];
        stop.log = vec![long.clone(); 100];
    }
    evidence.written = (0..3000)
        .map(|number| written_path(&format!("/{evil}/{number}/{evil}"), u64::MAX, Written::File))
        .collect();
    for record in &mut evidence.rungs {
        record.fact = long.clone();
        record.relaxations = vec![Relaxation::WritableMount(long.clone()); 50];
        let refusal =
            Refused { call: evil.into(), subject: long.clone(), why: long.clone(), program: evil.into() };
        record.refused = vec![refusal; 50];
        record.command = long.clone();
    }
    *proof = judge(contract, evidence);
    report.manifest = Some(generate(proof, &Options::default()));
    let found = &mut report.scan;
    found.vulnerabilities = vec![
        Vulnerability {
            summary: long.clone(),
            id: evil.into(),
            installed: long.clone(),
            ..found.vulnerabilities[0].clone()
        };
        1000
    ];
    found.inventory.packages = vec![scan::package(evil, &long, Some(usize::MAX)); 2000];
    found.secrets =
        vec![
            Secret { kind: "password", place: SecretPlace::Label { key: long.clone() }, shown: evil.into() };
            500
        ];
    found.size.layers = vec![
        plimsoll_scan::LayerSize {
            created_by: Some(long.clone()),
            bytes: u64::MAX,
            line: None,
            ..found.size.layers[0].clone()
        };
        127
    ];
    report
}

/// A Dockerfile with its name.
#[derive(Clone, Copy)]
struct Shipped {
    file: &'static str,
    name: &'static str,
}

impl Shipped {
    fn explained(self) -> (Contract, Vec<Diagnostic>) {
        let parsed = plimsoll_dockerfile::parse(Source::new(self.name, self.file));
        let config = br#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"]}}"#;
        let config = ImageConfig::from_json(config).expect("a configuration");
        let mut tree = MemoryTree::default();
        tree.executable("/bin/sh", b"arithmetic expression: expecting primary");
        let tree = Rc::new(tree);
        let amd64 = Platform::parse("linux/amd64").expect("a platform");
        let base = |_: &Reference| Some(BaseImage { config: config.clone(), tree: Some(tree.clone()) });
        let question = Question::new(amd64, &base, &|_| None);
        let Ok(prediction) = from_dockerfile(&parsed.dockerfile, &question) else {
            panic!("{} has no contract", self.name)
        };
        let subject = Subject {
            contract: &prediction.contract,
            written: Some((&parsed.dockerfile, &prediction)),
            tree: None,
            context: &|_| None,
        };
        let found = findings(&subject, Rule::is_about_launching);
        (prediction.contract.clone(), found)
    }

    fn report(
        self,
        subject: &str,
        image: &str,
        contract: Contract,
        findings: Vec<Diagnostic>,
        evidence: Evidence,
        scan: ScanReport,
    ) -> Report {
        let proof = judge(contract, evidence);
        let stage =
            |name, text: &str, millis| Stage { name, text: text.into(), took: Duration::from_millis(millis) };
        Report {
            subject: subject.into(),
            dockerfile: Source::new(self.name, self.file),
            platform: "linux/amd64".into(),
            image: image.into(),
            digest: proof.evidence.digest.clone(),
            steps: (5, 3),
            stages: vec![
                stage("lint", "0 errors  1 warning", 4),
                stage("build", &format!("{image}  sha256:6b1f42aa…  5 steps (3 cached)  23.4MB"), 1840),
                stage("explain", "PID 1 /app/server --port 8080 · user 10001:10001 · stops on SIGTERM", 12),
                stage("prove", "9 launches · 17 of 17 claims proven", 12_100),
                stage("scan", &plimsoll_scan::summary(&scan), 420),
                stage("kube", "for Kubernetes 1.34 · Pod Security: restricted", 0),
            ],
            findings,
            manifest: Some(generate(&proof, &Options::default())),
            proof: Some(proof),
            scan,
            wrote: Vec::new(),
            took: Duration::from_millis(14_400),
            date: "2026-11-21T09:30:00Z".into(),
        }
    }
}

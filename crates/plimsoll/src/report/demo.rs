//! Reports made by hand for the tests: a healthy server, one started in shell form, one by an enemy.
//! Contract, predictions, judgement, sizes and manifest are the real ones; only what was seen is made up.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use plimsoll_contract::contract::{Launch, LaunchMode, Pid1};
use plimsoll_contract::evidence::{
    Evidence, HttpAnswer, LaunchRecord, Listener, Observed, Outcome, ProcessFact, Relaxation, Rung, RungRecord,
    StopRecord, Verdict, Written, WrittenPath,
};
use plimsoll_contract::stage::Platforms;
use plimsoll_contract::{BaseImage, Contract, Question, Subject, findings, from_dockerfile, judge, launch, matrix};
use plimsoll_kube::{Options, generate};
use plimsoll_model::{Diagnostic, Digest, ImageConfig, MemoryTree, Platform, PortSpec, Signal, Source};
use plimsoll_scan::{
    Coverage, Inventory, LayerEntry, LayerEntryKind, LayerListing, OsRelease, Package, PackageKind, Rating,
    ScanReport, Secret, SecretPlace, Vulnerability, measure,
};

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
    let log = ["{\"level\":\"info\",\"msg\":\"listening\",\"addr\":\"0.0.0.0:8080\"}", "{\"level\":\"info\",\"msg\":\"2 workers\"}"];
    let mut evidence = evidence("app:dev", &contract, seen, &log);
    evidence.stop = Some(StopRecord {
        times: [830, 820, 860, 840, 830].map(Duration::from_millis).to_vec(),
        listener_closed: Some(Duration::from_millis(12)),
        log: vec!["{\"level\":\"info\",\"msg\":\"draining 1 request\"}".into(), "bye".into()],
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
    let mut report = written.report("./app", "app:dev", contract, findings, evidence, healthy_scan());
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
        (_, Ok(argv)) => {
            Outcome::Running(observed(vec![shell(argv), server.clone(), zombie.clone()], &["3000"], Some(340)))
        }
        (_, Err(why)) => Outcome::NotStarted { code: 125, why: why.clone() },
    };
    let mut evidence = evidence("registry.example/shop:1.4", &contract, seen, &["server: listening on :3000", "server: no --log given, using text"]);
    evidence.stop = Some(StopRecord {
        times: vec![Duration::from_millis(10_020)],
        code: 137,
        killed: true,
        zombies: 1,
        ..stop()
    });
    evidence.written = vec![written_path("/srv/state/now.db", 1_000, Written::File)];
    let broke = |id: &str, which, what: &str| RungRecord { verdict: Verdict::Refuted(what.into()), fact: what.into(), ..rung(id, which, &[]) };
    evidence.rungs = vec![
        broke("rung-non-root", Rung::NonRoot { uid: 10001, gid: 10001 }, "open /srv/state/now.db: permission denied, exit 1"),
        rung("rung-no-new-privileges", Rung::NoNewPrivileges, &[]),
        rung("rung-drop-capabilities", Rung::DropAllCapabilities, &[Relaxation::Capability("CHOWN".into())]),
        rung("rung-read-only", Rung::ReadOnlyRoot, &[Relaxation::WritableMount("/srv/state".into())]),
        RungRecord {
            verdict: Verdict::Unproven("this machine maps one user id only".into()),
            ..rung("rung-together", Rung::AllTogether, &[])
        },
    ];
    evidence.memory_peak = Some((61_000_000, "sum of PSS"));
    let mut report = written.report("./shop", "registry.example/shop:1.4", contract, findings, evidence, shell_form_scan());
    report.wrote = vec![("shop/deploy/shop.html".into(), "full report, one file".into())];
    report
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
            Diagnostic::new(evil, evil, plimsoll_model::Severity::Error, long.clone()).at(&report.dockerfile, span, evil).note(evil)
        })
        .collect();
    let proof = report.proof.as_mut().expect("the demo has a proof");
    let mut contract = proof.contract.clone();
    let mut evidence = proof.evidence.clone();
    contract.cmd.value = vec![long.clone()];
    let variable = contract.env[0].clone();
    contract.env = (0..2000).map(|number| variable.clone().map(|_| (format!("{evil}{number}"), long[..900].to_string()))).collect();
    evidence.image = "evil".into();
    evidence.machine = vec![long.clone()];
    let processes: Vec<ProcessFact> = (1..150).map(|pid| process(pid, pid.saturating_sub(1), &[evil, &long], (0, 0), &[])).collect();
    for record in &mut evidence.launches {
        record.predicted.argv = Ok(vec![long.clone()]);
        record.predicted.pid1 = Pid1::Program(long.clone());
        record.predicted.ignored_args = vec![long.clone()];
        record.outcome = Outcome::Running(observed(processes.clone(), &["80"], Some(1)));
        record.command = long.clone();
        record.log = vec![long.clone(); 100];
    }
    if let Some(stop) = &mut evidence.stop {
        stop.killed_with_namespace = vec![evil.into(); 500];
        stop.log = vec![long.clone(); 100];
    }
    evidence.written = (0..3000).map(|number| written_path(&format!("/{evil}/{number}/{evil}"), u64::MAX, Written::File)).collect();
    for record in &mut evidence.rungs {
        record.fact = long.clone();
        record.relaxations = vec![Relaxation::WritableMount(long.clone()); 50];
        record.command = long.clone();
    }
    *proof = judge(contract, evidence);
    report.manifest = Some(generate(proof, &Options::default()));
    let scan = &mut report.scan;
    scan.vulnerabilities = vec![Vulnerability { summary: long.clone(), id: evil.into(), installed: long.clone(), ..scan.vulnerabilities[0].clone() }; 1000];
    scan.inventory.packages = vec![package(evil, &long, Some(usize::MAX)); 2000];
    scan.secrets = vec![Secret { kind: "password", place: SecretPlace::Label { key: long.clone() }, shown: evil.into() }; 500];
    scan.size.layers = vec![plimsoll_scan::LayerSize { created_by: Some(long.clone()), bytes: u64::MAX, line: None, ..scan.size.layers[0].clone() }; 127];
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
        let question = Question {
            target: None,
            build_args: BTreeMap::new(),
            platforms: Platforms { build: amd64.clone(), target: amd64 },
            base: &|_| Some(BaseImage { config: config.clone(), tree: Some(tree.clone()) }),
            context: &|_| None,
        };
        let Ok(prediction) = from_dockerfile(&parsed.dockerfile, &question) else { panic!("{} has no contract", self.name) };
        let subject = Subject { contract: &prediction.contract, written: Some((&parsed.dockerfile, &prediction)), tree: None, context: &|_| None };
        let found = findings(&subject);
        (prediction.contract.clone(), found)
    }

    fn report(self, subject: &str, image: &str, contract: Contract, findings: Vec<Diagnostic>, evidence: Evidence, scan: ScanReport) -> Report {
        let proof = judge(contract, evidence);
        let stage = |name, text: &str, millis| Stage { name, text: text.into(), took: Duration::from_millis(millis) };
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

fn words_of(argv: &[String]) -> Vec<&str> {
    argv.iter().map(String::as_str).collect()
}

fn process(pid: u32, parent: u32, argv: &[&str], (uid, gid): (u32, u32), handles: &[Signal]) -> ProcessFact {
    let argv: Vec<String> = argv.iter().map(|word| (*word).to_string()).collect();
    let capabilities = match uid {
        0 => ["CHOWN", "SETGID", "SETUID"].map(str::to_string).to_vec(),
        _ => Vec::new(),
    };
    ProcessFact { pid, parent, exe: argv[0].clone(), argv, uid, gid, capabilities, zombie: false, handles: handles.to_vec() }
}

fn observed(processes: Vec<ProcessFact>, ports: &[&str], after: Option<u64>) -> Observed {
    let listener = |text: &&str| Listener { port: PortSpec::parse(text).expect("a port"), loopback_only: false };
    Observed { processes, listening: ports.iter().map(listener).collect(), first_listen: after.map(Duration::from_millis) }
}

fn evidence(image: &str, contract: &Contract, seen: impl Fn(&Launch) -> Outcome, log: &[&str]) -> Evidence {
    let records = matrix(contract).into_iter().enumerate().map(|(at, mode)| {
        let predicted = launch(contract, &mode);
        LaunchRecord {
            id: format!("launch-{}", at + 1),
            outcome: seen(&predicted),
            command: format!("plimsoll run --rm {image} {}", predicted.argv.clone().unwrap_or_default().join(" ")),
            log: log.iter().map(|line| (*line).to_string()).collect(),
            took: Duration::from_millis(410 + 7 * at as u64),
            predicted,
        }
    });
    Evidence {
        image: image.into(),
        digest: Digest::of(image.as_bytes()).to_string(),
        machine: vec!["Linux 6.18.44".into(), "as an ordinary user with subordinate ids".into(), "plimsoll 0.1.0".into()],
        launches: records.collect(),
        stop: None,
        written: Vec::new(),
        rungs: Vec::new(),
        memory_peak: None,
        http: None,
    }
}

fn stop() -> StopRecord {
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
    }
}

fn rung(id: &str, rung: Rung, relaxations: &[Relaxation]) -> RungRecord {
    RungRecord {
        id: id.into(),
        rung,
        verdict: Verdict::Proven,
        fact: "started, served, stopped".into(),
        relaxations: relaxations.to_vec(),
        command: format!("plimsoll run --rm {} app:dev", id.replace("rung-", "--")),
    }
}

fn written_path(path: &str, bytes: u64, what: Written) -> WrittenPath {
    WrittenPath { path: path.into(), bytes, what }
}

fn layer(line: Option<usize>, text: &str, from_base: bool, entries: Vec<LayerEntry>) -> LayerListing {
    LayerListing { entries, created_by: Some(text.to_string()), line: line.map(|line| (line, text.to_string())), from_base }
}

fn package(name: &str, version: &str, layer: Option<usize>) -> Package {
    Package {
        kind: PackageKind::Deb,
        name: name.into(),
        version: version.into(),
        architecture: Some("amd64".into()),
        source: None,
        licence: None,
        installed_bytes: Some(1_200_000),
        path: "/var/lib/dpkg/status".into(),
        layer,
    }
}

fn flaw(id: &str, package: &str, versions: (&str, Option<&str>), rating: Rating, layer: usize, summary: &str) -> Vulnerability {
    Vulnerability {
        id: id.into(),
        aliases: Vec::new(),
        ecosystem: "Debian:12".into(),
        kind: PackageKind::Deb,
        source: package.into(),
        packages: vec![package.into()],
        installed: versions.0.into(),
        fixed: versions.1.map(str::to_string),
        rating,
        rated_by: Some("CVSS 7.5".into()),
        layer: Some(layer),
        summary: summary.into(),
    }
}

fn debian(packages: Vec<Package>) -> Inventory {
    let os = OsRelease {
        id: "debian".into(),
        version_id: Some("12".into()),
        codename: Some("bookworm".into()),
        pretty_name: Some("Debian GNU/Linux 12 (bookworm)".into()),
    };
    Inventory { os: Some(os), packages, notes: Vec::new() }
}

fn coverage() -> Option<Vec<Coverage>> {
    Some(vec![Coverage { ecosystem: "Debian:12".into(), records: 31_000, broken: 0, newest: "2026-11-20".into() }])
}

fn healthy_scan() -> ScanReport {
    let size = measure(&[
        layer(None, "debian:12-slim rootfs", true, vec![LayerEntry::file("/usr/lib/x86_64-linux-gnu/libc.so.6", 1_900_000), LayerEntry::file("/usr/bin/perl", 17_000_000)]),
        layer(Some(2), "RUN apt-get update && apt-get install -y --no-install-recommends libssl3 ca-certificates", false, vec![LayerEntry::file("/usr/lib/x86_64-linux-gnu/libssl.so.3", 690_000), LayerEntry::file("/var/lib/apt/lists/deb.debian.org_main", 310_000)]),
        layer(Some(3), "COPY --chown=10001:10001 target/release/server /app/server", false, vec![LayerEntry::file("/app/server", 3_100_000)]),
        layer(Some(4), "COPY --chown=10001:10001 static /app/static", false, vec![LayerEntry::file("/app/static/app.css", 88_000), LayerEntry::file("/app/static/app.js", 240_000)]),
        layer(Some(5), "RUN install -d -o 10001 -g 10001 /var/cache/app", false, Vec::new()),
    ]);
    let names = ["base-files 12.4", "bash 5.2.15", "ca-certificates 20230311", "libc6 2.36-9", "libssl3 3.0.14-1", "perl-base 5.36.0", "zlib1g 1.2.13"];
    let packages = names.iter().filter_map(|both| both.split_once(' ')).map(|(name, version)| package(name, version, Some(0))).collect();
    ScanReport {
        size,
        inventory: debian(packages),
        vulnerabilities: vec![flaw("CVE-2026-2511", "zlib1g", ("1.2.13", None), Rating::Low, 0, "inflate reads one byte too many")],
        coverage: coverage(),
        secrets: Vec::new(),
        notes: Vec::new(),
    }
}

fn shell_form_scan() -> ScanReport {
    let size = measure(&[
        layer(None, "debian:12 rootfs", true, vec![LayerEntry::file("/usr/bin/perl", 117_000_000)]),
        layer(Some(2), "RUN apt-get update && apt-get install -y python3 python3-pip", false, vec![LayerEntry::file("/usr/bin/python3.11", 310_000_000), LayerEntry::file("/var/lib/apt/lists/deb.debian.org_main", 19_000_000)]),
        layer(Some(3), "COPY . /srv", false, vec![LayerEntry::file("/srv/server", 4_000_000), LayerEntry::file("/srv/.git/objects/pack", 88_000_000)]),
        layer(Some(5), "RUN pip install -r requirements.txt && rm -rf /srv/.git", false, vec![LayerEntry::new("/srv/.git", LayerEntryKind::Whiteout), LayerEntry::file("/root/.cache/pip/http/a", 41_000_000)]),
    ]);
    let names = ["libssl3 3.0.14-1", "libexpat1 2.5.0-1", "python3.11 3.11.2-6"];
    let packages = names.iter().filter_map(|both| both.split_once(' ')).map(|(name, version)| package(name, version, Some(1))).collect();
    ScanReport {
        size,
        inventory: debian(packages),
        vulnerabilities: vec![
            flaw("CVE-2026-1234", "libssl3", ("3.0.14-1", Some("3.0.16-1")), Rating::Critical, 0, "a crafted certificate writes past the end of a buffer"),
            flaw("CVE-2026-1999", "libexpat1", ("2.5.0-1", Some("2.5.0-2")), Rating::High, 1, "entities expand without bound"),
            flaw("CVE-2025-0938", "python3.11", ("3.11.2-6", None), Rating::Medium, 1, "urllib accepts brackets in a host name"),
        ],
        coverage: coverage(),
        secrets: vec![
            Secret { kind: "password", place: SecretPlace::Environment { name: "DATABASE_PASSWORD".into() }, shown: "hu…r2 (15 characters)".into() },
            Secret { kind: "private key", place: SecretPlace::File { path: "/srv/.git/id_ed25519".into(), line: 1, layer: 2, deleted_in: Some(3) }, shown: "an OpenSSH key".into() },
        ],
        notes: Vec::new(),
    }
}

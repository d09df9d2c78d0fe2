//! Proofs made by hand: what `prove` could have seen of images of all kinds.

use std::time::Duration;

use plimsoll_contract::contract::{Contract, Launch, LaunchMode, Pid1, ShellKind};
use plimsoll_contract::evidence::{
    Evidence, HttpAnswer, LaunchRecord, Listener, Observed, Outcome, ProcessFact, Relaxation, Rung,
    RungRecord, StopRecord, Verdict, Written, WrittenPath,
};
use plimsoll_contract::judge::Proof;
use plimsoll_kube::{KubeVersion, Options};
use plimsoll_model::{
    Because, Digest, Healthcheck, HealthcheckTest, PortSpec, Reasoned, Signal, Source, Span,
};

/// A name, what was proven, what was asked for.
pub struct Specimen {
    pub name: &'static str,
    pub proof: Proof,
    pub options: Options,
}

pub fn all() -> Vec<Specimen> {
    vec![
        specimen("static_server", static_server()),
        specimen("root_server", root_server()),
        specimen("worker", worker()),
        specimen("udp_server", udp_server()),
        specimen("database", database()),
        specimen("healthcheck_only", healthcheck_only()),
        specimen("broken_rungs", broken_rungs()),
        specimen("loopback_only", loopback_only()),
        specimen("one_shot", one_shot()),
        specimen("untried", untried()),
        everything_asked(),
    ]
}

fn specimen(name: &'static str, proof: Proof) -> Specimen {
    Specimen { name, proof, options: Options::default() }
}

/// As uid 10001 on port 8080; every restriction holds.
pub fn static_server() -> Proof {
    let mut proof = base("app:dev");
    proof.contract.entrypoint = line(14, vec!["/app/server".into(), "--port".into(), "8080".into()]);
    proof.contract.user = line(12, "10001:10001".into());
    proof.contract.ports = vec![line(11, port("8080"))];
    listen(&mut proof, &[("8080", false)], 210);
    process(&mut proof, 10001, 10001);
    proof.evidence.http = Some(HttpAnswer { port: 8080, path: "/".into(), status: 200 });
    proof.evidence.rungs = vec![
        held("rung-non-root", Rung::NonRoot { uid: 10001, gid: 10001 }, &[]),
        held("rung-read-only", Rung::ReadOnlyRoot, &[]),
        held("rung-capabilities", Rung::DropAllCapabilities, &[]),
        held("rung-no-new-privileges", Rung::NoNewPrivileges, &[]),
        held("rung-together", Rung::AllTogether, &[]),
    ];
    proof
}

/// As root on port 80, workers as another user, cache and pid file; held together with relaxations.
fn root_server() -> Proof {
    let mut proof = base("registry.example/team/web:1.2");
    proof.contract.entrypoint = line(9, vec!["/docker-entrypoint.sh".into()]);
    proof.contract.cmd = line(10, vec!["nginx".into(), "-g".into(), "daemon off;".into()]);
    proof.contract.ports = vec![line(7, port("80"))];
    proof.contract.stop_signal = line(8, Signal::QUIT);
    listen(&mut proof, &[("80", false)], 340);
    proof.evidence.http = Some(HttpAnswer { port: 80, path: "/".into(), status: 200 });
    proof.evidence.written = vec![
        file("/run/nginx.pid", 2),
        directory("/var/cache/nginx/client_temp"),
        file("/var/cache/nginx/proxy_temp/1", 9_000_000),
    ];
    let mounts = [mount("/run"), mount("/var/cache/nginx")];
    let with_root =
        [&mounts[..], &[Relaxation::RunAsRoot, capability("SETGID"), capability("SETUID")]].concat();
    proof.evidence.rungs = vec![
        broke(
            "rung-non-root",
            Rung::NonRoot { uid: 101, gid: 101 },
            "mkdir /var/cache/nginx/client_temp: permission denied",
        ),
        held("rung-read-only", Rung::ReadOnlyRoot, &mounts),
        held("rung-capabilities", Rung::DropAllCapabilities, &[capability("SETGID"), capability("SETUID")]),
        held("rung-no-new-privileges", Rung::NoNewPrivileges, &[]),
        held("rung-together", Rung::AllTogether, &with_root),
    ];
    if let Some(stop) = &mut proof.evidence.stop {
        stop.signal = Signal::QUIT;
    }
    proof
}

/// Listens nowhere.
fn worker() -> Proof {
    let mut proof = static_server();
    proof.contract.ports.clear();
    proof.contract.env = vec![line(3, ("PATH".into(), "/usr/bin".into()))];
    proof.evidence.http = None;
    listen(&mut proof, &[], 0);
    proof.evidence.memory_peak = None;
    proof.evidence.stop = None;
    proof
}

/// DNS: the same port twice, low, as non-root, and a socket the kernel chose the port of.
fn udp_server() -> Proof {
    let mut proof = static_server();
    proof.contract.ports = vec![line(5, port("53/udp")), line(5, port("53"))];
    proof.evidence.http = None;
    listen(&mut proof, &[("53/udp", false), ("53", false), ("41234/udp", false)], 40);
    proof
}

/// Data in a VOLUME, PGDATA is its root, HEALTHCHECK beside a port.
fn database() -> Proof {
    let mut proof = base("postgres:17");
    proof.contract.user = image(String::from("postgres"));
    proof.contract.env = vec![image(("PGDATA".into(), "/var/lib/postgresql/data".into()))];
    proof.contract.volumes = vec![image("/var/lib/postgresql/data".into())];
    proof.contract.ports = vec![image(port("5432"))];
    proof.contract.stop_signal = image(Signal::INT);
    proof.contract.healthcheck = Some(image(shell_check("pg_isready -U $$USER")));
    listen(&mut proof, &[("5432", false)], 4200);
    process(&mut proof, 999, 999);
    proof.evidence.memory_peak = Some((61_000_000, "cgroup"));
    proof.evidence.written = vec![
        file("/var/lib/postgresql/data/base/1", 40_000_000),
        file("/run/postgresql/.s.PGSQL.5432.lock", 60),
    ];
    proof.evidence.rungs = vec![
        held("rung-non-root", Rung::NonRoot { uid: 999, gid: 999 }, &[]),
        held(
            "rung-read-only",
            Rung::ReadOnlyRoot,
            &[mount("/run/postgresql"), mount("/var/lib/postgresql/data")],
        ),
        held("rung-capabilities", Rung::DropAllCapabilities, &[]),
        held("rung-no-new-privileges", Rung::NoNewPrivileges, &[]),
    ];
    if let Some(stop) = &mut proof.evidence.stop {
        stop.signal = Signal::INT;
        stop.times = vec![Duration::from_millis(3100), Duration::from_millis(4900)];
    }
    proof
}

/// A HEALTHCHECK and no port.
fn healthcheck_only() -> Proof {
    let mut proof = worker();
    let mut check = shell_check("test -f /run/alive && kill -0 $(cat /run/pid) # $$");
    check.interval = Some(Duration::from_secs(15));
    check.timeout = Some(Duration::from_millis(2500));
    check.start_period = Some(Duration::from_secs(60));
    check.retries = Some(5);
    proof.contract.healthcheck = Some(line(13, check));
    proof.contract.shell = ShellKind::Dash;
    proof
}

/// Nothing holds.
fn broken_rungs() -> Proof {
    let mut proof = base("legacy");
    proof.contract.ports = vec![line(4, port("8080")), line(4, port("9090"))];
    listen(&mut proof, &[("8080", false)], 16_000);
    proof.evidence.http = Some(HttpAnswer { port: 8080, path: "/".into(), status: 503 });
    proof.evidence.written = vec![file("/opt/legacy/state/now.db", 1_000), file("/opt/legacy/x.log", 1_000)];
    let unproven = Verdict::Unproven("setuid programs lose their rights in a user namespace".into());
    proof.evidence.rungs = vec![
        broke(
            "rung-non-root",
            Rung::NonRoot { uid: 10001, gid: 10001 },
            "open /opt/legacy/state: permission denied",
        ),
        broke("rung-read-only", Rung::ReadOnlyRoot, "open /opt/legacy/x.log: read-only file system"),
        broke(
            "rung-capabilities",
            Rung::DropAllCapabilities,
            "chown /opt/legacy/state: operation not permitted",
        ),
        RungRecord { verdict: unproven, ..held("rung-no-new-privileges", Rung::NoNewPrivileges, &[]) },
    ];
    if let Some(stop) = &mut proof.evidence.stop {
        stop.killed = true;
        stop.code = 137;
    }
    proof
}

/// EXPOSE promises what loopback keeps to itself.
fn loopback_only() -> Proof {
    let mut proof = static_server();
    listen(&mut proof, &[("8080", true)], 200);
    proof
}

/// Ends by itself with success.
fn one_shot() -> Proof {
    let mut proof = static_server();
    proof.evidence.launches[0].outcome = Outcome::Exited { code: 0, seen: None };
    proof.evidence.http = None;
    proof.evidence.stop = None;
    proof
}

/// A machine on which nothing can be launched; a named user.
fn untried() -> Proof {
    let mut proof = base("app:dev");
    proof.contract.user = line(12, "node".into());
    proof.contract.ports = vec![line(11, port("3000"))];
    let why = "user namespaces are switched off on this machine".to_string();
    proof.evidence.launches[0].outcome = Outcome::Undecided { why };
    proof.evidence.stop = None;
    proof.evidence.memory_peak = None;
    proof
}

/// Every option, with words that YAML and the kubelet would take for something else.
fn everything_asked() -> Specimen {
    let options = Options {
        name: Some("on".parse().expect("a name")),
        namespace: Some("null".parse().expect("a name")),
        replicas: Some(3),
        pulled_from: Some("registry.example:5000/team/app:1.0".parse().expect("a reference")),
        service_type: plimsoll_kube::ServiceType::LoadBalancer,
        command: Some(vec!["/app/server".into()]),
        args: Some(vec![
            "--mode".into(),
            "0440".into(),
            "no".into(),
            "a: b #c\n\u{85}d".into(),
            String::new(),
        ]),
        kubernetes: KubeVersion { minor: 29 },
    };
    Specimen { name: "everything_asked", proof: static_server(), options }
}

fn base(image: &str) -> Proof {
    let predicted = Launch {
        mode: LaunchMode::AsBuilt,
        argv: Ok(vec!["/app/server".into()]),
        elsewhere: None,
        drops_cmd: false,
        ignored_args: Vec::new(),
        pid1: Pid1::Program("/app/server".into()),
    };
    let launch = LaunchRecord {
        id: "launch-1".into(),
        predicted,
        outcome: Outcome::Running(Observed::default()),
        command: "plimsoll run".into(),
        log: Vec::new(),
        took: Duration::from_millis(210),
        start: None,
    };
    let stop = StopRecord {
        id: "stop".into(),
        signal: Signal::TERM,
        grace: Duration::from_secs(10),
        times: vec![Duration::from_millis(830), Duration::from_millis(860)],
        code: 0,
        killed: false,
        killed_with_namespace: Vec::new(),
        zombies: 0,
        listener_closed: None,
        log: Vec::new(),
        runs: Vec::new(),
        undelivered: Vec::new(),
        untried: Vec::new(),
    };
    let contract = Contract {
        entrypoint: line(14, vec!["/app/server".into()]),
        cmd: Reasoned::new(Vec::new(), Because::RuntimeDefault("none")),
        user: Reasoned::new(String::new(), Because::RuntimeDefault("root")),
        workdir: Reasoned::new("/".into(), Because::RuntimeDefault("/")),
        env: Vec::new(),
        ports: Vec::new(),
        volumes: Vec::new(),
        stop_signal: Reasoned::new(Signal::TERM, Because::RuntimeDefault("SIGTERM")),
        healthcheck: None,
        shell: ShellKind::Missing,
        script: None,
    };
    let evidence = Evidence {
        image: image.into(),
        digest: Digest::of(image.as_bytes()).to_string(),
        machine: Vec::new(),
        launches: vec![launch],
        stop: Some(stop),
        written: Vec::new(),
        rungs: Vec::new(),
        memory_peak: Some((18_200_000, "cgroup")),
        ..Evidence::default()
    };
    Proof { contract, evidence, claims: Vec::new() }
}

/// A value written in this line of a Dockerfile.
fn line<T>(line: usize, value: T) -> Reasoned<T> {
    let source = Source::new("Dockerfile", "\n".repeat(40));
    Reasoned::new(value, Because::Written { source, span: Span::new(line - 1, line - 1) })
}

fn image<T>(value: T) -> Reasoned<T> {
    Reasoned::new(value, Because::ImageConfig)
}

fn port(text: &str) -> PortSpec {
    PortSpec::parse(text).expect("a port")
}

pub fn listen(proof: &mut Proof, ports: &[(&str, bool)], after_ms: u64) {
    let listening: Vec<Listener> = ports
        .iter()
        .map(|(text, loopback_only)| Listener { port: port(text), loopback_only: *loopback_only })
        .collect();
    let first_listen = (!listening.is_empty()).then(|| Duration::from_millis(after_ms));
    let outcome = &mut proof.evidence.launches[0].outcome;
    let processes = match outcome {
        Outcome::Running(observed) => std::mem::take(&mut observed.processes),
        _ => Vec::new(),
    };
    *outcome = Outcome::Running(Observed { processes, listening, first_listen });
}

fn process(proof: &mut Proof, uid: u32, gid: u32) {
    let process = ProcessFact {
        pid: 1,
        parent: 0,
        argv: vec!["/app/server".into()],
        exe: "/app/server".into(),
        uid,
        gid,
        capabilities: Vec::new(),
        zombie: false,
        handles: vec![Signal::TERM],
    };
    if let Outcome::Running(observed) = &mut proof.evidence.launches[0].outcome {
        observed.processes = vec![process];
    }
}

fn held(id: &str, rung: Rung, relaxations: &[Relaxation]) -> RungRecord {
    RungRecord {
        id: id.into(),
        rung,
        verdict: Verdict::Proven,
        fact: "started, served, stopped".into(),
        relaxations: relaxations.to_vec(),
        refused: Vec::new(),
        command: "plimsoll run".into(),
    }
}

pub fn broke(id: &str, rung: Rung, what: &str) -> RungRecord {
    RungRecord { verdict: Verdict::Refuted(what.into()), fact: what.into(), ..held(id, rung, &[]) }
}

fn mount(path: &str) -> Relaxation {
    Relaxation::WritableMount(path.into())
}

fn capability(name: &str) -> Relaxation {
    Relaxation::Capability(name.into())
}

fn file(path: &str, bytes: u64) -> WrittenPath {
    WrittenPath { path: path.into(), bytes, what: Written::File }
}

fn directory(path: &str) -> WrittenPath {
    WrittenPath { path: path.into(), bytes: 0, what: Written::Directory }
}

fn shell_check(line: &str) -> Healthcheck {
    Healthcheck { test: HealthcheckTest::Shell(line.into()), ..Healthcheck::default() }
}

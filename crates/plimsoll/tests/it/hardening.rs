//! The search for the strictest way a program still works: small servers of which it is known what they
//! need, as root and as an ordinary user, and podman as the judge of what was found.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::command::wait;
use crate::conformance::engine::{self, Engine as _, Podman};
use crate::faults::rounds;
use crate::harness::{Ids, World, chmod, eventually, finish, ids};
use crate::run_faults::left_behind;

/// A server of busybox: what it does before it serves, and what is known about it.
struct Server {
    name: &'static str,
    before: &'static str,
    port: u16,
    /// As whom it works in the strictest way.
    user: u32,
    mounts: &'static [&'static str],
    capabilities: &'static [&'static str],
    /// Kinds of what else is given back.
    others: &'static [&'static str],
    /// It needs more ids than one.
    ids: bool,
}

const SERVERS: [Server; 8] = [
    Server {
        name: "plain",
        before: "",
        port: 8080,
        user: 10001,
        mounts: &[],
        capabilities: &[],
        others: &[],
        ids: false,
    },
    Server {
        name: "writes",
        before: "echo x > /run/app.pid; mkdir -p /var/lib/app/db; echo x > /var/lib/app/db/f
                 (echo y > /root/.cache) 2>/dev/null || true",
        port: 8080,
        user: 10001,
        mounts: &["/run", "/var/lib/app"],
        capabilities: &[],
        others: &[],
        ids: false,
    },
    Server {
        name: "chown",
        before: "[ $(id -u) = 0 ]; touch /tmp/f; chown 33:33 /tmp/f",
        port: 8080,
        user: 0,
        mounts: &["/tmp"],
        capabilities: &["CHOWN"],
        others: &[],
        ids: true,
    },
    Server {
        name: "steps",
        before: "[ -n \"$STEPPED\" ] || { [ $(id -u) = 0 ]; touch /run/x
                 exec su app -s /bin/sh -c 'STEPPED=1 exec /serve'; }",
        port: 80,
        user: 0,
        mounts: &["/run"],
        capabilities: &["SETGID", "SETUID"],
        others: &["low-ports"],
        ids: true,
    },
    // A user without an account has `/` for a home, whatever the image's own user has.
    Server {
        name: "homely",
        before: "mkdir -p ~/.app; echo x > ~/.app/id",
        port: 8080,
        user: 10001,
        mounts: &["/.app"],
        capabilities: &[],
        others: &[],
        ids: true,
    },
    // Its logs are links to the standard streams, in a directory that only root may enter.
    Server {
        name: "logs",
        before: "echo started >> /var/log/app/error.log",
        port: 8080,
        user: 10001,
        mounts: &["/var/log/app"],
        capabilities: &[],
        others: &[],
        ids: true,
    },
    Server {
        name: "rewrites",
        before: "echo x >> /etc/passwd",
        port: 8080,
        user: 0,
        mounts: &[],
        capabilities: &[],
        others: &["writable-root"],
        ids: true,
    },
    Server {
        name: "low",
        before: "",
        port: 80,
        user: 10001,
        mounts: &[],
        capabilities: &[],
        others: &["low-ports"],
        ids: false,
    },
];

impl Server {
    fn build(&self, world: &World) {
        let Server { name, before, port, .. } = self;
        // With ONCE it ends as soon as it has served, and the exit code tells.
        let script = format!(
            "#!/bin/sh\nset -e\n{before}\ntrap 'exit 0' TERM\nhttpd -f -p {port} -h /etc &\n\
             [ -z \"$ONCE\" ] || {{ for i in 1 2 3 4 5 6 7 8 9; do\n\
             wget -q -O /dev/null http://127.0.0.1:{port}/passwd && exit 0; sleep 0.1; done; exit 8; }}\nwait\n"
        );
        let dockerfile = format!(
            "FROM bb\nRUN mkdir -p /var/lib/app /home /run /tmp /root /var/log \\\n \
             && mkdir -m 750 /var/log/app && ln -s /dev/stderr /var/log/app/error.log\nCOPY passwd group /etc/\nCOPY --chmod=755 serve /serve\n\
             EXPOSE {port}\nCMD [\"/serve\"]\n"
        );
        world.write(&format!("{name}/serve"), script);
        world.write(
            &format!("{name}/passwd"),
            "root:x:0:0:root:/root:/bin/sh\napp:x:33:33:app:/home:/bin/sh\n",
        );
        world.write(&format!("{name}/group"), "root:x:0:\napp:x:33:\n");
        world.write(&format!("{name}/Dockerfile"), dockerfile);
        world.run(&["build", "-q", "-t", name, name]).ok();
    }

    /// What `prove` shall say was given back, sorted.
    fn relaxations(&self) -> Vec<Value> {
        let mounts = self.mounts.iter().map(|path| json!({ "kind": "writable-mount", "path": path }));
        let capabilities = self.capabilities.iter().map(|name| json!({ "kind": "capability", "name": name }));
        let others = self.others.iter().map(|kind| json!({ "kind": kind }));
        sorted(mounts.chain(capabilities).chain(others).collect())
    }
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_key(Value::to_string);
    values
}

fn evidence(world: &World, server: &str) -> Value {
    let file = world.word(&format!("{server}.json"));
    // A shell's `exec` in the middle of a script is none of this test's business.
    let proof = world.run(&["prove", "--evidence", &file, server]);
    assert!([0, 5].contains(&proof.code), "{proof}");
    let text = std::fs::read(&file).expect("the evidence was written");
    serde_json::from_slice(&text).expect("evidence is JSON")
}

fn rung<'a>(evidence: &'a Value, id: &str) -> &'a Value {
    let rungs = evidence["rungs"].as_array().expect("a list");
    rungs.iter().find(|rung| rung["id"] == id).unwrap_or_else(|| panic!("no {id}: {rungs:?}"))
}

#[test]
fn the_strictest_way_is_the_one_that_podman_finds_too() {
    let Some(world) = World::with_busybox() else { return };
    let podman = (ids() == Ids::Root).then(|| Podman::new(&world.path("podman")));
    for server in SERVERS.iter().filter(|server| !server.ids || ids() != Ids::Single) {
        server.build(&world);
        let evidence = evidence(&world, server.name);
        let found = &evidence["hardening"];
        let given = sorted(found["relaxations"].as_array().expect("a list").clone());
        assert_eq!(given, server.relaxations(), "{}: {evidence:#}", server.name);
        // With one id there is no other user to be tried.
        let user = if ids() == Ids::Single { 0 } else { server.user };
        assert_eq!(found["user"][0], user, "{}", server.name);
        assert!(found["starts"].as_u64() <= Some(12), "{}: {} starts", server.name, found["starts"]);
        let joint = rung(&evidence, "rung-all-together");
        assert_eq!(joint["verdict"]["kind"], "proven", "{}: {joint}", server.name);
        let non_root = &rung(&evidence, "rung-non-root")["verdict"]["kind"];
        let expected = match (server.user, ids()) {
            (0, _) => "refuted",
            // Files cannot have owners there: that is said, and nothing is claimed.
            (_, Ids::Single) => "unproven",
            _ => "proven",
        };
        assert_eq!(non_root, expected, "{}", server.name);
        if let Some(podman) = &podman {
            judge(&world, podman, server);
        }
    }
    world.assert_nothing_left();
}

/// What is given back is enough for podman, and nothing of it can be left out.
fn judge(world: &World, podman: &Podman, server: &Server) {
    if !podman.command(&["--version"]).stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return plimsoll_testkit::skip("what was found is not held against podman: there is none");
    }
    engine::load(podman, &world.run(&["save", server.name]).ok().bytes);
    let works = |mounts: &[&str], capabilities: &[&str], others: &[&str]| {
        let mut words = vec!["run", "--rm", "--network", "none", "-e", "ONCE=1", "--cap-drop", "ALL"];
        words.extend(["--security-opt", "no-new-privileges"]);
        let user = format!("{0}:{0}", server.user);
        words.extend(["--user", &user]);
        let start = if others.contains(&"low-ports") { "0" } else { "1024" };
        let sysctl = format!("net.ipv4.ip_unprivileged_port_start={start}");
        words.extend(["--sysctl", &sysctl]);
        if !others.contains(&"writable-root") {
            words.extend(["--read-only", "--read-only-tmpfs=false"]);
        }
        // What an emptyDir is; runc 1.1 gives a tmpfs the mode of the directory below.
        let volumes: Vec<String> = mounts
            .iter()
            .map(|path| {
                let empty = tempfile::tempdir_in(world.path("")).expect("a directory can be made").keep();
                chmod(&empty, 0o777);
                format!("{}:{path}", empty.display())
            })
            .collect();
        volumes.iter().for_each(|volume| words.extend(["-v", volume]));
        capabilities.iter().for_each(|name| words.extend(["--cap-add", name]));
        words.push(server.name);
        finish(podman.command(&words), Vec::new()).code == 0
    };
    let Server { name, mounts, capabilities, others, .. } = server;
    assert!(works(mounts, capabilities, others), "{name}: it does not work with podman");
    let without = |all: &[&'static str], at: usize| -> Vec<&'static str> {
        all.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, one)| *one).collect()
    };
    for at in 0..mounts.len() {
        assert!(!works(&without(mounts, at), capabilities, others), "{name}: {} is not needed", mounts[at]);
    }
    for at in 0..capabilities.len() {
        assert!(!works(mounts, &without(capabilities, at), others), "{name}: {}", capabilities[at]);
    }
    for at in 0..others.len() {
        assert!(!works(mounts, capabilities, &without(others, at)), "{name}: {}", others[at]);
    }
}

/// It ends with success although it could not save: only the refused call tells.
#[test]
fn what_is_saved_at_the_stop_is_not_lost() {
    let Some(world) = World::with_busybox() else { return };
    world.write(
        "s/serve",
        "#!/bin/sh\ntrap 'echo all > /var/lib/app/db || true; exit 0' TERM\nhttpd -f -p 8080 -h /etc &\nwait\n",
    );
    let dockerfile =
        "FROM bb\nRUN mkdir -p /var/lib/app\nCOPY --chmod=755 serve /serve\nEXPOSE 8080\nCMD [\"/serve\"]\n";
    world.write("s/Dockerfile", dockerfile);
    world.run(&["build", "-q", "-t", "s", "s"]).ok();
    let evidence = evidence(&world, "s");
    let mount = json!([{ "kind": "writable-mount", "path": "/var/lib/app" }]);
    for id in ["rung-read-only", "rung-all-together"] {
        let rung = rung(&evidence, id);
        let mounts = rung["relaxations"].as_array().expect("a list").iter();
        let mounts: Value = mounts.filter(|one| one["kind"] == "writable-mount").cloned().collect();
        assert_eq!((&rung["verdict"]["kind"], &mounts), (&json!("proven"), &mount), "{rung}");
    }
    world.assert_nothing_left();
}

/// What the user mounts is neither replaced nor asked to be writable, though the image calls it a volume.
#[test]
fn what_was_given_stays_as_it_was_given() {
    let Some(world) = World::with_busybox() else { return };
    world.write(
        "g/serve",
        "#!/bin/sh\n(echo x > /data/f) 2>/dev/null\nset -e\ngrep -q given /data/said\necho x > /run/app.pid\n\
         trap 'exit 0' TERM\nhttpd -f -p 8080 -h /etc &\nwait\n",
    );
    let dockerfile = "FROM bb\nRUN mkdir -p /data /run\nCOPY --chmod=755 serve /serve\nVOLUME /data\nEXPOSE 8080\n\
                      CMD [\"/serve\"]\n";
    world.write("g/Dockerfile", dockerfile);
    world.write("given/said", "given\n");
    world.run(&["build", "-q", "-t", "g", "g"]).ok();
    let (file, mount) = (world.word("g.json"), format!("{}:/data:ro", world.path("given").display()));
    world.run(&["prove", "--evidence", &file, "-v", &mount, "g"]).ok();
    let evidence: Value =
        serde_json::from_slice(&std::fs::read(&file).expect("it was written")).expect("JSON");
    let joint = rung(&evidence, "rung-all-together");
    assert_eq!(joint["verdict"]["kind"], "proven", "{joint}");
    let mounts = joint["relaxations"].as_array().expect("a list").iter();
    let mounts: Vec<&Value> = mounts.filter(|one| one["kind"] == "writable-mount").collect();
    assert_eq!(mounts, [&json!({ "kind": "writable-mount", "path": "/run" })]);
    world.assert_nothing_left();
}

/// A daemon that goes to the background ends with 0 wherever it is started: that proves nothing.
#[test]
fn what_promises_ports_and_ends_is_not_restricted() {
    let Some(world) = World::with_busybox() else { return };
    world.write("d/Dockerfile", "FROM bb\nEXPOSE 8080\nCMD httpd -p 8080 -h /etc\n");
    world.run(&["build", "-q", "-t", "d", "d"]).ok();
    let evidence = evidence(&world, "d");
    assert_eq!((&evidence["rungs"], &evidence["hardening"]), (&json!([]), &Value::Null));
    world.assert_nothing_left();
}

/// Each rung names the call, the path and the program.
#[test]
fn a_rung_names_what_was_refused() {
    let Some(world) = World::with_busybox() else { return };
    world.write(
        "p/serve",
        "#!/bin/sh\nset -e\nnc -w 1 10.1.2.3 5432 </dev/null || true\necho x > /run/app.pid\n\
                            trap 'exit 0' TERM\nhttpd -f -p 8080 -h / &\nwait\n",
    );
    let dockerfile =
        "FROM bb\nRUN mkdir -p /run\nCOPY --chmod=755 serve /serve\nEXPOSE 8080\nCMD [\"/serve\"]\n";
    world.write("p/Dockerfile", dockerfile);
    world.run(&["build", "-q", "-t", "p", "p"]).ok();
    let evidence = evidence(&world, "p");
    let refused = &rung(&evidence, "rung-read-only")["refused"];
    let open = |call: &Value| call["subject"] == "/run/app.pid" && call["why"] == "read-only file system";
    let found = refused.as_array().expect("a list").iter().find(|call| open(call)).expect("it was seen");
    assert!(found["call"].as_str().is_some_and(|call| call.starts_with("open")), "{found}");
    assert!(found["program"].as_str().is_some_and(|program| program.ends_with("busybox")), "{found}");
    assert_eq!(evidence["hardening"]["sent_to"], json!(["10.1.2.3:5432"]));
    let egress = rung(&evidence, "rung-no-egress");
    assert_eq!(egress["verdict"]["kind"], "proven");
    assert!(egress["fact"].as_str().is_some_and(|fact| fact.contains("10.1.2.3:5432")), "{egress}");
    let repeat = rung(&evidence, "rung-all-together")["command"].as_str().expect("a text").to_string();
    assert!(repeat.contains("--read-only") && repeat.contains("--tmpfs /run:exec,mode=777"), "{repeat}");
    let told = world.run(&["prove", "--replay", "p", "--html", "p.html", "--case", "rung-read-only"]);
    told.ok().prints(&["refused: open", " /run/app.pid by ", "read-only file system"]);
    let page = std::fs::read_to_string(world.path("p.html")).expect("the page was written");
    let (_, table) = page.split_once("What the kernel refused").expect("a table of refusals");
    assert!(table.contains("<code>/run/app.pid</code></td><td>read-only file system"), "{table}");
    // Every stop has its lane, and its tree of processes.
    let runs = evidence["stop"]["runs"].as_array().expect("a list").len();
    assert_eq!(page.matches("<g class=\"run\">").count(), runs);
    assert_eq!(page.matches("process at the stop").count(), runs);
    world.assert_nothing_left();
}

#[test]
fn a_recorded_profile_is_what_the_program_needs() {
    let Some(world) = World::with_busybox() else { return };
    SERVERS[0].build(&world);
    let file = world.word("profile.json");
    world.run(&["prove", "--record-seccomp", &file, "plain"]).ok();
    let text = std::fs::read(&file).expect("the profile was written");
    let profile: Value = serde_json::from_slice(&text).expect("a profile is JSON");
    assert_eq!(profile["defaultAction"], "SCMP_ACT_ERRNO");
    let names: Vec<&str> = profile["syscalls"][0]["names"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(names.is_sorted() && names.contains(&"execve") && names.contains(&"bind"), "{names:?}");
    assert!(!names.contains(&"mkdir") && !names.contains(&"mount"), "{names:?}");
    let option = format!("seccomp={file}");
    let limits = ["--security-opt", &option, "--security-opt", "no-new-privileges", "--network", "none"];
    let run = |words: &[&str]| world.run(&[&["run", "--rm"], &limits[..], words].concat());
    run(&["--entrypoint", "/bin/httpd", "plain", "-p", "8081", "-h", "/etc"]).ok();
    let refused = run(&["--entrypoint", "/bin/mkdir", "plain", "/tmp/x"]);
    assert!(refused.code != 0 && refused.stderr.contains("Operation not permitted"), "{refused}");
    if ids() == Ids::Root {
        let podman = Podman::new(&world.path("podman"));
        engine::load(&podman, &world.run(&["save", "plain"]).ok().bytes);
        let words = |rest: &[&str]| {
            finish(podman.command(&[&["run", "--rm"], &limits[..], rest].concat()), Vec::new())
        };
        words(&["--entrypoint", "/bin/httpd", "plain", "-p", "8081", "-h", "/etc"]).ok();
        assert_ne!(words(&["--entrypoint", "/bin/mkdir", "plain", "/tmp/x"]).code, 0);
    }
    world.assert_nothing_left();
}

/// Whatever ends a proof, and whenever: no process, mount, control group or scratch directory is left.
#[test]
fn an_interrupted_proof_leaves_nothing() {
    let Some(world) = World::with_busybox() else { return };
    // With one id it cannot change its user; what a kernel forgets when one does is the hard case.
    let server = if ids() == Ids::Single { &SERVERS[1] } else { &SERVERS[3] };
    server.build(&world);
    world.run(&["run", "--rm", "bb", "true"]).ok();
    let begun = Instant::now();
    world.run(&["prove", server.name]);
    let whole = begun.elapsed();
    let moments = rounds(9);
    for moment in 0..moments {
        let mut proof = world.command(&["prove", server.name]);
        let mut proof = proof.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("plimsoll starts");
        std::thread::sleep(whole * moment as u32 / moments as u32);
        let scratch = world.in_store("tmp");
        let signal = [Signal::INT, Signal::TERM, Signal::KILL][moment % 3];
        let pid = Pid::from_raw(proof.id() as i32).expect("a pid");
        let _ = kill_process(pid, signal);
        wait(&mut proof, Duration::from_secs(60)).expect("it ends");
        eventually("its scratch directory is gone", || world.in_store("tmp").is_empty());
        for name in scratch {
            eventually("its control groups are gone", || {
                !groups().iter().any(|group| group.ends_with(&name))
            });
        }
    }
    left_behind::assert_nothing_left(&world, &[]);
}

/// Paths of all control groups of containers.
fn groups() -> Vec<String> {
    left_behind::below(std::path::Path::new("/sys/fs/cgroup"), 4)
}

//! Real programs on a real Debian base, shipped from their Dockerfiles. What `ship` reports of each
//! must be what was found out by hand with other tools: `real/NAME/TRUTH.md` tells how,
//! `real/NAME/expect.json` is that in a form to compare with. `real/README.md` explains both.

mod comparison;
mod truth;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_testkit::skip;
use serde_json::Value;

use crate::docker_registry::DockerRegistry;
use crate::harness::{self, Ids, Output, World, checkout, ids};
use comparison::Comparison;

/// A directory below `real`.
struct Specimen {
    name: &'static str,
    from: From,
    usual: Usual,
}

/// What its Dockerfile starts from.
#[derive(Clone, Copy, PartialEq)]
enum From {
    Debian,
    /// `real/packages`.
    Packages,
}

/// As whom it is compared at every run: all of them as everybody would take a quarter of an hour.
#[derive(Clone, Copy)]
enum Usual {
    Everybody,
    Only(Ids),
}

const fn specimen(name: &'static str, from: From, usual: Usual) -> Specimen {
    Specimen { name, from, usual }
}

const AS_ROOT: Usual = Usual::Only(Ids::Root);
const WITH_SUB_IDS: Usual = Usual::Only(Ids::Range);

const SPECIMENS: [Specimen; 20] = [
    specimen("mosquitto", From::Debian, AS_ROOT),
    specimen("gunicorn", From::Debian, WITH_SUB_IDS),
    specimen("node", From::Debian, WITH_SUB_IDS),
    specimen("nginx", From::Debian, Usual::Everybody),
    specimen("redis", From::Packages, Usual::Everybody),
    specimen("apache", From::Packages, AS_ROOT),
    specimen("memcached", From::Packages, WITH_SUB_IDS),
    specimen("dropbear", From::Packages, AS_ROOT),
    specimen("dnsmasq", From::Packages, Usual::Everybody),
    specimen("zombies", From::Packages, Usual::Everybody),
    specimen("wrapper", From::Packages, Usual::Everybody),
    specimen("daemon", From::Packages, AS_ROOT),
    specimen("npm", From::Packages, Usual::Everybody),
    specimen("job", From::Packages, Usual::Everybody),
    specimen("failing-job", From::Packages, WITH_SUB_IDS),
    specimen("deaf", From::Packages, Usual::Everybody),
    specimen("loopback", From::Packages, AS_ROOT),
    specimen("everywhere", From::Packages, AS_ROOT),
    specimen("rewrites", From::Packages, WITH_SUB_IDS),
    specimen("exporter", From::Packages, WITH_SUB_IDS),
];

/// The name of what [`From::Packages`] is.
const PACKAGES: &str = "localhost/packages:1";

#[test]
fn real_servers_are_what_ship_reports() {
    compare(|specimen| match specimen.usual {
        Usual::Everybody => true,
        Usual::Only(kind) => kind == ids(),
    });
}

#[test]
#[ignore = "takes minutes: cargo xtask soak specimens"]
fn all_of_them_are_what_ship_reports() {
    let named = std::env::var("PLIMSOLL_SPECIMENS").unwrap_or_default();
    compare(|specimen| named.is_empty() || named.split(',').any(|name| name == specimen.name));
}

/// Two at a time, since a program is mostly waited for. They share the base.
fn compare(wanted: impl Fn(&Specimen) -> bool) {
    let Some(tar) = std::env::var_os("PLIMSOLL_TEST_DEBIAN").map(PathBuf::from) else {
        return skip(
            "real programs: PLIMSOLL_TEST_DEBIAN names no Debian root file system (cargo xtask test makes one)",
        );
    };
    let registry_world = World::new();
    let Some(registry) = DockerRegistry::start(&registry_world) else { return };
    let base = serve_base(&registry, tar);
    let world = World::new();
    let packages = project("packages").display().to_string();
    world.run(&["build", "-q", "-t", PACKAGES, "--build-arg", &format!("BASE={base}"), &packages]).ok();
    let specimens: Vec<&Specimen> = SPECIMENS.iter().filter(|specimen| wanted(specimen)).collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new((Vec::new(), Vec::new()));
    let work = || {
        while let Some(specimen) = specimens.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some((comparison, manifest)) = compared(&world, specimen, &base) else { continue };
            let mut found = found.lock().expect("nobody panics with it");
            found.0.extend(comparison.differences);
            found.1.push(manifest);
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
    let (differences, manifests) = found.into_inner().expect("nobody panics with it");
    assert!(differences.is_empty(), "reported otherwise than it is:\n{}", differences.join("\n"));
    assert_valid(&manifests);
    world.assert_store_valid();
    world.assert_nothing_left();
}

/// A specimen shipped and held against its truth, and its manifest; `None`: it cannot start with our ids.
fn compared(world: &World, specimen: &Specimen, base: &str) -> Option<(Comparison, Value)> {
    let name = specimen.name;
    let base = if specimen.from == From::Packages { PACKAGES } else { base };
    let truth = truth::read(name);
    if let Some(why) = truth::cannot_start(&truth) {
        harness::not_applicable(&format!("{name} with one mapped id: {why}"));
        return None;
    }
    let report = ship(world, name, base, &truth);
    let mut comparison = Comparison::new(name);
    truth::compare(&mut comparison, &truth, &report);
    if truth["reproducible"] == true {
        comparison.equal("digest when built again", &build_elsewhere(name, base), &report["digest"]);
    }
    Some((comparison, validation_case(name, &report)))
}

/// Make the base image and push it; its name in the registry.
fn serve_base(registry: &DockerRegistry, tar: PathBuf) -> String {
    let world = World::new();
    let name = format!("{}/debian:bookworm-slim", registry.host);
    for file in ["Dockerfile", "apt.conf", "dpkg.cfg"] {
        let text = std::fs::read(project("debian").join(file)).expect("the base's files are in the checkout");
        world.write(&format!("debian/{file}"), text);
    }
    let copy = world.path("debian/rootfs.tar");
    if std::fs::hard_link(&tar, &copy).is_err() {
        std::fs::copy(&tar, &copy).unwrap_or_else(|error| panic!("{}: {error}", tar.display()));
    }
    world.run(&["build", "-q", "-t", &name, "debian"]).ok();
    world.run(&["push", &name]).ok();
    name
}

/// Ship a program: the report.
fn ship(world: &World, server: &str, base: &str, truth: &Value) -> Value {
    let (directory, base) = (project(server).display().to_string(), format!("BASE={base}"));
    let output = world.word(&format!("deploy/{server}"));
    let words = ["ship", "-t", server, "--build-arg", &base, "--format", "json", "-o", &output, &directory];
    let shipped: Output = world.run(&words);
    shipped.ends(truth["exitCode"].as_i64().map_or(0, |code| i32::try_from(code).expect("an exit code")));
    for written in [format!("{server}.yaml"), format!("{server}.html")] {
        assert!(
            world.path("deploy").join(server).join(&written).is_file(),
            "{written} was not written: {shipped}"
        );
    }
    shipped.json()
}

/// Build a server in an empty store: its manifest digest.
fn build_elsewhere(server: &str, base: &str) -> Value {
    let world = World::new();
    let (directory, base) = (project(server).display().to_string(), format!("BASE={base}"));
    world.run(&["build", "-q", "-t", server, "--build-arg", &base, &directory]).ok();
    world.run(&["inspect", server]).ok().json()[0]["Digest"].clone()
}

fn project(server: &str) -> PathBuf {
    checkout("crates/plimsoll/tests/it/real").join(server)
}

fn validation_case(server: &str, report: &Value) -> Value {
    let manifest = &report["manifest"];
    serde_json::json!({
        "name": server, "yaml": manifest["rendered"], "json": manifest["objects"], "version": "1.34",
    })
}

/// The Kubernetes API's own schema, strictly.
fn assert_valid(manifests: &[Value]) {
    let python = std::env::var_os("PLIMSOLL_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let mut probe = Command::new(&python);
    probe.args(["-c", "import yaml, kubernetes_validate"]).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        return no_python();
    }
    let mut command = Command::new(&python);
    command.args(["-c", include_str!("../../../kube/tests/it/schema.py")]);
    harness::finish(command, serde_json::to_vec(manifests).expect("JSON can be written")).ok();
}

/// Root's Python may be out of an ordinary user's reach. Where root has lent us the checkout, root
/// has validated manifests with the same fields already.
fn no_python() {
    let what = "manifests of the real programs: no Python with yaml and kubernetes_validate";
    match harness::ids() != Ids::Root && std::env::var_os("PLIMSOLL_CHECKOUT").is_some() {
        true => harness::not_applicable(&format!("{what} for this user; validated when root ran this test")),
        false => skip(what),
    }
}

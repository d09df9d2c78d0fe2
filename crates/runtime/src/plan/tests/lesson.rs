//! Plans as they are shown, compared with files; `UPDATE=1 cargo test` rewrites the files.

use std::path::{Path, PathBuf};

use plimsoll_model::launch::{Device, Mount, Network, Propagation, Share, Ulimit};

use super::*;

/// A layer as the store keeps it.
fn layer(digit: &str) -> PathBuf {
    Path::new("/var/lib/plimsoll/layers").join(digit.repeat(64)).join("fs")
}

fn shown(spec: &LaunchSpec, ids: IdMap) -> String {
    let rootfs = RootFs { lowers: vec![layer("a"), layer("b"), layer("c")], scratch: "CONTAINER".into() };
    plan(spec, &host(ids), &rootfs).unwrap().to_string()
}

fn compare(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plan/tests/lessons").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, expected, "UPDATE=1 accepts what changed in {name}");
}

/// A container nothing special is asked for, as root starts it.
#[test]
fn a_usual_container() {
    compare("usual.txt", &shown(&spec(), IdMap::Host));
}

/// An ordinary user's with one id, which shares what it can.
#[test]
fn a_container_that_shares() {
    let web = "0123456789abcdef".repeat(4);
    let mut spec = spec();
    (spec.user.uid, spec.user.gid, spec.terminal) = (33, 34, true);
    spec.network = Network::Container(web.clone());
    spec.sharing.pid = Share::Container(web.clone());
    spec.sharing.ipc = Share::Container(web);
    spec.sharing.uts = Share::Host;
    spec.security.no_new_privileges = true;
    spec.oom_score_adj = Some(-500);
    spec.ulimits = vec![Ulimit { name: "nofile".into(), soft: Some(1024), hard: None }];
    let mount = Mount::bind("/data", "/srv/data").read_only(true);
    spec.mounts = vec![Mount { propagation: Propagation::RecursiveSlave, ..mount }];
    compare("shares.txt", &shown(&spec, IdMap::Single));
}

/// Nothing held back.
#[test]
fn a_privileged_container() {
    let mut spec = spec();
    spec.security.privileged = true;
    spec.sharing.pid = Share::Host;
    spec.domainname = "sea".into();
    spec.sysctls = vec![("net.core.somaxconn".into(), "1024".into())];
    spec.devices = vec![Device { host: "/dev/fuse".into(), container: "/dev/f".into(), access: "rw".into() }];
    compare("privileged.txt", &shown(&spec, IdMap::Range));
}

#[test]
fn every_line_fits_and_every_step_has_its_number() {
    let mut spec = spec();
    spec.argv = vec!["/bin/app".into(), "x".repeat(500), "many words ".repeat(50)];
    let plan = plan(&spec, &host(IdMap::Host), &rootfs()).unwrap();
    let text = plan.to_string();
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let numbers = text.lines().filter_map(|line| line.get(..3)?.trim().parse::<usize>().ok());
    assert!(numbers.eq(1..=plan.steps.len()), "{text}");
    // No chapter comes twice: what belongs together is done together.
    let mut headings: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ')).collect();
    let count = headings.len();
    headings.sort_unstable();
    headings.dedup();
    assert_eq!(headings.len(), count, "{text}");
}

#[test]
fn what_an_image_says_cannot_steer_a_terminal() {
    let mut spec = spec();
    spec.argv = vec!["/bin/\u{1b}[2J".into(), "a\nb\u{9b}c".into()];
    spec.workdir = "/\r/x".into();
    let text = plan(&spec, &host(IdMap::Host), &rootfs()).unwrap().to_string();
    assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
    assert!(text.contains("/bin/\\u{1b}[2J"), "{text}");
}

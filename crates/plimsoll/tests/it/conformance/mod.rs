//! The rules docker and podman document for running containers, held against plimsoll, and, to be sure
//! of the rules, against docker and podman.
//!
//! plimsoll is tried with all cases. docker and podman take minutes for all of them, so an ordinary run
//! tries a share with them and trusts `docker.recorded` and `podman.recorded` for the others.
//! `PLIMSOLL_CONFORMANCE` says more: `all` cases with all engines; `write` those that are new or changed,
//! into the record; anything else, separated by commas, cases with such a part in their name.

mod accepted;
mod case;
mod cases;
pub mod engine;
mod expected;
mod images;
mod judge;
mod perform;
mod place;
mod record;
mod terminal;
mod words;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_testkit::program;

use crate::daemon::Docker;
use crate::harness::{Ids, finish, ids, not_applicable};
use case::{Case, Needs};
use engine::{Engine, Name, Plimsoll, Podman};
use judge::Outcome;
use record::Record;

/// Cases at once: they mostly wait.
const WORKERS: usize = 4;

/// An ordinary run tries each so many-th case with docker and podman.
const SHARE: usize = 5;

#[test]
fn plimsoll_does_as_documented() {
    let Some(world) = images::world() else { return };
    let cases = selected(Name::Plimsoll, applicable());
    verify(&Plimsoll(&world), &cases, &world.path("cases"));
}

#[test]
fn docker_does_as_documented() {
    // Only root can run dockerd, and podman alike; the program is the same for all.
    if ids() != Ids::Root {
        return;
    }
    let Some(world) = images::world() else { return };
    let Some(docker) = Docker::start(&world.path("docker")) else { return };
    engine::load(&docker, &images::archive(&world));
    verify(&docker, &selected(Name::Docker, cases::all()), &world.path("cases"));
}

#[test]
fn podman_does_as_documented() {
    if ids() != Ids::Root || ["podman", "runc", "conmon"].iter().any(|name| program(name).is_none()) {
        return;
    }
    let Some(world) = images::world() else { return };
    let podman = Podman::new(&world.path("podman"));
    engine::load(&podman, &images::archive(&world));
    verify(&podman, &selected(Name::Podman, cases::all()), &world.path("cases"));
}

#[test]
fn every_case_was_tried_with_docker_and_podman() {
    let cases = cases::all();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "every case has a name of its own");
    if wish() == "write" {
        return;
    }
    let records = [Name::Docker, Name::Podman].map(Record::of);
    let mut complaints: Vec<String> = records.iter().flat_map(|record| record.complaints(&cases)).collect();
    complaints.extend(judge::doubtful(&cases));
    complaints.sort();
    assert!(complaints.is_empty(), "of {} cases:\n{}", cases.len(), complaints.join("\n"));
}

/// What the caller wishes to be tried.
fn wish() -> String {
    std::env::var("PLIMSOLL_CONFORMANCE").unwrap_or_default()
}

/// The cases to try with an engine.
fn selected(engine: Name, cases: Vec<Case>) -> Vec<Case> {
    match (wish().as_str(), engine) {
        ("all", _) | ("" | "write", Name::Plimsoll) => cases,
        ("", _) => cases.into_iter().step_by(SHARE).collect(),
        ("write", _) => {
            let record = Record::of(engine);
            cases.into_iter().filter(|case| !record.knows(case)).collect()
        }
        (parts, _) => {
            let has = |case: &Case| parts.split(',').any(|part| case.name.contains(part));
            cases.into_iter().filter(has).collect()
        }
    }
}

/// The cases that mean something for this user.
fn applicable() -> Vec<Case> {
    let fits = |case: &Case| match case.needs {
        Needs::Nothing => true,
        Needs::Ids => ids() != Ids::Single,
        Needs::Root => ids() == Ids::Root,
    };
    let (mine, others): (Vec<Case>, Vec<Case>) = cases::all().into_iter().partition(fits);
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|case| case.name).collect();
        not_applicable(&format!("without root or more ids, of {} cases: {}", mine.len(), names.join(" ")));
    }
    mine
}

/// Carry all cases out, and fail with everything that is not as documented and not listed.
fn verify(engine: &dyn Engine, cases: &[Case], directory: &Path) {
    let (alone, together): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.alone);
    let (well, doubtful): (Vec<Outcome>, Vec<Outcome>) = perform_all(engine, &together, directory, WORKERS)
        .into_iter()
        .partition(|outcome| judge::complaints(engine.name(), std::slice::from_ref(outcome)).is_empty());
    let again: Vec<&Case> = doubtful.iter().map(|(case, _)| *case).collect();
    if !again.is_empty() {
        // Beside others and on a busy machine a time may run out that is enough for a case by itself.
        let complaints = judge::complaints(engine.name(), &doubtful).join("\n");
        eprintln!("{}: tried again alone:\n{complaints}", engine.name());
    }
    let mut outcomes = well;
    outcomes.extend(perform_all(engine, &again, &directory.join("again"), 1));
    outcomes.extend(perform_all(engine, &alone, directory, 1));
    if wish() == "write" && engine.name() != Name::Plimsoll {
        Record::of(engine.name()).write(&outcomes, &cases::all());
    }
    let mut complaints = judge::complaints(engine.name(), &outcomes);
    complaints.sort();
    let left = finish(engine.command(&["ps", "-a", "--format", "{{.Names}} {{.Status}}"]), Vec::new()).stdout;
    complaints.extend(left.lines().map(|line| format!("left behind: {line}")));
    assert!(complaints.is_empty(), "{}, of {} cases:\n{}", engine.name(), cases.len(), complaints.join("\n"));
}

fn perform_all<'a>(
    engine: &dyn Engine,
    cases: &[&'a Case],
    directory: &Path,
    workers: usize,
) -> Vec<Outcome<'a>> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let differences = perform::perform(engine, case, directory);
                    outcomes.lock().expect("no worker panics while it holds this").push((*case, differences));
                }
            });
        }
    });
    outcomes.into_inner().expect("no worker panics while it holds this")
}

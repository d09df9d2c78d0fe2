//! Small projects with one fault each, and right ones that look alike: `lint` names the fault, its line and
//! its weight and nothing else, and a real run shows what it is said to do.
//!
//! A `RUN` at the end of one whose program is not in the base stands for what would install it.
//!
//! A project is some lines of a file in `projects`: its files as `differential::case` reads them, and below
//! `-- expect` the truth about it, as `truth` reads it. To add one is to write these lines.

mod bases;
mod observation;
mod truth;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::differential::case::{self, Case};
use crate::harness::{Ids, World, ids, not_applicable};
use observation::observe;
use truth::{Finding, Truth};

/// The projects, a file a family.
const PROJECTS: [&str; 7] = [
    include_str!("projects/arguments.projects"),
    include_str!("projects/build.projects"),
    include_str!("projects/kubernetes.projects"),
    include_str!("projects/layers.projects"),
    include_str!("projects/pins.projects"),
    include_str!("projects/process.projects"),
    include_str!("projects/rights.projects"),
];

/// Projects tried at once: they mostly wait.
const WORKERS: usize = 4;

/// Where they are laid out.
const DIRECTORY: &str = "projects";

/// A project, and what is true of it.
struct Project {
    case: Case,
    truth: Truth,
}

/// All projects, laid out in a world with their base images.
fn projects() -> Option<(World, Vec<Project>)> {
    let world = bases::world()?;
    let cases = PROJECTS.iter().flat_map(|text| case::read(text));
    let projects: Vec<Project> = cases
        .map(|case| {
            case.lay_out(&world.path(&directory(&case.name)));
            Project { truth: Truth::read(&case.name, case.expected()), case }
        })
        .collect();
    let names: BTreeSet<&str> = projects.iter().map(|project| project.case.name.as_str()).collect();
    assert_eq!(names.len(), projects.len(), "two projects have one name");
    Some((world, projects))
}

fn directory(name: &str) -> String {
    format!("{DIRECTORY}/{name}")
}

#[test]
fn there_are_enough_of_them() {
    let cases: Vec<Case> = PROJECTS.iter().flat_map(|text| case::read(text)).collect();
    let right = cases.iter().filter(|case| Truth::read(&case.name, case.expected()).findings.is_empty());
    let right = right.count();
    assert!(cases.len() - right >= 60, "{} projects with a fault", cases.len() - right);
    assert!(right >= 20, "{right} right projects that look alike");
}

#[test]
fn each_fault_is_named_and_nothing_else() {
    let Some((world, projects)) = projects() else { return };
    let document = world.run(&["lint", "--format", "json", "--fail-on", "never", DIRECTORY]).json();
    let files = document["files"].as_array().expect("lint lists files");
    let mut wrong = Vec::new();
    for project in &projects {
        let name = format!("{}/Dockerfile", directory(&project.case.name));
        let file = files.iter().find(|file| file["file"] == name);
        let said = said(file.unwrap_or_else(|| panic!("lint says nothing of {name}")), &project.case.name);
        wrong.extend(project.truth.misnamed(&said).map(|wrong| format!("{}: {wrong}", project.case.name)));
    }
    assert!(wrong.is_empty(), "of {} projects:\n{}", projects.len(), wrong.join("\n"));
}

/// What `lint` says of one Dockerfile.
fn said(file: &Value, project: &str) -> Vec<Finding> {
    let findings = file["findings"].as_array().expect("a file has findings");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let of = |found: &Value| {
        let place = text(&found["place"]["file"]);
        let place = place.strip_prefix(&format!("{}/", directory(project))).unwrap_or(&place).to_string();
        Finding {
            severity: text(&found["severity"]),
            code: text(&found["code"]),
            place: format!("{place}:{}", found["place"]["line"]),
            certainty: text(&found["certainty"]),
        }
    };
    findings.iter().map(of).collect()
}

#[test]
fn a_real_run_shows_what_is_said() {
    let Some((world, projects)) = projects() else { return };
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(project) = projects.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = untrue(&world, project, &projects);
                    let found = found.into_iter().map(|line| format!("{}: {line}", project.case.name));
                    wrong.lock().expect("no worker panics while it holds this").extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no worker panicked");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.assert_nothing_left();
}

/// What of a project's truth a real run does not show.
fn untrue(world: &World, project: &Project, all: &[Project]) -> Vec<String> {
    let truth = &project.truth;
    let mut wrong = Vec::new();
    if truth.claims_what_only_a_run_shows() && truth.lines.is_empty() && truth.not_run.is_none() {
        wrong.push("is certain, and nothing is said of what a run shows".to_string());
    }
    let others = truth.unlike.iter().map(|name| {
        let other = all.iter().find(|other| other.case.name == *name);
        &other.unwrap_or_else(|| panic!("{} is unlike {name}, which is no project", project.case.name)).truth
    });
    let others: Vec<&Truth> = others.collect();
    let asked: Vec<_> = truth.lines.iter().chain(others.iter().flat_map(|other| &other.lines)).collect();
    if asked.is_empty() {
        return wrong;
    }
    if let Some(why) = truth.needs_ids.as_ref().filter(|_| ids() == Ids::Single) {
        not_applicable(&format!("{} without subordinate ids: {why}", project.case.name));
        return wrong;
    }
    let facts = observe(world, &project.case, truth, &asked);
    wrong.extend(
        truth.lines.iter().filter(|line| !facts.show(line)).map(|line| format!("not so: {line}: {facts}")),
    );
    for (other, name) in others.iter().zip(&truth.unlike) {
        assert!(!other.lines.is_empty(), "nothing is said of what a run of {name} shows");
        if other.lines.iter().all(|line| facts.show(line)) {
            wrong.push(format!("a run shows the same as that of {name}: {facts}"));
        }
    }
    wrong
}

//! The same Dockerfiles built by docker's classic builder and by plimsoll give the same image; what that
//! builder cannot do is built as BuildKit's own tests expect.

mod accepted;
mod archive;
pub mod case;
mod compare;
mod expectation;
mod image;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_testkit::program;

use crate::daemon::Docker;
use crate::harness::{Ids, Output, World, finish, ids};
use accepted::ACCEPTED;
use case::Case;
use compare::Difference;
use image::Image;

/// The cases, a file a subject.
const CASES: [&str; 8] = [
    include_str!("cases/add.cases"),
    include_str!("cases/copy.cases"),
    include_str!("cases/ignore.cases"),
    include_str!("cases/language.cases"),
    include_str!("cases/metadata.cases"),
    include_str!("cases/refused.cases"),
    include_str!("cases/run.cases"),
    include_str!("cases/stages.cases"),
];

/// What only BuildKit does.
const BUILDKIT: &str = include_str!("cases/buildkit.cases");

/// Builds at once: docker mostly waits for its own processes.
const WORKERS: usize = 6;

/// Images in one archive: their layers are held in memory.
const BATCH: usize = 40;

/// A case carried out by both.
struct Outcome<'a> {
    case: &'a Case,
    docker: Output,
    plimsoll: Output,
}

#[test]
fn as_docker_builds() {
    // Only root can run dockerd; the program is the same for all.
    if ids() != Ids::Root || ["bzip2", "xz"].iter().any(|name| program(name).is_none()) {
        return;
    }
    let Some(world) = World::with_busybox() else { return };
    let Some(docker) = Docker::start(&world.path("docker")) else { return };
    let base = world.run(&["save", "bb"]).ok().bytes.clone();
    finish(docker.command(&["load"]), base).ok();
    let cases: Vec<Case> = CASES.iter().flat_map(|text| case::read(text)).collect();
    let outcomes = build_all(&world, &docker, &cases);
    let mut images = Images::default();
    images.read(&world, &docker, &outcomes);
    judge(&outcomes, &images);
}

#[test]
fn as_buildkit_builds() {
    let (Some(world), Some(_)) = (World::with_busybox(), program("zstd")) else { return };
    let cases = case::read(BUILDKIT);
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|case| {
            let wrong = expectations_missed(&world, case);
            wrong.into_iter().map(|wrong| format!("{} ({}): {wrong}", case.name, case.origin()))
        })
        .collect();
    assert!(wrong.is_empty(), "of {} cases:\n{}", cases.len(), wrong.join("\n"));
}

/// What of a case's expectations does not hold.
fn expectations_missed(world: &World, case: &Case) -> Vec<String> {
    let built = build_with_plimsoll(world, case);
    match (case.is_refused(), built.code) {
        (true, 0) => vec!["is built, a refusal was expected".to_string()],
        (false, 0) => {
            let archive = world.run(&["save", &case.name]).ok().bytes.clone();
            expectation::violations(case.expected(), &image::read(&archive)[&case.name])
        }
        (true, _) => Vec::new(),
        (false, _) => vec![built.stderr.trim().to_string()],
    }
}

fn build_with_plimsoll(world: &World, case: &Case) -> Output {
    let context = format!("cases/{}", case.name);
    case.lay_out(&world.path(&context));
    world.run(&[&["build", "-q", "-t", &case.name], case.flags().as_slice(), &[&context]].concat())
}

/// Build every case with both.
fn build_all<'a>(world: &World, docker: &Docker, cases: &'a [Case]) -> Vec<Outcome<'a>> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = build(world, docker, case);
                    outcomes.lock().expect("no worker panics while it holds this").push(outcome);
                }
            });
        }
    });
    outcomes.into_inner().expect("no worker panics while it holds this")
}

fn build<'a>(world: &World, docker: &Docker, case: &'a Case) -> Outcome<'a> {
    let plimsoll = build_with_plimsoll(world, case);
    let mut command = docker.command(&["build", "-q", "--network", "none", "-t", &case.name]);
    command.args(case.flags()).arg(world.path("cases").join(&case.name));
    Outcome { case, docker: finish(command, Vec::new()), plimsoll }
}

/// What both made, by case.
#[derive(Default)]
struct Images {
    docker: BTreeMap<String, Image>,
    plimsoll: BTreeMap<String, Image>,
}

impl Images {
    fn read(&mut self, world: &World, docker: &Docker, outcomes: &[Outcome<'_>]) {
        let both = outcomes.iter().filter(|outcome| outcome.docker.code == 0 && outcome.plimsoll.code == 0);
        let names: Vec<&str> = both.map(|outcome| outcome.case.name.as_str()).collect();
        for batch in names.chunks(BATCH) {
            let words = [&["save"], batch].concat();
            self.docker.extend(image::read(&finish(docker.command(&words), Vec::new()).ok().bytes));
            self.plimsoll.extend(image::read(&world.run(&words).ok().bytes));
        }
    }
}

/// Compare all and fail with everything that is not meant.
fn judge(outcomes: &[Outcome<'_>], images: &Images) {
    let mut seen = BTreeSet::new();
    let mut unexpected = Vec::new();
    for outcome in outcomes {
        let name = &outcome.case.name;
        for difference in outcome.differences(images) {
            let meant = |entry: &accepted::Accepted| {
                entry.cases.contains(&name.as_str()) && entry.place == difference.place
            };
            match ACCEPTED.iter().position(meant) {
                Some(index) => drop(seen.insert(index)),
                None => unexpected.push(format!(
                    "{name}: {}\n    docker   {}\n    plimsoll {}",
                    difference.place, difference.docker, difference.plimsoll
                )),
            }
        }
    }
    let stale = (0..ACCEPTED.len()).filter(|index| !seen.contains(index)).map(|index| &ACCEPTED[index]);
    unexpected.extend(
        stale.map(|entry| format!("{:?}: {} no longer differs: {}", entry.cases, entry.place, entry.reason)),
    );
    unexpected.sort();
    assert!(unexpected.is_empty(), "of {} cases:\n{}", outcomes.len(), unexpected.join("\n"));
}

impl Outcome<'_> {
    fn differences(&self, images: &Images) -> Vec<Difference> {
        let (docker, plimsoll) = (self.docker.code == 0, self.plimsoll.code == 0);
        let expected = !self.case.is_refused();
        if (docker, plimsoll) != (expected, expected) {
            return vec![self.exit()];
        }
        match (images.docker.get(&self.case.name), images.plimsoll.get(&self.case.name)) {
            (Some(docker), Some(plimsoll)) => compare::compare(docker, plimsoll),
            _ => Vec::new(),
        }
    }

    /// How the builds ended, for one of them ended otherwise than the case says.
    fn exit(&self) -> Difference {
        let say = |output: &Output| match output.code {
            0 => "builds it".to_string(),
            code => format!("{code}: {}", output.stderr.trim().replace('\n', "\n             ")),
        };
        Difference { place: "exit".to_string(), docker: say(&self.docker), plimsoll: say(&self.plimsoll) }
    }
}

//! docker, podman and plimsoll asked what they make of every image and launch of the table of engines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_testkit::argv_table::{Given, Row, rows};
use plimsoll_testkit::program;
use serde_json::Value;

use crate::conformance::engine::{self, Engine, Name, Plimsoll, Podman};
use crate::daemon::Docker;
use crate::harness::{Ids, World, finish, ids};

/// Launches at once: they mostly wait.
const WORKERS: usize = 4;

#[test]
fn plimsoll_starts_what_docker_starts() {
    let world = world();
    compare(&Plimsoll(&world));
}

#[test]
fn docker_starts_what_the_table_says() {
    // Only root can run dockerd, and podman alike; the program is the same for all.
    if ids() != Ids::Root {
        return;
    }
    let world = world();
    let Some(docker) = Docker::start(&world.path("docker")) else { return };
    engine::load(&docker, &archive(&world));
    compare(&docker);
}

#[test]
fn podman_starts_what_the_table_says() {
    if ids() != Ids::Root || ["podman", "runc", "conmon"].iter().any(|name| program(name).is_none()) {
        return;
    }
    let world = world();
    let podman = Podman::new(&world.path("podman"));
    engine::load(&podman, &archive(&world));
    compare(&podman);
}

/// The images of the table: ENTRYPOINT and CMD as a Dockerfile writes them, and a name.
fn images() -> BTreeMap<String, String> {
    let texts: BTreeSet<String> = rows().iter().map(instructions).collect();
    texts.into_iter().enumerate().map(|(at, text)| (text, format!("localhost/argv:{at}"))).collect()
}

/// The image of a row, in the words of a Dockerfile.
fn instructions(row: &Row) -> String {
    let line = |word: &str, list: &Option<Vec<String>>| {
        list.as_ref().map_or(String::new(), |list| format!("{word} {}\n", Value::from(list.clone())))
    };
    line("ENTRYPOINT", &row.entrypoint) + &line("CMD", &row.cmd)
}

fn world() -> World {
    let world = World::new();
    world.write("argv/file", "");
    for (text, name) in images() {
        let dockerfile = format!("FROM scratch\nCOPY file /file\n{text}");
        world.write("argv/Dockerfile", dockerfile);
        world.run(&["build", "-q", "-t", &name, "argv"]).ok();
    }
    world
}

fn archive(world: &World) -> Vec<u8> {
    let names: Vec<String> = images().into_values().collect();
    let words: Vec<&str> = ["save"].into_iter().chain(names.iter().map(String::as_str)).collect();
    world.run(&words).ok().bytes.clone()
}

/// Create a container for every row, and fail with all that are not as the table says.
fn compare(engine: &dyn Engine) {
    let (images, rows) = (images(), rows());
    let column = usize::from(engine.name() == Name::Podman);
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Given::Run { entrypoint, args } = &row.given else { continue };
                    let found = created(engine, &images[&instructions(row)], entrypoint.as_deref(), args);
                    if found != row.argv[column] {
                        let line = format!("{row:?}: {found:?}");
                        wrong.lock().expect("no worker panics while it holds this").push(line);
                    }
                }
            });
        }
    });
    let mut removal = engine.command(engine.removal());
    let all = finish(engine.command(&["ps", "-aq"]), Vec::new()).stdout;
    removal.args(all.split_whitespace());
    finish(removal, Vec::new()).ok();
    let wrong = wrong.into_inner().expect("no worker panicked");
    assert!(wrong.is_empty(), "{}:\n{}", engine.name(), wrong.join("\n"));
}

/// The argv of a container made like this; `None` if there is nothing to start.
fn created(
    engine: &dyn Engine,
    image: &str,
    entrypoint: Option<&str>,
    args: &[String],
) -> Option<Vec<String>> {
    let mut create = engine.command(&["create"]);
    if let Some(entrypoint) = entrypoint {
        create.args(["--entrypoint", entrypoint]);
    }
    create.arg(image).args(args);
    let made = finish(create, Vec::new());
    if made.code != 0 {
        let said = made.stderr.to_lowercase();
        let refused = said.contains("no command specified") || said.contains("no command or entrypoint");
        assert!(refused, "{} refuses for another reason: {said}", engine.name());
        return None;
    }
    let id = made.stdout.split_whitespace().last().expect("create says which container").to_string();
    let mut inspect = engine.command(&["inspect", "--format", "{{json .Path}} {{json .Args}}"]);
    inspect.arg(id);
    let said = finish(inspect, Vec::new()).ok().stdout.clone();
    let mut values = serde_json::Deserializer::from_str(&said).into_iter::<Value>().flatten();
    let path = values.next().and_then(|path| path.as_str().map(str::to_string)).expect("a path is a text");
    let rest: Vec<String> = values.next().map_or(Vec::new(), |args| {
        let words = args.as_array().cloned().unwrap_or_default();
        words.iter().map(|word| word.as_str().unwrap_or_default().to_string()).collect()
    });
    // podman shows a single word twice (libpod container_inspect.go); no row has the same word twice.
    let rest = if engine.name() == Name::Podman && rest == [path.clone()] { Vec::new() } else { rest };
    Some([vec![path], rest].concat())
}

//! `build --why`: the one reason for every step that was built anew.

use std::collections::BTreeMap;

use crate::harness::{Output, World, chmod};

const DOCKERFILE: &str = "FROM bb AS tool\nRUN echo tool > /tool\nFROM bb\nARG V=1\nCOPY src /src\nRUN echo $V > /v\nCOPY --from=tool /tool /\n";

/// The reason given for each step built anew, by the instruction's first two words.
#[track_caller]
fn reasons(output: &Output) -> BTreeMap<String, String> {
    let mut reasons = BTreeMap::new();
    let mut step = String::new();
    for line in output.ok().stderr.lines() {
        if let Some((_, text)) = line.strip_prefix(" [").and_then(|line| line.split_once("] ")) {
            step = text.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        } else if let Some(why) = line.trim().strip_prefix("because ") {
            reasons.insert(step.clone(), why.to_string());
        }
    }
    reasons
}

#[track_caller]
fn why(world: &World, words: &[&str], dockerfile: &str) -> BTreeMap<String, String> {
    let words = [&["--why", "-t", "app"], words].concat();
    reasons(&world.build(&words, dockerfile))
}

#[test]
fn every_step_built_anew_has_its_reason() {
    let Some(world) = World::with_busybox() else { return };
    let file = world.write("p/src/deep/a.txt", "one");
    let first = why(&world, &[], DOCKERFILE);
    assert_eq!(first["RUN echo"], "this Dockerfile was not built here before");
    assert!(why(&world, &[], DOCKERFILE).is_empty(), "all is known");

    std::fs::write(&file, "two").unwrap();
    let changed = why(&world, &[], DOCKERFILE);
    assert_eq!(changed["COPY src"], "src/deep/a.txt: bytes changed");
    assert_eq!(changed["RUN echo"], "what the steps before it gave changed");
    chmod(&file, 0o755);
    assert_eq!(why(&world, &[], DOCKERFILE)["COPY src"], "src/deep/a.txt: mode changed");
    world.write("p/src/deep/b.txt", "new");
    assert_eq!(why(&world, &[], DOCKERFILE)["COPY src"], "src/deep/b.txt is new");
    std::fs::remove_file(world.path("p/src/deep/b.txt")).unwrap();
    assert!(why(&world, &[], DOCKERFILE).is_empty(), "as it was before");

    assert_eq!(why(&world, &["--build-arg", "V=2"], DOCKERFILE)["RUN echo"], "variable V: '1' -> '2'");
    let other = DOCKERFILE.replace("echo tool", "echo another tool");
    let changed = why(&world, &["--build-arg", "V=2"], &other);
    assert_eq!(changed["RUN echo"], "the instruction was 'RUN echo tool > /tool'");
    assert_eq!(changed["COPY --from=tool"], "tool: bytes changed");
    assert_eq!(why(&world, &["--no-cache"], &other)["COPY src"], "the cache was not asked");
}

#[test]
fn a_base_that_moved_and_a_cache_that_was_emptied() {
    let Some(world) = World::with_busybox() else { return };
    world.write("base/Dockerfile", "FROM bb\nRUN echo 1 > /base\n");
    world.run(&["build", "-q", "-t", "base", "base"]).ok();
    let dockerfile = "FROM base\nRUN echo app > /app\n";
    why(&world, &[], dockerfile);
    world.write("base/Dockerfile", "FROM bb\nRUN echo 2 > /base\n");
    world.run(&["build", "-q", "-t", "base", "base"]).ok();
    let moved = why(&world, &[], dockerfile);
    assert_eq!(moved["RUN echo"], "the base image base changed");
    for name in world.in_store("steps") {
        std::fs::remove_file(world.path("store/steps").join(name)).unwrap();
    }
    assert_eq!(why(&world, &[], dockerfile)["RUN echo"], "its result is no longer in the cache");
}

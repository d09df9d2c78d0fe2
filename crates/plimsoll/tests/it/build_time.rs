//! `build`: the time of an image, and whether a build gives the same twice.

use std::process::Command;

use crate::harness::World;
use crate::saved::digest;

fn created(world: &World) -> String {
    let image = world.run(&["inspect", "app"]);
    image.ok().json()[0]["Created"].as_str().unwrap_or_default().to_string()
}

fn git(world: &World, words: &[&str]) -> bool {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@b", "-C"]).arg(world.path("p")).args(words);
    git.env("GIT_COMMITTER_DATE", "2020-02-03T04:05:06Z").env("HOME", world.path("home"));
    git.output().is_ok_and(|output| output.status.success())
}

#[test]
fn an_image_is_as_old_as_its_newest_commit() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nCOPY a.txt /\n";
    world.write("p/a.txt", "one");
    world.build(&["-t", "app"], dockerfile).ok();
    assert_eq!(created(&world), "1970-01-01T00:00:00Z");
    if !git(&world, &["init", "-q"]) {
        return plimsoll_testkit::skip("no git");
    }
    world.build(&["-t", "app"], dockerfile).ok();
    assert_eq!(created(&world), "1970-01-01T00:00:00Z", "no commit yet");
    assert!(git(&world, &["add", "."]) && git(&world, &["commit", "-qm", "one"]));
    let again = world.build(&["-t", "app"], dockerfile);
    assert_eq!(created(&world), "2020-02-03T04:05:06Z");
    again.prints(&["(1 cached)"]);
    let mut given = world.command(&["build", "-q", "-t", "app", "p"]);
    given.env("SOURCE_DATE_EPOCH", "86400");
    crate::harness::finish(given, Vec::new()).ok();
    assert_eq!(created(&world), "1970-01-02T00:00:00Z", "what is said beats what is found");
}

#[test]
fn a_build_that_differs_is_found_out() {
    let Some(world) = World::with_busybox() else { return };
    let steady = "FROM bb\nRUN echo steady > /f\n";
    world.build(&["-t", "app", "--check-reproducible"], steady).ok();
    let first = digest(&world, "app");
    world.build(&["-t", "app", "--no-cache"], steady).ok();
    assert_eq!(digest(&world, "app"), first);

    let shaky = "FROM bb\nRUN mkdir /d && echo steady > /d/a\nRUN cat /proc/sys/kernel/random/uuid > /d/id\n";
    let failed = world.build(&["-t", "shaky", "--check-reproducible"], shaky);
    failed.ends(5).says(&["/d/id", "Dockerfile:3", "has other bytes"]);
    world.run(&["inspect", "shaky"]).ends(1);
    world.assert_nothing_left();
}

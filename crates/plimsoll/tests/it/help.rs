//! What people read before they know anything: help, and what mistyping gets.

use crate::harness::World;
use crate::reference::commands;

#[test]
fn every_verb_has_help_that_fits() {
    let world = World::new();
    let verbs = commands(&world.run(&["--help"]).ok().stdout);
    assert!(verbs.len() >= 24, "{verbs:?}");
    for verb in verbs.iter().map(String::as_str).chain(["kube generate"]) {
        let mut words: Vec<&str> = verb.split(' ').collect();
        words.push("--help");
        let help = world.run(&words);
        help.ok().prints(&["Usage: plimsoll", "Options:"]);
        assert!(help.stderr.is_empty(), "{help}");
        for line in help.stdout.lines() {
            assert!(line.chars().count() <= 100, "{verb}: {line}");
        }
        let first = help.stdout.lines().next().unwrap_or_default();
        assert!(first.len() > 10, "the first line says what it does: {help}");
    }
    world.run(&["--version"]).ok().prints(&["plimsoll "]);
    world.run(&[]).ends(2).says(&["Usage: plimsoll"]);
}

#[test]
fn what_is_mistyped_is_named_with_a_proposal() {
    let world = World::new();
    for (words, named) in [
        (&["buidl", "."][..], &["'buidl'", "'build'"][..]),
        (&["build", "--no-cahce", "."], &["'--no-cahce'", "'--no-cache'"]),
        (&["ship", "--fromat", "json", "."], &["'--fromat'", "'--format'"]),
        (&["ship", "--format", "yaml", "."], &["'yaml'", "text, json"]),
        (&["images", "--format", "jsn"], &["'jsn'", "json"]),
        (&["save"], &["IMAGES"]),
        (&["build", "-t", "Upper", "."], &["'Upper'", "lower case"]),
        (&["pull", "a b"], &["'a b'"]),
        (&["pull", "--platform", "linux", "x"], &["'linux'", "linux/arm64"]),
        (&["kube", "generate", "--replicas", "many", "x"], &["'many'"]),
        (&["logs"], &["CONTAINER"]),
    ] {
        let output = world.run(words);
        output.ends(2).one_sentence().says(named);
        assert!(output.stdout.is_empty(), "{output}");
        assert!(!output.stderr.contains("-- --"), "no advice that helps nobody: {output}");
    }
}

#[test]
fn lists_are_empty_at_first() {
    let world = World::new();
    world.run(&["images"]).ok().is("REPOSITORY   TAG   IMAGE ID   CREATED   SIZE");
    world.run(&["ps"]).ok().is("CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES");
    world.run(&["images", "-q"]).ok().is("");
}

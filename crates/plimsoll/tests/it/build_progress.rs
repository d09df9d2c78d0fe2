//! `build --progress`: what logs and programs get.

use serde_json::Value;

use crate::harness::World;

const DOCKERFILE: &str = "FROM bb\nRUN echo first; echo second >&2; printf 'no end'\nLABEL a=b\n";

#[test]
fn every_line_of_a_log_says_its_step() {
    let Some(world) = World::with_busybox() else { return };
    let output = world.build(&["--progress=plain", "--no-cache"], DOCKERFILE);
    output.ok();
    let lines: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(lines[0], "#1 [stage-0 1/2] RUN echo first; echo second >&2; printf 'no end'  (line 2)");
    let mut said: Vec<&str> = lines[1..4].to_vec();
    said.sort_unstable();
    assert_eq!(said, ["#1 | first", "#1 | no end", "#1 | second"]);
    assert_eq!(lines[4..], ["#1 done", "#2 [stage-0 2/2] LABEL a=b  (line 3)", "#2 done"]);
    let again = world.build(&["--progress=plain"], DOCKERFILE);
    again.ok().says(&["#1 cached", "#2 cached"]);
    assert!(!again.stderr.contains("| first"));
}

#[test]
fn a_failure_is_told_in_full() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nRUN echo before; exit 7\n";
    for form in ["plain", "auto"] {
        let output = world.build(&["--progress", form], dockerfile);
        output.ends(4).one_sentence().says(&["| before", "exit code 7", "p/Dockerfile:2"]);
        assert!(!output.stderr.contains('\u{1b}'), "no escape codes in a pipe: {output}");
    }
    world.build(&["--progress=plain"], dockerfile).says(&["#1 not finished"]);
    let quiet = world.build(&["--progress=quiet"], dockerfile);
    quiet.ends(4).one_sentence().says(&["exit code 7"]);
}

fn events(stderr: &str) -> Vec<Value> {
    let event =
        |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let events: Vec<Value> = stderr.lines().map(event).collect();
    assert!(events.iter().all(|event| event["schema"] == "plimsoll.build-event/1"));
    events
}

#[test]
fn events_for_programs() {
    let Some(world) = World::with_busybox() else { return };
    let output = world.build(&["--progress=json", "--no-cache", "-t", "app"], DOCKERFILE);
    output.ok().prints(&["app  sha256:"]);
    let all = events(&output.stderr);
    let kinds = |all: &[Value]| -> Vec<String> {
        let names = all.iter().map(|event| event["event"].as_str().unwrap().to_string());
        names.filter(|name| name != "output").collect()
    };
    assert_eq!(kinds(&all), ["step-started", "step-done", "step-started", "step-done", "built"]);
    assert_eq!((&all[0]["step"], &all[0]["line"], &all[0]["of"]), (&"0.1".into(), &2.into(), &2.into()));
    let said: String = all
        .iter()
        .filter_map(|event| event["text"].as_str().filter(|_| event["event"] == "output"))
        .collect();
    assert!(said.contains("first\n") && said.contains("second\n") && said.contains("no end"), "{said}");
    let digest = crate::saved::digest(&world, "app");
    assert_eq!(all.last().unwrap()["digest"], digest);

    let failed = world.build(&["--progress=json"], "FROM bb\nRUN exit 7\n");
    failed.ends(4);
    let last = events(&failed.stderr).pop().unwrap();
    assert_eq!((&last["event"], &last["exit"]), (&"failed".into(), &4.into()));
    assert_eq!(
        (&last["diagnostics"][0]["code"], &last["diagnostics"][0]["line"]),
        (&"PL020".into(), &2.into())
    );
    let several = world
        .build(&["--progress=json", "--platform", "linux/amd64,linux/s390x"], "FROM scratch\nLABEL a=b\n");
    several.ok();
    assert_eq!(events(&several.stderr)[0]["platform"], "linux/amd64");
}

//! `prove --rollout`: what is lost while pods are replaced.

use crate::harness::World;

fn world() -> World {
    let world = World::with_lab();
    for (name, knobs) in [("old", ""), ("new", ", \"--greeting\", \"again\"")] {
        let text = format!(
            "FROM plimsoll/lab\nUSER 10001\nEXPOSE 8080\nENTRYPOINT [\"/bin/labapp\", \"serve\"{knobs}]\n"
        );
        world.build(&["-q", "-t", name], &text).ok();
    }
    world
}

#[test]
fn the_sleep_keeps_what_is_lost_without_it() {
    let world = world();
    let words = ["prove", "--rollout", "old", "new", "--replicas", "2", "--endpoint-lag", "1000"];
    let reports = ["--format", "json", "--html", "r.html", "--report", "junit=r.xml"];
    let printed = world.run(&[&words[..], &reports].concat());
    let document = printed.ok().json();
    let rollout = &document["evidence"]["rollout"];
    assert_eq!((&rollout["max_surge"], &rollout["max_unavailable"]), (&1.into(), &0.into()));
    assert_eq!((&rollout["asks"], &rollout["replicas"]), (&true.into(), &2.into()));
    let passes = rollout["passes"].as_array().unwrap();
    let [bare, sleeping] = passes.as_slice() else { panic!("two passes: {rollout:#}") };
    // Its listener is closed a second before the clients know: they are refused.
    let lost = bare["lost"].as_array().unwrap();
    assert!(!lost.is_empty(), "{bare:#}");
    for request in lost {
        assert!(request["pod"].as_str().unwrap().starts_with("old-"), "{request:#}");
    }
    // One that was just under way when the signal came may be among them.
    assert!(lost.iter().any(|request| request["after_signal_us"].is_u64()), "{bare:#}");
    assert_eq!(sleeping["lost"], serde_json::json!([]), "{sleeping:#}");
    assert!(sleeping["requests"].as_u64().unwrap() > 0);
    let claim = |id: &str| {
        let claims = document["claims"].as_array().unwrap();
        claims.iter().find(|claim| claim["id"] == id).unwrap()["verdict"].clone()
    };
    assert_eq!(claim("rollout-completes"), "proven");
    assert_eq!(claim("rollout-bare"), "refuted");
    assert_eq!(claim("rollout-lossless"), "proven");
    // Every old pod was sent away and every new one served.
    for (pod, what) in [("old-1", "gone"), ("old-2", "gone"), ("new-1", "routed"), ("new-2", "routed")] {
        let events = bare["events"].as_array().unwrap();
        let found = events.iter().any(|event| event["pod"] == pod && event["what"]["kind"] == what);
        assert!(found, "{pod} {what}: {bare:#}");
    }

    let page = std::fs::read_to_string(world.path("r.html")).unwrap();
    assert!(page.contains("old → new") && !page.contains("Launch matrix"), "{page}");
    assert!(page.matches("class=\"lost\"").count() > 2, "more than one in each of two legends: {page}");
    let junit = std::fs::read_to_string(world.path("r.xml")).unwrap();
    assert_eq!(junit.matches("<testcase ").count(), document["claims"].as_array().unwrap().len(), "{junit}");

    // It is kept, and judged again as it was; it is no proof of the image by itself.
    let listed = world.run(&["prove", "--list", "new"]);
    let line = listed.ok().stdout.lines().nth(1).unwrap_or_default().to_string();
    assert!(line.contains(" rollout ") && line.contains("2 of 3 proven"), "{listed}");
    let kept = line.split_whitespace().last().unwrap();
    let again = world.run(&["prove", "--replay", kept, "--format", "json"]);
    assert_eq!(again.ok().stdout, printed.stdout);
    world.run(&["prove", "--replay", kept, "--case", "rollout"]).ok().prints(&["ROLLOUT", "prove --rollout"]);
    world.run(&["prove", "--replay", "new"]).ends(1).one_sentence().says(&["no proof of new"]);
    world.assert_nothing_left();
}

#[test]
fn a_version_that_cannot_serve_is_named() {
    let world = world();
    world.build(&["-q", "-t", "bad"], "FROM plimsoll/lab\nENTRYPOINT [\"/bin/labapp\", \"show\"]\n").ok();
    world.run(&["prove", "--rollout", "old", "bad"]).ends(5).one_sentence().says(&["bad", "exit code 0"]);
    world.run(&["prove", "--rollout", "old"]).ends(2);
    world.run(&["prove", "--replicas", "2", "old"]).ends(2);
    world.run(&["prove", "--rollout", "old", "new", "--max-surge", "half"]).ends(2).says(&["'half'"]);
    world.assert_nothing_left();
}

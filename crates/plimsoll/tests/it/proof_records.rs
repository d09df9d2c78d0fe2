//! Proofs as records: kept, judged again, compared with each other and with what a person expects.

use crate::harness::World;

/// An image of a job, and its proof as text.
fn job(world: &World) -> String {
    world.build(&["-t", "job"], "FROM bb\nUSER 1000\nENTRYPOINT [\"echo\", \"done\"]\n").ok();
    world
        .run(&["prove", "job", "--evidence", "job.json", "--report", "json=job.proof.json"])
        .ok()
        .stdout
        .clone()
}

#[test]
fn what_is_judged_again_is_printed_as_it_was() {
    let Some(world) = World::with_busybox() else { return };
    let printed = job(&world);
    // A directory of the image's name is no record.
    std::fs::create_dir(world.path("job")).unwrap();
    for recorded in ["job.json", "job.proof.json", "job"] {
        assert_eq!(world.run(&["prove", "--replay", recorded]).ok().stdout, printed, "{recorded}");
    }
    let document = std::fs::read_to_string(world.path("job.proof.json")).unwrap();
    assert_eq!(world.run(&["prove", "--replay", "job", "--format", "json"]).ok().stdout, document);
    // Without a store, and without the image.
    std::fs::create_dir(world.path("empty")).unwrap();
    let mut elsewhere = world.command(&["prove", "--replay", "job.json"]);
    elsewhere.env("PLIMSOLL_ROOT", world.path("empty/none"));
    assert_eq!(crate::harness::finish(elsewhere, Vec::new()).ok().stdout, printed);
    assert!(!world.path("empty/none").exists());

    let listed = world.run(&["prove", "--list"]);
    listed.ok().prints(&["PROVEN", "store/proofs/"]);
    assert_eq!(listed.stdout, world.run(&["prove", "--list", "job"]).ok().stdout);
    assert_eq!(listed.stdout.lines().count(), 2, "{listed}");
    world.run(&["prove", "--replay", "bb"]).ends(1).one_sentence().says(&["no proof of bb", "prove bb"]);
    // A record goes with its image.
    world.run(&["rmi", "job"]).ok();
    world.run(&["prune"]).ok();
    assert!(world.in_store("proofs").is_empty());
    world.assert_nothing_left();
}

#[test]
fn what_is_no_record_is_refused_in_a_sentence() {
    let world = World::new();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let steering = "{\"schema\":\"\\u001b]0;x\\u0007\\u202e\"}";
    let evidence = "{\"schema\":\"plimsoll.evidence/1\",\"image\":\"x\"";
    for (name, text) in [
        ("empty", String::new()),
        ("text", "FROM scratch\n".to_string()),
        ("other", "{\"schema\":\"plimsoll.report/1\"}".to_string()),
        ("later", "{\"schema\":\"plimsoll.evidence/2\"}".to_string()),
        ("deep", deep.clone()),
        ("deep-inside", format!("{evidence},\"machine\":{deep}}}")),
        ("missing", format!("{evidence}}}")),
        ("steering", steering.to_string()),
        ("long", format!("{{\"schema\":\"{}\"}}", "x".repeat(1 << 20))),
        ("cut", format!("{evidence},")),
        ("proof", "{\"schema\":\"plimsoll.proof/1\"}".to_string()),
    ] {
        world.write(name, text);
        let refused = world.run(&["prove", "--replay", name]);
        refused.ends(2).one_sentence().says(&[name, "is no proof"]);
        assert!(refused.stderr.len() < 600, "{refused}");
        assert!(refused.stderr.chars().all(|c| c == '\n' || c.is_ascii_graphic() || c == ' '), "{refused}");
        world.run(&["prove", "diff", name, name]).ends(2).one_sentence();
    }
    world.run(&["prove", "--replay", "absent"]).ends(1).one_sentence().says(&["absent"]);
    world.run(&["prove", "--replay", "x", "y"]).ends(2);
    // Nothing is started: what starts are given would be ignored.
    for given in [["--grace", "3"], ["--runs", "2"], ["-e", "A=b"], ["-v", "/a:/b"], ["-u", "3"]] {
        world.run(&[&["prove", "--replay", "x"], &given[..]].concat()).ends(2).says(&["--replay", given[0]]);
        world.run(&[&["prove", "--list"], &given[..]].concat()).ends(2).says(&["--list"]);
    }
    world.run(&["prove"]).ends(2);
}

#[test]
fn reports_go_to_several_files_at_once() {
    let Some(world) = World::with_busybox() else { return };
    job(&world);
    let out = world.run(&[
        "prove",
        "--replay",
        "job.json",
        "--format",
        "junit",
        "--report",
        "text=t",
        "--report",
        "junit=j.xml",
        "--html",
        "p.html",
        "--all",
    ]);
    let junit = std::fs::read_to_string(world.path("j.xml")).unwrap();
    assert_eq!(out.ok().stdout, junit);
    for part in ["<testsuites name=\"plimsoll prove", "<testsuite name=\"launches\"", "failures=\"0\""] {
        assert!(junit.contains(part), "{part} in {junit}");
    }
    let page = std::fs::read_to_string(world.path("p.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("plimsoll-evidence"));
    let text = std::fs::read_to_string(world.path("t")).unwrap();
    assert!(text.contains("LAUNCH MATRIX") && !text.contains(" more: "), "{text}");
    world.run(&["prove", "--replay", "job.json", "--report", "xml=x"]).ends(2).says(&["junit"]);
    world.run(&["prove", "--replay", "job.json", "--report", "junit=none/x"]).ends(1).one_sentence();
}

#[test]
fn a_proof_becomes_a_regression_test() {
    let Some(world) = World::with_busybox() else { return };
    job(&world);
    let prove = |words: &[&str]| world.run(&[&["prove", "--replay", "job.json"], words].concat());
    prove(&["--expect"]).ends(2).one_sentence().says(&["plimsoll.toml", "--write-expect"]);
    world.write("plimsoll.toml", "[lint]\nfail-on = \"error\"\n");
    prove(&["--write-expect", "plimsoll.toml"]).ok();
    let written = std::fs::read_to_string(world.path("plimsoll.toml")).unwrap();
    assert!(written.starts_with("[lint]\nfail-on = \"error\"\n\n[contract]\n"), "{written}");
    assert!(written.contains("launches.as-built = \"exit 0\""), "{written}");
    prove(&["--expect"]).ok().prints(&["EXPECTED", "plimsoll.toml"]);
    prove(&["--expect=plimsoll.toml"]).ok();
    prove(&["--write-expect", "plimsoll.toml"]).ends(2).one_sentence().says(&["already"]);

    world.write("strict.toml", "[contract]\nlaunches.as-built = \"running\"\nports = [\"80/tcp\"]\n");
    let broken = prove(&["--expect=strict.toml", "--report", "junit=j.xml", "--report", "json=p.json"]);
    broken.ends(5).prints(&["EXPECTED   0 of 2 met   strict.toml", "it was: exit 0 (line 2)", "ports"]);
    let junit = std::fs::read_to_string(world.path("j.xml")).unwrap();
    assert!(junit.contains("failures=\"2\"") && junit.contains("repeat: plimsoll run"), "{junit}");
    let document: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("p.json")).unwrap()).unwrap();
    assert_eq!(document["expectations"][0]["from"], "strict.toml:2");
    assert_eq!(document["expectations"][0]["verdict"], "refuted");

    world.write("wrong.toml", "[contract]\nprots = []\nuser = \"me\"\n[contarct]\n");
    let wrong = prove(&["--expect=wrong.toml"]);
    wrong.ends(2).says(&["wrong.toml:2:1", "did you mean 'ports'?", "wrong.toml:3:8", "wrong.toml:4:2"]);
    assert_eq!(wrong.stdout, "", "nothing runs for a wrong file");
}

#[test]
fn two_images_differ_where_they_behave_differently() {
    let Some(world) = World::with_busybox() else { return };
    let server = |tag: &str, more: &str, port: u16| {
        let dockerfile =
            format!("FROM bb\n{more}EXPOSE {port}\nENTRYPOINT [\"httpd\", \"-f\", \"-p\", \"{port}\"]\n");
        world.build(&["-t", tag], &dockerfile).ok();
    };
    server("old", "ENV MODE=a\nUSER 1000\n", 8080);
    server("new", "ENV MODE=b API_TOKEN=s3cr3t-s3cr3t-99\n", 8081);
    let found = world.run(&["prove", "diff", "--grace", "1", "old", "new", "--format", "json"]);
    let document = found.ends(1).json();
    let has = |part: &str, what: &str| {
        let all = document["differences"].as_array().unwrap();
        all.iter().any(|difference| difference["part"] == part && difference["what"] == what)
    };
    for (part, what) in [
        ("pid 1", "argv"),
        ("pid 1", "user"),
        ("env", "MODE"),
        ("env", "API_TOKEN"),
        ("ports", "8080/tcp"),
        ("ports", "8081/tcp"),
    ] {
        assert!(has(part, what), "{part} {what} in {found}");
    }
    assert!(!has("pid 1", "exe") && !has("stop", "signal"), "{found}");
    assert!(!found.stdout.contains("s3cr3t-s3cr3t"), "{found}");
    // Both are kept now: nothing is run any more, and a file of the one is the image.
    let text = world.run(&["prove", "diff", "old", "new"]);
    text.ends(1).prints(&["DIFFERENCES", "8080/tcp", "open -> nothing"]);
    assert!(text.stdout.lines().all(|line| line.chars().count() <= 100), "{text}");
    world.run(&["prove", "--replay", "old", "--evidence", "old.json"]);
    world.run(&["prove", "diff", "old.json", "old"]).ok().prints(&["DIFFERENCES   none"]);
    world.run(&["prove", "diff", "old.json"]).ends(2);
    world.run(&["prove", "diff", "old", "absent"]).ends(1).one_sentence().says(&["absent"]);
    world.assert_nothing_left();
}

#[test]
fn another_protocol_and_other_groups_are_differences() {
    let world = World::with_lab();
    world.write("p/passwd", "app:x:1000:1000::/:/bin/sh\n");
    let server = |tag: &str, group: &str, words: &str| {
        world.write("p/group", format!("app:x:1000:\nmail:x:8:{group}\n"));
        let dockerfile = format!(
            "FROM plimsoll/lab\nCOPY passwd group /etc/\nUSER app\nEXPOSE 2525\nENTRYPOINT [\"labapp\", {words}]\n"
        );
        world.build(&["-q", "-t", tag], &dockerfile).ok();
    };
    server("old", "", "\"serve\", \"--port\", \"2525\"");
    server("new", "app", "\"talk\", \"--port\", \"2525\", \"--greeting\", \"220 lab ESMTP\"");
    let found = world.run(&["prove", "diff", "--grace", "1", "old", "new", "--format", "json"]);
    let document = found.ends(1).json();
    let sides = |part: &str, what: &str| {
        let all = document["differences"].as_array().unwrap();
        let one = all.iter().find(|difference| difference["part"] == part && difference["what"] == what)?;
        Some((one["before"].clone(), one["after"].clone()))
    };
    assert_eq!(sides("answers", "protocol of 2525/tcp"), Some(("HTTP".into(), "SMTP".into())), "{found}");
    let proof = world.run(&["prove", "--replay", "new", "--format", "json"]).json();
    // A machine with one id can set no groups.
    let wanted = (!proof["evidence"]["promised"]["groups"].is_null()).then_some(("none".into(), "8".into()));
    assert_eq!(sides("pid 1", "groups"), wanted, "{found}");
    world.assert_nothing_left();
}

#[test]
fn an_image_may_be_called_diff() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "diff"], "FROM bb\nENTRYPOINT [\"true\"]\n").ok();
    world.run(&["prove", "--", "diff"]).ok().prints(&["LAUNCH MATRIX"]);
}

//! What `prove` learns of a start: what PID 1 was given, where it listens, what it answers, how it passes a
//! user's own checks, what all that takes.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::harness::{Output, World};

/// A claim of a proof.
#[track_caller]
fn claim(proof: &Value, id: &str) -> Value {
    let claims = proof["claims"].as_array().unwrap();
    claims
        .iter()
        .find(|claim| claim["id"] == id)
        .unwrap_or_else(|| panic!("no claim {id}: {claims:?}"))
        .clone()
}

#[track_caller]
fn prove(world: &World, words: &[&str]) -> (Output, Value) {
    let all = [&["prove", "--format", "json", "--runs", "1", "--grace", "5"], words].concat();
    let output = world.run(&all);
    let document = output.json();
    (output, document)
}

#[test]
fn servers_of_every_kind_are_heard() {
    let world = World::with_lab();
    let port = |words: &str, expose: &str| {
        let words: Vec<String> = words.split('|').map(|word| format!("\"{word}\"")).collect();
        let file =
            format!("FROM plimsoll/lab\nEXPOSE {expose}\nENTRYPOINT [\"labapp\", {}]\n", words.join(", "));
        world.build(&["-q", "-t", "server"], &file).ok();
        let (output, proof) = prove(&world, &["server"]);
        output.ok();
        let readiness = proof["evidence"]["readiness"].clone();
        assert_eq!(readiness["experiment"], "launch-1", "{output}");
        (readiness["ports"][0].clone(), readiness, proof)
    };

    let (fact, readiness, proof) = port("serve|--port|8080", "8080");
    assert_eq!(fact["speaks"], json!({"kind": "http", "path": "/healthz", "status": 200}));
    assert_eq!((&fact["ipv4"], &fact["ipv6"], &fact["exposed"]), (&json!(true), &json!(false), &json!(true)));
    assert_eq!(readiness["answer"]["kind"], "http");
    assert!(readiness["first_answer_us"].as_u64().is_some_and(|time| time > 0));
    let amounts = &proof["evidence"]["amounts"];
    assert_eq!(amounts["runs"].as_array().map(Vec::len), Some(1), "{amounts}");
    for amount in ["memory_idle", "descriptors", "threads", "processes"] {
        assert!(amounts[amount].as_u64().is_some_and(|amount| amount > 0), "{amount}: {amounts}");
    }
    claim(&proof, "timing");

    let (fact, readiness, _) = port("talk|--port|2525|--greeting|220 lab ESMTP\\u001b", "2525");
    assert_eq!(
        fact["speaks"],
        json!({"kind": "greeting", "protocol": "SMTP", "line": "220 lab ESMTP"}),
        "{fact}"
    );
    assert_eq!(readiness["answer"], json!({"kind": "greeting", "port": "2525/tcp"}));

    let (fact, readiness, _) = port("talk|--port|2525", "2525");
    assert_eq!(
        (&fact["speaks"]["kind"], &readiness["answer"]["kind"]),
        (&json!("silent"), &json!("connection"))
    );

    let (fact, readiness, proof) = port("talk|--port|5353|--udp", "5353/udp");
    assert_eq!((&fact["port"], &fact["speaks"]["kind"]), (&json!("5353/udp"), &json!("datagrams")));
    assert_eq!(readiness["answer"]["kind"], "nothing");
    assert_eq!(claim(&proof, "port-5353/udp")["verdict"], "proven");

    let (fact, _, _) = port("talk|--port|2525|--address|127.0.0.1", "2525");
    assert_eq!((&fact["loopback_only"], &fact["addresses"]), (&json!(true), &json!(["127.0.0.1"])));

    if std::path::Path::new("/proc/net/if_inet6").exists() {
        let (fact, readiness, _) = port("talk|--port|2525|--address|::|--only-ipv6|--greeting|hello", "2525");
        assert_eq!((&fact["ipv4"], &fact["ipv6"]), (&json!(false), &json!(true)), "{fact}");
        assert_eq!((&fact["addresses"], &readiness["answer"]["kind"]), (&json!(["::"]), &json!("greeting")));
    }
    world.assert_nothing_left();
}

#[test]
fn what_pid_1_was_given_is_proven_however_short_it_lives() {
    let Some(world) = World::with_busybox() else { return };
    let file = "FROM bb\nENV A=1\nUSER 1000:1001\nWORKDIR /tmp\nENTRYPOINT [\"echo\", \"done\"]\n";
    world.build(&["-q", "-t", "job"], file).ok();
    let (output, proof) = prove(&world, &["job"]);
    output.ok();
    let launches = proof["claims"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|claim| claim["id"].as_str().is_some_and(|id| id.starts_with("launch-")));
    for claim in launches.filter(|claim| claim["statement"].as_str().unwrap().contains("echo")) {
        assert_eq!(claim["verdict"], "proven", "{claim}");
    }
    let start = &proof["evidence"]["launches"][0]["start"];
    assert_eq!(start["argv"], json!(["echo", "done"]), "{output}");
    assert_eq!(
        (&start["uid"], &start["gid"], &start["workdir"]),
        (&json!(1000), &json!(1001), &json!("/tmp"))
    );
    assert_eq!((&start["effective"], start["bounding"].as_array().map(Vec::len)), (&json!([]), Some(13)));
    let env = start["env"].as_array().unwrap();
    assert!(env.contains(&json!(["A", "1"])) && env.contains(&json!(["HOSTNAME", "prove"])), "{env:?}");
    assert_eq!(proof["evidence"]["promised"]["uid"], 1000);

    // A shell that becomes its last command within no time at all.
    world.build(&["-q", "-t", "shell"], "FROM bb\nCMD true; exec /bin/busybox true\n").ok();
    let (output, proof) = prove(&world, &["shell"]);
    output.ok();
    assert_eq!(claim(&proof, "launch-as-built")["verdict"], "proven", "{output}");
    let start = &proof["evidence"]["launches"][0]["start"];
    assert_eq!(start["argv"][0], "/bin/sh");
    assert_eq!(start["became"][0]["argv"], json!(["/bin/busybox", "true"]), "{start}");
    world.assert_nothing_left();
}

#[test]
fn a_program_gets_what_it_needs_to_start() {
    let world = World::with_lab();
    let file = "FROM plimsoll/lab:shell\nEXPOSE 8080\n\
                CMD [\"sh\", \"-c\", \"test -n \\\"$NEEDED\\\" || exit 3; exec labapp serve --port \\\"${P:-8080}\\\"\"]\n";
    world.build(&["-q", "-t", "app"], file).ok();
    let (output, proof) = prove(&world, &["app"]);
    output.ends(5);
    assert_eq!(claim(&proof, "start-as-built")["required"], true);

    world.write("vars", "# comment\nNEEDED=from file\n");
    let record = world.word("record.json");
    let words = [
        "--env-file",
        "vars",
        "-e",
        "API_TOKEN=s3cr3t-value",
        "--tmpfs",
        "/scratch",
        "-w",
        "/tmp",
        "--evidence",
        &record,
        "app",
    ];
    let (output, proof) = prove(&world, &words);
    output.ok();
    let evidence = &proof["evidence"];
    assert_eq!(evidence["given"]["env"][0], json!(["NEEDED", "from file"]));
    let command = evidence["launches"][0]["command"].as_str().unwrap();
    for flag in ["-e 'NEEDED=from file'", "-e API_TOKEN=s3cr3t-value", "--tmpfs /scratch", "--workdir /tmp"] {
        assert!(command.contains(flag), "{flag}: {command}");
    }
    assert_eq!(evidence["launches"][0]["start"]["workdir"], "/tmp");
    // A limit that cannot be set here was not tried and has no command.
    let rungs = evidence["rungs"].as_array().unwrap();
    let mut commands =
        rungs.iter().filter_map(|rung| rung["command"].as_str()).filter(|text| !text.is_empty());
    assert!(commands.all(|command| command.contains("NEEDED")), "{rungs:?}");
    let yaml = world.run(&["kube", "generate", "--evidence", &record, "app"]);
    yaml.ok().prints(&[
        "name: NEEDED",
        "value: from file",
        "given to prove",
        "workingDir: /tmp",
        "mountPath: /scratch",
    ]);

    // Arguments stand in place of CMD.
    let (output, proof) = prove(&world, &["app", "labapp", "serve", "--port", "8080"]);
    output.ok();
    assert_eq!(
        proof["evidence"]["launches"][0]["start"]["argv"],
        json!(["labapp", "serve", "--port", "8080"]),
        "{output}"
    );
    world.run(&["prove", "-v", "/data", "app"]).ends(2).one_sentence().says(&["/data", "--tmpfs"]);
    world.run(&["prove", "-w", "tmp", "app"]).ends(2).one_sentence().says(&["absolute"]);
    world.run(&["prove", "-u", "a:b:c", "app"]).ends(2).one_sentence();
    world.assert_nothing_left();
}

#[test]
fn a_users_own_check_decides() {
    let world = World::with_lab();
    world
        .build(
            &["-q", "-t", "app"],
            "FROM plimsoll/lab:shell\nEXPOSE 8080\nENTRYPOINT [\"labapp\", \"serve\"]\n",
        )
        .ok();
    let (output, proof) = prove(&world, &["--check", "labapp check --port 8080 && test $$ -gt 1", "app"]);
    output.ok();
    assert_eq!(claim(&proof, "check")["verdict"], "proven", "{output}");
    let rungs = proof["evidence"]["rungs"].as_array().unwrap();
    assert!(
        rungs.iter().any(|rung| rung["fact"].as_str().unwrap().contains("passed the check")),
        "{rungs:?}"
    );

    let starts = world.write("starts", "");
    let check = "read line < /proc/1/stat; echo $line >> /starts; echo no luck; exit 4";
    let mount = format!("{}:/starts", starts.display());
    let failing = ["--ready-within", "1", "-v", &mount, "--check", check, "app"];
    let (output, proof) = prove(&world, &failing);
    output.ends(5);
    // The time PID 1 was started at tells the starts apart (proc(5)).
    let asked = std::fs::read_to_string(starts).expect("the file is ours");
    let starts: HashSet<_> =
        asked.lines().map(|line| line.split(' ').nth(21).expect("a start time")).collect();
    assert_eq!(starts.len(), 1, "what failed is not waited for at every start");
    let failed = claim(&proof, "check");
    assert_eq!((&failed["verdict"], &failed["required"]), (&json!("refuted"), &json!(true)));
    assert!(failed["why"].as_str().unwrap().contains("exit code 4: no luck"), "{failed}");

    let (output, proof) = prove(&world, &["--http", ":8080/show", "app"]);
    output.ok();
    assert_eq!(
        proof["evidence"]["readiness"]["answer"]["http"],
        json!({"port": 8080, "path": "/show", "status": 200})
    );
    let (output, proof) = prove(&world, &["--ready-within", "1", "--http", "/absent", "app"]);
    output.ends(5);
    assert!(claim(&proof, "check")["why"].as_str().unwrap().contains("404"), "{output}");
    world
        .run(&["prove", "--http", "absent", "app"])
        .ends(2)
        .one_sentence()
        .says(&["'absent'", ":8080/health"]);

    // Without a shell the words are the command.
    world
        .build(&["-q", "-t", "bare"], "FROM plimsoll/lab\nEXPOSE 8080\nENTRYPOINT [\"labapp\", \"serve\"]\n")
        .ok();
    let (output, proof) = prove(&world, &["--check", "labapp check --port '8080'", "bare"]);
    output.ok();
    assert_eq!(
        proof["evidence"]["readiness"]["answer"]["argv"],
        json!(["labapp", "check", "--port", "8080"]),
        "{output}"
    );
    world.assert_nothing_left();
}

const STRUCTURE: &str = "schemaVersion: '2.0.0'
globalEnvVars:
  - {key: WHO, value: world}
commandTests:
  - name: greets
    setup: [[\"touch\", \"/tmp/made\"]]
    command: sh
    args: [\"-c\", \"ls /tmp; echo hello $WHO; echo careful >&2; exit 3\"]
    expectedOutput: [\"^made\", \"hello w.rld\"]
    excludedOutput: [\"bye\"]
    expectedError: [\"careful\"]
    exitCode: 3
  - name: is alone
    command: ls
    args: [\"/tmp\"]
    excludedOutput: [\"made\"]
fileExistenceTests:
  - name: the shell
    path: /bin/sh
    isExecutableBy: any
  - name: no secrets
    path: /run/secrets
    shouldExist: false
fileContentTests:
  - name: the note
    path: /note
    expectedContents: [\"(?m)^two$\"]
    excludedContents: [\"three\"]
metadataTest:
  envVars: [{key: A, value: '1.[0-9]', isRegex: true}]
  exposedPorts: ['80']
  user: '1000'
";

#[test]
fn structure_tests_of_others_run_as_they_are() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/note", "one\ntwo\n");
    let file = "FROM bb\nCOPY note /note\nRUN mkdir -p -m 1777 /tmp\nENV A=1.2\nEXPOSE 80\nUSER 1000\nCMD [\"true\"]\n";
    world.build(&["-q", "-t", "app"], file).ok();
    world.write("good.yaml", STRUCTURE);
    let (output, proof) = prove(&world, &["--cst", "good.yaml", "app"]);
    output.ok();
    let tests = proof["evidence"]["readiness"]["structure"].as_array().unwrap();
    assert_eq!(tests.len(), 6, "{tests:?}");
    assert!(tests.iter().all(|test| test["failures"] == json!([])), "{tests:?}");
    assert_eq!(claim(&proof, "structure-1")["statement"], "commandTests: greets");

    let bad = STRUCTURE.replace("exitCode: 3", "exitCode: 0").replace("'80'", "'81'").replace("two$", "2$");
    world.write("bad.yaml", bad);
    let (output, proof) = prove(&world, &["--cst", "bad.yaml", "app"]);
    output.ends(5);
    assert!(claim(&proof, "structure-1")["why"].as_str().unwrap().contains("exit code 3 instead of 0"));
    assert_eq!(claim(&proof, "structure-2")["verdict"], "proven");
    assert!(claim(&proof, "structure-5")["why"].as_str().unwrap().contains("'(?m)^2$' is not in the file"));
    assert!(claim(&proof, "structure-6")["why"].as_str().unwrap().contains("81"));

    world.write("licence.yaml", "schemaVersion: 2.0.0\nlicenseTests: [{debian: true}]\n");
    let refused = world.run(&["prove", "--cst", "licence.yaml", "app"]);
    refused.ends(2).one_sentence().says(&["licence.yaml", "licenseTests"]);
    world.run(&["prove", "--cst", "absent.yaml", "app"]).one_sentence().says(&["absent.yaml"]);
    world.assert_nothing_left();
}

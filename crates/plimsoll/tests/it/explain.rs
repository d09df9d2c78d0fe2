//! `explain`: the contract, the launches and the findings, each with its line.

use serde_json::json;

use crate::harness::{Output, World, chmod};

/// Explain a Dockerfile whose base is in the store.
#[track_caller]
fn explain(world: &World, dockerfile: &str, words: &[&str]) -> Output {
    world.write("p/Dockerfile", dockerfile);
    let mut all = vec!["explain", "p"];
    all.extend(words);
    world.run(&all)
}

#[test]
fn every_finding_points_at_its_line() {
    let Some(world) = World::with_busybox() else { return };
    world
        .build(&["-t", "parent"], "FROM bb\nUSER 1000\nENTRYPOINT [\"/bin/one\"]\nCMD [\"inherited\"]\n")
        .ok();
    chmod(&world.write("p/start.sh", "#!/bin/sh\nset -e\nmkdir -p /tmp/x\n/bin/server \"$@\"\n"), 0o755);
    let cases: &[(&str, &str, &str, &str)] = &[
        ("arguments ignored", "PL101", ":3:1", "FROM bb\nENTRYPOINT httpd -f\nCMD [\"-v\"]\nUSER 1\n"),
        ("CMD lost to an ENTRYPOINT", "PL106", ":2:1", "FROM parent\nENTRYPOINT [\"/bin/httpd\"]\n"),
        ("broken exec JSON", "PL110", ":2:", "FROM bb\nCMD ['httpd', '-f']\nUSER 1\n"),
        (
            "script without exec",
            "PL104",
            "",
            "FROM bb\nCOPY start.sh /start.sh\nENTRYPOINT [\"/start.sh\"]\nUSER 1\n",
        ),
        ("named user", "PL402", ":2:", "FROM bb\nUSER app\nCMD [\"httpd\", \"-f\"]\n"),
        ("root", "PL401", ":1:", "FROM bb\nCMD [\"httpd\", \"-f\"]\n"),
        ("variable in exec form", "PL109", ":3:", "FROM bb\nUSER 1\nCMD [\"echo\", \"$HOME\"]\n"),
    ];
    for (what, code, place, dockerfile) in cases {
        let output = explain(&world, dockerfile, &[]);
        assert!(output.code <= 1, "{what}: {output}");
        let begin =
            output.stdout.find(&format!("[{code}]")).unwrap_or_else(|| panic!("{what}: no {code}: {output}"));
        let arrow = output.stdout[begin..].lines().nth(1).unwrap_or_default();
        assert!(
            arrow.contains(&format!("p/Dockerfile{place}")) || arrow.contains("start.sh"),
            "{what}: {arrow}: {output}"
        );
    }
}

#[test]
fn of_a_built_image_the_files_are_known_too() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "app"], "FROM bb\nUSER 1\nCMD [\"/usr/bin/absent\"]\n").ok();
    world.run(&["explain", "app"]).ends(1).prints(&["[PL116]", "p/Dockerfile:3:1", "/usr/bin/absent"]);
}

#[test]
fn where_another_engine_differs_one_line_says_so() {
    let Some(world) = World::with_busybox() else { return };
    let list = ["--fail-on", "never", "--entrypoint", "[\"ls\", \"-l\"]", "--", "/"];
    let output = explain(&world, "FROM bb\nUSER 1\n", &list);
    output.ok().prints(&["argv   [\"[\\\"ls\\\", \\\"-l\\\"]\", \"/\"]", "podman [\"ls\", \"-l\", \"/\"]"]);
    let empty = "FROM bb\nUSER 1\nENTRYPOINT [\"\"]\nCMD [\"true\"]\n";
    let output = explain(&world, empty, &["--fail-on", "never"]);
    let lines = output.stdout.matches("CRI-O  [\"\", \"true\"]").count();
    assert_eq!(lines, 2, "a pod with nothing set, and one with args: {output}");
    assert!(!output.stdout.contains("podman "), "{output}");
    let same = explain(&world, "FROM bb\nUSER 1\nCMD [\"true\"]\n", &[]);
    assert!(!same.stdout.contains("CRI-O"), "{same}");
    let document = explain(&world, empty, &["--fail-on", "never", "--format", "json"]).json();
    let pod = document["launches"]
        .as_array()
        .unwrap()
        .iter()
        .find(|launch| launch["mode"] == "kubernetes, nothing set");
    assert_eq!(
        pod.unwrap()["elsewhere"],
        json!({ "engine": "CRI-O", "argv": ["", "true"], "refused": null })
    );
}

/// Who PID 1 is depends on the shell the image has: dash stays, busybox becomes the program.
#[test]
fn the_shell_the_image_really_has_decides() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "USER 1\nENTRYPOINT httpd -f -p 8080\n";
    let busybox = explain(&world, &format!("FROM bb\n{dockerfile}"), &[]);
    assert!(!busybox.stdout.contains("PL103"), "busybox' ash takes the program's place: {busybox}");
    busybox.prints(&["/bin/sh is busybox"]);
    let lab = World::with_lab();
    let stays = explain(&lab, "FROM plimsoll/lab:shell\nUSER 1\nENTRYPOINT labapp serve\n", &[]);
    if stays.stdout.contains("/bin/sh is dash") {
        stays.prints(&["PL103", "p/Dockerfile:3:1", "stays PID 1"]);
    }
}

#[test]
fn the_contract_says_where_each_value_comes_from() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nARG PORT=8080\nENV PORT=$PORT\nWORKDIR /srv\nEXPOSE $PORT\nVOLUME /data\nUSER 1000\n\
                      STOPSIGNAL SIGINT\nHEALTHCHECK CMD wget -q localhost\nENTRYPOINT [\"httpd\"]\nCMD [\"-f\"]\n";
    let output = explain(&world, dockerfile, &[]);
    let rows = [
        ("entrypoint", "[\"httpd\"]", "Dockerfile:10"),
        ("cmd", "[\"-f\"]", "Dockerfile:11"),
        ("user", "1000", "Dockerfile:7"),
        ("workdir", "/srv", "Dockerfile:4"),
        ("", "PORT=8080", "Dockerfile:3"),
        ("port", "8080/tcp", "Dockerfile:5"),
        ("volume", "/data", "Dockerfile:6"),
        ("stop", "SIGINT", "Dockerfile:8"),
        ("health", "wget -q localhost", "Dockerfile:9"),
    ];
    for (name, value, from) in rows {
        let row =
            output.ok().stdout.lines().find(|line| {
                line.trim_start().starts_with(name) && line.contains(value) && line.ends_with(from)
            });
        assert!(row.is_some(), "{name} {value} {from}: {output}");
    }
    let given = explain(&world, dockerfile, &["--build-arg", "PORT=9999"]);
    given.ok().prints(&["9999/tcp"]);
    // The built image says the same, and so does its archive's copy without a Dockerfile.
    world.build(&["-t", "app"], dockerfile).ok();
    let image = world.run(&["explain", "app"]);
    image.ok().prints(&["image app", "Dockerfile:10", "8080/tcp"]);
    world.run(&["save", "-o", "app.tar", "app"]).ok();
    let other = World::new();
    std::fs::copy(world.path("app.tar"), other.path("app.tar")).unwrap();
    other.run(&["load", "-q", "-i", "app.tar"]).ok();
    other.run(&["explain", "app"]).ok().prints(&["[\"httpd\"]", "8080/tcp", "SIGINT"]);
}

#[test]
fn what_if() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nUSER 1\nENTRYPOINT [\"echo\", \"entry\"]\nCMD [\"cmd\"]\n";
    let argv = |words: &[&str]| {
        let mut all = vec!["--format", "json"];
        all.extend(words);
        let document = explain(&world, dockerfile, &all);
        document.ok();
        let launches = document.json()["launches"].clone();
        assert_eq!(launches.as_array().map(Vec::len), Some(1), "{document}");
        launches[0]["argv"].clone()
    };
    assert_eq!(argv(&["--", "a", "--flag"]), json!(["echo", "entry", "a", "--flag"]));
    assert_eq!(argv(&["--entrypoint", "ls"]), json!(["ls"]));
    assert_eq!(argv(&["--entrypoint", "ls", "--", "-l"]), json!(["ls", "-l"]));
    assert_eq!(argv(&["--k8s-command", "ls"]), json!(["ls"]));
    assert_eq!(argv(&["--k8s-args", "x", "y"]), json!(["echo", "entry", "x", "y"]));
    assert_eq!(argv(&["--k8s-args=[\"--port\", \"90\"]"]), json!(["echo", "entry", "--port", "90"]));
    assert_eq!(argv(&["--k8s-command", "ls", "--k8s-args", "-l"]), json!(["ls", "-l"]));
    explain(&world, dockerfile, &["--k8s-args", "x", "--", "y"]).ends(2).one_sentence();
    explain(&world, dockerfile, &["--k8s-args", "[broken"]).ends(2).one_sentence().says(&["'[broken'"]);
    // Without a question: every way of launching.
    let all = explain(&world, dockerfile, &["--format", "json"]).json();
    assert!(all["launches"].as_array().unwrap().len() >= 6, "{all}");
    assert_eq!(all["schema"], "plimsoll.explain/1");
}

#[test]
fn what_is_explained_is_what_runs() {
    let Some(world) = World::with_busybox() else { return };
    let show =
        "FROM bb\nENTRYPOINT [\"sh\", \"-c\", \"cat /proc/1/cmdline; true\"]\nCMD [\"a b\", \"\"]\nUSER 1\n";
    world.build(&["-t", "app"], show).ok();
    for words in [&[][..], &["x y", "z"]] {
        let document = world.run(&[&["explain", "--format", "json", "app", "--"], words].concat()).json();
        let launch =
            document["launches"].as_array().unwrap().iter().find(|launch| launch["argv"].is_array()).unwrap();
        let argv: Vec<String> = serde_json::from_value(launch["argv"].clone()).unwrap();
        let ran = world.run(&[&["run", "--rm", "app"], words].concat());
        assert_eq!(ran.ok().stdout, argv.iter().map(|word| format!("{word}\0")).collect::<String>());
    }
}

#[test]
fn fail_on_decides_the_exit_code() {
    let Some(world) = World::with_busybox() else { return };
    let lost = "FROM bb\nENTRYPOINT httpd -f\nCMD [\"-v\"]\n";
    explain(&world, lost, &[]).ends(1);
    explain(&world, lost, &["--fail-on", "never"]).ok();
    let root = "FROM bb\nCMD [\"httpd\", \"-f\"]\n";
    explain(&world, root, &[]).ok();
    explain(&world, root, &["--fail-on", "warning"]).ends(1);
    explain(&world, "FROM bb\nCMND x\n", &[]).ends(3).says(&[
        "'CMND'",
        "did you mean 'CMD'",
        "p/Dockerfile:2:1",
    ]);
    let broken = explain(&world, "FROM bb\nCMND x\n", &["--format", "json"]);
    assert_eq!(broken.ends(3).json()["findings"][0]["place"]["line"], 2);
    explain(&world, root, &["--target", "absent"]).ends(2).says(&["'absent'"]);
    // A base nobody has: what can be said is said.
    explain(&world, "FROM localhost:1/nobody/has:1\nUSER 1\nCMD [\"x\"]\n", &[])
        .ok()
        .prints(&["LAUNCH CONTRACT", "[\"x\"]"]);
}

#[test]
fn subjects_and_manuals() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/Other", "FROM bb\nUSER 1\nCMD [\"other\"]\n");
    world.run(&["explain", "p/Other"]).prints(&["[\"other\"]"]);
    world.run(&["explain", "p", "-f", "p/Other"]).prints(&["[\"other\"]"]);
    world.run(&["explain", "bb"]).ok().prints(&["image bb", "[\"/bin/sh\"]"]);
    world.run(&["explain", "PL103"]).ok().prints(&["PL103", "PID 1"]);
    world.run(&["explain", "pl101"]).ok().prints(&["args-ignored"]);
    world.run(&["explain", "args-ignored"]).ok().prints(&["PL101"]);
    world.run(&["explain", "PL999"]).ends(2).one_sentence().says(&["no rule PL999"]);
    world
        .run(&["explain", "nothing-there"])
        .ends(2)
        .one_sentence()
        .says(&["no image 'nothing-there'", "path"]);
}

#[test]
fn a_dockerfile_on_standard_input() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nENTRYPOINT httpd -f\nCMD [\"-v\"]\n";
    let output = world.run_with_input(&["explain", "-"], dockerfile.into());
    output.ends(1).prints(&["[PL101]", "stdin:2:1", "LAUNCH CONTRACT"]);
    world.run_with_input(&["explain", "-"], b"FROM bb\nCMND x\n".to_vec()).ends(3).says(&["stdin:2:1"]);
    let case = world.run_with_input(&["explain", "-", "--k8s-args", "x"], b"FROM bb\nCMD a\n".to_vec());
    case.prints(&["argv   [\"x\"]"]);
    world.run(&["explain", "-"]).ends(2).one_sentence().says(&["standard input is empty"]);
    world.assert_store_valid();
}

#[test]
fn images_that_are_not_in_the_store() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "app:1"], "FROM bb\nUSER 1\nENTRYPOINT [\"/absent\"]\nCMD [\"a\"]\n").ok();
    world.run(&["save", "-o", "app.tar", "app:1"]).ok();
    world.run(&["save", "--format", "oci-archive", "-o", "oci.tar", "app:1"]).ok();
    world.run(&["save", "-o", "two.tar", "app:1", "bb"]).ok();
    world.run(&["build", "-q", "-o", "type=oci,dest=layout,tar=false", "p"]).ok();
    let other = World::new();
    for name in ["app.tar", "oci.tar", "two.tar", "layout"] {
        let copied =
            std::process::Command::new("cp").args(["-r".into(), world.path(name), other.path(name)]).status();
        assert!(copied.unwrap().success());
    }
    for name in ["app.tar", "oci.tar", "layout"] {
        let output = other.run(&["explain", name]);
        output.ends(1).prints(&["[PL116]", "/absent", "argv   [\"/absent\", \"a\"]"]);
    }
    other.run(&["explain", "app.tar"]).prints(&["image app:1"]);
    other.run(&["explain", "two.tar"]).ends(2).one_sentence().says(&["holds 2 images", "app:1", "bb"]);
    other.write("torn.tar.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
    other.run(&["explain", "torn.tar.gz"]).ends(2).one_sentence().says(&["torn.tar.gz"]);
    other.write("broken/oci-layout", "{}");
    other.run(&["explain", "broken"]).ends(2).one_sentence().says(&["broken"]);
    other.run(&["images", "-q"]).ok().is("");
    other.assert_nothing_left();
    other.assert_store_valid();
}

#[test]
fn a_container_keeps_what_it_was_created_with() {
    let world = World::with_lab();
    world
        .build(&["-t", "app"], "FROM plimsoll/lab\nENV A=1\nENTRYPOINT [\"labapp\"]\nCMD [\"serve\"]\n")
        .ok();
    let create =
        ["create", "--name", "c", "-e", "B=2", "--stop-signal", "INT", "app", "serve", "--port", "81"];
    world.run(&create).ok();
    let argv = "[\"labapp\", \"serve\", \"--port\", \"81\"]";
    let created = world.run(&["explain", "c"]);
    created.ok().prints(&["CONTAINER   c", "created", argv, "SIGINT to PID 1", "beside PID 1"]);
    let line = |word: &str| created.stdout.lines().find(|line| line.contains(word)).unwrap_or_default();
    assert!(line("  cmd ").contains("asked: run or create"), "{created}");
    assert!(line("  entrypoint ").contains("image config"), "{created}");
    assert!(line("B=2").contains("asked") && line("A=1").contains("image config"), "{created}");

    world.run(&["explain", "c", "--", "x"]).ends(2).one_sentence().says(&["launched already"]);
    world.run(&["start", "c"]).ok();
    crate::harness::eventually("PID 1 is seen", || {
        let running = world.run(&["explain", "--format", "json", "c"]).ok().json();
        let container = &running["container"];
        container["state"] == "running" && container["now"] == json!(["labapp", "serve", "--port", "81"])
    });
    world.build(&["-t", "app"], "FROM plimsoll/lab\nCMD [\"other\"]\n").ok();
    world.run(&["explain", "c"]).ok().prints(&["running", "process ", "'app' is no longer that image"]);
    world.run(&["kill", "c"]).ok();
    world.run(&["wait", "c"]).ok();
    world.run(&["explain", "c"]).ok().prints(&["exited", "with 137: plimsoll explain 137", argv]);
    world.run(&["rm", "c"]).ok();
}

#[test]
fn a_manifest_is_joined_with_its_images() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "app"], "FROM bb\nUSER app\nENTRYPOINT [\"httpd\"]\nCMD [\"-f\"]\n").ok();
    world.build(&["-t", "shelled"], "FROM bb\nUSER 1\nENTRYPOINT httpd -f; true\n").ok();
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      \
                      securityContext: {runAsNonRoot: true}\n      containers:\n      - name: one\n        image: app\n        \
                      command: [httpd]\n      - name: two\n        image: shelled\n        env: [{name: PORT, value: \"80\"}]\n        \
                      args: [\"-p\", \"$(PORT)\", \"$(PATH)\"]\n";
    world.write("deploy.yaml", deployment);
    let output = world.run(&["explain", "deploy.yaml"]);
    output.ends(1).prints(&[
        "[K201]: command drops the image's CMD, '-f'",
        "deploy.yaml:11:",
        "[K205]: the kubelet cannot tell whether the image's USER app is root",
        "[K202]: no program sees -p 80 $(PATH)",
        "[K101]: $(PATH) stays as it is written",
        "deploy.yaml:15:",
        "DEPLOYMENT/WEB   container one",
        "known from the store",
        "PORT=80",
        "_SERVICE_HOST",
    ]);
    assert!(output.stdout.lines().all(|line| line.chars().count() <= 100), "{output}");
    let document = world.run(&["explain", "--format", "json", "deploy.yaml"]).ends(1).json();
    assert_eq!(document["schema"], "plimsoll.explain-manifest/1");
    assert_eq!(document["containers"][0]["argv"], json!(["httpd"]));

    // Without the image: what is known is said, and a Dockerfile can stand for it.
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: c, image: localhost:1/x, args: [a, \
               $HOME]}\n";
    world.write("pod.yaml", pod);
    world.run(&["explain", "pod.yaml"]).ok().prints(&["not at hand: pull it", "which is not known here"]);
    world.write("p/Dockerfile", "FROM bb\nUSER 1\nENTRYPOINT [\"/bin/httpd\"]\n");
    let joined = world.run(&["explain", "pod.yaml", "--image-from", "p"]);
    joined.ok().prints(&[
        "[\"/bin/httpd\", \"a\", \"$HOME\"]",
        "[K204]: the program gets '$HOME'",
        "pod.yaml:6:",
    ]);
    world.run(&["explain", "pod.yaml", "--", "x"]).ends(2).one_sentence();
    let probed = pod.replace("$HOME]", "$HOME], readinessProbe: {tcpSocket: {port: web}}");
    world.write("probed.yaml", probed);
    world.run(&["explain", "probed.yaml", "--image-from", "p"]).ends(1).prints(&[
        "error[PL505]: readinessProbe asks port 'web'",
        "warning[PL506]: container c has rights it may not need: runAsNonRoot,",
    ]);

    world.write("broken.yaml", "kind: [\n");
    world.run(&["explain", "broken.yaml"]).ends(3).says(&["[K001]", "broken.yaml:"]);
    world.write("typed.yaml", pod.replace("[a, $HOME]", "[80, yes]"));
    world.run(&["explain", "typed.yaml"]).ends(1).prints(&["80 is a number here", "yes is a boolean here"]);
    world.write("service.yaml", "apiVersion: v1\nkind: Service\n");
    world
        .run(&["explain", "service.yaml"])
        .ends(2)
        .one_sentence()
        .says(&["no object in service.yaml has a pod"]);
}

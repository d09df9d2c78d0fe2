//! The two examples, shipped as a newcomer ships them: what is said of them must be true.

use std::process::Command;

use serde_json::Value;

use crate::harness::{Output, World, checkout, finish};

/// Ship an example from a copy of it in a world of its own.
fn ship(world: &World, example: &str, words: &[&str]) -> Output {
    let copied = Command::new("cp")
        .arg("-r")
        .arg(checkout("examples").join(example))
        .arg(world.path(example))
        .status();
    assert!(copied.unwrap().success());
    let mut all = vec!["ship"];
    all.extend(words);
    all.push(example);
    world.run(&all)
}

fn claim<'a>(document: &'a Value, words: &str) -> &'a Value {
    let claims = document["proof"]["claims"].as_array().unwrap();
    let found = claims.iter().find(|claim| claim["statement"].as_str().unwrap().contains(words));
    found.unwrap_or_else(|| panic!("no claim '{words}': {claims:#?}"))
}

fn launch<'a>(document: &'a Value, kind: &str) -> &'a Value {
    let launches = document["proof"]["evidence"]["launches"].as_array().unwrap();
    launches
        .iter()
        .find(|launch| launch["mode"]["kind"] == kind)
        .unwrap_or_else(|| panic!("no launch {kind}"))
}

#[test]
fn hello_is_all_well() {
    let world = World::with_lab();
    let output = ship(&world, "hello", &[]);
    output.ok().prints(&[
        "LAUNCH MATRIX",
        "STOP TEST",
        "HARDENING",
        "Pod Security: restricted",
        "/bin/labapp serve --port 8080",
        "deploy/hello.yaml",
        "deploy/hello.html",
    ]);
    assert!(output.stdout.trim_end().ends_with("exit 0"), "the last line says it all: {output}");
    assert!(output.stdout.lines().all(|line| line.chars().count() <= 120), "{output}");
    output.says(&[" build ", " explain ", " prove ", " scan ", " kube "]);

    let yaml = std::fs::read_to_string(world.path("deploy/hello.yaml")).unwrap();
    for line in [
        "kind: Deployment",
        "kind: Service",
        "runAsNonRoot: true",
        "runAsUser: 10001",
        "readOnlyRootFilesystem: true",
        "containerPort: 8080",
        "mountPath: /data",
    ] {
        assert!(yaml.contains(line), "{line}: {yaml}");
    }
    assert!(
        !yaml.contains("command:") && !yaml.contains("args:"),
        "ENTRYPOINT and CMD are right as they are: {yaml}"
    );
    let html = std::fs::read_to_string(world.path("deploy/hello.html")).unwrap();
    assert!(
        html.starts_with("<!") && html.trim_end().ends_with("</html>") && html.contains("<svg"),
        "a whole page"
    );
    assert!(html.len() < 400_000, "{} bytes", html.len());
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!html.contains(outside), "the page asks for nothing from outside: {outside}");
    }
    // A second time: the same image, and with the cache nothing is built.
    let again = world.run(&["ship", "-q", "hello"]);
    again.ok();
    assert_eq!(again.stdout.lines().count(), 1, "{again}");
    valid_for_kubernetes(&world, &yaml);
    world.assert_nothing_left();
    world.assert_store_valid();

    // The verbs one by one say the same.
    let proof = world.run(&["prove", "--evidence", "evidence.json", "hello:dev"]);
    proof.ok().prints(&["LAUNCH MATRIX", "STOP TEST", "HARDENING"]);
    let generated = world.run(&["kube", "generate", "--evidence", "evidence.json", "hello:dev"]);
    generated.ok().prints(&["kind: Deployment", "runAsUser: 10001"]);
    world
        .run(&[
            "kube",
            "generate",
            "--evidence",
            "evidence.json",
            "-o",
            "out.yaml",
            "--name",
            "other",
            "--replicas",
            "3",
            "hello:dev",
        ])
        .ok()
        .is("");
    let written = std::fs::read_to_string(world.path("out.yaml")).unwrap();
    assert!(written.contains("name: other") && written.contains("replicas: 3"), "{written}");
    world
        .run(&["kube", "generate", "--evidence", "evidence.json", "plimsoll/lab"])
        .ends(2)
        .one_sentence()
        .says(&["evidence of"]);
    world.write("broken.json", "{}");
    world
        .run(&["kube", "generate", "--evidence", "broken.json", "hello:dev"])
        .ends(2)
        .one_sentence()
        .says(&["broken.json"]);
    let case = world.run(&["explain", "hello:dev", "--", "--port", "9090"]);
    case.ok().prints(&["[\"/bin/labapp\", \"serve\", \"--port\", \"9090\"]"]);
    let served = world.run(&["run", "--rm", "hello:dev", "--help"]);
    served.ok().prints(&["--port"]);
}

#[test]
fn shell_form_is_found_out() {
    let world = World::with_lab();
    let output = ship(&world, "shell-form", &["--grace", "2", "--format", "json"]);
    output.ends(1);
    let document = output.json();
    assert_eq!(document["schema"], "plimsoll.report/1");
    assert_eq!(document["exitCode"], 1);
    let codes: Vec<&str> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"PL101") && codes.contains(&"PL401"), "{codes:?}");

    let seen = &launch(&document, "as-built")["outcome"]["seen"];
    let processes = seen["processes"].as_array().unwrap();
    let first = processes.iter().find(|process| process["pid"] == 1).unwrap();
    let stop = &document["proof"]["evidence"]["stop"];
    // The example's shell is this machine's: dash stays PID 1, bash takes the program's place.
    if document["proof"]["contract"]["shell"] == "dash" {
        assert!(codes.contains(&"PL103"), "{codes:?}");
        assert_eq!(first["argv"][0], "/bin/sh", "PID 1 is the shell: {first}");
        let child = processes.iter().find(|process| process["parent"] == 1).expect("the shell has a child");
        assert!(child["argv"][0].as_str().unwrap().ends_with("labapp"), "{child}");
        assert_eq!((&stop["killed"], &stop["code"]), (&Value::Bool(true), &Value::from(137)), "{stop}");
        let times: Vec<u64> = serde_json::from_value(stop["times_us"].clone()).unwrap();
        assert!(times.iter().all(|time| *time >= 2_000_000), "the whole grace: {stop}");
        assert_eq!(claim(&document, "stops by itself on SIGTERM")["verdict"], "refuted");
    }
    let ports: Vec<&Value> =
        seen["listening"].as_array().unwrap().iter().map(|listener| &listener["port"]).collect();
    assert!(ports.iter().any(|port| port.to_string().contains("8080")), "{ports:?}");
    assert_eq!(claim(&document, "listens on the exposed port 9090/tcp")["verdict"], "refuted");
    assert_eq!(claim(&document, "8080/tcp")["verdict"], "refuted");
    let written = document["proof"]["evidence"]["written"].to_string();
    assert!(written.contains("/var/cache/labapp/labapp.cache"), "{written}");
    let yaml = std::fs::read_to_string(world.path("deploy/shell-form.yaml")).unwrap();
    assert!(yaml.contains("containerPort: 8080") && yaml.contains("mountPath: /var/cache"), "{yaml}");
    valid_for_kubernetes(&world, &yaml);
    world.assert_nothing_left();
}

/// The API's own schema in strict mode, through PyPI's kubernetes-validate.
fn valid_for_kubernetes(world: &World, yaml: &str) {
    let script = "import sys, yaml, kubernetes_validate\n\
                  documents = list(yaml.safe_load_all(sys.stdin))\n\
                  assert len(documents) == 2, documents\n\
                  for document in documents: kubernetes_validate.validate(document, '1.34', strict=True)\n";
    let python = std::env::var_os("PLIMSOLL_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let run = |script: &str, input: &str| {
        let mut command = Command::new(&python);
        command.args(["-c", script]);
        world.dress(&mut command);
        finish(command, input.as_bytes().to_vec())
    };
    if run("import kubernetes_validate, yaml", "").code != 0 {
        return plimsoll_testkit::skip("no Python with kubernetes-validate (PLIMSOLL_TEST_PYTHON)");
    }
    run(script, yaml).ok();
}

//! `prove`, `scan`, `doctor` and the refusals of `ship`.

use crate::harness::{Ids, World, finish, ids};

#[test]
fn a_program_that_ends_is_proven_too() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "job"], "FROM bb\nUSER 1000\nENTRYPOINT [\"echo\", \"done\"]\n").ok();
    let text = world.run(&["prove", "job"]);
    text.ok().prints(&["LAUNCH MATRIX", "exit 0", "CLAIMS"]);
    assert!(text.stdout.lines().all(|line| line.chars().count() <= 100), "{text}");
    let document = world.run(&["prove", "--format", "json", "job"]).ok().json();
    assert_eq!((&document["schema"], &document["holds"]), (&"plimsoll.proof/1".into(), &true.into()));
    world.run(&["prove", "--case", "launch-1", "job"]).ok().prints(&["launch-1", "exit 0", "| done"]);
    world.run(&["prove", "--case", "nothing", "job"]).ends(2).one_sentence().says(&["'nothing'", "launch-1"]);
    world.run(&["prove", "--grace", "soon", "job"]).ends(2).one_sentence();
    world.assert_nothing_left();
}

#[test]
fn a_broken_promise_ends_with_five() {
    let Some(world) = World::with_busybox() else { return };
    // Predicted to keep running; really it cannot read what belongs to another user.
    world.build(&["-t", "absent"], "FROM bb\nUSER 1000\nCMD [\"/bin/absent\"]\n").ok();
    let proof = world.run(&["prove", "absent"]);
    assert!([0, 5].contains(&proof.code), "{proof}");
    proof.prints(&["127"]);
    world.assert_nothing_left();
}

#[test]
fn scan_finds_packages_flaws_waste_and_secrets() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/status", "Package: openssl\nStatus: install ok installed\nVersion: 3.0.1-1\nArchitecture: amd64\nMaintainer: x\nDescription: x\n\n");
    world.write("p/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n");
    let dockerfile = "FROM bb\nCOPY status /var/lib/dpkg/status\nCOPY os-release /etc/os-release\n\
                      RUN dd if=/dev/urandom of=/big bs=1k count=300 2>/dev/null\nRUN rm /big\n";
    world.build(&["-t", "app"], dockerfile).ok();
    let advisory = "{\"id\":\"TEST-2026-1\",\"modified\":\"2026-01-01T00:00:00Z\",\"affected\":[{\"package\":{\"ecosystem\":\"Debian:12\",\
         \"name\":\"openssl\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"3.0.2-1\"}]}]}],\
         \"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}]}";
    world.write("osv/Debian:12/TEST-2026-1.json", advisory);

    let text = world.run(&["scan", "--db", "osv", "app"]);
    text.ok().prints(&["1 package", "TEST-2026-1", "openssl", "3.0.2-1", "critical", "wasted", ":4"]);
    assert!(text.stdout.lines().all(|line| line.chars().count() <= 100), "{text}");
    world.run(&["scan", "--db", "osv", "--fail-on", "high", "app"]).ends(1);
    world.run(&["scan", "--fail-on", "low", "app"]).ok().prints(&["no database"]);
    let bill = world.run(&["scan", "--format", "cyclonedx", "app"]).ok().json();
    assert_eq!(bill["bomFormat"], "CycloneDX");
    assert!(bill["components"].to_string().contains("pkg:deb/debian/openssl@3.0.1-1"), "{bill}");
    let document = world.run(&["scan", "--format", "json", "--db", "osv", "app"]).ok().json();
    assert_eq!(document["vulnerabilities"].as_array().map(Vec::len), Some(1));
    assert!(document["size"]["wasted"].as_u64().unwrap() > 250_000, "{}", document["size"]);

    world.run(&["scan", "--db", "absent", "app"]).ends(2).one_sentence().says(&["absent", "does not exist"]);
    world.write("nozip", "text");
    world.run(&["scan", "--db", "nozip", "app"]).ends(2).one_sentence().says(&["nozip"]);
    world.write("osv/Debian:12/broken.json", "{");
    let broken = world.run(&["scan", "--db", "osv", "app"]);
    broken.ok().prints(&["TEST-2026-1"]);
}

#[test]
fn doctor_says_what_this_machine_allows() {
    let world = World::new();
    let text = world.run(&["doctor"]);
    text.ok().prints(&[
        "kernel",
        "user namespaces",
        "overlay",
        "seccomp",
        "cgroups",
        "/dev/net/tun",
        "store",
        "works here",
    ]);
    assert!(text.stdout.lines().all(|line| line.chars().count() <= 100), "{text}");
    let document = world.run(&["doctor", "--format", "json"]).ok().json();
    assert_eq!(document["schema"], "plimsoll.doctor/1");
    let findings = document["findings"].as_array().unwrap();
    let state =
        |name: &str| findings.iter().find(|found| found["name"] == name).map(|found| found["state"].clone());
    assert_eq!(state("overlay"), Some("yes".into()));
    match ids() {
        Ids::Root => assert_eq!(state("sub-ids"), None),
        Ids::Range => assert_eq!(state("sub-ids"), Some("yes".into())),
        Ids::Single => {
            assert_eq!(state("sub-ids"), Some("limited".into()));
            text.prints(&["remedy: /etc/subuid", "--add-subuids"]);
        }
    }
}

#[test]
fn ship_refuses_with_the_code_of_the_stage_that_failed() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/Dockerfile", "FROM bb\nRUNN x\n");
    world.run(&["ship", "p"]).ends(3).says(&["'RUNN'", "p/Dockerfile:2"]);
    world.write("p/Dockerfile", "FROM bb\nRUN echo shown; exit 9\n");
    world.run(&["ship", "p"]).ends(4).says(&["exit code 9", "shown", "p/Dockerfile:2"]);
    world.write("p/Dockerfile", "FROM bb\nUSER 1000\nENTRYPOINT [\"echo\", \"x\"]\n");
    let file = world.write("file", "");
    world.run(&["ship", "-o", "file/below", "p"]).ends(1).one_sentence().says(&["file/below", "-o DIR"]);
    assert!(file.is_file());
    world.run(&["ship", "-o", "out", "-t", "team/job:7", "p"]).ok();
    let mut written: Vec<_> =
        std::fs::read_dir(world.path("out")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    written.sort();
    assert_eq!(written, ["job.html", "job.yaml"]);
    assert!(!world.path("p/deploy").exists());
    world.run(&["ship", "--db", "absent", "p"]).ends(2).one_sentence().says(&["absent"]);
    world.run(&["ship", "--kubernetes", "2.0", "p"]).ends(2).one_sentence().says(&["2.0"]);
    world.run(&["ship", "--name", "No_Name", "p"]).ends(2).one_sentence().says(&["No_Name"]);
    world.assert_nothing_left();
}

/// Where no namespace can be made the static part is done and the exit code says so.
#[test]
fn without_namespaces_the_contract_is_explained_all_the_same() {
    if ids() == Ids::Root {
        // Root needs no user namespace; the run as an ordinary user tests it.
        return;
    }
    let world = World::new();
    world.write("p/Dockerfile", "FROM scratch\nCOPY --chmod=0755 app /app\nUSER 1\nENTRYPOINT [\"/app\"]\n");
    world.write("p/app", "\x7fELF");
    let limited = |words: &[&str]| {
        // In a user namespace that allows no further ones.
        let script = "echo 0 > /proc/sys/user/max_user_namespaces; exec \"$0\" \"$@\"";
        let mut command = std::process::Command::new("unshare");
        command.args(["--user", "--map-current-user", "--keep-caps", "sh", "-c", script]);
        command.arg(crate::harness::program()).args(words);
        world.dress(&mut command);
        finish(command, Vec::new())
    };
    limited(&["ship", "p"]).ends(6).prints(&["LAUNCH CONTRACT", "[\"/app\"]"]).says(&["doctor"]);
    limited(&["explain", "p"]).ok().prints(&["[\"/app\"]"]);
    limited(&["doctor"]).ends(6).prints(&["user namespaces", "remedy", "explain"]);
    limited(&["run", "x"]).ends(125).one_sentence().says(&["namespace"]);
    limited(&["build", "p"]).ends(6).one_sentence().says(&["namespace"]);
}

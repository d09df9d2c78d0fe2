//! `create`, and what of its flags is written down of a container.

use serde_json::{Value, json};

use crate::harness::{Ids, World, finish, ids};

/// What is written down of a container made with these flags and words.
fn record(world: &World, words: &[&str]) -> Value {
    let mut all = vec!["create"];
    all.extend(words);
    let output = world.run(&all);
    let id = output.ok().stdout.trim().to_string();
    assert_eq!(id.len(), 64, "{output}");
    let text = std::fs::read_to_string(world.path(&format!("store/containers/{id}/record.json"))).unwrap();
    world.run(&["rm", &id]).ok();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_created_container_waits() {
    let Some(world) = World::with_busybox() else { return };
    let made = world.run(&["create", "--name", "box", "-it", "bb", "echo", "-n", "hi"]);
    made.ok();
    world.run(&["ps", "-q"]).ok().is("");
    world.run(&["ps", "-a"]).ok().prints(&["box", "Created", "echo -n hi"]);
    world.run(&["ps", "-aq", "--no-trunc"]).ok().is(made.stdout.trim());
    world.run(&["create", "--name", "box", "bb"]).ends(125).one_sentence().says(&["'box'", "belongs to"]);
    for run_only in ["-d", "--sig-proxy", "--detach-keys=a"] {
        world.run(&["create", run_only, "bb"]).ends(125).one_sentence().says(&["unexpected argument"]);
    }
    world.run(&["rm", "box"]).ok();
    world.assert_nothing_left();
}

#[test]
fn what_is_asked_for_is_written_down() {
    let Some(world) = World::with_busybox() else { return };
    let flags = [
        "-m",
        "64m",
        "--memory-swap",
        "-1",
        "--memory-reservation",
        "32m",
        "--memory-swappiness",
        "7",
        "--oom-kill-disable",
        "--cpus",
        "0.5",
        "-c",
        "512",
        "--cpuset-cpus",
        "0",
        "--pids-limit",
        "9",
        "--blkio-weight",
        "20",
        "--device-read-bps",
        "/dev/sda:1mb",
        "--ulimit",
        "nofile=5:6",
        "--oom-score-adj",
        "500",
        "--shm-size",
        "1m",
        "--sysctl",
        "net.core.somaxconn=7",
        "--device",
        "/dev/null:/dev/x:r",
        "--cap-drop",
        "ALL",
        "--cap-add",
        "KILL",
        "--security-opt",
        "no-new-privileges",
        "--domainname",
        "example",
        "--add-host",
        "db:[2001:db8::1]",
        "--dns",
        "192.0.2.1",
        "--dns-search",
        ".",
        "--pid",
        "host",
        "--stop-timeout",
        "3",
    ];
    let words: Vec<&str> = flags.into_iter().chain(["bb", "true"]).collect();
    let spec = record(&world, &words)["spec"].clone();
    let limits = &spec["limits"];
    let expected = json!({
        "memory": 64 << 20, "memory_swap": "unlimited", "memory_reservation": 32 << 20, "memory_swappiness": 7,
        "oom_kill_disable": true, "nano_cpus": 500_000_000, "cpu_period": null, "cpu_quota": null,
        "cpu_shares": 512, "cpuset_cpus": "0", "cpuset_mems": null, "pids": 9, "io_weight": 20,
        "io_rates": [{"device": "/dev/sda", "kind": "read-bytes", "rate": 1 << 20}],
    });
    assert_eq!(limits, &expected);
    assert_eq!(spec["ulimits"], json!([{"name": "nofile", "soft": 5, "hard": 6}]));
    assert_eq!((&spec["oom_score_adj"], &spec["shm_size"]), (&json!(500), &json!(1 << 20)));
    assert_eq!(spec["sysctls"], json!([["net.core.somaxconn", "7"]]));
    assert_eq!(spec["devices"], json!([{"host": "/dev/null", "container": "/dev/x", "access": "r"}]));
    assert_eq!(spec["security"]["capabilities"], json!(["KILL"]));
    assert_eq!(spec["security"]["no_new_privileges"], json!(true));
    assert_eq!((&spec["domainname"], &spec["stop_grace_ms"]), (&json!("example"), &json!(3000)));
    assert_eq!(spec["naming"]["hosts"], json!([["db", "2001:db8::1"]]));
    assert_eq!(
        (&spec["naming"]["servers"], &spec["naming"]["search"]),
        (&json!(["192.0.2.1"]), &json!(["."]))
    );
    assert_eq!(spec["sharing"]["pid"], json!("host"));
}

#[test]
fn what_image_and_flags_said_is_kept_for_inspect() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\nENTRYPOINT [\"echo\"]\nCMD [\"image\"]\nUSER app\nEXPOSE 80 53/udp\nLABEL a=image b=image\nVOLUME /data\n";
    world.build(&["-t", "app"], dockerfile).ok();
    let asked = record(
        &world,
        &["-l", "b=flag", "-p", "8080:81", "--expose", "90", "-P", "--cap-add", "KILL", "app"],
    )["asked"]
        .clone();
    assert_eq!(
        (&asked["entrypoint"], &asked["cmd"], &asked["user"]),
        (&json!(["echo"]), &json!(["image"]), &json!("app"))
    );
    assert_eq!(asked["exposed"], json!(["53/udp", "80/tcp", "81/tcp", "90/tcp"]));
    assert_eq!(asked["labels"], json!([["a", "image"], ["b", "flag"]]));
    assert_eq!((&asked["volumes"], &asked["cap_add"]), (&json!(["/data"]), &json!(["KILL"])));
    assert_eq!((&asked["attached"], &asked["publish_all"]), (&json!([false, true, true]), &json!(true)));
    let asked = record(
        &world,
        &["--entrypoint", "", "-i", "-a", "stderr", "-h", "box", "-u", "0", "app", "x"],
    )["asked"]
        .clone();
    assert_eq!(
        (&asked["entrypoint"], &asked["cmd"], &asked["user"]),
        (&json!(null), &json!(["x"]), &json!("0"))
    );
    assert_eq!((&asked["attached"], &asked["hostname"]), (&json!([true, false, true]), &json!("box")));
}

#[test]
fn upkeep_is_flags_over_the_image() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile =
        "FROM bb\nSHELL [\"/bin/sh\", \"-ec\"]\nHEALTHCHECK --interval=7s --retries=9 CMD test -e /up\n";
    world.build(&["-t", "app"], dockerfile).ok();
    let upkeep = record(
        &world,
        &["--health-timeout", "2s", "--restart", "on-failure:5", "--log-opt", "max-size=10m", "app"],
    )["upkeep"]
        .clone();
    let health = json!({"argv": ["/bin/sh", "-ec", "test -e /up"], "interval_ms": 7000, "timeout_ms": 2000,
        "start_period_ms": 0, "start_interval_ms": 5000, "retries": 9});
    assert_eq!(upkeep["health"], health);
    assert_eq!(upkeep["restart"], json!({"on-failure": {"most": 5}}));
    assert_eq!(upkeep["log"]["max_size"], json!(10_000_000));
    let upkeep = record(&world, &["--no-healthcheck", "--rm", "-i", "app"])["upkeep"].clone();
    assert_eq!(
        (&upkeep["health"], &upkeep["auto_remove"], &upkeep["open_stdin"]),
        (&json!(null), &json!(true), &json!(true))
    );
}

#[test]
fn names_of_hosts() {
    let Some(world) = World::with_busybox() else { return };
    let own = record(&world, &["bb"]);
    let short = own["id"].as_str().unwrap()[..12].to_string();
    assert_eq!(own["spec"]["hostname"], json!(short), "docker's name of a container's host");
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for shared in ["--uts=host", "--network=host"] {
        assert_eq!(record(&world, &[shared, "bb"])["spec"]["hostname"], json!(machine.trim()));
    }
    let other = world.run(&["create", "--name", "other", "-h", "theirs", "bb"]);
    let sharing =
        record(&world, &["--network", "container:other", "--pid", "container:other", "bb"])["spec"].clone();
    assert_eq!(sharing["hostname"], json!("theirs"));
    assert_eq!(sharing["network"], json!({"container": other.stdout.trim()}));
    assert_eq!(sharing["sharing"]["pid"], json!({"container": other.stdout.trim()}));
    let refused = world.run(&["create", "--network", "container:other", "-p", "80", "bb"]);
    refused.ends(125).one_sentence().says(&["--publish", "container:NAME"]);
    world.run(&["rm", "other"]).ok();
}

#[test]
fn the_file_of_the_id() {
    let Some(world) = World::with_busybox() else { return };
    let made = world.run(&["create", "--cidfile", "id", "bb"]);
    assert_eq!(std::fs::read_to_string(world.path("id")).unwrap(), made.ok().stdout.trim());
    world.run(&["create", "--cidfile", "id", "bb"]).ends(125).one_sentence().says(&["id exists already"]);
    world
        .run(&["run", "--cidfile", "no/such/directory", "bb", "true"])
        .ends(125)
        .one_sentence()
        .says(&["no/such/directory"]);
    world.run(&["run", "--rm", "--cidfile", "second", "bb", "true"]).ok();
    assert_eq!(std::fs::read_to_string(world.path("second")).unwrap().len(), 64);
    world.run(&["rm", made.stdout.trim()]).ok();
    world.run(&["ps", "-aq"]).ok().is("");
    world.assert_nothing_left();
}

#[test]
fn the_image_for_a_platform() {
    let world = World::new();
    let dockerfile = "FROM scratch\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nCMD [\"/x\"]\n";
    world.build(&["-t", "both", "--platform", "linux/s390x,linux/riscv64"], dockerfile).ok();
    for (platform, arch) in [("linux/s390x", "s390x"), ("riscv64", "riscv64")] {
        let made = world.run(&["create", "--pull", "never", "--platform", platform, "both"]);
        made.ok().says(&["warning: the image is for linux/", arch]);
        let path = format!("store/containers/{}/record.json", made.stdout.trim());
        let record: Value =
            serde_json::from_str(&std::fs::read_to_string(world.path(&path)).unwrap()).unwrap();
        assert!(record["spec"]["env"].as_array().unwrap().contains(&json!(["ARCH", arch])), "{record}");
        world.run(&["rm", made.stdout.trim()]).ok();
    }
    let absent = world.run(&["create", "--pull", "never", "--platform", "linux/ppc64le", "both"]);
    absent.ends(125).one_sentence().says(&["'both'", "not for linux/ppc64le", "--pull=never"]);
    world.run(&["create", "--platform", "", "both"]).ok();
}

#[test]
fn groups_are_looked_up_in_the_image() {
    let Some(world) = World::with_busybox() else { return };
    if ids() == Ids::Single {
        let output = world.run(&["run", "--rm", "--group-add", "staff", "bb", "id", "-G"]);
        output.ok().says(&["warning: --group-add", "one id"]).is("0");
        return;
    }
    let groups = |flags: &[&str]| {
        let mut all = vec!["run", "--rm"];
        all.extend(flags);
        all.extend(["bb", "id", "-G"]);
        world.run(&all).ok().stdout.trim().to_string()
    };
    assert_eq!(groups(&["--group-add", "staff", "--group-add", "7"]), "0 7 50");
    assert_eq!(groups(&["-u", "app", "--group-add", "50"]), "1000 50");
}

#[test]
fn files_of_lines_can_be_pipes() {
    let Some(world) = World::with_busybox() else { return };
    let script = "\"$0\" run --rm --env-file /dev/fd/5 bb sh -c 'echo $A' 5<<END\nA=piped\nEND\n";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script]).arg(crate::harness::program());
    world.dress(&mut command);
    finish(command, Vec::new()).ok().is("piped");
}

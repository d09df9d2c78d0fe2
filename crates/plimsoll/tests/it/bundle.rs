//! `run --oci-bundle`: runc makes of a bundle what `run` makes of the same words.

mod accepted;
mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use accepted::Difference;

use crate::harness::{Ids, Output, World, finish, ids};

/// What a container is made of, by name.
type Seen = BTreeMap<String, String>;

fn parse(output: &Output) -> Seen {
    let line = |line: &str| {
        let (key, value) = line.split_once(" = ").unwrap_or((line, ""));
        // A namespace of its own is another one each time.
        let value = match key.strip_prefix("namespace ") {
            Some(name) if value == ours(name) => "the host's",
            Some(_) => "its own",
            None => value,
        };
        (key.to_string(), value.to_string())
    };
    output.ok().stdout.lines().map(line).collect()
}

fn ours(namespace: &str) -> String {
    std::fs::read_link(format!("/proc/self/ns/{namespace}")).unwrap().display().to_string()
}

/// A world with the image `probe`.
fn world() -> Option<World> {
    let world = World::with_busybox()?;
    world.write("p/probe", include_str!("bundle/probe.sh"));
    world.write("p/below/file", "x");
    world.write(
        "refuses-mkdir.json",
        r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
            "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
                         {"names": ["chroot"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5,
                          "excludes": {"caps": ["CAP_SYS_CHROOT"]}}]}"#,
    );
    world
        .build(
            &["-t", "probe"],
            "FROM bb\nCOPY --chmod=755 probe /probe\nRUN chown app:staff /home/app && chmod 750 /home/app\n",
        )
        .ok();
    Some(world)
}

fn runc(world: &World, directory: &str) -> Output {
    let mut command = Command::new("runc");
    let id = format!("plimsoll-it-{}-{directory}", std::process::id());
    command.args(["--root", &world.word("runc"), "run", "-b", directory, &id]);
    world.dress(&mut command);
    finish(command, Vec::new())
}

#[test]
fn runc_makes_the_same_of_a_bundle() {
    if ids() != Ids::Root {
        return plimsoll_testkit::skip("runc without root needs a cgroup of its own");
    }
    let (Some(world), Some(_)) = (world(), plimsoll_testkit::program("runc")) else { return };
    let mut unlike = Vec::new();
    for (number, case) in cases::CASES.iter().enumerate() {
        let directory = format!("bundle{number}");
        let flags: Vec<String> =
            case.split_whitespace().map(|word| word.replace("WORLD", &world.word(""))).collect();
        let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        // Else each has a name of its own.
        let named = ["-h ", "--hostname", "--network host", "--uts host"];
        if !named.iter().any(|flag| case.contains(flag)) {
            flags.extend(["--hostname", "box"]);
        }
        let probe = ["probe", "/probe", "one", "two words"];
        let run = parse(&world.run(&[&["run", "--rm"], flags.as_slice(), &probe].concat()));
        let written = world.run(&[&["run", "--oci-bundle", &directory], flags.as_slice(), &probe].concat());
        written.ok().is("");
        let runc = parse(&runc(&world, &directory));
        unlike.extend(differences(&run, &runc).iter().map(|found| format!("{case}: {found:?}")));
    }
    assert!(unlike.is_empty(), "{} differences:\n{}", unlike.len(), unlike.join("\n"));
    world.assert_nothing_left();
}

/// Those that are not accepted.
fn differences(run: &Seen, runc: &Seen) -> Vec<Difference> {
    let keys: BTreeSet<&String> = run.keys().chain(runc.keys()).collect();
    let value = |seen: &Seen, key| seen.get(key).cloned().unwrap_or_default();
    let pairs = keys.into_iter().map(move |key| Difference {
        key: key.clone(),
        run: value(run, key),
        runc: value(runc, key),
    });
    pairs.filter(|found| found.run != found.runc && !found.is_accepted()).collect()
}

#[test]
fn what_a_bundle_cannot_say_is_told() {
    let Some(world) = World::with_busybox() else { return };
    let words = "run --oci-bundle b --network private --init -p 80 --stop-timeout 3 bb true";
    let words: Vec<&str> = words.split(' ').collect();
    let written = world.run(&words);
    written.ok().says(&["no --init", "no ports", "no --stop-timeout"]);
    assert_eq!(written.stderr.lines().count(), 3, "{written}");
    let other_user = world.run(&["run", "--oci-bundle", "other", "-u", "app", "bb", "true"]);
    assert_eq!(other_user.ok().stderr.contains("no user 0"), ids() == Ids::Single, "{other_user}");
    world.run(&["run", "--oci-bundle", "quiet", "bb", "true"]).ok();
    world.assert_nothing_left();
}

#[test]
fn a_bundle_is_written_as_a_whole_into_a_new_directory() {
    let Some(world) = World::with_busybox() else { return };
    let write = |directory: &str, more: &[&str]| {
        world.run(&[&["run", "--oci-bundle", directory], more, &["bb", "true"]].concat())
    };
    std::fs::create_dir(world.path("empty")).unwrap();
    for directory in ["new", "empty"] {
        write(directory, &[]).ok();
        assert!(world.path(directory).join("rootfs/bin/busybox").exists());
        let config = std::fs::read_to_string(world.path(directory).join("config.json")).unwrap();
        let config: serde_json::Value = serde_json::from_str(&config).unwrap();
        assert_eq!((&config["process"]["args"][0], &config["ociVersion"]), (&"true".into(), &"1.1.0".into()));
    }
    write("new", &[]).ends(125).one_sentence().says(&["new", "not empty"]);
    world.write("file", "x");
    write("file", &[]).ends(125).one_sentence().says(&["file"]);
    // Nothing is half there.
    write("never", &["-v", "/etc:/proc/self"]).ends(125).one_sentence().says(&["/proc/self"]);
    assert!(!world.path("never").exists());
    let parent = std::fs::read_dir(world.path("")).unwrap().flatten();
    let left: Vec<_> =
        parent.filter(|entry| entry.file_name().to_string_lossy().contains("partial")).collect();
    assert!(left.is_empty(), "{left:?}");
    world.assert_nothing_left();
}

//! `commit`, `diff` and `export`: what a container has written becomes a layer, a list, an archive.

use std::collections::BTreeMap;
use std::io::Read as _;

use rustix::process::{Pid, Signal, kill_process};

use crate::command::{collect, eventually, start};
use crate::harness::{Ids, World, ids};

/// Everything an upper directory can have.
const SCRIPT: &str = "umask 022; mkdir -p /new/deep; echo text > /new/f; ln /new/f /new/hard; ln -s f /new/link; \
                      mkfifo /new/pipe; chmod 4755 /new/f; chmod 1777 /new/deep; rm /etc/group; \
                      rm -r /seeded; mkdir /seeded; echo x >> /seeded/other";

/// An image with a directory that the script hides.
fn seeded(world: &World) {
    world.build(&["-q", "-t", "seeded"], "FROM bb\nRUN mkdir /seeded && echo gone > /seeded/gone\n").ok();
}

fn layers(world: &World, image: &str) -> String {
    world.run(&["inspect", "--type", "image", "-f", "{{json .RootFS.Layers}}", image]).ok().stdout.clone()
}

/// The entries of an archive: kind and, for a file, what is in it.
fn entries(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let link = entry.link_name_bytes().map(|link| String::from_utf8(link.into_owned()).unwrap());
        let kind = entry.header().entry_type();
        let mut text = String::new();
        if kind.is_file() && entry.size() < 1000 {
            entry.read_to_string(&mut text).unwrap();
        }
        (path.trim_end_matches('/').to_string(), format!("{kind:?} {}{text}", link.unwrap_or_default()))
    });
    entries.collect()
}

#[test]
fn a_commit_gives_the_layer_that_a_build_gives() {
    let Some(world) = World::with_busybox() else { return };
    seeded(&world);
    // Calls about owners are recorded in a build alone.
    let chown = if ids() == Ids::Single { "true" } else { "chown -R 1000:50 /new" };
    // Who gives a file away takes its set-id bits.
    let script = format!("{SCRIPT}; {chown}; chmod 4755 /new/f");
    world.build(&["-q", "-t", "built"], &format!("FROM seeded\nRUN {script}\n")).ok();
    let run =
        ["run", "--name", "c", "-v", "vol:/made/for/v", "-v", "vol:/new2", "seeded", "sh", "-c", &script];
    world.run(&run).ok();
    let first = world.run(&["commit", "c", "first"]).ok().stdout.clone();
    assert!(first.starts_with("sha256:"), "{first}");
    assert_eq!(layers(&world, "first"), layers(&world, "built"));
    // The same again is the same image.
    world.run(&["commit", "c", "second"]).ok().is(first.trim());
    world
        .run(&["run", "--rm", "first", "sh", "-c", "cat /new/hard; ls /seeded; ls /new2"])
        .ends(1)
        .is("text\nother");
    world.run(&["run", "--rm", "first", "stat", "-c", "%a", "/new/f", "/new/deep"]).ok().is("4755\n1777");
    world.run(&["rm", "c"]).ok();
    world.run(&["prune"]).ok();
    world.run(&["run", "--rm", "second", "cat", "/new/f"]).ok().is("text");
    world.assert_store_valid();
}

#[test]
fn what_is_said_of_a_commit_stands_in_the_image() {
    let Some(world) = World::with_busybox() else { return };
    world
        .run(&[
            "create",
            "--name",
            "c",
            "-t",
            "-e",
            "A=1",
            "--health-cmd",
            "true",
            "--stop-signal",
            "INT",
            "bb",
            "a",
            "b",
        ])
        .ok();
    let iidfile = world.word("iid");
    let id =
        world.run(&["commit", "-a", "me", "-m", "so", "-f", "docker", "--iidfile", &iidfile, "c", "new:1"]);
    let id = id.ok().stdout.trim().to_string();
    assert_eq!(std::fs::read_to_string(&iidfile).unwrap(), id);
    let inspect =
        |format: &str| world.run(&["inspect", "--type", "image", "-f", format, "new:1"]).ok().stdout.clone();
    assert_eq!(inspect("{{.Id}} {{.Author}} {{.Comment}}").trim(), format!("{id} me so"));
    assert_eq!(
        inspect("{{json .Config.Cmd}} {{json .Config.Healthcheck.Test}} {{.Config.StopSignal}}").trim(),
        r#"["a","b"] ["CMD-SHELL","true"] SIGINT"#
    );
    // Neither the name of the container nor its terminal.
    let env = inspect("{{join .Config.Env \" \"}}");
    assert!(env.contains("A=1") && !env.contains("HOSTNAME") && !env.contains("TERM"), "{env}");
    // Nothing was written: no layer, but a line of history.
    assert_eq!(layers(&world, "new:1"), layers(&world, "bb"));
    let history = world.run(&["history", "--format", "{{.CreatedBy}}|{{.Comment}}|{{.Size}}", "new:1"]);
    assert_eq!(history.ok().stdout.lines().next(), Some("a b|so|0B"));
    world
        .run(&[
            "events",
            "--since",
            "1h",
            "--until",
            "0s",
            "--filter",
            "event=commit",
            "--format",
            "{{.Action}}",
        ])
        .ok()
        .is("commit");
    for (words, named) in [
        (&["commit", "--squash", "c"][..], "--squash"),
        (&["commit", "--include-volumes", "c"], "--include-volumes"),
        (
            &["commit", "c", "x@sha256:0000000000000000000000000000000000000000000000000000000000000000"],
            "digest",
        ),
        (&["commit", "c", "Upper"], "lower case"),
    ] {
        world.run(words).ends(2).one_sentence().says(&[named]);
    }
    world.run(&["commit", "-c", "STOPSIGNAL NOPE", "c"]).ends(1).one_sentence().says(&["'NOPE'"]);
    world.run(&["commit", "no-such"]).ends(1).one_sentence().says(&["'no-such'"]);
}

#[test]
fn what_runs_goes_on_and_what_was_paused_stays_so() {
    let Some(world) = World::with_busybox() else { return };
    let busy = "while :; do mkdir /d; echo x > /d/f; mv /d /e; rm -r /e; done";
    world.run(&["run", "-d", "--name", "c", "bb", "sh", "-c", busy]).ok();
    let state = || world.run(&["inspect", "-f", "{{.State.Status}}", "c"]).ok().stdout.trim().to_string();
    for _ in 0..5 {
        world.run(&["commit", "c", "held"]).ok();
        // What it makes and removes meanwhile may be missed, but nothing else goes wrong.
        let commit = world.run(&["commit", "--pause=false", "c", "not-held"]);
        if commit.code != 0 {
            commit.ends(1).says(&["cannot read /", "--pause=false"]);
        }
        world.run(&["diff", "c"]).ok();
        world.run(&["export", "-o", &world.word("tar"), "c"]).ok();
        assert_eq!(state(), "running");
    }
    world.run(&["pause", "c"]).ok();
    world.run(&["commit", "c"]).ok();
    assert_eq!(state(), "paused");
    world.run(&["rm", "-f", "c"]).ok();
}

#[test]
fn who_interrupts_a_commit_leaves_the_container_running() {
    let Some(world) = World::with_busybox() else { return };
    // Nothing on disk, and much to pack.
    let script = "dd if=/dev/zero of=/large bs=1 count=1 seek=64G 2>/dev/null; echo up; sleep 1000";
    world.run(&["run", "-d", "--name", "c", "bb", "sh", "-c", script]).ok();
    eventually("the file is there", || world.run(&["logs", "c"]).stdout.contains("up"));
    let (child, what) = start(world.command(&["commit", "c", "never"]), Vec::new());
    let state = || world.run(&["inspect", "-f", "{{.State.Status}}", "c"]).ok().stdout.trim().to_string();
    eventually("it stands still", || state() == "paused");
    // It is written to a blob, so the signal does not come too early.
    eventually("it is packed", || !world.in_store("tmp").is_empty());
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    collect(child, what).ends(130);
    assert_eq!(state(), "running");
    world.run(&["inspect", "--type", "image", "never"]).ends(1);
    world.run(&["rm", "-f", "c"]).ok();
    world.assert_store_valid();
}

#[test]
fn an_export_has_all_files_but_those_of_mounts() {
    let Some(world) = World::with_busybox() else { return };
    seeded(&world);
    world
        .run(&["run", "--name", "c", "-v", "vol:/v", "seeded", "sh", "-c", &format!("{SCRIPT}; touch /v/x")])
        .ok();
    let exported = world.run(&["export", "c"]).ok().bytes.clone();
    let found = entries(&exported);
    for (path, expected) in [
        ("new/f", "Regular text\n"),
        ("new/hard", "Link new/f"),
        ("new/link", "Symlink f"),
        ("new/pipe", "Fifo "),
        ("seeded/other", "Regular x\n"),
    ] {
        assert_eq!(found.get(path).map(String::as_str), Some(expected), "{path}");
    }
    assert!(found.contains_key("bin/busybox") && found.contains_key("etc/passwd"), "{found:?}");
    for gone in ["etc/group", "seeded/gone", "v/x", "v", "etc/hosts"] {
        assert!(!found.contains_key(gone), "{gone}");
    }
    let file = world.word("tar");
    world.run(&["export", "-o", &file, "c"]).ok().is("");
    assert_eq!(std::fs::read(&file).unwrap(), exported);
    // It is what an image is made of.
    world.write("again/Dockerfile", "FROM scratch\nADD c.tar /\nCMD [\"cat\", \"/new/f\"]\n");
    std::fs::copy(&file, world.path("again/c.tar")).unwrap();
    world.run(&["build", "-q", "-t", "again", &world.word("again")]).ok();
    world.run(&["run", "--rm", "again"]).ok().is("text");
    world.run(&["export", "no-such"]).ends(1).one_sentence().says(&["'no-such'"]);
    // A container that was never started has what its image has.
    world.run(&["create", "--name", "b", "seeded"]).ok();
    assert!(entries(&world.run(&["export", "b"]).ok().bytes).contains_key("seeded/gone"));
    world.run(&["diff", "b"]).ok().is("");
}

#[test]
fn a_diff_has_dockers_lines_and_no_name_makes_up_another() {
    let Some(world) = World::with_busybox() else { return };
    seeded(&world);
    world.run(&["run", "--name", "c", "-v", "vol:/v", "seeded", "sh", "-c", SCRIPT]).ok();
    world
        .run(&["diff", "c"])
        .ok()
        .is("C /etc\nD /etc/group\nA /new\nA /new/deep\nA /new/f\nA /new/hard\nA /new/link\nA /new/pipe\n\
         C /seeded\nD /seeded/gone\nA /seeded/other");
    world.run(&["run", "--name", "b", "bb", "touch", "/a\nA made-up\u{1b}[2J"]).ok();
    world.run(&["diff", "b"]).ok().is("A /a?A made-up?[2J");
    world.run(&["diff", "no-such"]).ends(1).one_sentence().says(&["'no-such'"]);
}

#[test]
fn the_long_names_of_docker_are_the_same_verbs() {
    let Some(world) = World::with_busybox() else { return };
    world.run(&["container", "create", "--name", "c", "bb"]).ok();
    world.run(&["container", "ls", "-a", "--format", "{{.Names}}"]).ok().is("c");
    world.run(&["container", "inspect", "-f", "{{.Name}}", "c"]).ok().is("/c");
    world.run(&["container", "inspect", "bb"]).ends(1).one_sentence().says(&["'bb'"]);
    world.run(&["container", "run", "--nope", "bb"]).ends(125);
    world.run(&["container", "rm", "--nope"]).ends(2);
    world.run(&["container", "prune", "-f", "--filter", "until=24h"]).ok().is("Total reclaimed space: 0B");
    let pruned = world.run(&["container", "prune", "-f"]);
    pruned.ok().prints(&["Deleted Containers:\n", "\n\nTotal reclaimed space: 0B"]);
    world.run(&["ps", "-aq"]).ok().is("");
}

//! What a careless caller hands on with every command it starts: closed streams, signals ignored or blocked.

use std::process::Command;

use crate::harness::{Output, World, finish, program};

/// plimsoll, started by another program.
fn called_by(world: &World, caller: &[&str], words: &[&str]) -> Output {
    let mut command = Command::new(caller[0]);
    command.args(&caller[1..]).arg(program()).args(words);
    world.dress(&mut command);
    finish(command, Vec::new())
}

/// Where children are not waited for, the kernel keeps no exit codes.
#[test]
fn no_exit_code_is_lost_to_the_callers_signals() {
    let Some(world) = World::with_busybox() else { return };
    for caller in [&["env", "--ignore-signal=CHLD"][..], &["env", "--ignore-signal", "--block-signal"]] {
        let by = |words: &[&str]| called_by(&world, caller, words);
        by(&["run", "--rm", "bb", "sh", "-c", "exit 3"]).ends(3);
        by(&["run", "--rm", "--init", "bb", "sh", "-c", "exit 3"]).ends(3);
        by(&[
            "run",
            "-d",
            "--name",
            "it",
            "bb",
            "sh",
            "-c",
            "trap 'exit 6' TERM; while :; do sleep 0.05; done",
        ])
        .ok();
        by(&["exec", "it", "sh", "-c", "exit 5"]).ends(5);
        by(&["stop", "it"]).ok();
        by(&["wait", "it"]).ok().is("6");
        by(&["rm", "it"]).ok();
        world.write("p/Dockerfile", "FROM bb\nRUN exit 7\n");
        by(&["build", "p"]).ends(4).says(&["exit code 7"]);
        by(&["run", "--rm", "bb", "grep", "-cE", "^Sig(Blk|Ign):.*[1-9a-f]$", "/proc/self/status"])
            .ends(1)
            .is("0");
    }
    world.assert_nothing_left();
}

/// A descriptor that takes the place of a closed standard stream would be a stream of the container's.
#[test]
fn nothing_takes_the_place_of_a_closed_stream() {
    let Some(world) = World::with_busybox() else { return };
    std::fs::create_dir(world.path("out")).unwrap();
    super::sleeping(&world, "it", &["-v", "./out:/out"]);
    let list = "ls -l /proc/self/fd > /out/list; exit 5";
    for words in [
        &["run", "--rm", "-v", "./out:/out", "bb"][..],
        &["run", "-i", "--rm", "-v", "./out:/out", "bb"],
        &["exec", "it"],
    ] {
        let closed = ["sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"];
        called_by(&world, &closed, &[words, &["sh", "-c", list]].concat()).ends(5);
        let list = std::fs::read_to_string(world.path("out/list")).unwrap();
        let targets: Vec<&str> = list.lines().filter_map(|line| Some(line.split_once(" -> ")?.1)).collect();
        assert_eq!(targets.len(), 3, "{list}");
        let harmless =
            |target: &&str| ["/dev/null", "/out/list"].contains(target) || target.starts_with("pipe:");
        assert!(targets.iter().all(harmless), "{list}");
    }
}

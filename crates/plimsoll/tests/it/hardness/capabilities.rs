//! Capabilities: what a process holds, and what programs it starts could get.

use std::process::Command;

use super::inside;
use crate::harness::{Ids, World, finish, ids, program};

/// The capability sets of a process.
const SETS: &str = "grep -E '^Cap(Inh|Amb)' /proc/self/status | cut -f2 | sort -u";

/// CVE-2022-29162, CVE-2022-27649, CVE-2022-27650, CVE-2022-27651, CVE-2022-24769: a set that was not empty gave
/// rights to programs with file capabilities.
#[test]
fn nothing_is_inherited() {
    let Some(world) = World::with_busybox() else { return };
    const NONE: &str = "0000000000000000";
    for flags in
        [&[][..], &["--init"], &["-u", "app"], &["--cap-add", "ALL"], &["-u", "app", "--cap-add", "ALL"]]
    {
        let words = [&["run", "--rm"][..], flags, &["bb", "sh", "-c", SETS]].concat();
        world.run(&words).ok().is(NONE);
    }
    super::sleeping(&world, "it", &["--cap-add", "ALL"]);
    for user in ["root", "app"] {
        world.run(&["exec", "-u", user, "it", "sh", "-c", SETS]).ok().is(NONE);
    }
    world.build(&[], &format!("FROM bb\nRUN test \"$({SETS})\" = {NONE}\n")).ok();
}

/// The same with a caller that holds everything inheritable and ambient.
#[test]
fn nothing_of_the_callers_is_inherited() {
    if ids() != Ids::Root {
        // An ordinary user has no capabilities to hand on.
        return;
    }
    let Some(world) = World::with_busybox() else { return };
    super::sleeping(&world, "it", &[]);
    const SOME: &str = "+chown,+kill,+setuid,+setgid,+dac_override";
    for words in [&["run", "--rm", "bb"][..], &["run", "--rm", "-u", "app", "bb"], &["exec", "it"]] {
        let mut command = Command::new("setpriv");
        command.args(["--inh-caps", SOME, "--ambient-caps", SOME]).arg(program()).args(words);
        command.args(["sh", "-c", &format!("{SETS}; grep CapEff /proc/self/status")]);
        world.dress(&mut command);
        let output = finish(command, Vec::new());
        assert!(output.ok().stdout.starts_with("0000000000000000\nCapEff:\t00000000"), "{output}");
    }
}

/// A setuid program gets no more than the container has, and nothing where that is asked for.
#[test]
fn no_program_gains_more_than_the_container_has() {
    let Some(world) = World::with_busybox() else { return };
    inside::copy_to(&world.path("p/program"));
    let dockerfile = format!(
        "FROM bb\nCOPY --chmod=4755 program {}\nENV {}=rights\nUSER app\n",
        inside::PROGRAM,
        inside::ROLE
    );
    world.build(&["-t", "evil"], &dockerfile).ok();
    let rights = |flags: &[&str]| {
        let output = world.run(&[&["run", "--rm"][..], flags, &["evil"], &inside::words()].concat());
        let hex = output.ok().stdout.lines().find_map(|line| line.strip_prefix("CapEff:")).map(str::trim);
        u64::from_str_radix(hex.unwrap_or_else(|| panic!("{output}")), 16).unwrap()
    };
    assert_eq!(rights(&["--security-opt", "no-new-privileges"]), 0);
    assert_eq!(rights(&["--cap-drop", "ALL"]), 0);
    // With one id there is no other user whose rights a program could have.
    let most = if ids() == Ids::Single { 0 } else { 0xa804_05fb };
    assert_eq!(rights(&[]), most);
    // One that is over before it is looked at is no breach: some kernels show nothing of it then.
    world
        .build(&["-t", "brief"], "FROM bb\nCOPY --from=bb --chmod=4755 /bin/busybox /bin/true\nUSER app\n")
        .ok();
    for _ in 0..20 {
        world.run(&["run", "--rm", "brief", "/bin/true"]).ok();
    }
}

//! The environment of what we start, and of what we are ourselves near a container.

use std::collections::BTreeSet;

use super::running;
use crate::harness::{World, finish};

/// plimsoll, called with variables that are nobody else's business and with some that change programs.
fn called_with_secrets(world: &World, words: &[&str]) -> crate::harness::Output {
    let mut command = world.command(words);
    command.env("SECRET_OF_THE_CALLER", "x").env("AWS_SECRET_ACCESS_KEY", "x").env("LD_PRELOAD_X", "/x.so");
    command
        .env("GCONV_PATH", "/x")
        .env("SSH_AUTH_SOCK", "/x")
        .env("XDG_RUNTIME_DIR", "/x")
        .env("NAME", "caller");
    finish(command, Vec::new())
}

fn names(environment: &str) -> BTreeSet<&str> {
    environment.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect()
}

/// CVE-2021-3602: variables of the host, passwords among them, were seen in a build step.
#[test]
fn no_variable_of_the_caller_reaches_a_container() {
    let Some(world) = World::with_busybox() else { return };
    let print = ["sh", "-c", "tr '\\0' '\\n' < /proc/1/environ; tr '\\0' '\\n' < /proc/self/environ"];
    let given = |flags: &[&str]| {
        let output = called_with_secrets(&world, &[&["run", "--rm"][..], flags, &["bb"], &print].concat());
        output.ok().stdout.replace('\r', "")
    };
    assert_eq!(names(&given(&[])), BTreeSet::from(["HOME", "HOSTNAME", "PATH"]));
    assert_eq!(names(&given(&["--init"])), BTreeSet::from(["HOME", "HOSTNAME", "PATH"]));
    assert_eq!(names(&given(&["-t"])), BTreeSet::from(["HOME", "HOSTNAME", "PATH", "TERM"]));
    // Only a name that is written is looked up.
    assert_eq!(names(&given(&["-e", "NAME"])), BTreeSet::from(["HOME", "HOSTNAME", "PATH", "NAME"]));

    called_with_secrets(&world, &["run", "-d", "--name", "it", "bb", "sleep", "1000"]).ok();
    let entered = called_with_secrets(&world, &[&["exec", "it"][..], &print].concat());
    assert_eq!(names(&entered.ok().stdout), BTreeSet::from(["HOME", "HOSTNAME", "PATH"]));

    world.write(
        "p/Dockerfile",
        "FROM bb\nRUN env > /tmp/env; ! grep -E 'SECRET|GCONV|SSH|XDG|LD_|NAME=caller' /tmp/env\n",
    );
    called_with_secrets(&world, &["build", "p"]).ok();
}

/// The same for the monitor, whose environment root of the host and debuggers see.
#[test]
fn no_variable_of_the_caller_stays_in_a_monitor() {
    let Some(world) = World::with_busybox() else { return };
    called_with_secrets(&world, &["run", "-d", "--name", "it", "bb", "sleep", "1000"]).ok();
    let environment = std::fs::read(format!("/proc/{}/environ", running(&world, "it").monitor.pid)).unwrap();
    assert_eq!(String::from_utf8_lossy(&environment), "");
}

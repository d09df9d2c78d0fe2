//! Our own program file: while a container is entered, a process of ours is for a moment one of its own.

use std::process::Stdio;

use rustix::fs::{StatVfsMountFlags, statvfs};

use super::{inside, running};
use crate::harness::{World, eventually};

/// The program file of a process cannot be written through its link, not even when nobody runs it any more.
#[track_caller]
fn assert_read_only(pid: u32, what: &str) {
    let flags = statvfs(format!("/proc/{pid}/exe")).expect("its link can be followed").f_flag;
    assert!(flags.contains(StatVfsMountFlags::RDONLY), "{what} runs from a file that can be written");
}

/// CVE-2019-5736: a container that got hold of `/proc/PID/exe` overwrote the runtime.
/// `run` is none of those near it: all it does is to ask the monitor.
#[test]
fn no_process_of_ours_near_a_container_runs_from_a_file_that_can_be_written() {
    let Some(world) = World::with_busybox() else { return };
    let mut foreground = world.command(&["run", "--name", "it", "bb", "sleep", "1000"]);
    let mut foreground = foreground.stdout(Stdio::null()).spawn().unwrap();
    eventually("it runs", || world.run(&["exec", "it", "true"]).code == 0);
    let mut entering = world.command(&["exec", "it", "sleep", "1000"]);
    let mut entering = entering.stdout(Stdio::null()).spawn().unwrap();
    eventually("exec has come so far", || world.run(&["exec", "it", "pidof", "sleep"]).stdout.contains(' '));
    assert_read_only(entering.id(), "exec");
    assert_read_only(running(&world, "it").monitor.pid, "the monitor");
    world.run(&["rm", "-f", "it"]).ok();
    assert_eq!((foreground.wait().unwrap().code(), entering.wait().unwrap().code()), (Some(137), Some(137)));
}

/// CVE-2019-5736, from inside and with the right to look at all processes.
#[test]
fn a_container_that_lies_in_wait_for_exec_gets_nothing_it_could_write() {
    let Some(world) = World::with_busybox() else { return };
    let flags = inside::flags("watch");
    let mut words = vec!["run", "-d", "--name", "it", "--cap-add", "SYS_PTRACE"];
    words.extend(flags.iter().map(String::as_str));
    words.push("bb");
    words.extend(inside::words());
    world.run(&words).ok();
    for _ in 0..20 {
        world.run(&["exec", "-u", "app", "it", "true"]);
        world.run(&["exec", "it", "no-such-program"]).ends(127);
    }
    // It may be gone before this has ended.
    world.run(&["exec", "it", "touch", inside::STOP]);
    world.run(&["wait", "it"]).ok().is("0");
    world.run(&["logs", "it"]).ok().prints(&["held ", ", writable 0\n"]);
}

/// CVE-2019-5736: `#!/proc/self/exe` made the runtime execute itself inside of the container.
#[test]
fn our_own_program_is_never_what_a_container_executes() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM bb\n\
        RUN ln -s /proc/self/exe /bin/own && ln -s /proc/1/exe /bin/first && \
        printf '#!/proc/self/exe\\n' > /bin/script && printf '#!/bin/script\\n' > /bin/chain && \
        chmod +x /bin/script /bin/chain\n\
        CMD [\"/proc/self/exe\"]\n";
    world.build(&["-t", "evil"], dockerfile).ok();
    let refused = "reached through a link of /proc";
    world.run(&["run", "--rm", "evil"]).ends(126).one_sentence().says(&[refused]);
    world.run(&["run", "-d", "--name", "it", "evil", "sleep", "1000"]).ok();
    for program in ["/proc/self/exe", "own", "first", "script", "chain"] {
        for flags in [&[][..], &["--init"], &["-u", "app"]] {
            let words = [&["run", "--rm"][..], flags, &["evil", program]].concat();
            world.run(&words).ends(126).one_sentence().says(&[refused]);
        }
        world.run(&["exec", "it", program]).ends(126).one_sentence().says(&[refused]);
    }
    world.build(&[], "FROM evil\nRUN [\"script\"]\n").ends(4).one_sentence().says(&[refused]);
    world.run(&["rm", "-f", "it"]).ok();
    world.assert_nothing_left();
}

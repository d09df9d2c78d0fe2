//! Running, stopping, waiting for and removing containers, attached and detached.

use std::io::Read;
use std::os::fd::AsFd;
use std::time::Duration;

use jiff::Timestamp;
use plimsoll_model::Signal;
use plimsoll_runtime::attach::{Finished, Streams};
use plimsoll_runtime::container::{ContainerError, State};
use plimsoll_runtime::stop::Grace;

use crate::life_support::{begin, eventually, fixture, logs, shell, start_runner};

#[test]
fn a_foreground_run_passes_output_and_exit_code() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("echo out; echo err >&2; exit 3"));
    let (finished, stdout, stderr) = fixture.run(&container, None);
    assert_eq!(finished, Finished::Exit(3));
    assert_eq!((stdout.as_str(), stderr.as_str()), ("out\n", "err\n"));
    assert_eq!(logs(&container), ("out\n".into(), "err\n".into()));
    assert!(container.state().unwrap().status(Timestamp::now()).starts_with("Exited (3) "));
    assert_eq!(container.wait().unwrap().code(), Some(3));
}

#[test]
fn much_output_arrives_whole() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"));
    let (_, stdout, _) = fixture.run(&container, None);
    assert_eq!(stdout.lines().count(), 20000);
    assert!(stdout.ends_with("line 19999\n"));
    assert_eq!(logs(&container).0, stdout);
}

#[test]
fn standard_input_is_passed_on_only_when_it_is_open() {
    let Some(fixture) = fixture() else { return };
    let open = fixture.create_with(shell("cat; echo end"), |new| new.upkeep.open_stdin = true);
    assert_eq!(fixture.run(&open, Some("typed\n")).1, "typed\nend\n");
    let closed = fixture.create(shell("cat; echo end"));
    assert_eq!(fixture.run(&closed, Some("typed\n")).1, "end\n");
}

#[test]
fn large_input_reaches_a_slow_reader() {
    let Some(fixture) = fixture() else { return };
    let spec = shell("sleep 0.2; cat | busybox wc -c");
    let container = fixture.create_with(spec, |new| new.upkeep.open_stdin = true);
    let input = "0123456789".repeat(50_000);
    assert_eq!(fixture.run(&container, Some(&input)).1.trim(), "500000");
}

#[test]
fn a_removed_foreground_run_leaves_nothing() {
    let Some(fixture) = fixture() else { return };
    let script = "mkdir -p /a/b && echo x > /a/b/c && chmod 0 /a/b /a; exit 4";
    let container = fixture.create_with(shell(script), |new| new.upkeep.auto_remove = true);
    assert_eq!(fixture.run(&container, None).0, Finished::Exit(4));
    assert!(matches!(fixture.containers.find(container.id()), Err(ContainerError::NotFound { .. })));
    eventually("the trash is empty", || {
        std::fs::read_dir(fixture.temporary.path().join("trash")).unwrap().count() == 0
    });
    fixture.assert_clean();
}

#[test]
fn a_program_that_is_not_there_is_127_and_says_so() {
    let Some(fixture) = fixture() else { return };
    let mut spec = shell("");
    spec.argv = vec!["/bin/nothing".into()];
    let container = fixture.create(spec);
    let error = container.start_detached(&fixture.host, begin(&container)).unwrap_err();
    assert_eq!(error.exit_code(), 127);
    assert!(error.to_string().contains("/bin/nothing"), "{error}");
    assert_eq!(container.state().unwrap().status(Timestamp::now()), "Created");
    let again = container.start_detached(&fixture.host, begin(&container)).unwrap_err();
    assert_eq!(again.exit_code(), 127, "it can be tried again: {again}");
}

#[test]
fn a_detached_container_runs_is_waited_for_and_removed() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("echo started; trap 'exit 7' TERM; while :; do sleep 0.05; done"));
    fixture.start(&container);
    assert!(container.state().unwrap().status(Timestamp::now()).starts_with("Up "));
    assert!(matches!(fixture.containers.remove(&container), Err(ContainerError::StillRunning { .. })));
    eventually("it has set its trap", || logs(&container).0 == "started\n");
    let waiting = std::thread::spawn({
        let container = container.clone();
        move || container.wait().unwrap().code()
    });
    let stopped = container.stop(None, Grace::Own).unwrap().unwrap();
    assert!(!stopped.killed);
    assert_eq!(waiting.join().unwrap(), Some(7));
    assert_eq!(container.stop(None, Grace::Own).unwrap(), None);
    fixture.containers.remove(&container).unwrap();
    fixture.assert_clean();
}

#[test]
fn a_deaf_container_is_killed_after_the_grace_time() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("while :; do sleep 1; done"));
    fixture.start(&container);
    let stopped = container.stop(None, Grace::Given(Duration::from_millis(100))).unwrap().unwrap();
    assert!(stopped.killed && stopped.took >= Duration::from_millis(100));
    assert_eq!(container.wait().unwrap().code(), Some(137));
}

#[test]
fn a_signal_reaches_pid_1_alone() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("trap 'echo usr1' USR1; echo up; while :; do sleep 0.05; done"));
    fixture.start(&container);
    eventually("it has set its trap", || logs(&container).0 == "up\n");
    container.kill(Signal::parse("USR1").unwrap()).unwrap();
    eventually("it has answered", || logs(&container).0 == "up\nusr1\n");
    container.kill(Signal::KILL).unwrap();
    assert_eq!(container.wait().unwrap().code(), Some(137));
    assert!(matches!(container.kill(Signal::TERM), Err(ContainerError::NotRunning { .. })));
}

#[test]
fn a_killed_monitor_is_noticed_and_the_container_can_still_be_ended() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("sleep 60"));
    let run = container.start_detached(&fixture.host, begin(&container)).unwrap();
    let monitor = run.monitor.open().unwrap();
    plimsoll_sys::process::send_signal(std::os::fd::AsFd::as_fd(&monitor), 9).unwrap();
    eventually("it is seen", || {
        container.state().unwrap().status(Timestamp::now()).ends_with(" (unmonitored)")
    });
    container.end_now().unwrap();
    // Kernels before 6.15 do not tell how somebody else's child ended.
    match container.state().unwrap() {
        State::Exited { ended, .. } => assert_eq!(ended.how.code(), 137),
        state => assert!(matches!(state, State::Lost { .. }), "{state:?}"),
    }
    fixture.containers.remove(&container).unwrap();
}

#[test]
fn a_log_is_followed_until_the_end() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("for i in 1 2 3; do echo $i; sleep 0.1; done; printf tail"));
    fixture.start(&container);
    let options = plimsoll_runtime::logs::LogOptions { follow: true, ..Default::default() };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    container.logs(&options, &mut stdout, &mut stderr).unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap(), "1\n2\n3\ntail");
}

#[test]
fn many_containers_at_once_do_not_hinder_each_other() {
    let Some(fixture) = fixture() else { return };
    std::thread::scope(|scope| {
        for code in 0..12 {
            let fixture = &fixture;
            scope.spawn(move || {
                let container =
                    fixture.create_with(shell(&format!("exit {code}")), |new| new.upkeep.auto_remove = true);
                assert_eq!(fixture.run(&container, None).0, Finished::Exit(code));
            });
        }
    });
    assert!(fixture.containers.list().unwrap().containers.is_empty());
}

#[test]
fn the_container_knows_its_names() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("hostname; cat /etc/hostname; busybox grep -c box /etc/hosts"));
    assert_eq!(fixture.run(&container, None).1, "box\nbox\n1\n");
}

#[test]
fn a_slow_reader_holds_the_container_up_and_loses_nothing() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("yes | busybox head -c 2000000"));
    let (reader, writer) = std::io::pipe().unwrap();
    let length = std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            let mut bytes = Vec::new();
            (&reader).read_to_end(&mut bytes).unwrap();
            bytes.len()
        });
        let streams = Streams::new(None, writer.as_fd(), writer.as_fd());
        container.run_foreground(&fixture.host, begin(&container), streams).unwrap();
        drop(writer);
        reading.join().unwrap()
    });
    assert_eq!(length, 2_000_000);
}

#[test]
fn those_who_wait_for_a_container_that_removes_itself_learn_its_code() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create_with(shell("sleep 0.3; exit 9"), |new| new.upkeep.auto_remove = true);
    fixture.start(&container);
    assert_eq!(container.wait().unwrap().code(), Some(9));
    assert!(fixture.containers.find(container.name()).is_err());
}

#[test]
fn a_store_deep_in_the_tree_works_too() {
    let Some(fixture) = fixture() else { return };
    let deep = fixture.temporary.path().join("d".repeat(120)).join("e".repeat(120));
    std::fs::create_dir_all(&deep).unwrap();
    let containers = plimsoll_runtime::container::Containers::open(&deep).unwrap();
    let container = fixture.create_in(&containers, shell("sleep 0.2; exit 2"), |_| {});
    fixture.start(&container);
    assert_eq!(container.wait().unwrap().code(), Some(2));
    containers.remove(&container).unwrap();
}

#[test]
fn signals_to_the_attached_command_are_the_containers() {
    let Some(fixture) = fixture() else { return };
    let script = "trap 'echo usr1' USR1; trap 'exit 42' TERM; echo up; while :; do sleep 0.05; done";
    let container = fixture.create(shell(script));
    let mut command = start_runner(&container);
    eventually("it is up", || logs(&container).0 == "up\n");
    let pid = rustix::process::Pid::from_child(&command);
    rustix::process::kill_process(pid, rustix::process::Signal::USR1).unwrap();
    eventually("it has answered", || logs(&container).0 == "up\nusr1\n");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(command.wait().unwrap().code(), Some(42));
}

#[test]
fn a_reader_that_never_reads_keeps_nobody_else_waiting() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("yes"));
    let (reader, writer) = std::io::pipe().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let streams = Streams::new(None, writer.as_fd(), writer.as_fd());
            container.run_foreground(&fixture.host, begin(&container), streams)
        });
        eventually("it runs", || container.state().is_ok_and(|state| state.is_running()));
        // Let it fill all pipes.
        std::thread::sleep(Duration::from_millis(300));
        container.end_now().unwrap();
        assert_eq!(container.wait().unwrap().code(), Some(137));
        drop(reader);
    });
}

#[test]
fn a_container_outlives_the_attached_command() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("echo up; sleep 0.5; echo later; sleep 60"));
    let mut command = start_runner(&container);
    eventually("it is up", || logs(&container).0 == "up\n");
    command.kill().unwrap();
    command.wait().unwrap();
    eventually("it goes on", || logs(&container).0 == "up\nlater\n");
    assert!(container.state().unwrap().is_running());
}

#[test]
fn nothing_of_the_callers_signal_mask_reaches_the_container() {
    let Some(fixture) = fixture() else { return };
    let mut spec = shell("");
    let argv = ["/bin/busybox", "grep", "-E", "Sig(Blk|Ign|Cgt)", "/proc/self/status"];
    spec.argv = argv.map(str::to_string).to_vec();
    let container = fixture.create(spec);
    let (_, stdout, _) = fixture.run(&container, None);
    for line in stdout.lines() {
        assert!(line.ends_with("\t0000000000000000"), "{stdout}");
    }
    assert_eq!(stdout.lines().count(), 3);
}

//! Containers that start again, that others attach to, whose health is checked, whose log turns over.

use std::os::fd::AsFd;
use std::time::Duration;

use jiff::Timestamp;
use plimsoll_runtime::attach::{Finished, Streams};
use plimsoll_runtime::container::{ContainerError, HealthCheck, HealthStatus, RestartPolicy, State};
use plimsoll_runtime::logs::LogOptions;
use plimsoll_runtime::stop::Grace;

use crate::life_support::{Captured, begin, eventually, fixture, logs, shell};

#[test]
fn what_has_ended_starts_again_and_keeps_its_files_and_its_log() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("echo x >> /tmp/runs; busybox wc -l < /tmp/runs; exit 3"));
    for number in 1..=3 {
        let (finished, stdout, _) = fixture.run(&container, None);
        assert_eq!((finished, stdout), (Finished::Exit(3), format!("{number}\n")));
        let state = container.state().unwrap();
        assert_eq!(state.run().unwrap().number, number);
        assert_eq!(state.exit_code(), Some(3));
    }
    assert_eq!(logs(&container).0, "1\n2\n3\n");
}

#[test]
fn only_one_start_of_many_wins() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("sleep 60"));
    let won: usize = std::thread::scope(|scope| {
        let start = || usize::from(container.start_detached(&fixture.host, begin(&container)).is_ok());
        let starts: Vec<_> = (0..6).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|start| start.join().unwrap()).sum()
    });
    assert_eq!(won, 1);
    let error = container.start_detached(&fixture.host, begin(&container)).unwrap_err();
    assert!(matches!(error, ContainerError::BeingStarted { .. }), "{error}");
    container.end_now().unwrap();
}

#[test]
fn a_failing_container_is_started_again_as_often_as_it_may() {
    let Some(fixture) = fixture() else { return };
    let policy = RestartPolicy::OnFailure { most: Some(2) };
    let container = fixture.create_with(shell("echo run; exit 4"), |new| new.upkeep.restart = policy);
    fixture.start(&container);
    eventually("it is left alone", || matches!(container.state().unwrap(), State::Exited { .. }));
    assert_eq!(logs(&container).0, "run\nrun\nrun\n");
    assert_eq!(container.state().unwrap().run().unwrap().restarts, 2);
}

#[test]
fn a_stopped_container_is_not_started_again() {
    let Some(fixture) = fixture() else { return };
    let again = |new: &mut plimsoll_runtime::container::NewContainer| {
        new.upkeep.restart = RestartPolicy::Always;
    };
    let container =
        fixture.create_with(shell("trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done"), again);
    fixture.start(&container);
    eventually("it has set its trap", || logs(&container).0 == "up\n");
    container.stop(None, Grace::Own).unwrap().unwrap();
    assert!(matches!(container.state().unwrap(), State::Exited { .. }));

    // And one that waits for its next start is left alone, too.
    let restless = fixture.create_with(shell("exit 1"), again);
    fixture.start(&restless);
    eventually(
        "its pauses are long",
        || matches!(restless.state().unwrap(), State::Restarting { run, .. } if run.restarts >= 3),
    );
    restless.stop(None, Grace::Own).unwrap();
    assert_eq!(restless.state().unwrap().exit_code(), Some(1));
    assert!(matches!(restless.state().unwrap(), State::Exited { .. }));
    fixture.containers.remove(&restless).unwrap();
}

/// Attached without taking the signals of this process, in which other tests run.
fn quiet(streams: Streams<'_>) -> Streams<'_> {
    Streams { forwards_signals: false, ..streams }
}

#[test]
fn those_who_attach_later_see_what_is_written_from_then_on_and_the_end() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create_with(shell("echo early; read line; echo \"late $line\"; exit 6"), |new| {
        new.upkeep.open_stdin = true;
    });
    fixture.start(&container);
    eventually("it waits", || logs(&container).0 == "early\n");
    let captured = Captured::new(Some("word\n"));
    let finished = container.attach(quiet(captured.streams())).unwrap();
    assert_eq!(finished, Finished::Exit(6));
    assert_eq!(captured.read().0, "late word\n");
    let error = container.attach(quiet(Captured::new(None).streams())).unwrap_err();
    assert!(matches!(error, ContainerError::NotRunning { .. }), "{error}");
}

#[test]
fn several_can_be_attached_and_one_that_leaves_hinders_nobody() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create_with(shell("read line; yes | busybox head -c 300000; exit 2"), |new| {
        new.upkeep.open_stdin = true;
    });
    fixture.start(&container);
    std::thread::scope(|scope| {
        let reading = || {
            let captured = Captured::new(None);
            let finished = container.attach(quiet(captured.streams())).unwrap();
            (finished, captured.read().0.len())
        };
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(reading)).collect();
        // One whose output goes nowhere: it is gone with the first byte.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let started = std::time::Instant::now();
        while started.elapsed() < Duration::from_millis(200) {
            std::thread::yield_now();
        }
        let (stdin, go) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut &go, b"go\n").unwrap();
        let streams = Streams::new(Some(stdin.as_fd()), writer.as_fd(), writer.as_fd());
        let _ = container.attach(quiet(streams));
        for reader in readers {
            let (finished, length) = reader.join().unwrap();
            assert_eq!(finished, Finished::Exit(2));
            assert!(length <= 300_000);
        }
    });
    assert_eq!(logs(&container).0.len(), 300_000);
}

fn check(script: &str, retries: u32) -> HealthCheck {
    HealthCheck {
        argv: ["/bin/sh", "-c", script].map(str::to_string).to_vec(),
        interval: Duration::from_millis(30),
        timeout: Duration::from_millis(400),
        start_period: Duration::ZERO,
        start_interval: Duration::from_millis(30),
        retries,
    }
}

#[test]
fn health_follows_what_the_check_says() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create_with(shell("sleep 60"), |new| {
        new.upkeep.health = Some(check("echo checked; test -e /tmp/well", 2));
    });
    assert_eq!(container.health().unwrap(), None);
    fixture.start(&container);
    let status = || container.health().unwrap().unwrap().status;
    eventually("it is unhealthy", || status() == HealthStatus::Unhealthy);
    let health = container.health().unwrap().unwrap();
    assert!(health.failing_streak >= 2);
    assert_eq!((health.log[0].exit_code, health.log[0].output.as_str()), (1, "checked\n"));
    let request = plimsoll_runtime::exec_process::ExecRequest {
        argv: vec!["/bin/sh".into(), "-c".into(), ": > /tmp/well".into()],
        ..Default::default()
    };
    container.exec_detached(&request).unwrap();
    eventually("it is healthy", || status() == HealthStatus::Healthy);
    container.end_now().unwrap();
}

#[test]
fn a_check_that_takes_too_long_has_failed() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create_with(shell("sleep 60"), |new| {
        new.upkeep.health = Some(HealthCheck { timeout: Duration::from_millis(50), ..check("sleep 60", 1) });
    });
    fixture.start(&container);
    eventually("it is unhealthy", || {
        container.health().unwrap().is_some_and(|health| health.status == HealthStatus::Unhealthy)
    });
    let result = container.health().unwrap().unwrap().log.remove(0);
    assert_eq!(result.exit_code, -1);
    assert_eq!(result.output, "Health check exceeded timeout (50ms)");
    container.end_now().unwrap();
}

#[test]
fn a_log_turns_over_and_is_read_and_followed_across_its_files() {
    let Some(fixture) = fixture() else { return };
    let script = "for i in $(busybox seq 1 200); do echo line $i; busybox usleep 2000; done";
    let container = fixture.create_with(shell(script), |new| {
        new.upkeep.log.max_size = Some(1024);
        new.upkeep.log.max_file = 3;
    });
    fixture.start(&container);
    let options = LogOptions { follow: true, ..LogOptions::default() };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    container.logs(&options, &mut stdout, &mut stderr).unwrap();
    let followed = String::from_utf8(stdout).unwrap();
    let all: String = (1..=200).map(|number| format!("line {number}\n")).collect();
    assert!(all.ends_with(&followed), "what is followed has no gaps");
    for age in 0..3 {
        let size = std::fs::metadata(container.log_file(age)).unwrap().len();
        assert!(size <= 1024, "{size}");
    }
    assert!(!container.log_file(3).exists());
    let kept = logs(&container).0;
    assert!(all.ends_with(&kept) && kept.lines().count() > 20, "{kept}");
    let tail = LogOptions { tail: Some(25), ..LogOptions::default() };
    let mut stdout = Vec::new();
    container.logs(&tail, &mut stdout, &mut stderr).unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap().lines().count(), 25);
}

#[test]
fn a_log_that_is_not_wanted_is_not_kept() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create_with(shell("echo x"), |new| new.upkeep.log.driver = "none".into());
    assert_eq!(fixture.run(&container, None).1, "x\n");
    assert_eq!(logs(&container).0, "");
}

#[test]
fn a_renamed_container_that_removes_itself_leaves_no_name() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create_with(shell("sleep 60"), |new| new.upkeep.auto_remove = true);
    fixture.start(&container);
    fixture.containers.rename(&container, "other").unwrap();
    assert!(container.state().unwrap().status(Timestamp::now()).starts_with("Up"));
    container.end_now().unwrap();
    eventually("it is gone", || fixture.containers.find("other").is_err());
    eventually("no name is left", || {
        std::fs::read_dir(fixture.temporary.path().join("containers/names")).unwrap().count() == 0
    });
}

//! Control groups in a container's life: limits, pausing, and that nothing is left of them.

use std::path::PathBuf;
use std::time::Duration;

use plimsoll_model::Signal;
use plimsoll_model::launch::Limits;
use plimsoll_runtime::cgroup::Cgroup;
use plimsoll_runtime::container::{Container, ContainerError, State};
use plimsoll_runtime::exec_process::ExecRequest;
use plimsoll_runtime::stop::Grace;

use crate::launch_support::skip;
use crate::life_support::{Captured, Fixture, eventually, fixture, logs, shell};

fn directories(container: &Container) -> Vec<PathBuf> {
    container.state().unwrap().run().unwrap().cgroups.clone()
}

fn none_is_left(directories: &[PathBuf]) -> bool {
    directories.iter().all(|directory| !directory.exists())
}

/// A container that writes a number again and again, and waits until it does.
fn counting(fixture: &Fixture) -> Container {
    let container = fixture.create(shell("i=0; while :; do i=$((i + 1)); echo $i > /count; done"));
    fixture.start(&container);
    eventually("it counts", || number(&container).is_some());
    container
}

fn number(container: &Container) -> Option<String> {
    std::fs::read_to_string(container.rootfs().upper().join("count")).ok().filter(|text| !text.is_empty())
}

fn stands_still(container: &Container) -> bool {
    let before = number(container);
    std::thread::sleep(Duration::from_millis(30));
    number(container) == before
}

#[test]
fn memory_that_is_used_up_ends_it_and_is_counted() {
    let Some(fixture) = fixture() else { return };
    let mut spec = shell("busybox tail /dev/zero");
    spec.limits = Limits { memory: Some(16 << 20), ..Limits::default() };
    let created = Cgroup::create("test-memory", &spec).unwrap();
    created.cgroup.remove().unwrap();
    if let Some(warning) = created.warnings.first() {
        return skip(warning);
    }
    let container = fixture.create(spec);
    fixture.start(&container);
    assert_eq!(container.wait().unwrap().code(), Some(137));
    let State::Exited { ended, .. } = container.state().unwrap() else { panic!("it has ended") };
    assert!(ended.oom_killed);
    eventually("its groups are gone", || none_is_left(&directories(&container)));
}

#[test]
fn an_end_of_its_own_is_no_kill_and_leaves_no_group() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("sleep 60 & exit 3"));
    fixture.start(&container);
    assert_eq!(container.wait().unwrap().code(), Some(3));
    let State::Exited { ended, run } = container.state().unwrap() else { panic!("it has ended") };
    assert!(!ended.oom_killed);
    // Whoever waits is told before.
    eventually("its groups are gone", || none_is_left(&run.cgroups));
}

#[test]
fn a_program_that_is_not_there_leaves_no_group() {
    let Some(fixture) = fixture() else { return };
    let mut spec = shell("");
    spec.argv = vec!["/bin/nothing".into()];
    let container = fixture.create(spec);
    container.start_detached(&fixture.host, crate::life_support::begin(&container)).unwrap_err();
    let created = Cgroup::create(container.id(), &container.record().spec).unwrap();
    let left: Vec<u32> = created.cgroup.processes();
    assert!(left.is_empty());
    created.cgroup.remove().unwrap();
}

#[test]
fn without_its_monitor_the_group_is_removed_by_who_ends_it() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("sleep 60"));
    let run = container.start_detached(&fixture.host, crate::life_support::begin(&container)).unwrap();
    let monitor = run.monitor.open().unwrap();
    rustix::process::pidfd_send_signal(&monitor, rustix::process::Signal::KILL).unwrap();
    container.pause().unwrap();
    container.end_now().unwrap();
    assert!(none_is_left(&run.cgroups), "{:?}", run.cgroups);
}

#[test]
fn exec_joins_the_containers_group() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("sleep 60"));
    fixture.start(&container);
    let directories = directories(&container);
    let group = Cgroup::open(&directories);
    if group.directories().is_empty() {
        return skip("this user may make no control groups");
    }
    let before = group.processes().len();
    let argv = ["/bin/sh", "-c", "echo $$ > /started; sleep 60"].map(str::to_string).to_vec();
    container.exec_detached(&ExecRequest { argv, ..ExecRequest::default() }).unwrap();
    eventually("it has joined", || group.processes().len() > before);
    for directory in &directories {
        let one = Cgroup::open(std::slice::from_ref(directory));
        assert!(one.processes().len() > before, "{}", directory.display());
    }
    container.end_now().unwrap();
    assert!(directories.iter().all(|directory| !directory.exists()));
}

#[test]
fn a_paused_container_stands_still_until_it_is_woken() {
    let Some(fixture) = fixture() else { return };
    let container = counting(&fixture);
    assert!(matches!(container.unpause(), Err(ContainerError::NotPaused { .. })));
    container.pause().unwrap();
    assert_eq!(container.state().unwrap().word(), "paused");
    assert!(stands_still(&container));
    assert!(matches!(container.pause(), Err(ContainerError::AlreadyPaused { .. })));
    let request = ExecRequest { argv: vec!["/bin/echo".into()], ..ExecRequest::default() };
    let refused = container.exec(&request, Captured::new(None).streams()).unwrap_err();
    assert!(matches!(refused, ContainerError::Paused { .. }), "{refused}");
    container.unpause().unwrap();
    assert_eq!(container.state().unwrap().word(), "running");
    let before = number(&container);
    eventually("it counts on", || number(&container) != before);
}

#[test]
fn what_is_paused_can_be_ended() {
    let Some(fixture) = fixture() else { return };
    let killed = counting(&fixture);
    killed.pause().unwrap();
    killed.kill(Signal::KILL).unwrap();
    assert_eq!(killed.wait().unwrap().code(), Some(137));

    let asked =
        fixture.create(shell("trap 'echo asked; exit 4' TERM; echo up; while :; do sleep 0.01; done"));
    fixture.start(&asked);
    eventually("it is up", || logs(&asked).0 == "up\n");
    asked.pause().unwrap();
    let stopped = asked.stop(None, Grace::Own).unwrap().unwrap();
    assert!(!stopped.killed);
    assert_eq!(asked.wait().unwrap().code(), Some(4));

    let forced = counting(&fixture);
    forced.pause().unwrap();
    forced.end_now().unwrap();
    let left = directories(&forced);
    assert!(left.iter().all(|directory| !directory.exists()), "{left:?}");
    let ended = forced.pause().unwrap_err();
    assert!(matches!(ended, ContainerError::NotRunning { .. }), "{ended}");
}

#[test]
fn limits_change_while_it_runs_and_for_later_starts() {
    let Some(fixture) = fixture() else { return };
    let mut spec = shell("sleep 60");
    spec.limits = Limits { memory: Some(32 << 20), ..Limits::default() };
    let container = fixture.create(spec);
    fixture.start(&container);
    let limit = || container.usage().unwrap().memory_limit;
    if limit() != 32 << 20 {
        return skip("memory cannot be limited here");
    }
    let update = |memory: u64| {
        let change = Limits { memory: Some(memory), pids: Some(7), ..Limits::default() };
        // What is written down is read anew: the limits a change is measured by are the last ones.
        let container = Container::open(container.path()).unwrap();
        container.update_limits(&change)
    };
    for memory in [128 << 20, 16 << 20] {
        assert_eq!(update(memory).unwrap(), [""; 0]);
        assert_eq!(limit(), memory);
        let noted = Container::open(container.path()).unwrap().record().spec.limits.clone();
        assert_eq!((noted.memory, noted.pids), (Some(memory), Some(7)));
    }
    let refused = update(1 << 20).unwrap_err().to_string();
    assert_eq!(refused, "--memory 1048576: a container needs at least 6 MiB");
    container.end_now().unwrap();
    assert_eq!(update(64 << 20).unwrap(), [""; 0], "one that does not run has it at its next start");
}

#[test]
fn usage_is_told_with_and_without_a_group() {
    let Some(fixture) = fixture() else { return };
    let container = counting(&fixture);
    let first = container.usage().unwrap();
    assert!(first.memory > 0 && first.memory <= first.memory_limit, "{first:?}");
    assert_eq!(first.pids, 1);
    eventually("it has used a processor", || container.usage().unwrap().percent_since(&first) > 0.0);
    let rows = container.process_rows().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].argv[..2], ["/bin/sh", "-c"]);
    container.end_now().unwrap();
    assert!(matches!(container.usage(), Err(ContainerError::NotRunning { .. })));
}

//! More processes in a running container, and what is seen of it from outside.

use plimsoll_model::{ProcessUser, Protocol, Signal};
use plimsoll_runtime::attach::Finished;
use plimsoll_runtime::container::{Container, ContainerError};
use plimsoll_runtime::exec_process::ExecRequest;
use plimsoll_runtime::observe::{ContainerView, view};

use crate::life_support::{Captured, Fixture, eventually, fixture, logs, server, shell};

fn request(script: &str) -> ExecRequest {
    let argv = ["/bin/sh", "-c", script].map(str::to_string).to_vec();
    ExecRequest { argv, ..ExecRequest::default() }
}

fn exec(container: &Container, request: &ExecRequest, input: Option<&str>) -> (Finished, String, String) {
    let captured = Captured::new(input);
    let finished = container.exec(request, captured.streams());
    let (stdout, stderr) = captured.read();
    (finished.unwrap_or_else(|error| panic!("{error}")), stdout, stderr)
}

fn sleeping(fixture: &Fixture) -> Container {
    let container = fixture.create(shell("sleep 60"));
    fixture.start(&container);
    container
}

fn look(container: &Container) -> ContainerView {
    let plimsoll_runtime::container::State::Running { run, .. } = container.state().unwrap() else {
        panic!("{} does not run", container.name())
    };
    view(run.process.pid).unwrap()
}

#[test]
fn exec_runs_beside_pid_1_with_its_own_settings() {
    let Some(fixture) = fixture() else { return };
    let container = sleeping(&fixture);
    let script =
        "echo $EXTRA; busybox pwd; busybox ps -o pid,args | busybox grep -c 'sleep 60'; echo err >&2; exit 5";
    let mut request = request(script);
    request.env = vec![("EXTRA".into(), "more".into())];
    request.workdir = Some("/tmp".into());
    let (finished, stdout, stderr) = exec(&container, &request, None);
    assert_eq!(finished, Finished::Exit(5));
    assert!(stdout.starts_with("more\n/tmp\n"), "{stdout}");
    assert_eq!(stderr, "err\n");
}

#[test]
fn exec_passes_input_and_reports_signals() {
    let Some(fixture) = fixture() else { return };
    let container = sleeping(&fixture);
    let mut reading = request("cat");
    reading.open_stdin = true;
    assert_eq!(exec(&container, &reading, Some("hello")).1, "hello");
    assert_eq!(exec(&container, &request("kill -9 $$"), None).0, Finished::Exit(137));
    let missing = ExecRequest { argv: vec!["/bin/nothing".into()], ..ExecRequest::default() };
    let error = container.exec(&missing, Captured::new(None).streams()).unwrap_err();
    assert_eq!(error.exit_code(), 127);
}

#[test]
fn exec_needs_a_running_container() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("sleep 60"));
    let error = container.exec(&request("true"), Captured::new(None).streams()).unwrap_err();
    assert!(matches!(error, ContainerError::NotRunning { .. }), "{error}");
}

#[test]
fn a_detached_exec_goes_on_alone() {
    let Some(fixture) = fixture() else { return };
    let container = sleeping(&fixture);
    container.exec_detached(&request("sleep 0.2; echo done > /tmp/done; sleep 60")).unwrap();
    eventually("it has written its file", || {
        exec(&container, &request("cat /tmp/done 2>/dev/null"), None).1 == "done\n"
    });
}

#[test]
fn the_view_from_outside_has_the_numbers_of_the_inside() {
    let Some(fixture) = fixture() else { return };
    let mut spec = server("tcp", "127.0.0.1:8080");
    let server = spec.argv.join(" ");
    let script = format!(
        "trap 'exit 0' TERM; sleep 61 & {server} & busybox nc -l -p 9090 & while :; do sleep 0.1; done"
    );
    spec.argv = shell(&script).argv;
    let container = fixture.create(spec);
    fixture.start(&container);
    eventually("two listeners", || look(&container).listening.len() == 2);
    let seen = look(&container);
    let pid1 = seen.pid1().unwrap();
    assert_eq!(pid1.argv[..2], ["/bin/sh", "-c"]);
    assert_eq!(pid1.exe, "/bin/busybox");
    assert_eq!((pid1.uid, pid1.gid, pid1.parent), (0, 0, 0));
    assert!(pid1.handles(Signal::TERM) && !pid1.handles(Signal::HUP));
    assert!(pid1.capabilities.contains(&"CHOWN") && !pid1.capabilities.contains(&"SYS_ADMIN"));
    let sleeper = seen.processes.iter().find(|process| process.argv == ["sleep", "61"]).unwrap();
    assert_eq!(sleeper.parent, 1);
    let listening: Vec<_> =
        seen.listening.iter().map(|socket| (socket.address.port(), socket.loopback_only())).collect();
    assert!(listening.contains(&(8080, true)) && listening.contains(&(9090, false)), "{listening:?}");
    assert!(seen.listening.iter().all(|socket| socket.protocol == Protocol::Tcp));
    assert!(seen.memory_peak() > 100_000);
}

#[test]
fn a_user_without_rights_is_seen_as_what_it_is() {
    let Some(fixture) = fixture() else { return };
    let mut spec = shell("echo up; sleep 60");
    spec.user = ProcessUser { uid: 1234, gid: 4321, home: "/".into(), name: None, extra_groups: Vec::new() };
    let container = fixture.create(spec);
    fixture.start(&container);
    eventually("it is up", || logs(&container).0 == "up\n");
    let seen = look(&container);
    let pid1 = seen.pid1().unwrap();
    assert_eq!((pid1.uid, pid1.gid), (1234, 4321));
    assert!(pid1.capabilities.is_empty());
    let (_, stdout, _) = exec(&container, &request("id -u; id -g"), None);
    assert_eq!(stdout, "1234\n4321\n");
}

#[test]
fn a_zombie_is_seen() {
    let Some(fixture) = fixture() else { return };
    // The shell becomes sleep, which does not wait for the child it inherits.
    let container = fixture.create(shell("busybox true & exec sleep 60"));
    fixture.start(&container);
    eventually("a zombie", || look(&container).processes.iter().any(|process| process.zombie));
    let seen = look(&container);
    let zombie = seen.processes.iter().find(|process| process.zombie).unwrap();
    assert_eq!(zombie.parent, 1);
}

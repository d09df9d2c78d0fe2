use std::time::Duration;

use super::*;
use crate::evidence::ConnectionCount;

fn process(pid: u32, command: &str, listens: bool, handles: bool, end: End) -> ProcessEnd {
    ProcessEnd { pid, parent: 0, command: command.into(), listens, handles, end }
}

fn run(condition: StopCondition, processes: Vec<ProcessEnd>) -> StopRun {
    StopRun {
        id: "stop-quiet".into(),
        condition,
        signal: Signal::TERM,
        grace: Duration::from_secs(10),
        took: Duration::from_millis(20),
        code: 0,
        killed: false,
        listener_closed: None,
        last_answer: None,
        processes,
        connections: Vec::new(),
    }
}

fn quick(processes: Vec<ProcessEnd>) -> String {
    match manner(&run(StopCondition::Quiet, processes)) {
        Manner::Quick(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn graceful_is_told_from_quick() {
    let graceful = |processes| assert_eq!(manner(&run(StopCondition::Quiet, processes)), Manner::Graceful);
    graceful(vec![process(1, "server", true, true, End::Exit(0))]);
    // A handler that restores the default and sends the signal again.
    graceful(vec![
        process(1, "init", false, true, End::Exit(143)),
        process(2, "server", true, true, End::Signal(Signal::TERM)),
    ]);
    // What a wrapper does not matter where the program ends by itself.
    graceful(vec![
        process(1, "tini", false, true, End::Exit(0)),
        process(2, "sh", false, false, End::Signal(Signal::TERM)),
        process(3, "server", true, true, End::Exit(0)),
    ]);
    // `--init sh -c 'a | b'`: the shell dies, init ends, the program goes with the namespace.
    let why = quick(vec![
        process(1, "init", false, true, End::Exit(143)),
        process(2, "sh", false, false, End::Signal(Signal::TERM)),
        process(3, "server", true, true, End::WithNamespace),
    ]);
    assert!(why.contains("server died with PID 1"), "{why}");
    let why = quick(vec![
        process(1, "init", false, true, End::Exit(143)),
        process(2, "server", true, false, End::Signal(Signal::TERM)),
    ]);
    assert!(why.contains("SIGTERM ended server"), "{why}");
    // Nothing listens: every process counts.
    quick(vec![
        process(1, "master", false, true, End::Exit(0)),
        process(7, "worker", false, true, End::WithNamespace),
    ]);
}

#[test]
fn what_the_kernel_does_not_tell_is_open() {
    let ends =
        vec![process(1, "master", true, true, End::Exit(0)), process(7, "worker", true, true, End::Unknown)];
    assert!(matches!(manner(&run(StopCondition::Quiet, ends)), Manner::Open(why) if why.contains("worker")));
    let killed = StopRun { killed: true, ..run(StopCondition::Quiet, Vec::new()) };
    assert_eq!(manner(&killed), Manner::Killed);
}

fn record(runs: Vec<StopRun>) -> StopRecord {
    StopRecord {
        id: "stop".into(),
        signal: Signal::TERM,
        grace: Duration::from_secs(10),
        times: vec![Duration::from_millis(20)],
        code: 0,
        killed: false,
        killed_with_namespace: Vec::new(),
        zombies: 0,
        listener_closed: None,
        log: Vec::new(),
        runs,
        undelivered: Vec::new(),
        untried: Vec::new(),
    }
}

#[test]
fn lost_requests_are_counted_with_their_reason() {
    let with = |in_flight: ConnectionCount, new: ConnectionCount| {
        let mut requests = run(StopCondition::Requests, Vec::new());
        requests.connections = vec![in_flight, new];
        record(vec![requests])
    };
    let none = ConnectionCount::of;
    let good = ConnectionCount { answered: 8, ..none(ConnectionKind::InFlight) };
    let turned_away = ConnectionCount { refused: 12, ..none(ConnectionKind::New) };
    assert_eq!(in_flight(&with(good, turned_away)), Some(Verdict::Proven));
    assert_eq!(new(&with(good, turned_away)), Some(Verdict::Proven));
    let cut = ConnectionCount { answered: 5, reset: 2, eof: 1, ..none(ConnectionKind::InFlight) };
    let dropped = ConnectionCount { answered: 1, reset: 1, refused: 3, ..none(ConnectionKind::New) };
    let Some(Verdict::Refuted(why)) = in_flight(&with(cut, dropped)) else { panic!("3 were lost") };
    assert_eq!(why, "3 of 8 were lost: 2 reset, 1 closed without an answer");
    assert!(matches!(new(&with(cut, dropped)), Some(Verdict::Refuted(why)) if why.starts_with("1 of 5")));
    let nobody = with(none(ConnectionKind::InFlight), none(ConnectionKind::New));
    assert!(matches!(in_flight(&nobody), Some(Verdict::Unproven(_))));
    assert_eq!(in_flight(&record(Vec::new())), None, "nothing was asked, nothing is claimed");
    let plain = with(ConnectionCount { eof: 4, ..none(ConnectionKind::Idle) }, turned_away);
    assert_eq!(in_flight(&plain), None, "there are no requests without a protocol");
}

#[test]
fn an_idle_client_loses_nothing() {
    let idle = ConnectionCount { eof: 4, ..ConnectionCount::of(ConnectionKind::Idle) };
    assert_eq!((idle.total(), idle.lost(), idle.dropped()), (4, 0, 0));
}

#[test]
fn what_holds_it_up_and_what_an_init_changes() {
    let held_up = StopRun { killed: true, ..run(StopCondition::Held, Vec::new()) };
    assert!(matches!(held(&record(vec![held_up])), Some(Verdict::Refuted(_))));
    assert_eq!(held(&record(vec![run(StopCondition::Held, Vec::new())])), Some(Verdict::Proven));
    let quick = run(StopCondition::Init, vec![process(3, "server", true, true, End::WithNamespace)]);
    assert!(matches!(with_init(&record(vec![quick])), Some(Verdict::Refuted(_))));
}

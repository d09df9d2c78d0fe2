//! Containers with a terminal, and a caller with one.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex};

use plimsoll_model::LaunchSpec;
use plimsoll_runtime::attach::{Finished, Streams};
use plimsoll_runtime::container::Container;
use plimsoll_runtime::exec_process::ExecRequest;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::life_support::{Fixture, begin, eventually, fixture, logs, shell};

/// The caller's terminal: what a person types and sees, and the side our command has.
struct Caller {
    keyboard: File,
    tty: OwnedFd,
    seen: Arc<Mutex<String>>,
}

impl Caller {
    fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let tty = rustix::fs::open(name, flags, Mode::empty()).unwrap();
        tcsetwinsize(&tty, Winsize { ws_row: 33, ws_col: 99, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let mut screen = File::from(master.try_clone().unwrap());
        let seen = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = screen.read(&mut buffer) {
                shown.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
        });
        Caller { keyboard: master.into(), tty, seen }
    }

    fn streams(&self) -> Streams<'_> {
        let tty = self.tty.as_fd();
        Streams::new(Some(tty), tty, tty)
    }

    fn sees(&self, text: &str) -> bool {
        self.seen.lock().unwrap().contains(text)
    }

    fn waits_for(&self, text: &str) {
        eventually(text, || self.sees(text));
    }

    fn types(&self, text: &str) {
        (&self.keyboard).write_all(text.as_bytes()).unwrap();
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.tty).unwrap().local_modes.contains(LocalModes::ICANON)
    }
}

fn interactive(fixture: &Fixture, script: &str) -> Container {
    let spec = LaunchSpec { terminal: true, ..shell(script) };
    fixture.create_with(spec, |new| new.upkeep.open_stdin = true)
}

#[test]
fn a_terminal_has_the_callers_size_and_takes_what_is_typed() {
    let Some(fixture) = fixture() else { return };
    let container =
        interactive(&fixture, "sleep 0.1; stty size; read line; echo got $line; test -t 2; exit $?");
    let caller = Caller::new();
    let finished = std::thread::scope(|scope| {
        let running =
            scope.spawn(|| container.run_foreground(&fixture.host, begin(&container), caller.streams()));
        caller.waits_for("33 99");
        assert!(caller.is_raw());
        caller.types("hello\r");
        running.join().unwrap().unwrap()
    });
    assert_eq!(finished, Finished::Exit(0));
    caller.waits_for("got hello");
    assert!(!caller.is_raw());
    assert!(logs(&container).0.contains("got hello"));
}

#[test]
fn the_detach_keys_leave_the_container_running() {
    let Some(fixture) = fixture() else { return };
    let container = interactive(&fixture, "echo up; read line; sleep 0.3; echo later; sleep 60");
    let caller = Caller::new();
    let finished = std::thread::scope(|scope| {
        let running =
            scope.spawn(|| container.run_foreground(&fixture.host, begin(&container), caller.streams()));
        caller.waits_for("up");
        caller.types("\rx\x10\x11");
        running.join().unwrap().unwrap()
    });
    assert_eq!(finished, Finished::Detached);
    assert!(!caller.is_raw());
    eventually("it goes on and is logged", || logs(&container).0.contains("later"));
    assert!(container.state().unwrap().is_running());
}

#[test]
fn other_detach_keys_can_be_asked_for() {
    let Some(fixture) = fixture() else { return };
    let container = interactive(&fixture, "echo up; read line; echo got $line | od -An -tx1; sleep 60");
    let caller = Caller::new();
    let finished = std::thread::scope(|scope| {
        let streams = Streams { detach_keys: b"\x01x", ..caller.streams() };
        let running =
            scope.spawn(move || container.run_foreground(&fixture.host, begin(&container), streams));
        caller.waits_for("up");
        // docker's keys mean nothing then; the terminal itself would take ctrl-q.
        caller.types("\x10a\r");
        caller.waits_for("10 61");
        caller.types("\x01x");
        running.join().unwrap().unwrap()
    });
    assert_eq!(finished, Finished::Detached);
}

#[test]
fn exec_gives_a_terminal_too() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("sleep 60"));
    fixture.start(&container);
    let caller = Caller::new();
    let argv = ["/bin/sh", "-c", "sleep 0.1; stty size; read line; echo got $line; exit 6"];
    let request = ExecRequest {
        argv: argv.map(str::to_string).to_vec(),
        terminal: true,
        open_stdin: true,
        ..ExecRequest::default()
    };
    let finished = std::thread::scope(|scope| {
        let running = scope.spawn(|| container.exec(&request, caller.streams()));
        caller.waits_for("33 99");
        caller.types("hello\r");
        running.join().unwrap().unwrap()
    });
    assert_eq!(finished, Finished::Exit(6));
    caller.waits_for("got hello");
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let Some(fixture) = fixture() else { return };
    let container = fixture.create(shell("yes"));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let streams = Streams::new(None, writer.as_fd(), writer.as_fd());
    let finished = container.run_foreground(&fixture.host, begin(&container), streams).unwrap();
    assert_eq!(finished, Finished::Exit(137));
}

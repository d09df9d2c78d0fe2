//! What goes wrong around containers: the command, the monitor and PID 1 are killed at any moment, and
//! containers are removed while they start. No exit code is a wrong one, and nothing is left of them.
//!
//! Bounded, so that it takes seconds; `cargo xtask soak` repeats it for as long as wanted. Which moments are
//! tried depends on `PLIMSOLL_SEED`.

pub mod left_behind;

use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use plimsoll_runtime::container::{Containers, Run, State};
use plimsoll_runtime::process_id::ProcessId;

use crate::command::collect;
use crate::faults::rounds;
use crate::harness::{Output, World, eventually};
use left_behind::assert_nothing_left;

/// Runs until it is stopped, then ends with a code of its own.
const OBEDIENT: &str = "trap 'exit '$CODE TERM; echo up; while :; do sleep 0.02; done";

/// Chance, the same for the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn new(round: usize) -> Dice {
        let seed: u64 = std::env::var("PLIMSOLL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
        Dice((seed << 32 | round as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit
    }

    /// An exit code that none of plimsoll's own can be taken for.
    fn code(&mut self) -> i32 {
        self.below(100) as i32 + 1
    }
}

/// One container in trouble.
struct Trouble<'a> {
    world: &'a World,
    name: String,
    dice: Dice,
    /// How long a container takes from the first to the last moment, undisturbed.
    whole: Duration,
    /// Of all containers that ran.
    ids: &'a Mutex<Vec<String>>,
}

/// What can happen to it.
type Scenario = fn(&mut Trouble<'_>);

/// Let it happen to many containers, several at a time, and see what is left.
fn often(few: usize, scenarios: &[Scenario]) {
    let Some(world) = World::with_busybox() else { return };
    let ids = Mutex::default();
    let begun = Instant::now();
    world.run(&["run", "--rm", "bb", "true"]).ok();
    let whole = begun.elapsed();
    let (all, next) = (rounds(few), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let round @ 0.. = next.fetch_add(1, Ordering::Relaxed)
                    && round < all
                {
                    // No name that could be the beginning of an id.
                    let (name, mut dice) = (format!("n{round}"), Dice::new(round));
                    let scenario = scenarios[dice.below(scenarios.len() as u64) as usize];
                    scenario(&mut Trouble { world: &world, name, dice, whole, ids: &ids });
                }
            });
        }
    });
    assert_nothing_left(&world, &ids.into_inner().expect("no thread panicked"));
}

impl Trouble<'_> {
    /// The words that make it.
    fn words<'b>(&'b self, how: &[&'b str], program: &[&'b str]) -> Vec<&'b str> {
        [&["run", "--name", &self.name][..], how, &["bb"], program].concat()
    }

    /// Make it, without waiting for the command.
    fn spawn(&self, words: &[&str]) -> Child {
        let mut command = self.world.command(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("plimsoll starts")
    }

    /// Let some of the time pass that a container takes.
    fn moment(&mut self) {
        std::thread::sleep(self.whole * self.dice.below(1000) as u32 / 1000);
    }

    fn state(&self) -> Option<State> {
        let containers = Containers::open(&self.world.path("store")).expect("a store is there");
        let container = containers.find(&self.name).ok()?;
        self.ids.lock().expect("no thread panicked").push(container.id().to_string());
        container.state().ok()
    }

    /// Wait until it runs.
    fn run(&self) -> Run {
        let mut found = None;
        eventually(&format!("{} runs", self.name), || {
            if let Some(State::Running { run, .. }) = self.state() {
                found = Some(run);
            }
            found.is_some()
        });
        found.expect("it was found")
    }

    /// Start an obedient one, and wait until it obeys.
    fn start_obedient(&self, how: &[&str], code: i32) {
        let code = format!("CODE={code}");
        let how = [how, &["-d", "-e", &code]].concat();
        self.world.run(&self.words(&how, &["sh", "-c", OBEDIENT])).ok();
        self.await_starts(1);
    }

    /// Wait until an obedient one obeys for the so-many-th time.
    fn await_starts(&self, number: usize) {
        let started = || self.world.run(&["logs", &self.name]).stdout == "up\n".repeat(number);
        eventually(&format!("start {number} of {}", self.name), started);
    }

    fn remove(&self) {
        let removed = self.world.run(&["rm", "-f", &self.name]);
        assert_eq!(self.state(), None, "{} is still there: {}", self.name, removed.ok());
    }
}

fn kill(process: &ProcessId) {
    if let Some(pidfd) = process.open() {
        // It may be gone in this moment.
        let _ = plimsoll_sys::process::send_signal(std::os::fd::AsFd::as_fd(&pidfd), 9);
    }
}

/// The children of a process, at this moment: of `run`, the monitor.
fn children(pid: u32) -> Vec<ProcessId> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| ProcessId::of(pid.parse().ok()?)).collect()
}

#[track_caller]
fn assert_one_of(output: &Output, codes: &[i32]) {
    assert!(codes.contains(&output.code), "one of {codes:?} was expected: {output}");
}

/// Nobody is killed: the codes are the program's.
fn nothing_happens(trouble: &mut Trouble<'_>) {
    let (code, other) = (trouble.dice.code(), trouble.dice.code());
    let world = trouble.world;
    let exit = format!("exit {code}");
    world.run(&trouble.words(&[], &["sh", "-c", &exit])).ends(code);
    world.run(&["wait", &trouble.name]).ok().is(&code.to_string());
    world.run(&["rm", &trouble.name]).ok();
    world.run(&trouble.words(&["--rm"], &["sh", "-c", &exit])).ends(code);
    trouble.start_obedient(&[], code);
    world.run(&["exec", &trouble.name, "sh", "-c", &format!("exit {other}")]).ends(other);
    std::thread::scope(|scope| {
        let wait = || world.run(&["wait", &trouble.name]).ok().is(&code.to_string()).clone();
        let waiting = [scope.spawn(wait), scope.spawn(wait)];
        (0..2).for_each(|_| drop(scope.spawn(|| world.run(&["stop", &trouble.name]).ok().clone())));
        waiting.into_iter().for_each(|waiting| drop(waiting.join().expect("wait tells the code")));
    });
    world.run(&["wait", &trouble.name]).ok().is(&code.to_string());
    trouble.remove();
}

/// The command is killed; the container goes on without it, if it has begun.
fn the_command_is_killed(trouble: &mut Trouble<'_>) {
    let code = trouble.dice.code();
    let exit = format!("exit {code}");
    let keep = trouble.dice.below(2) == 0;
    let how: &[&str] = if keep { &[] } else { &["--rm"] };
    let mut command = trouble.spawn(&trouble.words(how, &["sh", "-c", &exit]));
    trouble.moment();
    command.kill().expect("a child can be killed");
    assert_one_of(&collect(command, "run".to_string()), &[code, 137]);
    eventually("it has ended", || !matches!(trouble.state(), Some(State::Running { .. })));
    // Without its command it may never have begun; if it has, it has ended as it should.
    if let Some(state @ (State::Exited { .. } | State::Lost { .. })) = trouble.state() {
        assert_eq!(state.exit_code(), Some(code));
    }
    trouble.remove();
}

/// The command that executes another program is killed; the container does not mind.
fn an_exec_is_killed(trouble: &mut Trouble<'_>) {
    let code = trouble.dice.code();
    trouble.start_obedient(&[], code);
    for _ in 0..3 {
        let mut command = trouble.spawn(&["exec", &trouble.name, "sh", "-c", "exit 3"]);
        trouble.moment();
        command.kill().expect("a child can be killed");
        assert_one_of(&collect(command, "exec".to_string()), &[3, 137]);
    }
    trouble.world.run(&["exec", &trouble.name, "sh", "-c", "exit 5"]).ends(5);
    trouble.world.run(&["stop", &trouble.name]).ok();
    trouble.world.run(&["wait", &trouble.name]).ok().is(&code.to_string());
    trouble.remove();
}

/// PID 1 is killed from outside: everybody hears of it.
fn the_process_is_killed(trouble: &mut Trouble<'_>) {
    let command = trouble.spawn(&trouble.words(&[], &["sleep", "1000"]));
    let run = trouble.run();
    let exec = trouble.spawn(&["exec", &trouble.name, "sleep", "1000"]);
    let waiting = trouble.spawn(&["wait", &trouble.name]);
    trouble.moment();
    kill(&run.process);
    collect(command, "run".to_string()).ends(137);
    // Too late, it finds nothing that runs.
    assert_one_of(&collect(exec, "exec".to_string()), &[137, 125]);
    collect(waiting, "wait".to_string()).ok().is("137");
    trouble.world.run(&["wait", &trouble.name]).ok().is("137");
    trouble.remove();
}

/// The monitor is killed while it starts a container, or later: either there is none, or it can be ended.
fn the_monitor_is_killed(trouble: &mut Trouble<'_>) {
    let command = trouble.spawn(&trouble.words(&["-d"], &["sleep", "1000"]));
    trouble.moment();
    children(command.id()).iter().for_each(kill);
    assert_one_of(&collect(command, "run -d".to_string()), &[0, 125]);
    if let Some(State::Running { run, .. }) = trouble.state() {
        kill(&run.monitor);
        eventually("it is seen", || !matches!(trouble.state(), Some(State::Running { monitored: true, .. })));
        if matches!(trouble.state(), Some(State::Running { .. })) {
            trouble.world.run(&["exec", &trouble.name, "sh", "-c", "exit 5"]).ends(5);
            trouble.world.run(&["stop", "-t", "0", &trouble.name]).ok();
            let told = trouble.world.run(&["wait", &trouble.name]);
            assert!(["137", "unknown"].contains(&told.ok().stdout.trim()), "{told}");
        }
    }
    trouble.remove();
}

/// It is removed with force while it starts: it never was, or it is no more.
fn it_is_removed_while_it_starts(trouble: &mut Trouble<'_>) {
    let command = trouble.spawn(&trouble.words(&["-d"], &["sleep", "1000"]));
    trouble.moment();
    trouble.world.run(&["rm", "-f", &trouble.name]).ok();
    assert_one_of(&collect(command, "run -d".to_string()), &[0, 125]);
    trouble.remove();
}

/// It is started again and again: by its policy when it is killed, by a command when it was stopped.
fn it_starts_again(trouble: &mut Trouble<'_>) {
    let code = trouble.dice.code();
    let (world, name) = (trouble.world, trouble.name.clone());
    trouble.start_obedient(&["--restart", "always"], code);
    kill(&trouble.run().process);
    trouble.await_starts(2);
    let stops = || world.run(&["stop", &name]).ok().clone();
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(stops))));
    world.run(&["wait", &name]).ok().is(&code.to_string());
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(|| world.run(&["start", &name])))));
    trouble.await_starts(3);
    world.run(&["restart", &name]).ok();
    trouble.await_starts(4);
    kill(&trouble.run().monitor);
    eventually("it is seen", || !matches!(trouble.state(), Some(State::Running { monitored: true, .. })));
    trouble.remove();
}

#[test]
fn exit_codes_are_the_programs() {
    often(8, &[nothing_happens]);
}

#[test]
fn a_killed_command_changes_nothing() {
    often(24, &[the_command_is_killed, an_exec_is_killed]);
}

#[test]
fn a_killed_process_is_told_to_all() {
    often(12, &[the_process_is_killed]);
}

#[test]
fn a_killed_monitor_leaves_nothing_that_cannot_be_ended() {
    often(24, &[the_monitor_is_killed]);
}

#[test]
fn a_container_is_removed_while_it_starts() {
    often(24, &[it_is_removed_while_it_starts]);
}

#[test]
fn a_container_starts_again() {
    often(8, &[it_starts_again]);
}

#[test]
fn everything_at_once() {
    let all: [Scenario; 7] = [
        nothing_happens,
        the_command_is_killed,
        an_exec_is_killed,
        the_process_is_killed,
        the_monitor_is_killed,
        it_is_removed_while_it_starts,
        it_starts_again,
    ];
    often(24, &all);
}

//! Carrying a case out with one engine.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::accepted::shown_here;
use super::case::{Act, Case, Step};
use super::engine::Engine;
use super::place::Place;
use super::terminal;
use crate::command::{Output, ending, start, start_into};

/// A command that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a patient step is tried.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same for what is known not to come out as expected.
const SHORT: Duration = Duration::from_secs(5);

/// The output of what was begun.
const BEGUN: &str = "begun";

/// A step that was not as expected: its number, from 1, and how.
pub type Difference = (usize, String);

/// A case under way.
struct Performance<'a> {
    engine: &'a dyn Engine,
    case: &'a Case,
    place: Place,
    begun: Vec<(usize, Child, String)>,
    differences: Vec<Difference>,
}

/// Carry a case out in a directory of its own, and take away what it made.
pub fn perform(engine: &dyn Engine, case: &Case, directory: &Path) -> Vec<Difference> {
    let place = Place::of(case, directory.join(case.name));
    let mut performance = Performance { engine, case, place, begun: Vec::new(), differences: Vec::new() };
    for (index, step) in case.steps.iter().enumerate() {
        if let Err(why) = performance.step(index, step) {
            performance.differences.push((index + 1, why));
        }
    }
    performance.look_at_begun();
    performance.clean_up();
    performance.differences
}

impl Performance<'_> {
    fn step(&mut self, index: usize, step: &Step) -> Result<(), String> {
        match step.act {
            Act::Run => self.run(index, step),
            Act::Read => self.patiently(index, step, |this| this.read(step)),
            Act::Begin => {
                self.begin(index, step);
                Ok(())
            }
            Act::Signal => self.signal(step.words),
        }
    }

    fn run(&mut self, index: usize, step: &Step) -> Result<(), String> {
        let output = self.patiently(index, step, |this| {
            let output = this.output(step, this.limit(index, LIMIT))?;
            step.expected.check(&output, &this.place, this.engine.refusal())?;
            Ok(output)
        })?;
        if let Some(name) = step.keep {
            self.place.keep(name, &output.stdout);
        }
        Ok(())
    }

    /// Its output goes to a file, where later steps can see it come.
    fn begin(&mut self, index: usize, step: &Step) {
        let output = File::create(self.place.path(BEGUN)).expect("a file can be made");
        let (child, what) = start_into(self.command(step), step.input.clone().into_bytes(), output.into());
        self.begun.push((index, child, what));
    }

    /// Nobody waits long for what is known not to happen.
    fn limit(&self, index: usize, usual: Duration) -> Duration {
        let differs = shown_here(self.engine.name(), self.case, index + 1).next().is_some();
        if differs { SHORT } else { usual }
    }

    /// Once, or until it is as expected.
    fn patiently<T>(
        &self,
        index: usize,
        step: &Step,
        attempt: impl Fn(&Self) -> Result<T, String>,
    ) -> Result<T, String> {
        let patience = self.limit(index, PATIENCE);
        let begun = Instant::now();
        loop {
            let result = attempt(self);
            if result.is_ok() || !step.patient || begun.elapsed() > patience {
                return result;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn output(&self, step: &Step, limit: Duration) -> Result<Output, String> {
        let command = self.command(step);
        match &step.typed {
            Some(typed) => terminal::finish(command, typed, limit),
            None => {
                let (child, what) = start(command, step.input.clone().into_bytes());
                ending(child, what, limit)
            }
        }
    }

    fn command(&self, step: &Step) -> Command {
        let words = self.place.words(step.words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = self.engine.command(&words);
        command.current_dir(&self.place.directory);
        command.envs(step.environment.iter().copied());
        command
    }

    fn read(&self, step: &Step) -> Result<(), String> {
        let path = self.place.path(step.words);
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        step.expected.check(&Output::nothing().with_stdout(bytes), &self.place, 0)
    }

    fn signal(&self, name: &str) -> Result<(), String> {
        let (_, child, _) = self.begun.last().expect("a command was begun before it is signalled");
        let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
        match status.is_ok_and(|status| status.success()) {
            true => Ok(()),
            false => Err("the command has ended already".to_string()),
        }
    }

    fn look_at_begun(&mut self) {
        for (index, child, what) in std::mem::take(&mut self.begun) {
            let expected = &self.case.steps[index].expected;
            let ended = ending(child, what, self.limit(index, LIMIT)).and_then(|output| {
                let printed = std::fs::read(self.place.path(BEGUN)).expect("what was written can be read");
                expected.check(&output.with_stdout(printed), &self.place, self.engine.refusal())
            });
            if let Err(why) = ended {
                self.differences.push((index + 1, why));
            }
        }
    }

    /// What is not there any more is no error; what stays is seen when all cases are done.
    fn clean_up(&self) {
        let removals = [
            (self.engine.removal(), self.place.containers(self.case)),
            (&["volume", "rm", "-f"], self.place.volumes(self.case)),
            (&["rmi", "-f"], self.place.images(self.case)),
        ];
        for (words, names) in removals.iter().filter(|(_, names)| !names.is_empty()) {
            let mut command = self.engine.command(&[words, names.as_slice()].concat());
            let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

//! What of a build people see: on a terminal the current step, in full only what fails.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plimsoll_build::{Event, StepId};

use crate::render::contract::shorten;
use crate::terminal::{self, Progress};

/// Shows the events of a build.
pub struct BuildScreen<'a> {
    progress: &'a Progress,
    show_output: bool,
    show_why: bool,
    steps: Mutex<BTreeMap<StepId, Step>>,
}

/// A step under way.
struct Step {
    /// `[stage 2/5] RUN make`.
    heading: String,
    /// `stage 2/5`, to tell apart what steps print at the same time.
    label: String,
    lines: Lines,
}

/// The output of a step cut into lines.
#[derive(Default)]
pub struct Lines {
    /// What came after the last line break.
    partial: Vec<u8>,
}

impl Lines {
    /// More output; gives the lines that are whole now. One that does not end comes in pieces.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.partial.extend_from_slice(bytes);
        let mut lines = Vec::new();
        loop {
            let end = match self.partial.iter().position(|byte| *byte == b'\n') {
                Some(at) => at + 1,
                None if self.partial.len() > LONGEST_LINE => self.partial.len(),
                None => return lines,
            };
            lines.push(self.partial.drain(..end).collect());
        }
    }

    /// What is left at the end, if anything.
    pub fn rest(&mut self) -> Vec<Vec<u8>> {
        let rest = std::mem::take(&mut self.partial);
        if rest.is_empty() { Vec::new() } else { vec![rest] }
    }
}

/// Room for a step's text beside its time.
const STEP_WIDTH: usize = terminal::MAX_WIDTH - 12;

/// Bytes of output that are held back for the end of their line.
const LONGEST_LINE: usize = 8 << 10;

impl<'a> BuildScreen<'a> {
    /// A screen; without `show_output` only the living line shows what is done; with
    /// `show_why` every step built anew is followed by its reason.
    pub fn new(progress: &'a Progress, show_output: bool, show_why: bool) -> Self {
        BuildScreen { progress, show_output, show_why, steps: Mutex::default() }
    }

    /// Show an event.
    pub fn show(&self, event: Event) {
        match event {
            Event::StepStarted { step, stage, of, text, .. } => {
                let label = format!("{stage} {}/{of}", step.number);
                let heading = heading(&stage, step.number, of, &text);
                self.progress.doing(&heading);
                self.steps().insert(step, Step { heading, label, lines: Lines::default() });
            }
            Event::StepDone { step, why, took } => self.step_done(step, why.as_deref(), took),
            Event::Output { step, bytes } => self.output(step, &bytes),
            Event::Warning(text) => self.progress.done(&format!("warning: {text}")),
        }
    }

    /// The build is over: what unfinished steps printed is shown.
    pub fn end(&self) {
        let unfinished = std::mem::take(&mut *self.steps());
        let several = unfinished.len() > 1;
        unfinished.into_values().for_each(|mut step| self.rest(&mut step, several));
    }

    fn steps(&self) -> MutexGuard<'_, BTreeMap<StepId, Step>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step_done(&self, id: StepId, why: Option<&str>, took: Duration) {
        let mut steps = self.steps();
        let several = steps.len() > 1;
        let Some(mut step) = steps.remove(&id) else { return };
        self.rest(&mut step, several);
        if let Some(other) = steps.values().next_back() {
            self.progress.doing(&other.heading);
        }
        if self.show_output {
            let end = end_of_step(why.is_none(), took);
            self.progress.done(format!(" {}  {end}", step.heading).trim_end());
            if let Some(why) = why.filter(|_| self.show_why) {
                self.progress.done(&because(why));
            }
        }
    }

    fn output(&self, id: StepId, bytes: &[u8]) {
        let mut steps = self.steps();
        let several = steps.len() > 1;
        let Some(step) = steps.get_mut(&id) else { return };
        let lines = step.lines.push(bytes);
        lines.iter().for_each(|line| self.line(&step.label, line, several));
    }

    fn rest(&self, step: &mut Step, several: bool) {
        let rest = step.lines.rest();
        rest.iter().for_each(|line| self.line(&step.label, line, several));
    }

    fn line(&self, label: &str, line: &[u8], several: bool) {
        if self.show_output {
            let label = if several { format!("{label} ") } else { String::new() };
            let text = without_control(&String::from_utf8_lossy(line));
            self.progress.done(&format!("   {label}| {text}"));
        }
    }
}

/// `[stage 2/5] RUN make`.
pub fn heading(stage: &str, number: usize, of: usize, text: &str) -> String {
    shorten(&format!("[{stage} {number}/{of}] {text}"), STEP_WIDTH)
}

/// The reason of a step built anew.
pub fn because(why: &str) -> String {
    format!("   because {}", without_control(why))
}

/// Times below 0.01 s say nothing.
pub fn end_of_step(cached: bool, took: Duration) -> String {
    match took.as_secs_f64() {
        _ if cached => "cached".to_string(),
        seconds if seconds >= 0.01 => format!("{seconds:.2} s"),
        _ => String::new(),
    }
}

/// What a RUN prints must not steer the terminal.
pub fn without_control(line: &str) -> String {
    let line = anstream::adapter::strip_str(line).to_string();
    let printable: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
    printable.chars().take(terminal::MAX_WIDTH * 2).collect()
}

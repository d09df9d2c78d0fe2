//! A terminal's view: one line for each running step, its last output beside it; a finished step
//! leaves one line, and only a failed one its output.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;
use plimsoll_build::{Event, StepId};

use super::super::build_screen::{Lines, because, end_of_step, heading, without_control};
use crate::terminal::Progress;

/// Lines of a step's output that are kept for the case that it fails.
const KEPT: usize = 10_000;

/// The region.
pub struct LiveRegion<'a> {
    progress: &'a Progress,
    show_why: bool,
    steps: Mutex<BTreeMap<StepId, Step>>,
}

struct Step {
    heading: String,
    bar: Option<ProgressBar>,
    lines: Lines,
    output: Vec<String>,
}

impl<'a> LiveRegion<'a> {
    /// A region with nothing in it; with `show_why` every step built anew says its reason.
    pub fn new(progress: &'a Progress, show_why: bool) -> Self {
        LiveRegion { progress, show_why, steps: Mutex::default() }
    }

    /// Show an event.
    pub fn show(&self, event: Event) {
        match event {
            Event::StepStarted { step, stage, of, text, .. } => {
                let heading = heading(&stage, step.number, of, &text);
                let bar = self.progress.running(&heading);
                let (lines, output) = (Lines::default(), Vec::new());
                self.steps().insert(step, Step { heading, bar, lines, output });
            }
            Event::Output { step, bytes } => {
                if let Some(step) = self.steps().get_mut(&step) {
                    let lines = step.lines.push(&bytes);
                    step.keep(lines);
                }
            }
            Event::StepDone { step, why, took } => {
                let Some(step) = self.steps().remove(&step) else { return };
                step.clear();
                let line = format!(" {}  {}", step.heading, end_of_step(why.is_none(), took));
                self.progress.done(line.trim_end());
                if let Some(why) = why.filter(|_| self.show_why) {
                    self.progress.done(&because(&why));
                }
            }
            Event::Warning(text) => self.progress.done(&format!("warning: {text}")),
        }
    }

    /// What unfinished steps printed is shown: one of them has failed.
    pub fn end(&self) {
        for mut step in std::mem::take(&mut *self.steps()).into_values() {
            step.clear();
            let rest = step.lines.rest();
            step.keep(rest);
            self.progress.done(&format!(" {}", step.heading));
            step.output.iter().for_each(|line| self.progress.done(&format!("   | {line}")));
        }
    }

    fn steps(&self) -> MutexGuard<'_, BTreeMap<StepId, Step>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step {
    fn keep(&mut self, lines: Vec<Vec<u8>>) {
        self.output.extend(lines.iter().map(|line| without_control(&String::from_utf8_lossy(line))));
        let surplus = self.output.len().saturating_sub(KEPT);
        self.output.drain(..surplus);
        if let (Some(bar), Some(last)) = (&self.bar, self.output.last()) {
            bar.set_message(format!("{}  {last}", self.heading));
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

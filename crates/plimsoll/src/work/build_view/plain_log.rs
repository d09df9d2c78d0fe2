//! Numbered lines for logs: every line says whose it is, none says how long it took, so two logs of
//! the same build differ only where the builds did.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_build::{Event, StepId};

use super::super::build_screen::{Lines, because, without_control};
use crate::terminal;

/// A log of steps, numbered in the order they begin.
pub struct PlainLog {
    show_why: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    count: usize,
    running: BTreeMap<StepId, (usize, Lines)>,
}

impl PlainLog {
    /// An empty log; with `show_why` every step built anew says its reason.
    pub fn new(show_why: bool) -> Self {
        PlainLog { show_why, state: Mutex::default() }
    }

    /// Log an event.
    pub fn show(&self, event: Event) {
        let mut state = self.state();
        match event {
            Event::StepStarted { step, stage, of, text, line } => {
                state.count += 1;
                let count = state.count;
                line_of(count, &format!("[{stage} {}/{of}] {text}  (line {line})", step.number));
                state.running.insert(step, (count, Lines::default()));
            }
            Event::Output { step, bytes } => {
                if let Some((count, lines)) = state.running.get_mut(&step) {
                    lines.push(&bytes).iter().for_each(|line| output(*count, line));
                }
            }
            Event::StepDone { step, why, .. } => {
                if let Some((count, mut lines)) = state.running.remove(&step) {
                    lines.rest().iter().for_each(|line| output(count, line));
                    line_of(count, if why.is_none() { "cached" } else { "done" });
                    if let Some(why) = why.filter(|_| self.show_why) {
                        line_of(count, because(&why).trim_start());
                    }
                }
            }
            Event::Warning(text) => terminal::eprint(&format!("warning: {text}\n")),
        }
    }

    /// What is unfinished never will be.
    pub fn end(&self) {
        for (count, mut lines) in std::mem::take(&mut self.state().running).into_values() {
            lines.rest().iter().for_each(|line| output(count, line));
            line_of(count, "not finished");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn output(count: usize, line: &[u8]) {
    line_of(count, &format!("| {}", without_control(&String::from_utf8_lossy(line))));
}

fn line_of(count: usize, text: &str) {
    terminal::eprint(&format!("#{count} {text}\n"));
}

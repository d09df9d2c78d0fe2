//! The terminal: colours by the usual conventions, width, progress on stderr.

use std::io::{IsTerminal as _, Write as _};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The widest line plimsoll prints.
pub const MAX_WIDTH: usize = 100;

/// Width for wrapping: `COLUMNS` if set, else 100; kept within 60 to 100.
pub fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    columns.unwrap_or(MAX_WIDTH).clamp(60, MAX_WIDTH)
}

/// Whether stdout may carry colours (anstream's rules: `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`, pipe).
pub fn stdout_has_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Whether stderr may carry colours.
pub fn stderr_has_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// Write a result to stdout. A closed pipe (`| head`) ends the program quietly, as every filter does.
pub fn print(text: &str) {
    let mut out = anstream::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Write a message to stderr.
pub fn eprint(text: &str) {
    // Nobody is left to be told when stderr is gone.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// A text that a container has chosen: it must not reach the terminal's own ears, nor make up lines.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// How often a living line moves.
const TICK: std::time::Duration = std::time::Duration::from_millis(100);

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template(" {spinner} {wide_msg} {elapsed}");
    bar.set_style(style.expect("the template is constant"));
    bar
}

/// Progress of a long verb: a living line on a terminal, nothing until a step ends elsewhere.
pub struct Progress {
    bar: Option<ProgressBar>,
    region: MultiProgress,
    quiet: bool,
}

impl Progress {
    /// Progress on stderr; `quiet` shows nothing at all.
    pub fn new(quiet: bool) -> Self {
        let alive = !quiet && std::io::stderr().is_terminal();
        let region = MultiProgress::new();
        let bar = alive.then(|| region.add(spinner()));
        Progress { bar, region, quiet }
    }

    /// Progress as it is without a terminal, wherever standard error leads.
    pub fn without_life() -> Self {
        Progress { bar: None, region: MultiProgress::new(), quiet: false }
    }

    /// Whether there is a living line.
    pub fn is_alive(&self) -> bool {
        self.bar.is_some()
    }

    /// One more living line, of something that goes on beside other things.
    pub fn running(&self, what: &str) -> Option<ProgressBar> {
        self.bar.as_ref()?;
        let line = self.region.add(spinner());
        line.set_message(what.to_string());
        line.enable_steady_tick(TICK);
        Some(line)
    }

    /// What is being done now. Seen on a terminal only.
    pub fn doing(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_string());
            bar.enable_steady_tick(TICK);
        }
    }

    /// A step is done: a line that stays.
    pub fn done(&self, line: &str) {
        match &self.bar {
            Some(_) => self.region.suspend(|| eprint(&format!("{line}\n"))),
            None if !self.quiet => eprint(&format!("{line}\n")),
            None => {}
        }
    }

    /// A step is done whose line the result shows again: told only where no living line was seen.
    pub fn step(&self, line: &str) {
        if self.bar.is_none() {
            self.done(line);
        }
    }

    /// Remove the living line.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_does_not_steer_the_terminal() {
        assert_eq!(printable("sh -c \u{1b}[2J\u{9b}x\ny"), "sh -c ?[2J?x?y");
    }
}

//! A build with its progress on the terminal.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use plimsoll_build::{BuildError, Built, Event, Request};
use plimsoll_model::{Platform, Reference};

use super::base_images::{self, Fetch};
use super::project::Project;
use crate::command_error::{CommandError, ErrorKind};
use crate::render::contract::shorten;
use crate::session::Session;
use crate::terminal::{self, Progress};

/// What a build is asked for, with docker's names.
#[derive(Args, Clone, Default)]
pub struct BuildFlags {
    /// Name of the image.
    #[arg(short, long, value_name = "NAME[:TAG]")]
    pub tag: Vec<Reference>,
    /// The Dockerfile; DIR/Dockerfile if not given.
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Build this stage instead of the last one.
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,
    /// Value of an ARG; without a value it is taken from this environment.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub build_arg: Vec<String>,
    /// Run every step although its result is known.
    #[arg(long)]
    pub no_cache: bool,
    /// Ask the registry for base images although the store has them.
    #[arg(long)]
    pub pull: bool,
}

/// Build and name an image.
pub fn build(
    session: &Session,
    project: &Project,
    flags: &BuildFlags,
    progress: &Progress,
    show_output: bool,
) -> Result<Built, CommandError> {
    let build_args = build_args(&flags.build_arg)?;
    let (epoch, created) = epoch(&build_args)?;
    let fetch = if flags.pull { Fetch::Always } else { Fetch::Missing };
    let find_base = |reference: &Reference, platform: &Platform| {
        base_images::find(&session.store, reference, platform, fetch, progress)
    };
    let screen = Screen { progress, show_output, step: RefCell::default(), partial: RefCell::default() };
    let events = |event: Event| screen.show(event);
    let request = Request {
        source: project.dockerfile.clone(),
        context: &project.context,
        ignore: (&project.ignore, project.ignore_name.clone()),
        target: flags.target.clone(),
        build_args,
        no_cache: flags.no_cache,
        epoch,
        created,
        platform: Platform::host(),
        store: &session.store,
        host: &session.host,
        find_base: &find_base,
        events: &events,
    };
    let _hold = session.store.hold().map_err(CommandError::failure)?;
    let built = plimsoll_build::build(&request);
    screen.end_line();
    let built = built.map_err(failed)?;
    if flags.tag.is_empty() {
        session.store.keep(&built.image.manifest_digest).map_err(CommandError::failure)?;
    }
    for tag in &flags.tag {
        session.store.tag(&built.image.manifest_digest, tag).map_err(CommandError::failure)?;
    }
    Ok(built)
}

/// `3 steps (2 cached)`.
pub fn steps(built: &Built) -> String {
    let plural = if built.steps == 1 { "" } else { "s" };
    let cached = if built.cached == 0 { String::new() } else { format!(" ({} cached)", built.cached) };
    format!("{} step{plural}{cached}", built.steps)
}

/// A build error as the end of a verb.
pub fn failed(error: BuildError) -> CommandError {
    let kind = match &error {
        BuildError::Dockerfile(_) => ErrorKind::Parse,
        BuildError::Target(_) => ErrorKind::Usage,
        _ => ErrorKind::Build,
    };
    let diagnostics = error.diagnostics();
    if diagnostics.is_empty() {
        return CommandError::new(kind, error);
    }
    CommandError::with_diagnostics(kind, diagnostics)
}

/// `NAME=VALUE`, or `NAME` with the value of the environment; one that is not set there is left out.
pub fn build_args(words: &[String]) -> Result<BTreeMap<String, String>, CommandError> {
    let mut args = BTreeMap::new();
    for word in words {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (word.as_str(), std::env::var(word).ok()),
        };
        if name.is_empty() {
            return Err(CommandError::usage(format!("--build-arg '{word}' names no ARG")));
        }
        args.extend(value.map(|value| (name.to_string(), value)));
    }
    Ok(args)
}

/// SOURCE_DATE_EPOCH, as a build argument or in the environment, else 0: the same tree gives the
/// same digest, whenever and wherever.
fn epoch(build_args: &BTreeMap<String, String>) -> Result<(u64, String), CommandError> {
    const NAME: &str = "SOURCE_DATE_EPOCH";
    let given = build_args.get(NAME).cloned().or_else(|| std::env::var(NAME).ok());
    let seconds = match given {
        None => 0,
        Some(text) => text.trim().parse::<u64>().map_err(|_| {
            CommandError::usage(format!("{NAME} is '{text}': seconds since 1970 were expected"))
        })?,
    };
    let time = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let time = time.ok_or_else(|| CommandError::usage(format!("{NAME} {seconds} is out of range")))?;
    Ok((seconds, time.to_string()))
}

/// What of a build people see: on a terminal the current step, in full only what fails.
struct Screen<'a> {
    progress: &'a Progress,
    show_output: bool,
    step: RefCell<String>,
    /// What a RUN printed after its last line break.
    partial: RefCell<Vec<u8>>,
}

/// Room for a step's text beside its time.
const STEP_WIDTH: usize = terminal::MAX_WIDTH - 12;

impl Screen<'_> {
    fn show(&self, event: Event) {
        match event {
            Event::StepStarted { stage, number, of, text, .. } => {
                let step = shorten(&format!("[{stage} {number}/{of}] {text}"), STEP_WIDTH);
                self.progress.doing(&step);
                *self.step.borrow_mut() = step;
            }
            Event::StepDone { cached, took, .. } => {
                self.end_line();
                if self.show_output {
                    self.progress
                        .done(format!(" {}  {}", self.step.borrow(), end_of_step(cached, took)).trim_end());
                }
            }
            Event::Output { bytes } => {
                self.partial.borrow_mut().extend_from_slice(&bytes);
                self.show_lines();
            }
            Event::Warning(text) => self.progress.done(&format!("warning: {text}")),
        }
    }

    /// A RUN's output, line by line; one that does not end is shown in pieces.
    fn show_lines(&self) {
        loop {
            let mut partial = self.partial.borrow_mut();
            let end = match partial.iter().position(|byte| *byte == b'\n') {
                Some(at) => at + 1,
                None if partial.len() > LONGEST_LINE => partial.len(),
                None => return,
            };
            let line: Vec<u8> = partial.drain(..end).collect();
            drop(partial);
            if self.show_output {
                self.progress.done(&format!("   | {}", without_control(&String::from_utf8_lossy(&line))));
            }
        }
    }

    fn end_line(&self) {
        if !self.partial.borrow().is_empty() {
            self.partial.borrow_mut().push(b'\n');
            self.show_lines();
        }
    }
}

/// Bytes of output that are held back for the end of their line.
const LONGEST_LINE: usize = 8 << 10;

/// Times below 0.01 s say nothing.
fn end_of_step(cached: bool, took: Duration) -> String {
    match took.as_secs_f64() {
        _ if cached => "cached".to_string(),
        seconds if seconds >= 0.01 => format!("{seconds:.2} s"),
        _ => String::new(),
    }
}

/// What a RUN prints must not steer the terminal.
fn without_control(line: &str) -> String {
    let line = anstream::adapter::strip_str(line).to_string();
    let printable: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
    printable.chars().take(terminal::MAX_WIDTH * 2).collect()
}

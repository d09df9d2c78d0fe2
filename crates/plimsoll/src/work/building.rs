//! A build with its progress on the terminal.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use plimsoll_build::{BuildError, Built, CachePolicy, Event, NamedContexts, Request, Runnable};
use plimsoll_model::{Platform, Reference};
use plimsoll_runtime::binfmt;

use super::base_images::{self, Fetch};
use super::build_run_flags::BuildRunFlags;
use super::build_screen::BuildScreen;
use super::build_view::BuildView;
use super::cache_transfer::{self, CacheFlags};
use super::epoch::{self, BuildTime};
use super::project::Project;
use super::reproducing;
use crate::command_error::{CommandError, ErrorKind};
use crate::registry_access;
use crate::session::Session;
use crate::terminal::Progress;

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
    /// Run every step of these stages although its result is known.
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub no_cache_filter: Vec<String>,
    #[command(flatten)]
    pub cache: CacheFlags,
    /// Say of every step built anew why its result was not known.
    #[arg(long)]
    pub why: bool,
    /// Build twice and name the first file that differs.
    #[arg(long)]
    pub check_reproducible: bool,
    /// Ask the registry for base images although the store has them.
    #[arg(long)]
    pub pull: bool,
    #[command(flatten)]
    pub run: Box<BuildRunFlags>,
}

/// For what a Dockerfile is built.
pub struct Target<'a> {
    /// The platform.
    pub platform: Platform,
    /// What a RUN may start.
    pub runnable: &'a Runnable,
    /// Labels to add.
    pub labels: BTreeMap<String, String>,
    /// What FROM and `--from` find by a name of their own.
    pub contexts: &'a NamedContexts,
    /// Values of ARGs.
    pub build_args: &'a BTreeMap<String, String>,
    /// How old it is.
    pub time: &'a BuildTime,
    /// Other platforms are built too: steps say theirs.
    pub several: bool,
}

/// Build an image for this machine and name it.
pub fn build(
    session: &Session,
    project: &Project,
    flags: &BuildFlags,
    progress: &Progress,
    show_output: bool,
) -> Result<Built, CommandError> {
    let runnable = Runnable { own: Platform::host(), emulated: binfmt::architectures() };
    let build_args = build_args(&flags.build_arg)?;
    let time = epoch::Asked::ask(&build_args, &project.directory).answer()?;
    let view = BuildView::Lines(BuildScreen::new(progress, show_output, flags.why));
    let _hold = session.store.hold().map_err(CommandError::failure)?;
    cache_transfer::take_over(session, &flags.cache, progress);
    let target = Target {
        platform: Platform::host(),
        runnable: &runnable,
        labels: BTreeMap::new(),
        contexts: &flags.run.contexts(session)?,
        build_args: &build_args,
        time: &time,
        several: false,
    };
    let built = build_for(session, project, flags, &target, progress, &view)?;
    cache_transfer::hand_on(session, &flags.cache, &[&built], progress)?;
    if flags.tag.is_empty() {
        session.store.keep(&built.image.manifest_digest).map_err(CommandError::failure)?;
    }
    for tag in &flags.tag {
        session.store.tag(&built.image.manifest_digest, tag).map_err(CommandError::failure)?;
    }
    Ok(built)
}

/// Build an image. The caller holds the store until it has given the image a name.
pub fn build_for(
    session: &Session,
    project: &Project,
    flags: &BuildFlags,
    target: &Target<'_>,
    progress: &Progress,
    view: &BuildView<'_>,
) -> Result<Built, CommandError> {
    let settings = flags.run.settings()?;
    let fetch = if flags.pull { Fetch::Always } else { Fetch::Missing };
    let find_base = |reference: &Reference, platform: &Platform| {
        base_images::find(&session.store, reference, platform, fetch, progress)
    };
    let events = |event: Event| view.show(target.says(event));
    let request = Request {
        source: project.dockerfile.clone(),
        context: &project.context,
        ignore: (&project.ignore, project.ignore_name.clone()),
        contexts: target.contexts,
        run: &settings,
        target: flags.target.clone(),
        build_args: target.build_args.clone(),
        cache: CachePolicy { nothing: flags.no_cache, not_these_stages: flags.no_cache_filter.clone() },
        epoch: target.time.epoch,
        created: target.time.created.clone(),
        platform: target.platform.clone(),
        runnable: target.runnable,
        labels: target.labels.clone(),
        store: &session.store,
        host: &session.host,
        find_base: &find_base,
        outside: &|| registry_access::reach().map_err(|error| error.to_string()),
        events: &events,
    };
    project.context.recall(&session.store);
    let built = plimsoll_build::build(&request);
    view.end();
    let built = built.map_err(failed)?;
    if flags.check_reproducible {
        let cache = CachePolicy { nothing: true, ..CachePolicy::default() };
        reproducing::check(&session.store, &built, &Request { cache, events: &|_| (), ..request })?;
    }
    Ok(built)
}

impl Target<'_> {
    /// An event as people see it: of several platforms a stage is one of its platform.
    fn says(&self, event: Event) -> Event {
        match event {
            Event::StepStarted { step, stage, of, text, line } if self.several => {
                let stage = format!("{} {stage}", self.platform);
                Event::StepStarted { step, stage, of, text, line }
            }
            event => event,
        }
    }
}

/// `3 steps (2 cached)`.
pub fn steps<'a>(builts: impl IntoIterator<Item = &'a Built>) -> String {
    let sum = |(steps, cached), built: &Built| (steps + built.steps, cached + built.cached);
    let (steps, cached) = builts.into_iter().fold((0, 0), sum);
    let plural = if steps == 1 { "" } else { "s" };
    let cached = if cached == 0 { String::new() } else { format!(" ({cached} cached)") };
    format!("{steps} step{plural}{cached}")
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

//! Carry a build plan out: stage after stage, step after step, the step cache first.

use std::collections::BTreeMap;

use plimsoll_contract::stage::{Platforms, Scope, StageState};
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_dockerfile::stages::resolve_target;
use plimsoll_dockerfile::syntax::{Dockerfile, Instruction};
use plimsoll_image::layer::CommittedLayer;
use plimsoll_image::{Context, Image, Store};
use plimsoll_model::{Diagnostic, Digest, Platform, Reference, Severity, Source, Span};
use plimsoll_runtime::host::HostFacts;

use crate::error::BuildError;
use crate::event::Event;
use crate::plan::{self, Base, BuildPlan, PlannedStage};
use crate::provenance::Provenance;
use crate::stage::StageBuild;

/// Finds or fetches a base image; the error is one sentence.
pub type FindBase<'a> = dyn Fn(&Reference, &Platform) -> Result<Image, String> + 'a;

/// Everything a build depends on.
pub struct Request<'a> {
    /// The Dockerfile.
    pub source: Source,
    /// The build context.
    pub context: &'a Context,
    /// Its ignore file, with the name messages use.
    pub ignore: (&'a Ignore, String),
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg` values.
    pub build_args: BTreeMap<String, String>,
    /// Run every step although the cache has its result.
    pub no_cache: bool,
    /// No time in the image is later than this (seconds since 1970).
    pub epoch: u64,
    /// The same as RFC 3339, for `created`.
    pub created: String,
    /// The platform built for.
    pub platform: Platform,
    /// Where images go.
    pub store: &'a Store,
    /// What this machine allows.
    pub host: &'a HostFacts,
    /// Finds or fetches base images.
    pub find_base: &'a FindBase<'a>,
    /// Told what happens.
    pub events: &'a dyn Fn(Event),
}

/// A built image.
#[derive(Debug)]
pub struct Built {
    /// The image; it has no name yet.
    pub image: Image,
    /// Number of steps.
    pub steps: usize,
    /// How many of them came from the cache or needed no work.
    pub cached: usize,
    /// Which line made what.
    pub provenance: Provenance,
}

/// A stage that is done.
pub(crate) struct DoneStage {
    pub(crate) state: StageState,
    pub(crate) layers: Vec<CommittedLayer>,
    pub(crate) places: Vec<Option<Span>>,
    pub(crate) on_build: Vec<plimsoll_dockerfile::syntax::Statement>,
}

/// A build at work.
pub(crate) struct Build<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) dockerfile: &'a Dockerfile,
    pub(crate) scope: Scope,
    pub(crate) done: BTreeMap<usize, DoneStage>,
    /// What each begun stage is built for.
    pub(crate) platforms: BTreeMap<usize, Platform>,
    pub(crate) step: usize,
    pub(crate) steps: usize,
    pub(crate) cached: usize,
    /// A step has really been carried out.
    pub(crate) worked: bool,
}

/// Decide what is built, without building it: the stages in order, the target, the scope of ARGs.
pub fn plan_request(
    dockerfile: &Dockerfile,
    target: Option<&str>,
    platform: &Platform,
    build_args: BTreeMap<String, String>,
) -> Result<(BuildPlan, usize, Scope), BuildError> {
    let target = resolve_target(dockerfile, target).map_err(|found| match target {
        Some(_) => BuildError::Target(Box::new(found)),
        None => BuildError::Dockerfile(vec![found]),
    })?;
    let name = dockerfile.stages[target].from.name.as_ref().map_or("", |name| name.text.as_str());
    let platforms = Platforms { build: Platform::host(), target: platform.clone() };
    let scope = Scope::new(dockerfile, name, platforms, build_args).map_err(BuildError::Dockerfile)?;
    let plan = plan::plan(dockerfile, target, &scope).map_err(BuildError::Dockerfile)?;
    Ok((plan, target, scope))
}

/// Build an image. The caller holds the store ([`Store::hold`]) until it has given the image a name.
pub fn build(request: &Request<'_>) -> Result<Built, BuildError> {
    let parsed = plimsoll_dockerfile::parse(request.source.clone());
    refuse_errors(parsed.diagnostics)?;
    let dockerfile = &parsed.dockerfile;
    let (plan, target, scope) =
        plan_request(dockerfile, request.target.as_deref(), &request.platform, request.build_args.clone())?;
    let steps = plan.step_count();
    for name in unused_args(dockerfile, &scope, &request.build_args) {
        (request.events)(Event::Warning(format!(
            "no ARG of {} is called '{name}': --build-arg {name} is without effect",
            request.source.name()
        )));
    }
    let mut build = Build {
        request,
        dockerfile,
        scope,
        done: BTreeMap::new(),
        platforms: BTreeMap::new(),
        step: 0,
        steps,
        cached: 0,
        worked: false,
    };
    for stage in &plan.stages {
        let done = build.build_stage(stage)?;
        build.done.insert(stage.index, done);
    }
    build.finish(target)
}

/// `--build-arg` names that nothing asks for. The ONBUILD triggers of a base image are not looked at:
/// what they ask for may be told here although it is used.
fn unused_args<'a>(
    dockerfile: &Dockerfile,
    scope: &Scope,
    given: &'a BTreeMap<String, String>,
) -> Vec<&'a str> {
    let asks = |instruction: &Instruction, name: &str| match instruction {
        Instruction::Arg(pairs) => pairs.iter().any(|pair| pair.name.text == name),
        _ => false,
    };
    let statements = || dockerfile.stages.iter().flat_map(|stage| &stage.statements);
    let asked = |name: &str| {
        statements().any(|statement| match &statement.instruction {
            Instruction::Onbuild { trigger, .. } => asks(&trigger.instruction, name),
            instruction => asks(instruction, name),
        })
    };
    let proxies = scope.proxy_env();
    let known = |name: &str| {
        // Switches of BuildKit and the clock of reproducible builds need no ARG.
        let switch = name.starts_with("BUILDKIT_") || name == "SOURCE_DATE_EPOCH";
        switch
            || scope.global(name).is_some()
            || proxies.iter().any(|(proxy, _)| proxy == name)
            || asked(name)
    };
    given.keys().map(String::as_str).filter(|name| !known(name)).collect()
}

fn refuse_errors(diagnostics: Vec<Diagnostic>) -> Result<(), BuildError> {
    let errors: Vec<Diagnostic> =
        diagnostics.into_iter().filter(|found| found.severity == Severity::Error).collect();
    if errors.is_empty() { Ok(()) } else { Err(BuildError::Dockerfile(errors)) }
}

impl Build<'_> {
    fn build_stage(&mut self, stage: &PlannedStage) -> Result<DoneStage, BuildError> {
        let escape = self.scope.escape();
        let platform = match (&stage.platform, &stage.base) {
            (Some(asked), _) => asked.clone(),
            (None, Base::Stage(earlier)) => self.platforms[earlier].clone(),
            (None, _) => self.request.platform.clone(),
        };
        self.platforms.insert(stage.index, platform.clone());
        let (state, layers, places) = match &stage.base {
            Base::Scratch => (StageState::from_scratch(&platform, escape), Vec::new(), Vec::new()),
            Base::Image(reference) => {
                let span = self.dockerfile.stages[stage.index].from.image.span;
                let image = self.base_image(reference, &platform, span)?;
                let because = plimsoll_model::Because::BaseImage { reference: reference.clone() };
                let layers = image.committed_layers();
                let places = vec![None; image.config.history.len()];
                (StageState::from_image(image.config, because, escape), layers, places)
            }
            Base::Stage(earlier) => {
                let parent = &self.done[earlier];
                let on_build = parent.on_build.clone();
                let state = StageState::from_stage(&parent.state, &self.dockerfile.source, on_build);
                (state, parent.layers.clone(), parent.places.clone())
            }
        };
        StageBuild::new(self, stage.index, &stage.name, state, layers, places).run()
    }

    /// An image named by FROM or `--from`.
    pub(crate) fn base_image(
        &self,
        reference: &Reference,
        platform: &Platform,
        span: Span,
    ) -> Result<Image, BuildError> {
        (self.request.find_base)(reference, platform).map_err(|message| BuildError::Base {
            message,
            source_text: self.dockerfile.source.clone(),
            span,
        })
    }

    fn finish(mut self, target: usize) -> Result<Built, BuildError> {
        let done = self.done.remove(&target).expect("the target is the last stage of its plan");
        let request = self.request;
        let mut config = done.state.config;
        config.platform = self.platforms.remove(&target);
        config.created = Some(request.created.clone());
        let digest: Digest = request.store.create_image(config, &done.layers)?;
        let image = request.store.image(&digest)?;
        let provenance = Provenance {
            dockerfile: self.dockerfile.source.clone(),
            target,
            build_args: request.build_args.clone(),
            places: done.places,
        };
        // FROM alone gives the base image again: how that was made is worth more.
        let adds_nothing = provenance.places.iter().all(Option::is_none);
        if !(adds_nothing && Provenance::load(request.store, &digest).is_some()) {
            provenance.save(request.store, &digest)?;
        }
        Ok(Built { image, steps: self.steps, cached: self.cached, provenance })
    }
}

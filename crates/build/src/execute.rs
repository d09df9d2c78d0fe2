//! Carry a build plan out: stages beside each other, steps after each other, the step cache first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use plimsoll_contract::stage::{Platforms, Scope, StageState};
use plimsoll_dockerfile::stages::resolve_target;
use plimsoll_dockerfile::syntax::{Dockerfile, Instruction, Statement};
use plimsoll_image::Image;
use plimsoll_image::layer::{CommittedLayer, LayeredTree};
use plimsoll_model::{Because, Diagnostic, Digest, Platform, Reference, Severity, Source, Span};

use crate::cache_mounts::CacheName;
use crate::cancel::Cancel;
use crate::error::BuildError;
use crate::event::Event;
use crate::foreign::{Runnable, refuse_runs};
use crate::frontend;
use crate::named_context::{self, NamedContexts};
use crate::plan::{self, Base, BuildPlan, PlannedStage};
use crate::provenance::Provenance;
use crate::request::Request;
use crate::schedule;
use crate::stage::{Begin, StageBuild};
use crate::why::Memory;

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
    /// The step cache's keys of this build.
    pub keys: Keys,
    /// The images that FROM and `--from` named, sorted.
    pub images: Vec<UsedImage>,
}

/// The step cache's keys of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Of the steps whose layers are in the image.
    pub image: Vec<Digest>,
    /// Of all stages.
    pub all: Vec<Digest>,
    /// The cache mounts of all stages.
    pub mounts: Vec<CacheName>,
}

/// An image that a build used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsedImage {
    /// As it was named.
    pub reference: Reference,
    /// For which platform it was asked.
    pub platform: Platform,
    /// Digest of the manifest it was.
    pub manifest: Digest,
}

/// A stage that is done.
pub(crate) struct DoneStage {
    pub(crate) state: StageState,
    pub(crate) layers: Vec<CommittedLayer>,
    /// The keys of its steps and of those below it.
    pub(crate) keys: Vec<Digest>,
    pub(crate) places: Vec<Option<Span>>,
    pub(crate) on_build: Vec<Statement>,
    pub(crate) platform: Platform,
    pub(crate) steps: usize,
    pub(crate) cached: usize,
    /// A step of it, or of a stage below it, has really been carried out.
    pub(crate) worked: bool,
}

/// A stage, done or not.
#[derive(Default)]
struct StageSlot {
    /// Held while it is built.
    building: Mutex<()>,
    done: OnceLock<DoneStage>,
}

/// An image asked for by this build; the second stage that asks waits for the first.
type KnownImage = Arc<Mutex<Option<Image>>>;

/// A build at work.
pub(crate) struct Build<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) dockerfile: &'a Dockerfile,
    pub(crate) scope: Scope,
    pub(crate) cancel: Cancel,
    pub(crate) memory: Memory,
    /// By index in the Dockerfile.
    stages: Vec<StageSlot>,
    images: Mutex<BTreeMap<(String, String), KnownImage>>,
    used: Mutex<Vec<UsedImage>>,
    mounts: Mutex<BTreeSet<CacheName>>,
}

/// Find out without building whether a Dockerfile can be built for a platform: what it says, the
/// target, and RUNs that this machine cannot run.
pub fn check(
    source: &Source,
    target: Option<&str>,
    platform: &Platform,
    build_args: BTreeMap<String, String>,
    contexts: &NamedContexts,
    runnable: &Runnable,
) -> Result<(), BuildError> {
    let parsed = parse(source)?;
    let (plan, ..) = plan_request(&parsed, target, platform, build_args, contexts)?;
    refuse_runs(&parsed, &plan, platform, runnable)
}

/// The Dockerfile, if it is one that can be built.
fn parse(source: &Source) -> Result<Dockerfile, BuildError> {
    let parsed = plimsoll_dockerfile::parse(source.clone());
    let foreign = frontend::refuse_foreign(&parsed.dockerfile);
    refuse_errors(foreign.into_iter().chain(parsed.diagnostics).collect())?;
    Ok(parsed.dockerfile)
}

/// Decide what is built, without building it: the stages in order, the target, the scope of ARGs.
pub fn plan_request(
    dockerfile: &Dockerfile,
    target: Option<&str>,
    platform: &Platform,
    build_args: BTreeMap<String, String>,
    contexts: &NamedContexts,
) -> Result<(BuildPlan, usize, Scope), BuildError> {
    let target = resolve_target(dockerfile, target).map_err(|found| match target {
        Some(_) => BuildError::Target(Box::new(found)),
        None => BuildError::Dockerfile(vec![found]),
    })?;
    let name = dockerfile.stages[target].from.name.as_ref().map_or("", |name| name.text.as_str());
    let platforms = Platforms { build: Platform::host(), target: platform.clone() };
    let scope = Scope::new(dockerfile, name, platforms, build_args).map_err(BuildError::Dockerfile)?;
    let plan = plan::plan(dockerfile, target, &scope, contexts).map_err(BuildError::Dockerfile)?;
    Ok((plan, target, scope))
}

/// Build an image. The caller holds the store ([`plimsoll_image::Store::hold`]) until it has given
/// the image a name.
pub fn build(request: &Request<'_>) -> Result<Built, BuildError> {
    let dockerfile = &parse(&request.source)?;
    let (plan, target, scope) = plan_request(
        dockerfile,
        request.target.as_deref(),
        &request.platform,
        request.build_args.clone(),
        request.contexts,
    )?;
    refuse_runs(dockerfile, &plan, &request.platform, request.runnable)?;
    for name in unused_args(dockerfile, &scope, &request.build_args) {
        (request.events)(Event::Warning(format!(
            "no ARG of {} is called '{name}': --build-arg {name} is without effect",
            request.source.name()
        )));
    }
    let build = Build {
        request,
        dockerfile,
        scope,
        cancel: Cancel::default(),
        memory: Memory::recall(request.store, &request.identity()),
        stages: dockerfile.stages.iter().map(|_| StageSlot::default()).collect(),
        images: Mutex::default(),
        used: Mutex::default(),
        mounts: Mutex::default(),
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let result = schedule::run(
        &plan.needs(),
        workers,
        |position| build.stage(plan.stages[position].index).map(drop),
        || build.cancel.give_up(),
    );
    // Also of a build that failed: the next one is compared with what was tried last.
    let Build { memory, .. } = &build;
    memory.keep(request.store)?;
    result?;
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
    /// A stage, built now if it is not yet: that of a trigger of a base image no plan knows of. A stage
    /// only waits for earlier ones, so no two wait for each other.
    pub(crate) fn stage(&self, index: usize) -> Result<&DoneStage, BuildError> {
        let slot = &self.stages[index];
        if let Some(done) = slot.done.get() {
            return Ok(done);
        }
        let contexts = self.request.contexts;
        let stage = plan::planned(self.dockerfile, index, &self.scope, contexts);
        let stage = stage.map_err(BuildError::Dockerfile)?;
        for need in &stage.needs {
            self.stage(*need)?;
        }
        let _building = slot.building.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.done.get().is_none() {
            let done = StageBuild::new(self, &stage, self.begin(&stage)?).run()?;
            let _ = slot.done.set(done);
        }
        Ok(slot.done.get().expect("it has just been set"))
    }

    /// A stage if it is done already.
    pub(crate) fn done(&self, index: usize) -> Option<&DoneStage> {
        self.stages[index].done.get()
    }

    fn begin(&self, stage: &PlannedStage) -> Result<Begin, BuildError> {
        let escape = self.scope.escape();
        let platform = match (&stage.platform, &stage.base) {
            (Some(asked), _) => asked.clone(),
            (None, Base::Stage(earlier)) => self.stage(*earlier)?.platform.clone(),
            (None, _) => self.request.platform.clone(),
        };
        Ok(match &stage.base {
            Base::Scratch => Begin::new(StageState::from_scratch(&platform, escape), platform),
            Base::Image(reference) => {
                let span = self.dockerfile.stages[stage.index].from.image.span;
                let image = self.image(reference, &platform, span)?;
                let because = Because::BaseImage { reference: reference.clone() };
                Begin::from_image(image, because, format!("the base image {reference}"), escape, platform)
            }
            Base::Context(name) => named_context::begin(self, name, escape, platform)?,
            Base::Stage(earlier) => {
                let parent = self.stage(*earlier)?;
                let on_build = parent.on_build.clone();
                let state = StageState::from_stage(&parent.state, &self.dockerfile.source, on_build);
                let name = plan::stage_name(&self.dockerfile.stages[*earlier], *earlier);
                Begin {
                    layers: parent.layers.clone(),
                    keys: parent.keys.clone(),
                    places: parent.places.clone(),
                    worked: parent.worked,
                    base: format!("the stage {name}"),
                    ..Begin::new(state, platform)
                }
            }
        })
    }

    /// An image named by FROM or `--from`.
    pub(crate) fn image(
        &self,
        reference: &Reference,
        platform: &Platform,
        span: Span,
    ) -> Result<Image, BuildError> {
        let key = (reference.canonical(), platform.to_string());
        let known = {
            let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
            images.entry(key).or_default().clone()
        };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = &*known {
            return Ok(image.clone());
        }
        let found = (self.request.find_base)(reference, platform);
        let image = found.map_err(|message| BuildError::Base {
            message,
            source_text: self.dockerfile.source.clone(),
            span,
        })?;
        self.used.lock().unwrap_or_else(PoisonError::into_inner).push(UsedImage {
            reference: reference.clone(),
            platform: platform.clone(),
            manifest: image.manifest_digest,
        });
        Ok(known.insert(image).clone())
    }

    /// A step of this build uses a cache mount, whether it is carried out or not.
    pub(crate) fn note_mount(&self, name: CacheName) {
        self.mounts.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
    }

    /// Layers merged, unpacked where they are not yet.
    pub(crate) fn merged(&self, layers: &[CommittedLayer]) -> Result<LayeredTree, BuildError> {
        let store = self.request.store;
        for layer in layers {
            store.unpack(&layer.descriptor, &layer.diff_id)?;
        }
        let diff_ids: Vec<Digest> = layers.iter().map(|layer| layer.diff_id).collect();
        Ok(LayeredTree::open(store, &diff_ids)?)
    }

    fn finish(mut self, target: usize) -> Result<Built, BuildError> {
        let stages = self.stages.iter().filter_map(|slot| slot.done.get());
        let (steps, cached) =
            stages.fold((0, 0), |(steps, cached), stage| (steps + stage.steps, cached + stage.cached));
        let all: BTreeSet<Digest> = self
            .stages
            .iter()
            .filter_map(|slot| slot.done.get())
            .flat_map(|done| done.keys.iter().copied())
            .collect();
        let done = self.stages[target].done.take().expect("the target is the last stage of its plan");
        let request = self.request;
        let mut config = done.state.config;
        config.platform = Some(done.platform);
        config.created = Some(request.created.clone());
        add_labels(&mut config.labels, &request.labels);
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
        let mounts = self.mounts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let keys =
            Keys { image: done.keys, all: all.into_iter().collect(), mounts: mounts.into_iter().collect() };
        let mut images = self.used.into_inner().unwrap_or_else(PoisonError::into_inner);
        images.sort();
        Ok(Built { image, steps, cached, provenance, keys, images })
    }
}

/// Labels of the command line beside those of the Dockerfile, sorted as a configuration has them.
fn add_labels(labels: &mut Vec<(String, String)>, given: &BTreeMap<String, String>) {
    labels.retain(|(key, _)| !given.contains_key(key));
    labels.extend(given.iter().map(|(key, value)| (key.clone(), value.clone())));
    labels.sort();
}

//! One stage: its instructions one after the other on top of its base.

use std::sync::OnceLock;
use std::time::Instant;

use plimsoll_contract::stage::{Applied, HISTORY_COMMENT, StageState, Work};
use plimsoll_dockerfile::syntax::{Instruction, Statement};
use plimsoll_image::Image;
use plimsoll_image::layer::{CommittedLayer, LayeredTree};
use plimsoll_model::user::UserSpec;
use plimsoll_model::{Because, Digest, HistoryEntry, Platform, ProcessUser, Span};

use crate::error::BuildError;
use crate::event::{Event, StepId};
use crate::execute::{Build, DoneStage};
use crate::key::KeyHasher;
use crate::place::Place;
use crate::plan::PlannedStage;
use crate::step_cache::{self, StepResult};
use crate::why;

mod copy_step;
mod origin;
mod run_step;
mod sources;
mod workdir_step;

/// What a stage begins with.
pub(crate) struct Begin {
    pub(crate) state: StageState,
    pub(crate) layers: Vec<CommittedLayer>,
    pub(crate) places: Vec<Option<Span>>,
    pub(crate) platform: Platform,
    /// A step below has really been carried out.
    pub(crate) worked: bool,
    /// What that is, for people: `the base image debian:12`.
    pub(crate) base: String,
    /// The keys of the steps below.
    pub(crate) keys: Vec<Digest>,
}

impl Begin {
    /// With nothing below.
    pub(crate) fn new(state: StageState, platform: Platform) -> Self {
        let (layers, places, keys) = (Vec::new(), Vec::new(), Vec::new());
        Begin { state, layers, places, platform, worked: false, base: "scratch".to_string(), keys }
    }

    /// With an image below.
    pub(crate) fn from_image(
        image: Image,
        because: Because,
        base: String,
        escape: char,
        platform: Platform,
    ) -> Self {
        let layers = image.committed_layers();
        let places = vec![None; image.config.history.len()];
        let state = StageState::from_image(image.config, because, escape);
        Begin { layers, places, base, ..Begin::new(state, platform) }
    }
}

/// A stage at work.
pub(crate) struct StageBuild<'a, 'b> {
    build: &'a Build<'b>,
    index: usize,
    /// Its instructions are not carried out.
    replaced: bool,
    name: &'a str,
    state: StageState,
    base: String,
    /// How many layers the base has.
    base_layers: usize,
    layers: Vec<CommittedLayer>,
    /// The keys of the steps so far, those of the base included.
    keys: Vec<Digest>,
    /// The layers as one tree, once somebody asks.
    tree: OnceLock<LayeredTree>,
    places: Vec<Option<Span>>,
    on_build: Vec<Statement>,
    platform: Platform,
    /// Nothing of this stage may come from the cache (`--no-cache`).
    fresh: bool,
    worked: bool,
    step: usize,
    of: usize,
    cached: usize,
}

/// What a step gave.
struct Done {
    result: StepResult,
    /// Under what it is known.
    key: Option<Digest>,
    /// Why it was not known already; `None`: nothing had to be done.
    why: Option<String>,
}

type Outcome = Result<Done, BuildError>;

impl<'a, 'b> StageBuild<'a, 'b> {
    pub(crate) fn new(build: &'a Build<'b>, stage: &'a PlannedStage, begin: Begin) -> Self {
        let Begin { state, layers, places, platform, worked, base, keys } = begin;
        StageBuild {
            build,
            index: stage.index,
            replaced: stage.replaced,
            name: &stage.name,
            state,
            base,
            base_layers: layers.len(),
            layers,
            keys,
            tree: OnceLock::new(),
            places,
            on_build: Vec::new(),
            platform,
            fresh: build.request.cache.is_fresh(stage.index, &stage.name),
            worked,
            step: 0,
            of: 0,
            cached: 0,
        }
    }

    pub(crate) fn run(mut self) -> Result<DoneStage, BuildError> {
        if self.replaced {
            return Ok(self.done());
        }
        let triggers = self.state.take_triggers().map_err(BuildError::Dockerfile)?;
        let dockerfile = self.build.dockerfile;
        let statements = &dockerfile.stages[self.index].statements;
        self.of = triggers.len() + statements.len();
        for (source, statement) in &triggers {
            self.step(&Place { source, statement })?;
        }
        for statement in statements {
            self.step(&Place { source: &dockerfile.source, statement })?;
        }
        Ok(self.done())
    }

    fn done(self) -> DoneStage {
        DoneStage {
            state: self.state,
            layers: self.layers,
            keys: self.keys,
            places: self.places,
            on_build: self.on_build,
            platform: self.platform,
            steps: self.step,
            cached: self.cached,
            worked: self.worked,
        }
    }

    fn step(&mut self, place: &Place<'_>) -> Result<(), BuildError> {
        if self.build.cancel.is_given_up() {
            return Err(BuildError::GivenUp);
        }
        let started = Instant::now();
        self.step += 1;
        self.tell(Event::StepStarted {
            step: self.id(),
            stage: self.name.to_string(),
            of: self.of,
            text: place.text(),
            line: place.line(),
        });
        let scope = &self.build.scope;
        let applied =
            self.state.apply(place.source, place.statement, scope).map_err(BuildError::Dockerfile)?;
        if let Instruction::Onbuild { trigger, .. } = &place.statement.instruction {
            self.on_build.push((**trigger).clone());
        }
        let Done { result, key, why } = self.work(place, &applied)?;
        self.cached += usize::from(why.is_none());
        self.worked |= why.is_some();
        self.keys.extend(key);
        self.remember(place, applied, result);
        self.tell(Event::StepDone { step: self.id(), why, took: started.elapsed() });
        Ok(())
    }

    fn id(&self) -> StepId {
        StepId { stage: self.index, number: self.step }
    }

    fn tell(&self, event: Event) {
        (self.build.request.events)(event);
    }

    /// Do what an instruction asks of the files.
    fn work(&self, place: &Place<'_>, applied: &Applied) -> Outcome {
        match &applied.work {
            // As well known as what stands before it.
            Work::Nothing => {
                let why = self.worked.then(|| "a step before it was built anew".to_string());
                Ok(Done { result: None, key: None, why })
            }
            Work::MakeDirectory(path) => self.make_directory(place, path),
            Work::Copy(work) => self.copy(place, work),
            Work::Run(work) => self.run_process(place, work),
        }
    }

    fn remember(&mut self, place: &Place<'_>, applied: Applied, result: StepResult) {
        let Some(created_by) = applied.created_by else { return };
        let from_dockerfile = *place.source == self.build.dockerfile.source;
        self.places.push(from_dockerfile.then_some(place.statement.span));
        self.state.config.history.push(HistoryEntry {
            created: Some(self.build.request.created.clone()),
            created_by: Some(created_by),
            comment: Some(HISTORY_COMMENT.to_string()),
            author: None,
            empty_layer: result.is_none(),
        });
        if let Some(layer) = result {
            self.layers.push(layer);
            self.tree = OnceLock::new();
        }
    }

    /// What every step depends on: the files below it, and the time nothing may be later than.
    fn below(&self, key: &mut KeyHasher) {
        let ids: Vec<String> = self.diff_ids().iter().map(ToString::to_string).collect();
        let (base, before) = ids.split_at(self.base_layers.min(ids.len()));
        key.texts(&self.base, "", base.iter().map(String::as_str));
        key.texts("what the steps before it gave", "", before.iter().map(String::as_str));
        self.epoch(key);
    }

    fn epoch(&self, key: &mut KeyHasher) {
        let epoch = self.build.request.epoch.to_string();
        key.texts("SOURCE_DATE_EPOCH", "", [epoch.as_str()]);
    }

    fn diff_ids(&self) -> Vec<Digest> {
        self.layers.iter().map(|layer| layer.diff_id).collect()
    }

    /// The files so far.
    fn tree(&self) -> Result<&LayeredTree, BuildError> {
        if let Some(tree) = self.tree.get() {
            return Ok(tree);
        }
        let tree = self.build.merged(&self.layers)?;
        Ok(self.tree.get_or_init(|| tree))
    }

    /// The known result of a step that depends on this, or the result of doing it now, which is recorded.
    fn known_or(
        &self,
        place: &Place<'_>,
        key: KeyHasher,
        make: impl FnOnce() -> Result<StepResult, BuildError>,
    ) -> Outcome {
        let store = self.build.request.store;
        let (key, facts) = key.finish();
        self.build.memory.note(self.id(), &place.text(), key);
        if !self.fresh
            && let Some(result) = step_cache::look_up(store, &key)
        {
            return Ok(Done { result, key: Some(key), why: None });
        }
        let why = match self.fresh {
            true => "the cache was not asked".to_string(),
            false => self.build.memory.reason(store, self.id(), &place.text(), &key, &facts),
        };
        why::record(store, &key, facts)?;
        let result = make()?;
        step_cache::record(store, &key, &result)?;
        Ok(Done { result, key: Some(key), why: Some(why) })
    }

    /// The configuration's user, decided with the image's account files.
    fn user(&self, place: &Place<'_>) -> Result<ProcessUser, BuildError> {
        let written = self.state.config.user.as_str();
        let written = if written.is_empty() { "0" } else { written };
        let spec = UserSpec::parse(written).map_err(|error| place.refuse(error))?;
        spec.resolve(self.tree()?).map_err(|error| place.refuse(error))
    }
}

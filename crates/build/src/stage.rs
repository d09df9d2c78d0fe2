//! One stage: its instructions one after the other on top of its base.

use std::time::Instant;

use plimsoll_contract::stage::{Applied, CopyWork, HISTORY_COMMENT, RunWork, StageState, Work};
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_dockerfile::stages::find_stage;
use plimsoll_dockerfile::syntax::{Instruction, Statement};
use plimsoll_image::layer::{CommittedLayer, LayerBuilder, LayeredTree, Meta, Owner};
use plimsoll_image::{Error as ImageError, SourceTree};
use plimsoll_model::user::{UserError, UserSpec, Who, nearest};
use plimsoll_model::{Diagnostic, Digest, HistoryEntry, ProcessUser, Severity, Source, Span};

use crate::copy::{CopyError, CopyJob, ModeChange};
use crate::error::BuildError;
use crate::event::Event;
use crate::execute::{Build, DoneStage};
use crate::key::KeyHasher;
use crate::plan::first_line;
use crate::run;
use crate::step_cache::{self, StepResult};

/// A stage at work.
pub(crate) struct StageBuild<'a, 'b> {
    build: &'a mut Build<'b>,
    index: usize,
    name: &'a str,
    state: StageState,
    layers: Vec<CommittedLayer>,
    places: Vec<Option<Span>>,
    on_build: Vec<Statement>,
    /// Nothing of this stage may come from the cache any more (`--no-cache`).
    fresh: bool,
}

/// An instruction with the text it stands in: the Dockerfile, or a trigger of the base image.
struct Place<'a> {
    source: &'a Source,
    statement: &'a Statement,
}

impl<'a, 'b> StageBuild<'a, 'b> {
    pub(crate) fn new(
        build: &'a mut Build<'b>,
        index: usize,
        name: &'a str,
        state: StageState,
        layers: Vec<CommittedLayer>,
        places: Vec<Option<Span>>,
    ) -> Self {
        let fresh = build.request.no_cache;
        StageBuild { build, index, name, state, layers, places, on_build: Vec::new(), fresh }
    }

    pub(crate) fn run(mut self) -> Result<DoneStage, BuildError> {
        let triggers = self.state.take_triggers().map_err(BuildError::Dockerfile)?;
        for (source, statement) in &triggers {
            self.step(&Place { source, statement })?;
        }
        let dockerfile = self.build.dockerfile;
        for statement in &dockerfile.stages[self.index].statements {
            self.step(&Place { source: &dockerfile.source, statement })?;
        }
        Ok(DoneStage { state: self.state, layers: self.layers, places: self.places, on_build: self.on_build })
    }

    fn step(&mut self, place: &Place<'_>) -> Result<(), BuildError> {
        let started = Instant::now();
        self.build.step += 1;
        let number = self.build.step;
        (self.build.request.events)(Event::StepStarted {
            stage: self.name.to_string(),
            number,
            of: self.build.steps,
            text: place.text(),
            line: place.source.line(place.statement.span.start),
        });
        let scope = &self.build.scope;
        let applied =
            self.state.apply(place.source, place.statement, scope).map_err(BuildError::Dockerfile)?;
        if let Instruction::Onbuild { trigger, .. } = &place.statement.instruction {
            self.on_build.push((**trigger).clone());
        }
        let (result, cached) = self.work(place, &applied)?;
        self.build.cached += usize::from(cached);
        self.build.worked |= !cached;
        self.remember(place, applied, result);
        (self.build.request.events)(Event::StepDone { number, cached, took: started.elapsed() });
        Ok(())
    }

    /// Do what an instruction asks of the files. The flag says that nothing had to be done.
    fn work(&mut self, place: &Place<'_>, applied: &Applied) -> Result<(StepResult, bool), BuildError> {
        match &applied.work {
            // As well known as what stands before it.
            Work::Nothing => Ok((None, !self.build.worked)),
            Work::MakeDirectory(path) => self.make_directory(place, path),
            Work::Copy(work) => self.copy(place, work),
            Work::Run(work) => self.run_step(place, work),
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
        self.layers.extend(result);
    }

    fn key(&self, kind: &str) -> KeyHasher {
        let mut hasher = KeyHasher::new(kind, self.diff_ids());
        hasher.number(self.build.request.epoch);
        hasher
    }

    fn diff_ids(&self) -> Vec<Digest> {
        self.layers.iter().map(|layer| layer.diff_id).collect()
    }

    fn tree(&self) -> Result<LayeredTree, BuildError> {
        for layer in &self.layers {
            self.build.request.store.unpack(&layer.descriptor, &layer.diff_id)?;
        }
        Ok(LayeredTree::open(self.build.request.store, &self.diff_ids())?)
    }

    /// The cached result of a key, or the result of doing it now, which is recorded.
    fn cached_or(
        &self,
        key: Digest,
        make: impl FnOnce() -> Result<StepResult, BuildError>,
    ) -> Result<(StepResult, bool), BuildError> {
        let store = self.build.request.store;
        if !self.fresh
            && let Some(result) = step_cache::look_up(store, &key)
        {
            return Ok((result, true));
        }
        let result = make()?;
        step_cache::record(store, &key, &result)?;
        Ok((result, false))
    }

    /// WORKDIR: the directory belongs to the configuration's user.
    fn make_directory(&self, place: &Place<'_>, path: &str) -> Result<(StepResult, bool), BuildError> {
        let mut key = self.key("workdir");
        key.list([path, self.state.config.user.as_str()]);
        self.cached_or(key.finish(), || {
            let tree = self.tree()?;
            let user = self.user(place, &tree)?;
            let owner = Owner { uid: user.uid, gid: user.gid };
            let mut builder = LayerBuilder::new(self.build.request.store, &tree, self.build.request.epoch)?;
            builder
                .make_directory(path.as_bytes(), Meta { mode: 0o755, owner, mtime: None })
                .map_err(|error| place.copy_failed(CopyError::Image(error)))?;
            Ok(builder.finish()?)
        })
    }

    /// The configuration's user, decided with the image's account files.
    fn user(&self, place: &Place<'_>, tree: &LayeredTree) -> Result<ProcessUser, BuildError> {
        let written = self.state.config.user.as_str();
        let written = if written.is_empty() { "0" } else { written };
        UserSpec::parse(written).and_then(|spec| spec.resolve(tree)).map_err(|error| place.refuse(error))
    }

    fn run_step(&mut self, place: &Place<'_>, work: &RunWork) -> Result<(StepResult, bool), BuildError> {
        let Instruction::Run { flags, .. } = &place.statement.instruction else {
            unreachable!("only RUN asks for a process");
        };
        let options = run::RunOptions::read(flags).map_err(|(span, message)| {
            let found = Diagnostic::new("PL024", "unsupported-run-flag", Severity::Error, message);
            BuildError::Refused(Box::new(found.at(place.source, span, "")))
        })?;
        let mut key = self.key("run");
        key.list(work.argv.iter().map(String::as_str));
        key.list(work.env.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
        key.list([self.state.workdir(), self.state.config.user.as_str()]);
        key.list(work.script.iter().flat_map(|script| [script.path.as_str(), script.body.as_str()]));
        key.list(options.key_parts());
        self.cached_or(key.finish(), || {
            let tree = self.tree()?;
            let user = self.user(place, &tree)?;
            let job = run::RunJob {
                work,
                options: &options,
                user,
                workdir: self.state.workdir(),
                layers: &self.layers,
                tree: &tree,
                proxies: self.build.scope.proxy_env(),
            };
            run::execute(&job, self.build.request)
                .map_err(|error| error.at(place.source, place.statement.span))
        })
    }

    fn copy(&mut self, place: &Place<'_>, work: &CopyWork) -> Result<(StepResult, bool), BuildError> {
        if let Some(address) = work.sources.iter().find(|source| work.is_add && is_address(source)) {
            return Err(place.refuse(format!(
                "ADD cannot fetch '{address}' yet: download it in a RUN, or put it into the context"
            )));
        }
        let from_tree = self.copy_source(place, work)?;
        let request = self.build.request;
        let (tree, origin, ignore): (&dyn SourceTree, String, _) = match &from_tree {
            Some((tree, origin)) => (tree, origin.clone(), None),
            None => {
                let (ignore, name) = &request.ignore;
                (request.context, "the build context".to_string(), Some((*ignore, name.clone())))
            }
        };
        let mode =
            work.chmod.as_deref().map(ModeChange::parse).transpose().map_err(|error| place.refuse(error))?;
        let owner = work.chown.as_deref().map(|text| self.owner(place, text)).transpose()?;
        let exclude = Ignore::from_patterns(work.exclude.iter().map(String::as_str))
            .map_err(|why| place.refuse(format!("--exclude: {why}")))?;
        let workdir = self.state.workdir().to_string();
        let job = CopyJob { work, tree, origin, ignore, exclude, owner, mode, workdir };
        let (selected, unmatched) = job.select().map_err(|error| place.copy_failed(error))?;
        for pattern in unmatched {
            let line = place.source.line(place.statement.span.start);
            let text = format!(
                "{}:{line}: nothing matches '{pattern}', so nothing is copied for it",
                place.source.name()
            );
            (request.events)(Event::Warning(text));
        }
        let mut key = self.key("copy");
        job.hash(&selected, &mut key).map_err(|error| place.copy_failed(error))?;
        self.cached_or(key.finish(), || {
            let lower = self.tree()?;
            job.execute(&selected, request.store, &lower, request.epoch)
                .map_err(|error| place.copy_failed(error))
        })
    }

    /// The tree of `--from`: an earlier stage, or an image.
    fn copy_source(
        &self,
        place: &Place<'_>,
        work: &CopyWork,
    ) -> Result<Option<(LayeredTree, String)>, BuildError> {
        let Some(from) = &work.from else { return Ok(None) };
        let store = self.build.request.store;
        if let Some(stage) = find_stage(self.build.dockerfile, from, self.index) {
            let layers = &self.build.done[&stage].layers;
            for layer in layers {
                store.unpack(&layer.descriptor, &layer.diff_id)?;
            }
            let diff_ids: Vec<Digest> = layers.iter().map(|layer| layer.diff_id).collect();
            return Ok(Some((LayeredTree::open(store, &diff_ids)?, format!("stage '{from}'"))));
        }
        let reference =
            from.parse().map_err(|error: plimsoll_model::reference::BadReference| place.refuse(error))?;
        let platform = &self.build.platforms[&self.index];
        let image = self.build.base_image(&reference, platform, place.statement.span);
        let image = image.map_err(|error| self.not_a_stage(from, error))?;
        store.unpack_image(&image)?;
        Ok(Some((LayeredTree::of_image(store, &image)?, format!("image '{from}'"))))
    }

    /// An image that cannot be had may be a stage whose name is mistyped.
    fn not_a_stage(&self, from: &str, error: BuildError) -> BuildError {
        let stages = &self.build.dockerfile.stages[..self.index];
        let names = stages.iter().filter_map(|stage| stage.from.name.as_ref()).map(|name| &name.text);
        match (error, nearest(from, names)) {
            (BuildError::Base { message, source_text, span }, Some(near)) => {
                let message =
                    format!("there is no stage '{from}'; did you mean '{near}'? As an image: {message}");
                BuildError::Base { message, source_text, span }
            }
            (error, _) => error,
        }
    }

    /// `--chown`: names are looked up in the image; a number alone means the group as well.
    fn owner(&self, place: &Place<'_>, text: &str) -> Result<Owner, BuildError> {
        let spec = UserSpec::parse(text).map_err(|error| place.refuse(error))?;
        if let (Who::Id(uid), None) = (&spec.user, &spec.group) {
            return Ok(Owner { uid: *uid, gid: *uid });
        }
        if let (Who::Id(uid), Some(Who::Id(gid))) = (&spec.user, &spec.group) {
            return Ok(Owner { uid: *uid, gid: *gid });
        }
        let user = spec.resolve(&self.tree()?).map_err(|error: UserError| place.refuse(error))?;
        Ok(Owner { uid: user.uid, gid: user.gid })
    }
}

impl Place<'_> {
    fn text(&self) -> String {
        first_line(self.source.slice(self.statement.span))
    }

    fn refuse(&self, message: impl std::fmt::Display) -> BuildError {
        let found = Diagnostic::new("PL025", "cannot-be-built", Severity::Error, message.to_string());
        BuildError::Refused(Box::new(found.at(self.source, self.statement.span, "")))
    }

    fn copy_failed(&self, error: CopyError) -> BuildError {
        match error {
            // Files of the context, the image or an archive that do not go together; all else is the store's.
            CopyError::Image(
                error @ (ImageError::Path { .. }
                | ImageError::HostileEntry { .. }
                | ImageError::Refused { .. }
                | ImageError::BrokenStream { .. }),
            ) => self.refuse(error),
            CopyError::Image(error) => BuildError::Store(error),
            error => self.refuse(error),
        }
    }
}

fn is_address(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    ["http://", "https://", "git://", "git@"].iter().any(|scheme| lower.starts_with(scheme))
}

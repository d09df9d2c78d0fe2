//! The second part of BuildKit's way: FROM lines, sources, bases, and every stage in order.

use std::borrow::Cow;
use std::collections::BTreeMap;

use plimsoll_contract::Question;
use plimsoll_contract::stage::{Scope, StageState};
use plimsoll_dockerfile::expand;
use plimsoll_dockerfile::syntax::{Instruction, Stage, Statement};
use plimsoll_model::{Because, ImageConfig, Platform, Reference, Source, Span};

use super::from_line::{Expansion, FromLine, read_image, read_platform};
use super::sources::{SourceName, sources};
use super::step::{Step, words};
use super::undefined::undefined;
use super::walk::{Foreign, Walk};

impl<'a> Walk<'a> {
    /// Phases 4 to 6; `None` is the first error.
    pub(super) fn evaluate(&mut self, question: &Question<'_>) -> Option<()> {
        let dockerfile = self.dockerfile;
        let target = dockerfile.stages.last()?.from.name.as_ref();
        let target = question.target.unwrap_or(target.map_or("", |name| &name.text));
        let scope = |given| Scope::new(dockerfile, target, question.platforms.clone(), given).ok();
        if let Some(defaults) = scope(BTreeMap::new()) {
            let bases =
                dockerfile.stages.iter().map(|stage| Expansion::of(&stage.from.image, &defaults).text);
            self.default_bases = bases.map_while(|base| base).collect();
        }
        let scope = scope(question.build_args.clone())?;
        self.scope = Some(scope.clone());
        let platforms = self.expand_from_lines(&scope)?;
        self.look_up_sources(&scope)?;
        let bases = self.resolve_bases(question, &platforms)?;
        let mut ends: Vec<End> = Vec::new();
        for (index, base) in bases.into_iter().enumerate() {
            let end = self.evaluate_stage(index, base, &ends, &scope)?;
            ends.push(end);
        }
        Some(())
    }

    /// The platform each FROM asks for.
    fn expand_from_lines(&mut self, scope: &Scope) -> Option<Vec<Option<Platform>>> {
        let mut platforms = Vec::new();
        for (index, stage) in self.dockerfile.stages.iter().enumerate() {
            let image = Expansion::of(&stage.from.image, scope);
            let named = image.text.as_ref().is_some_and(|name| !name.is_empty());
            let platform = stage.from.platform.as_ref().filter(|_| named);
            let platform = platform.map(|text| Expansion::of(text, scope));
            let read = platform.as_ref().map(|platform| platform.text.as_deref().and_then(read_platform));
            self.from_lines.push(FromLine { stage: index, image, platform });
            if !named || read == Some(None) {
                return None;
            }
            platforms.push(read.flatten());
        }
        Some(platforms)
    }

    /// The earlier stage that a FROM means: names are in lower case there, and numbers are images.
    fn parent(&self, index: usize) -> Option<usize> {
        let base = self.from_lines.get(index)?.image.text.as_ref()?;
        self.dockerfile.stages[..index]
            .iter()
            .rposition(|stage| name_of(stage).is_some_and(|name| name == *base))
    }

    /// Every `--from` must be written out and mean another stage or an image that can be one.
    fn look_up_sources(&self, scope: &Scope) -> Option<()> {
        for (index, stage) in self.dockerfile.stages.iter().enumerate() {
            for from in stage.statements.iter().flat_map(sources) {
                let expanded = expand::expand(&from.name, scope.escape(), &|_| None).ok();
                let fixed = expanded.as_ref() == Some(&from.name);
                match self.source_stage(&from) {
                    Some(stage) if stage == index => return None,
                    None if from.is_number() => return None,
                    None if read_image(&from.name).is_none() => return None,
                    _ if !fixed && from.of_copy => return None,
                    _ => {}
                }
            }
        }
        Some(())
    }

    /// The stage that a `--from` means, before or behind.
    fn source_stage(&self, from: &SourceName) -> Option<usize> {
        let stages = &self.dockerfile.stages;
        if from.is_number() {
            return from.name.parse().ok().filter(|index| *index < stages.len());
        }
        let wanted = from.name.to_lowercase();
        stages.iter().rposition(|stage| name_of(stage).is_some_and(|name| name == wanted))
    }

    /// What each stage begins with.
    fn resolve_bases(
        &mut self,
        question: &Question<'_>,
        platforms: &[Option<Platform>],
    ) -> Option<Vec<Beginning>> {
        let names: Vec<String> =
            self.from_lines.iter().map(|line| line.image.text.clone()).collect::<Option<_>>()?;
        let mut bases = Vec::new();
        for (stage, name) in names.iter().enumerate() {
            let target = &question.platforms.target;
            if let Some(parent) = self.parent(stage) {
                bases.push(Beginning::Stage(parent));
                continue;
            }
            if name == "scratch" {
                bases.push(Beginning::Scratch(target.clone()));
                continue;
            }
            let reference = read_image(name)?;
            let platform = platforms[stage].clone().unwrap_or(target.clone());
            let config = (question.base)(&reference).map(|base| Box::new(base.config));
            let found = config.as_ref().and_then(|config| config.platform.clone());
            if let Some(found) = found
                && (&found.os, &found.architecture) != (&platform.os, &platform.architecture)
            {
                let (image, wanted) = (reference.clone(), platform.clone());
                self.foreign.push(Foreign { stage, image, wanted, found });
            }
            bases.push(Beginning::Image { reference, config, platform });
        }
        Some(bases)
    }

    fn evaluate_stage(&mut self, index: usize, base: Beginning, ends: &[End], scope: &Scope) -> Option<End> {
        let dockerfile = self.dockerfile;
        let stage = &dockerfile.stages[index];
        let mut here = self.begin(base, ends, scope)?;
        for (source, trigger) in here.state.take_triggers().ok()? {
            let statement = Cow::Owned(trigger);
            self.step(&mut here, scope, Met { stage: index, source, statement, from: Some(stage.span) })?;
        }
        for statement in &stage.statements {
            let (source, statement) = (self.source().clone(), Cow::Borrowed(statement));
            self.step(&mut here, scope, Met { stage: index, source, statement, from: None })?;
        }
        Some(here)
    }

    fn begin(&self, base: Beginning, ends: &[End], scope: &Scope) -> Option<End> {
        let escape = scope.escape();
        Some(match base {
            Beginning::Stage(parent) => {
                let end = ends.get(parent)?;
                let triggers = self.dockerfile.stages[parent].statements.iter();
                let triggers = triggers.filter_map(|statement| match &statement.instruction {
                    Instruction::Onbuild { trigger, .. } => Some((**trigger).clone()),
                    _ => None,
                });
                let state = StageState::from_stage(&end.state, self.source(), triggers.collect());
                End { state, os: end.os.clone(), ..*end }
            }
            Beginning::Scratch(platform) => {
                let state = StageState::from_scratch(&platform, escape);
                End { state, base_known: true, workdir_set: false, os: platform.os }
            }
            Beginning::Image { reference, config, platform } => {
                let base_known = config.is_some();
                let because = Because::BaseImage { reference };
                let state = StageState::from_image(*config.unwrap_or_default(), because, escape);
                End { state, base_known, workdir_set: false, os: platform.os }
            }
        })
    }

    fn step(&mut self, here: &mut End, scope: &Scope, met: Met<'a>) -> Option<()> {
        let Met { stage, source, statement, from } = met;
        let instruction = &statement.instruction;
        let mut sources = sources(&statement).into_iter();
        let too_early = sources.any(|from| self.source_stage(&from).is_some_and(|at| at >= stage));
        let undefined = undefined(&here.state, instruction, scope);
        let known = match undefined.is_empty() {
            true => Vec::new(),
            false => here.state.run_env().iter().map(|(name, _)| name.clone()).collect(),
        };
        let words = words(&here.state, &source, instruction, scope);
        let shell_set = !here.state.config.shell.is_empty();
        let applied = match too_early {
            true => None,
            false => here.state.apply(&source, &statement, scope).ok(),
        };
        let is_workdir = matches!(instruction, Instruction::Workdir(_));
        let went_on = applied.is_some();
        self.steps.push(Step {
            stage,
            place: from.unwrap_or(statement.span),
            is_trigger: from.is_some(),
            statement,
            undefined,
            known,
            base_known: here.base_known,
            shell_set,
            workdir_set: here.workdir_set,
            os: here.os.clone(),
            words,
            applied,
        });
        here.workdir_set |= is_workdir;
        went_on.then_some(())
    }
}

/// An instruction that is met.
struct Met<'a> {
    /// The index of its stage.
    stage: usize,
    source: Source,
    statement: Cow<'a, Statement>,
    /// The FROM that brought it, if it is a trigger of the base.
    from: Option<Span>,
}

/// What a stage begins with.
enum Beginning {
    Stage(usize),
    Scratch(Platform),
    Image { reference: Reference, config: Option<Box<ImageConfig>>, platform: Platform },
}

/// A stage so far.
struct End {
    state: StageState,
    base_known: bool,
    workdir_set: bool,
    os: String,
}

fn name_of(stage: &Stage) -> Option<String> {
    stage.from.name.as_ref().map(|name| name.text.to_lowercase())
}

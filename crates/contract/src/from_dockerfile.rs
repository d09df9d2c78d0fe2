//! The contract predicted from a Dockerfile: stages evaluated as the build would, nothing run.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use plimsoll_dockerfile::stages;
use plimsoll_dockerfile::syntax::{Dockerfile, Instruction, Stage, Statement};
use plimsoll_model::{
    Because, Diagnostic, FileTree, ImageConfig, Platform, Reasoned, Reference, Severity, Source, Span,
};

use crate::contract::Contract;
use crate::origin::{self, Context};
use crate::reasons;
use crate::shell_kind;
use crate::stage::{Applied, Platforms, Scope, StageState, Work};

/// What is asked: which stage, with which arguments, and where to learn about the world.
pub struct Question<'a> {
    /// `--target`.
    pub target: Option<&'a str>,
    /// `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// For and on which platform.
    pub platforms: Platforms,
    /// A base image, if it is at hand.
    pub base: &'a dyn Fn(&Reference) -> Option<BaseImage<'a>>,
    /// Files of the build context.
    pub context: Context<'a>,
}

impl<'a> Question<'a> {
    /// What the last stage gives on and for one platform, without arguments.
    pub fn new(
        platform: Platform,
        base: &'a dyn Fn(&Reference) -> Option<BaseImage<'a>>,
        context: Context<'a>,
    ) -> Self {
        let platforms = Platforms { build: platform.clone(), target: platform };
        Question { target: None, build_args: BTreeMap::new(), platforms, base, context }
    }
}

/// A base image at hand.
#[derive(Clone)]
pub struct BaseImage<'a> {
    /// Its configuration.
    pub config: ImageConfig,
    /// Its files, if they are unpacked.
    pub tree: Option<Rc<dyn FileTree + 'a>>,
}

/// What a stage begins with.
#[derive(Clone)]
pub enum Base<'a> {
    /// Nothing.
    Scratch,
    /// An earlier stage of the file.
    Stage(usize),
    /// An image.
    Image {
        /// As named after expansion.
        reference: Reference,
        /// The image is not at hand: its configuration and files are unknown.
        known: bool,
        /// Its files.
        tree: Option<Rc<dyn FileTree + 'a>>,
    },
    /// A text that is no image reference.
    Nonsense,
}

/// A stage, evaluated.
pub struct EvaluatedStage<'a> {
    /// What it begins with.
    pub base: Base<'a>,
    /// Its instructions in order, ONBUILD triggers first.
    pub steps: Vec<Step>,
    /// The state after the last one.
    pub state: StageState,
}

/// One instruction, applied.
#[derive(Debug, Clone)]
pub struct Step {
    /// The text it stands in.
    pub source: Source,
    /// Its place there.
    pub span: Span,
    /// What it did.
    pub applied: Applied,
    /// The working directory before it.
    pub workdir: String,
    /// The stage that a `--from` of a COPY names.
    pub from_stage: Option<usize>,
}

/// The predicted contract and all that led to it.
pub struct Prediction<'a> {
    /// The promise.
    pub contract: Contract,
    /// The image configuration the build would store.
    pub config: ImageConfig,
    /// What is wrong with the values in the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The stage that becomes the image.
    pub target: usize,
    /// Evaluated stages by their index; `None` for those the target does not need.
    pub stages: Vec<Option<EvaluatedStage<'a>>>,
    /// An inherited CMD that the target stage's ENTRYPOINT empties.
    pub lost_cmd: Option<Reasoned<Vec<String>>>,
    /// Why `contract.shell` is what it is.
    pub shell_because: Because,
}

impl<'a> Prediction<'a> {
    /// The target and the stages it is built on, the target first.
    pub fn chain(&self) -> Vec<usize> {
        let mut chain = vec![self.target];
        while let Some(Base::Stage(parent)) = self.stage(chain[chain.len() - 1]).map(|stage| &stage.base) {
            chain.push(*parent);
        }
        chain
    }

    /// An evaluated stage.
    pub fn stage(&self, index: usize) -> Option<&EvaluatedStage<'a>> {
        self.stages.get(index)?.as_ref()
    }

    /// What the chain of the target begins with.
    pub fn root(&self) -> Option<&Base<'a>> {
        let last = *self.chain().last()?;
        self.stage(last).map(|stage| &stage.base)
    }

    /// Whether everything inherited is known: the base is `scratch` or an image at hand.
    pub fn base_known(&self) -> bool {
        matches!(self.root(), Some(Base::Scratch | Base::Image { known: true, .. }))
    }

    /// Put what the finished image really has in place of what was predicted of its files: the
    /// shell and the entrypoint script. A script that came out as predicted keeps its place in the
    /// project.
    pub fn confirm(&mut self, tree: &dyn FileTree) {
        self.contract.shell = shell_kind::identify(tree, "/bin/sh");
        self.shell_because = Because::Derived("from the image's files".to_string());
        let real = origin::script_in_tree(&self.contract, tree);
        let text = |script: &Option<crate::contract::EntryScript>| {
            script.as_ref().map(|script| (script.word.clone(), script.source.text().to_string()))
        };
        if text(&real) != text(&self.contract.script) {
            self.contract.script = real;
        }
    }

    /// The files of the base image, if they are at hand.
    pub fn base_tree(&self) -> Option<&(dyn FileTree + 'a)> {
        match self.root()? {
            Base::Image { tree, .. } => tree.as_deref(),
            _ => None,
        }
    }
}

/// Predict the contract of the image that `dockerfile` builds.
///
/// Errors are those that leave nothing to predict: no stage, an unknown target, a global ARG that
/// cannot be expanded. Everything else is in [`Prediction::diagnostics`].
pub fn from_dockerfile<'a>(
    dockerfile: &Dockerfile,
    question: &Question<'a>,
) -> Result<Prediction<'a>, Vec<Diagnostic>> {
    let target = stages::resolve_target(dockerfile, question.target).map_err(|found| vec![found])?;
    let Some(stage) = dockerfile.stages.get(target) else {
        let empty = "the Dockerfile has no FROM: there is nothing to build";
        return Err(vec![Diagnostic::new("PL030", "bad-value", Severity::Error, empty).at(
            &dockerfile.source,
            Span::new(0, 0),
            "",
        )]);
    };
    let name = stage.from.name.as_ref().map_or("", |name| name.text.as_str());
    let name = question.target.unwrap_or(name);
    let scope = Scope::new(dockerfile, name, question.platforms.clone(), question.build_args.clone())?;
    let mut evaluation = Evaluation { dockerfile, question, scope, diagnostics: Vec::new() };
    let stages = evaluation.evaluate(target);
    Ok(predict(target, stages, evaluation.diagnostics, question.context))
}

fn predict<'a>(
    target: usize,
    stages: Vec<Option<EvaluatedStage<'a>>>,
    diagnostics: Vec<Diagnostic>,
    context: Context<'a>,
) -> Prediction<'a> {
    let state = match stages.get(target) {
        Some(Some(stage)) => stage.state.clone(),
        _ => StageState::from_image(ImageConfig::default(), Because::Assumed("not evaluated".into()), '\\'),
    };
    let unknown = crate::contract::ShellKind::Unknown;
    let mut prediction = Prediction {
        contract: reasons::contract(&state.config, &state.reasons, unknown, None),
        config: state.config.clone(),
        diagnostics,
        target,
        stages,
        lost_cmd: state.lost_cmd.clone(),
        shell_because: Because::Assumed("the image's files are not at hand".to_string()),
    };
    let (shell, because) = shell_kind::predicted(&prediction, context);
    prediction.contract.shell = shell;
    prediction.shell_because = because;
    prediction.contract.script = origin::entry_script(&prediction, context);
    prediction
}

struct Evaluation<'q, 'a> {
    dockerfile: &'q Dockerfile,
    question: &'q Question<'a>,
    scope: Scope,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Evaluation<'_, 'a> {
    /// The target and every stage it needs, by FROM or `--from`. Stages only refer to earlier ones.
    fn evaluate(&mut self, target: usize) -> Vec<Option<EvaluatedStage<'a>>> {
        let mut needed = BTreeSet::from([target]);
        for index in (0..=target).rev() {
            if needed.contains(&index) {
                needed.extend(self.needs(index));
            }
        }
        let mut stages: Vec<Option<EvaluatedStage<'a>>> = Vec::new();
        for index in 0..=target {
            let stage = needed.contains(&index).then(|| self.stage(index, &stages));
            stages.push(stage);
        }
        stages
    }

    fn needs(&self, index: usize) -> Vec<usize> {
        let stage = &self.dockerfile.stages[index];
        let copied = stage.statements.iter().flat_map(from_names);
        let copied = copied.filter_map(|name| stages::find_stage(self.dockerfile, &name, index));
        copied.chain(self.parent(stage, index)).collect()
    }

    fn parent(&self, stage: &Stage, index: usize) -> Option<usize> {
        let name = self.scope.expand(&stage.from.image).ok()?;
        // FROM takes names only: `FROM 0` is an image called 0.
        let number = name.bytes().all(|byte| byte.is_ascii_digit());
        (!number).then(|| stages::find_stage(self.dockerfile, &name, index)).flatten()
    }

    fn stage(&mut self, index: usize, earlier: &[Option<EvaluatedStage<'a>>]) -> EvaluatedStage<'a> {
        let stage = &self.dockerfile.stages[index];
        let parent = self.parent(stage, index);
        let (base, mut state) = match parent.and_then(|at| Some((at, earlier.get(at)?.as_ref()?))) {
            Some((at, parent)) => (Base::Stage(at), self.on_stage(&parent.state, at)),
            None => self.on_image(stage),
        };
        let mut steps = Vec::new();
        match state.take_triggers() {
            Ok(triggers) => {
                for (source, statement) in &triggers {
                    steps.extend(self.step(&mut state, index, source, statement));
                }
            }
            Err(found) => self.diagnostics.extend(found),
        }
        for statement in &stage.statements {
            steps.extend(self.step(&mut state, index, &self.dockerfile.source, statement));
        }
        EvaluatedStage { base, steps, state }
    }

    fn on_stage(&self, parent: &StageState, at: usize) -> StageState {
        let triggers = self.dockerfile.stages[at].statements.iter().filter_map(|statement| match &statement
            .instruction
        {
            Instruction::Onbuild { trigger, .. } => Some((**trigger).clone()),
            _ => None,
        });
        StageState::from_stage(parent, &self.dockerfile.source, triggers.collect())
    }

    fn on_image(&mut self, stage: &Stage) -> (Base<'a>, StageState) {
        let escape = self.scope.escape();
        let nothing = |why: &str| {
            StageState::from_image(ImageConfig::default(), Because::Assumed(why.to_string()), escape)
        };
        let name = match self.scope.expand(&stage.from.image) {
            Ok(name) => name,
            Err(error) => {
                self.bad_base(stage, error.message);
                return (Base::Nonsense, nothing("the base image's name cannot be expanded"));
            }
        };
        if name == "scratch" {
            return (Base::Scratch, StageState::from_scratch(&self.scope.platforms().target, escape));
        }
        if name.is_empty() {
            self.bad_base(stage, "the base image's name is empty after expansion".to_string());
            return (Base::Nonsense, nothing("the base image has no name"));
        }
        let reference: Reference = match name.parse() {
            Ok(reference) => reference,
            Err(error) => {
                self.bad_base(stage, error.to_string());
                return (Base::Nonsense, nothing("the base image's name is no reference"));
            }
        };
        let because = Because::BaseImage { reference: reference.clone() };
        match (self.question.base)(&reference) {
            Some(BaseImage { config, tree }) => {
                let state = StageState::from_image(config, because, escape);
                (Base::Image { reference, known: true, tree }, state)
            }
            None => {
                let state = StageState::from_image(ImageConfig::default(), because, escape);
                (Base::Image { reference, known: false, tree: None }, state)
            }
        }
    }

    fn bad_base(&mut self, stage: &Stage, message: String) {
        self.diagnostics.push(Diagnostic::new("PL030", "bad-value", Severity::Error, message).at(
            &self.dockerfile.source,
            stage.from.image.span,
            "",
        ));
    }

    /// Apply a statement of stage `index`; what is wrong with it goes to the diagnostics.
    fn step(
        &mut self,
        state: &mut StageState,
        index: usize,
        source: &Source,
        statement: &Statement,
    ) -> Option<Step> {
        // What cannot be read was reported by the parser.
        if matches!(statement.instruction, Instruction::Broken) {
            return None;
        }
        let workdir = state.workdir().to_string();
        let applied = match state.apply(source, statement, &self.scope) {
            Ok(applied) => applied,
            Err(found) => {
                self.diagnostics.extend(found);
                return None;
            }
        };
        let from_stage = match &applied.work {
            Work::Copy(copy) => {
                copy.from.as_ref().and_then(|name| stages::find_stage(self.dockerfile, name, index))
            }
            _ => None,
        };
        Some(Step { source: source.clone(), span: statement.span, applied, workdir, from_stage })
    }
}

/// Stages or images a statement takes files from.
fn from_names(statement: &Statement) -> Vec<String> {
    match &statement.instruction {
        Instruction::Copy { flags, .. } => flags
            .iter()
            .filter(|flag| flag.name == "from")
            .filter_map(|flag| flag.value.as_ref().map(|value| value.text.clone()))
            .collect(),
        Instruction::Run { flags, .. } => flags
            .iter()
            .filter(|flag| flag.name == "mount")
            .filter_map(|flag| flag.value.as_ref())
            .flat_map(|value| value.text.split(',').filter_map(|part| part.strip_prefix("from=")))
            .map(str::to_string)
            .collect(),
        Instruction::Onbuild { trigger, .. } => from_names(trigger),
        _ => Vec::new(),
    }
}

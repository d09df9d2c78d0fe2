//! What a stage begins with, and the ONBUILD triggers that come with it.

use plimsoll_dockerfile::syntax::Statement;
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{Because, Diagnostic, ImageConfig, Platform, Severity, Source, Span};

use super::{DEFAULT_PATH, StageState, refuse};
use crate::reasons::{Keyed, Reasons};

/// ONBUILD instructions waiting to run in this stage.
#[derive(Debug, Clone)]
pub(super) enum Triggers {
    None,
    /// From an image's configuration: texts to be parsed.
    Texts(Vec<String>, Because),
    /// From an earlier stage of the same file.
    Statements(Source, Vec<Statement>),
    /// Taken; sources with this name come from the base.
    Running(Because),
}

/// The name of the pseudo-file that holds an ONBUILD trigger of a base image.
const TRIGGER_SOURCE: &str = "ONBUILD of the base image";

impl StageState {
    /// A stage `FROM scratch`.
    pub fn from_scratch(platform: &Platform, escape: char) -> Self {
        let config = ImageConfig {
            platform: Some(platform.clone()),
            working_dir: "/".to_string(),
            ..ImageConfig::default()
        };
        StageState::from_image(config, Because::RuntimeDefault("scratch"), escape)
    }

    /// A stage on an image. Its ONBUILD triggers wait in [`StageState::take_triggers`].
    pub fn from_image(mut config: ImageConfig, because: Because, escape: char) -> Self {
        config.created = None;
        let texts = std::mem::take(&mut config.on_build);
        let triggers = match texts.is_empty() {
            true => Triggers::None,
            false => Triggers::Texts(texts, because.clone()),
        };
        if !config.working_dir.is_empty() && !config.working_dir.starts_with('/') {
            config.working_dir = clean_path("/", &config.working_dir);
        }
        let mut state = StageState {
            config,
            reasons: Reasons::all(because),
            lost_cmd: None,
            variables: Vec::new(),
            declared: Vec::new(),
            cmd_written: false,
            triggers,
            escape,
        };
        state.begin();
        state
    }

    /// A stage on an earlier stage of the same file, with the ONBUILD statements of that one.
    ///
    /// ARGs stay visible: BuildKit keeps the whole environment of the parent stage.
    pub fn from_stage(parent: &StageState, source: &Source, on_build: Vec<Statement>) -> Self {
        let mut state = parent.clone();
        state.cmd_written = false;
        state.lost_cmd = None;
        state.config.on_build.clear();
        state.triggers = match on_build.is_empty() {
            true => Triggers::None,
            false => Triggers::Statements(source.clone(), on_build),
        };
        state.begin();
        state
    }

    fn begin(&mut self) {
        if self.config.env_value("PATH").is_none() {
            self.config.set_env("PATH", DEFAULT_PATH);
            self.reasons.set_keyed(Keyed::Env, "PATH", Because::RuntimeDefault("PATH of every build"));
        }
        for (name, value) in self.config.env.clone() {
            self.set_variable(&name, &value);
        }
    }

    /// The ONBUILD triggers of the base, to be applied before the stage's own statements.
    pub fn take_triggers(&mut self) -> Result<Vec<(Source, Statement)>, Vec<Diagnostic>> {
        match std::mem::replace(&mut self.triggers, Triggers::None) {
            Triggers::Texts(texts, because) => {
                let statements = texts.iter().map(|text| parse_trigger(text)).collect();
                self.triggers = Triggers::Running(because);
                statements
            }
            Triggers::Statements(source, list) => {
                Ok(list.into_iter().map(|statement| (source.clone(), statement)).collect())
            }
            Triggers::None | Triggers::Running(_) => Ok(Vec::new()),
        }
    }

    /// The reason of a value that stands at `span`.
    pub(super) fn because(&self, source: &Source, span: Span) -> Because {
        match &self.triggers {
            Triggers::Running(base) if source.name() == TRIGGER_SOURCE => base.clone(),
            _ => Because::Written { source: source.clone(), span },
        }
    }
}

/// A trigger is one instruction; BuildKit parses it as a file of its own.
fn parse_trigger(text: &str) -> Result<(Source, Statement), Vec<Diagnostic>> {
    let source = Source::new(TRIGGER_SOURCE, format!("FROM scratch\n{text}\n"));
    let parsed = plimsoll_dockerfile::parse(source.clone());
    let errors: Vec<Diagnostic> =
        parsed.diagnostics.into_iter().filter(|found| found.severity == Severity::Error).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let statements = parsed.dockerfile.stages.into_iter().next().map(|stage| stage.statements);
    match statements.unwrap_or_default().as_slice() {
        [statement] => Ok((source, statement.clone())),
        _ => {
            let whole = Span::new(0, source.text().len());
            Err(vec![*refuse(
                &source,
                whole,
                "an ONBUILD trigger of the base image is not one instruction",
                "",
            )])
        }
    }
}

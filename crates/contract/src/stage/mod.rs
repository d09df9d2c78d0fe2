//! How a stage's instructions change the image configuration, exactly as BuildKit does it
//! (`frontend/dockerfile/dockerfile2llb/convert.go`, the `dispatch*` functions).
//!
//! The prediction and the real build go through the same [`StageState`], so what `explain` says and
//! what `build` stores cannot drift apart.

mod base;
mod expose;
mod files;
mod go_text;
mod health;
mod run;
mod run_mount;
mod scope;

use plimsoll_dockerfile::expand;
use plimsoll_dockerfile::syntax::{Command, Instruction, Pair, Statement, Text};
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{Because, Diagnostic, ImageConfig, Reasoned, Severity, Signal, Source, Span};

pub use files::CopyWork;
pub use run::{InlineScript, RunNetwork, RunWork};
pub use run_mount::{CacheMount, RunMount, SecretMount, Sharing, SshMount};
pub use scope::{Platforms, Scope, escape_of};

use crate::reasons::{Field, Keyed, Reasons};

/// `PATH` when the base sets none (buildkit `util/system/path.go`).
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The comment BuildKit leaves in every history entry; readers recognise the family by it.
pub const HISTORY_COMMENT: &str = "buildkit.dockerfile.v0";

/// A stage while its instructions are applied one after the other.
#[derive(Debug, Clone)]
pub struct StageState {
    /// The image configuration so far.
    pub config: ImageConfig,
    /// Where its values come from.
    pub reasons: Reasons,
    /// The inherited CMD that an ENTRYPOINT of this stage emptied.
    pub lost_cmd: Option<Reasoned<Vec<String>>>,
    /// ENV and ARG together, as expansion and RUN see them; the later one of a name wins.
    variables: Vec<(String, String)>,
    /// ARGs declared so far, for the history text of RUN.
    declared: Vec<(String, Option<String>)>,
    cmd_written: bool,
    triggers: base::Triggers,
    escape: char,
}

/// What an instruction did.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The line for the image's history, in BuildKit's form; `None` for ONBUILD.
    pub created_by: Option<String>,
    /// The instruction makes no layer.
    pub empty_layer: bool,
    /// What is left to do to the files.
    pub work: Work,
}

/// The part of an instruction that touches files, fully expanded.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Only the configuration changed.
    Nothing,
    /// This directory must exist; it belongs to the configuration's user (WORKDIR).
    MakeDirectory(String),
    /// Run a process.
    Run(RunWork),
    /// Copy files.
    Copy(CopyWork),
}

impl StageState {
    /// A variable as expansion sees it: ENV and ARG in scope.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// Whether an ARG of this name stands above, with a value or without.
    pub fn is_declared(&self, name: &str) -> bool {
        self.declared.iter().any(|(known, _)| known == name)
    }

    /// The environment of a RUN of this moment: ENV and the ARGs in scope.
    pub fn run_env(&self) -> &[(String, String)] {
        &self.variables
    }

    /// Expand a text of this stage (a value of a flag, say) and remove its quotes.
    pub fn expand(&self, source: &Source, text: &Text) -> Result<String, Box<Diagnostic>> {
        expand::expand(&text.text, self.escape, &|name| self.variable(name))
            .map_err(|error| bad_expansion(source, text, &error))
    }

    /// The working directory, `/` when none is set.
    pub fn workdir(&self) -> &str {
        match self.config.working_dir.as_str() {
            "" => "/",
            set => set,
        }
    }

    /// Apply an instruction. On an error the state is unchanged in what matters: the build ends.
    pub fn apply(
        &mut self,
        source: &Source,
        statement: &Statement,
        scope: &Scope,
    ) -> Result<Applied, Vec<Diagnostic>> {
        self.apply_one(source, statement, scope).map_err(|diagnostic| vec![*diagnostic])
    }

    fn apply_one(
        &mut self,
        source: &Source,
        statement: &Statement,
        scope: &Scope,
    ) -> Result<Applied, Box<Diagnostic>> {
        let because = self.because(source, statement.span);
        match &statement.instruction {
            Instruction::Env(pairs) => self.env(source, pairs, &because),
            Instruction::Arg(pairs) => self.arg(source, pairs, scope),
            Instruction::Label(pairs) => self.label(source, pairs),
            Instruction::Workdir(path) => self.change_workdir(source, path, because),
            Instruction::User(user) => {
                self.config.user = self.expand(source, user)?;
                self.reasons.set(Field::User, because);
                Ok(config_only(format!("USER {}", self.config.user)))
            }
            Instruction::Expose(words) => self.expose(source, words, &because),
            Instruction::Volume(paths) => self.volume(source, paths, &because),
            Instruction::Shell { argv, .. } => {
                self.config.shell = argv.clone();
                self.reasons.set(Field::Shell, because);
                Ok(config_only(format!("SHELL [{}]", argv.join(" "))))
            }
            Instruction::Cmd(command) => Ok(self.cmd(command, because)),
            Instruction::Entrypoint(command) => Ok(self.entrypoint(command, because)),
            Instruction::Stopsignal(text) => self.stop_signal(source, text, because),
            Instruction::HealthcheckNone => Ok(self.no_healthcheck(because)),
            Instruction::Healthcheck { flags, command } => self.healthcheck(source, flags, command, because),
            Instruction::Onbuild { text, .. } => {
                self.config.on_build.push(text.text.clone());
                Ok(Applied { created_by: None, empty_layer: true, work: Work::Nothing })
            }
            Instruction::Maintainer(name) => {
                self.config.author = Some(name.text.clone());
                Ok(config_only(format!("MAINTAINER {}", name.text)))
            }
            Instruction::Run { flags, command, heredocs } => self.run(source, flags, command, heredocs),
            Instruction::Copy { is_add, flags, sources, destination, heredocs } => {
                let parts = files::Parts { is_add: *is_add, flags, sources, destination, heredocs };
                self.copy(source, parts)
            }
            Instruction::Broken => Err(refuse(
                source,
                statement.span,
                "this instruction cannot be read",
                "nothing can be built from it",
            )),
        }
    }

    fn set_variable(&mut self, name: &str, value: &str) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.to_string(),
            None => self.variables.push((name.to_string(), value.to_string())),
        }
    }

    /// Names and values of one line all see the environment before the line.
    fn expand_pairs(
        &self,
        source: &Source,
        pairs: &[Pair],
    ) -> Result<Vec<(String, String)>, Box<Diagnostic>> {
        let expand_pair = |pair: &Pair| {
            let value = pair.value.as_ref().map(|value| self.expand(source, value)).transpose()?;
            Ok((self.expand(source, &pair.name)?, value.unwrap_or_default()))
        };
        pairs.iter().map(expand_pair).collect()
    }

    fn env(
        &mut self,
        source: &Source,
        pairs: &[Pair],
        because: &Because,
    ) -> Result<Applied, Box<Diagnostic>> {
        let pairs = self.expand_pairs(source, pairs)?;
        for (name, value) in &pairs {
            self.set_variable(name, value);
            self.config.set_env(name, value);
            self.reasons.set_keyed(Keyed::Env, name, because.clone());
        }
        Ok(config_only(pairs_text("ENV", &pairs)))
    }

    fn label(&mut self, source: &Source, pairs: &[Pair]) -> Result<Applied, Box<Diagnostic>> {
        let pairs = self.expand_pairs(source, pairs)?;
        for (key, value) in &pairs {
            let labels = &mut self.config.labels;
            match labels.binary_search_by(|(known, _)| known.cmp(key)) {
                Ok(at) => labels[at].1 = value.clone(),
                Err(at) => labels.insert(at, (key.clone(), value.clone())),
            }
        }
        Ok(config_only(pairs_text("LABEL", &pairs)))
    }

    /// `--build-arg` beats the default; without either, the global ARG of that name counts.
    fn arg(&mut self, source: &Source, pairs: &[Pair], scope: &Scope) -> Result<Applied, Box<Diagnostic>> {
        let mut texts = Vec::new();
        for pair in pairs {
            let name = &pair.name.text;
            let value = match (scope.given(name), &pair.value) {
                (Some(given), _) => Some(given),
                (None, Some(default)) => Some(self.expand(source, default)?),
                (None, None) => scope.global(name),
            };
            if let Some(value) = &value {
                self.set_variable(name, value);
            }
            texts.push(match &value {
                Some(value) => format!("{name}={value}"),
                None => name.clone(),
            });
            self.declared.push((name.clone(), value));
        }
        Ok(config_only(format!("ARG {}", texts.join(" "))))
    }

    fn change_workdir(
        &mut self,
        source: &Source,
        path: &Text,
        because: Because,
    ) -> Result<Applied, Box<Diagnostic>> {
        let written = self.expand(source, path)?;
        // An absolute path is kept as written, final slash included (buildkit `NormalizePath`).
        let directory = match written.starts_with('/') {
            true => written,
            false => clean_path(self.workdir(), &written),
        };
        let clean = clean_path("/", &directory);
        let created_by = Some(format!("WORKDIR {directory}"));
        self.config.working_dir = directory;
        self.reasons.set(Field::Workdir, because);
        // The root always exists, so it gives no layer.
        Ok(match clean.as_str() {
            "/" => Applied { created_by, empty_layer: true, work: Work::Nothing },
            _ => Applied { created_by, empty_layer: false, work: Work::MakeDirectory(clean) },
        })
    }

    fn volume(
        &mut self,
        source: &Source,
        paths: &[Text],
        because: &Because,
    ) -> Result<Applied, Box<Diagnostic>> {
        let mut written = Vec::new();
        for path in paths {
            let volume = self.expand(source, path)?;
            if volume.is_empty() {
                return Err(refuse(
                    source,
                    path.span,
                    "a VOLUME is empty",
                    "name a path; if this is a variable, give it a value",
                ));
            }
            if let Err(at) = self.config.volumes.binary_search(&volume) {
                self.config.volumes.insert(at, volume.clone());
            }
            self.reasons.set_keyed(Keyed::Volume, &volume, because.clone());
            written.push(volume);
        }
        Ok(config_only(format!("VOLUME [{}]", written.join(" "))))
    }

    fn cmd(&mut self, command: &Command, because: Because) -> Applied {
        let argv = command.argv(&self.config.shell_or_default());
        let created_by = format!("CMD {}", go_text::quoted_list(&argv));
        self.config.cmd = argv;
        self.cmd_written = true;
        self.lost_cmd = None;
        self.reasons.set(Field::Cmd, because);
        config_only(created_by)
    }

    /// ENTRYPOINT empties a CMD that was not written in this stage (convert.go `dispatchEntrypoint`,
    /// `if !d.cmd.IsSet`), even when it is itself empty.
    fn entrypoint(&mut self, command: &Command, because: Because) -> Applied {
        let argv = command.argv(&self.config.shell_or_default());
        let created_by = format!("ENTRYPOINT {}", go_text::quoted_list(&argv));
        self.config.entrypoint = argv;
        if !self.cmd_written {
            let lost = std::mem::take(&mut self.config.cmd);
            if !lost.is_empty() {
                self.lost_cmd = Some(Reasoned::new(lost, self.reasons.of(Field::Cmd)));
                self.reasons.set(Field::Cmd, because.clone());
            }
        }
        self.reasons.set(Field::Entrypoint, because);
        config_only(created_by)
    }

    fn stop_signal(
        &mut self,
        source: &Source,
        text: &Text,
        because: Because,
    ) -> Result<Applied, Box<Diagnostic>> {
        let signal = self.expand(source, text)?;
        if Signal::parse(&signal).is_none() {
            return Err(refuse(
                source,
                text.span,
                format!("'{signal}' is no signal"),
                "a name such as SIGTERM or a number from 1 to 64 was expected",
            ));
        }
        let created_by = format!("STOPSIGNAL {signal}");
        self.config.stop_signal = Some(signal);
        self.reasons.set(Field::StopSignal, because);
        Ok(config_only(created_by))
    }
}

/// An instruction that makes no layer.
fn config_only(created_by: String) -> Applied {
    Applied { created_by: Some(created_by), empty_layer: true, work: Work::Nothing }
}

fn pairs_text(word: &str, pairs: &[(String, String)]) -> String {
    pairs.iter().fold(word.to_string(), |text, (name, value)| format!("{text} {name}={value}"))
}

/// A value the builder refuses.
fn refuse(source: &Source, span: Span, message: impl Into<String>, label: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::new("PL030", "bad-value", Severity::Error, message).at(source, span, label))
}

fn bad_expansion(source: &Source, text: &Text, error: &expand::ExpandError) -> Box<Diagnostic> {
    refuse(source, text.span, error.message.clone(), "in this text")
}

#[cfg(test)]
mod tests;

//! `commit --change`: instructions of a Dockerfile that change the configuration, by the parser and the rules
//! that `build` has.

use std::collections::BTreeMap;

use plimsoll_contract::stage::{Platforms, Scope, StageState, escape_of};
use plimsoll_dockerfile::syntax::{Dockerfile, Instruction, Statement};
use plimsoll_model::{Because, Diagnostic, ImageConfig, Platform, Severity, Source, Span};

use crate::command_error::CommandError;

/// What stands before the instructions, so that they are a Dockerfile.
const HEAD: &str = "FROM scratch\n";

const ALLOWED: &str = "it takes CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME \
                       and WORKDIR";

/// Instructions that may change a configuration.
pub struct Changes {
    dockerfile: Dockerfile,
}

impl Changes {
    /// Read them; one that docker does not take either is refused.
    pub fn parse(instructions: &[String]) -> Result<Self, CommandError> {
        let source = Source::new("--change", format!("{HEAD}{}\n", instructions.join("\n")));
        let parsed = plimsoll_dockerfile::parse(source.clone());
        if let Some(error) = parsed.diagnostics.iter().find(|found| found.severity == Severity::Error) {
            return Err(wrong(&source, error));
        }
        let changes = Changes { dockerfile: parsed.dockerfile };
        if let [_, second, ..] = changes.dockerfile.stages.as_slice() {
            return Err(not_allowed(&source, second.span));
        }
        if let Some(statement) = changes.statements().find(|statement| !is_allowed(&statement.instruction)) {
            return Err(not_allowed(&source, statement.span));
        }
        Ok(changes)
    }

    /// The configuration with all changes, in their order.
    pub fn apply(&self, config: ImageConfig) -> Result<ImageConfig, CommandError> {
        if self.statements().next().is_none() {
            return Ok(config);
        }
        let source = &self.dockerfile.source;
        let first = |wrongs: Vec<Diagnostic>| match wrongs.first() {
            Some(diagnostic) => wrong(source, diagnostic),
            None => CommandError::failure("--change cannot be carried out"),
        };
        let platforms = Platforms { build: Platform::host(), target: Platform::host() };
        let scope = Scope::new(&self.dockerfile, "", platforms, BTreeMap::new()).map_err(first)?;
        let because = Because::RuntimeDefault("the container");
        let mut state = StageState::from_image(config, because, escape_of(&self.dockerfile));
        for statement in self.statements() {
            state.apply(source, statement, &scope).map_err(first)?;
        }
        Ok(state.config)
    }

    fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.dockerfile.stages.iter().flat_map(|stage| &stage.statements)
    }
}

/// docker's list (builder/dockerfile, validCommitCommands).
fn is_allowed(instruction: &Instruction) -> bool {
    matches!(
        instruction,
        Instruction::Cmd(_)
            | Instruction::Entrypoint(_)
            | Instruction::Env(_)
            | Instruction::Expose(_)
            | Instruction::Healthcheck { .. }
            | Instruction::HealthcheckNone
            | Instruction::Label(_)
            | Instruction::Onbuild { .. }
            | Instruction::Stopsignal(_)
            | Instruction::User(_)
            | Instruction::Volume(_)
            | Instruction::Workdir(_)
    )
}

fn not_allowed(source: &Source, span: Span) -> CommandError {
    let written = source.text().get(span.start..span.end).unwrap_or_default();
    CommandError::failure(format!("--change '{written}' is no change of a configuration: {ALLOWED}"))
}

/// The sentence of a diagnostic, after the line it speaks of.
fn wrong(source: &Source, diagnostic: &Diagnostic) -> CommandError {
    let at = diagnostic.place().map_or(HEAD.len(), |label| label.span.start);
    let before = source.text().get(..at).unwrap_or_default();
    let line = source.text().lines().nth(before.matches('\n').count()).unwrap_or_default();
    CommandError::failure(format!("--change '{line}': {}", diagnostic.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(config: ImageConfig, changes: &[&str]) -> Result<ImageConfig, String> {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_string()).collect();
        let changed = Changes::parse(&changes).and_then(|changes| changes.apply(config));
        changed.map_err(|error| error.message)
    }

    #[test]
    fn instructions_change_the_configuration_as_a_build_would() {
        let config = ImageConfig {
            cmd: vec!["old".into()],
            env: vec![("PATH".into(), "/bin".into())],
            working_dir: "/srv".into(),
            ..ImageConfig::default()
        };
        assert_eq!(changed(config.clone(), &[]), Ok(config.clone()));
        let changed = changed(
            config,
            &[
                "ENV PATH=$PATH:/opt A=b",
                "entrypoint [\"e\"]",
                "WORKDIR sub",
                "EXPOSE 53/udp",
                "ONBUILD RUN x",
            ],
        );
        let changed = changed.unwrap();
        assert_eq!(changed.env_value("PATH"), Some("/bin:/opt"));
        assert_eq!((changed.entrypoint, changed.cmd), (vec!["e".to_string()], Vec::new()));
        assert_eq!(
            (changed.working_dir.as_str(), changed.exposed_ports),
            ("/srv/sub", vec!["53/udp".into()])
        );
        assert_eq!(changed.on_build, ["RUN x"]);
    }

    #[test]
    fn what_changes_no_configuration_is_refused_in_one_sentence() {
        for (change, named) in [
            ("RUN true", "'RUN true' is no change"),
            ("COPY a b", "'COPY a b' is no change"),
            ("FROM x", "'FROM x' is no change"),
            ("SHELL [\"x\"]", "is no change"),
            ("ARG A", "is no change"),
            ("MAINTAINER x", "is no change"),
            ("NOPE", "'NOPE'"),
            ("STOPSIGNAL NOPE", "'STOPSIGNAL NOPE': unknown signal"),
            ("EXPOSE x", "'EXPOSE x'"),
        ] {
            let why = changed(ImageConfig::default(), &["ENV A=b", change]).unwrap_err();
            assert!(why.starts_with("--change '") && why.contains(named), "{change}: {why}");
        }
    }
}

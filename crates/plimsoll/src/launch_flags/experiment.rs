//! What the experiments of `prove` and `ship` are given: flags of `run` that a program may need to start, and
//! what is asked of it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use plimsoll_contract::contract::{Contract, ShellKind};
use plimsoll_contract::evidence::Given;
use plimsoll_model::launch::{Mount, MountSource};
use plimsoll_model::{ImageConfig, UserSpec};
use plimsoll_prove::structure::StructureFile;
use plimsoll_prove::{Settings, UserCheck};

use super::docker_words::asked;
use super::environment::EnvironmentFlags;
use super::mounts::MountFlags;
use super::{ImageFacts, names};
use crate::command_error::CommandError;
use crate::volume::SourceToMake;

/// Flags of experiments.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Experiments")]
pub struct ExperimentFlags {
    /// Seconds between the stop signal and SIGKILL.
    #[arg(long, value_name = "SECONDS")]
    pub grace: Option<u64>,
    /// Longest wait for the promised ports, and for a check to be good; 40 if not given.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..))]
    ready_within: Option<u16>,
    /// Starts that are timed, and runs of the stop test.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    runs: Option<u16>,
    /// A command that tells whether it works: run in the container, by its shell if it has one, until it ends
    /// with 0.
    #[arg(long, value_name = "CMD", conflicts_with = "http")]
    check: Option<String>,
    /// A path that tells whether it works: asked until the answer is 200 to 399.
    #[arg(long, value_name = "[:PORT]/PATH")]
    http: Option<String>,
    /// Tests of container-structure-test, schema 2.0.0: YAML or JSON.
    #[arg(long, value_name = "FILE")]
    cst: Option<PathBuf>,
    #[command(flatten)]
    environment: EnvironmentFlags,
    /// User and group: name or number.
    #[arg(short, long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Working directory; made if it is missing.
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// Host name of the container.
    #[arg(long, value_name = "NAME", value_parser = names::name)]
    hostname: Option<String>,
    #[command(flatten)]
    mounts: MountFlags,
}

/// What the flags and an image come to.
pub struct Experiment {
    /// What every launch is given.
    pub given: Given,
    /// The mounts among that.
    pub mounts: Vec<Mount>,
    /// What has to be made so that it can be mounted.
    pub to_make: Vec<SourceToMake>,
    /// The user's own check.
    pub check: Option<UserCheck>,
    /// The user's tests.
    pub structure: Option<StructureFile>,
    /// Times and counts.
    pub settings: Settings,
}

impl ExperimentFlags {
    /// Decide everything. `arguments` stand after the image.
    pub fn decide(
        &self,
        arguments: &[String],
        contract: &Contract,
        image: &ImageFacts<'_>,
    ) -> Result<Experiment, CommandError> {
        let (mounts, to_make) = self.decide_mounts(image).map_err(CommandError::usage)?;
        Ok(Experiment {
            given: self.given(arguments).map_err(CommandError::usage)?,
            mounts,
            to_make,
            check: self.user_check(contract).map_err(CommandError::usage)?,
            structure: self.structure()?,
            settings: self.settings(),
        })
    }

    fn given(&self, arguments: &[String]) -> Result<Given, String> {
        if let Some(user) = asked(&self.user) {
            UserSpec::parse(user).map_err(|error| error.to_string())?;
        }
        let workdir = asked(&self.workdir).map(str::to_string);
        if let Some(text) = workdir.as_ref().filter(|text| !text.starts_with('/')) {
            return Err(format!("-w '{text}': the path must be absolute"));
        }
        Ok(Given {
            args: arguments.to_vec(),
            env: self.environment.given(&|name| std::env::var(name).ok())?,
            user: asked(&self.user).map(str::to_string),
            workdir,
            hostname: asked(&self.hostname).map(str::to_string),
            mounts: self.mounts.written(),
        })
    }

    /// The image's volumes stay what they are in experiments: directories of the container.
    fn decide_mounts(&self, image: &ImageFacts<'_>) -> Result<(Vec<Mount>, Vec<SourceToMake>), String> {
        let config = ImageConfig { volumes: Vec::new(), ..image.config.clone() };
        let (mounts, to_make) = self.mounts.decide(&ImageFacts { config: &config, ..*image })?;
        let nameless = |mount: &&Mount| matches!(mount.source, MountSource::Volume { anonymous: true, .. });
        match mounts.iter().find(nameless) {
            Some(mount) => Err(format!(
                "{}: an experiment leaves nothing behind, so it has no volume without a name; \
                 --tmpfs {} is empty at every start",
                mount.target, mount.target
            )),
            None => Ok((mounts, to_make)),
        }
    }

    fn user_check(&self, contract: &Contract) -> Result<Option<UserCheck>, String> {
        if let Some(command) = &self.check {
            let argv = match contract.shell {
                ShellKind::Missing => words(command)?,
                _ => vec!["/bin/sh".to_string(), "-c".to_string(), command.clone()],
            };
            let written =
                format!("--check {}", crate::render::contract::quote_all(std::slice::from_ref(command)));
            return Ok(Some(UserCheck::Command { written, argv }));
        }
        let Some(text) = &self.http else { return Ok(None) };
        let (port, path) = address(text).ok_or_else(|| {
            format!("--http '{text}': /PATH or :PORT/PATH was expected, :8080/health for instance")
        })?;
        Ok(Some(UserCheck::Http { written: format!("--http {text}"), port, path }))
    }

    fn structure(&self) -> Result<Option<StructureFile>, CommandError> {
        let Some(path) = &self.cst else { return Ok(None) };
        let text = std::fs::read_to_string(path).map_err(|error| CommandError::file("read", path, &error))?;
        StructureFile::parse(&path.display().to_string(), &text).map(Some).map_err(CommandError::usage)
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        if let Some(seconds) = self.grace {
            settings.grace = Duration::from_secs(seconds);
        }
        if let Some(seconds) = self.ready_within {
            settings.ready_limit = Duration::from_secs(seconds.into());
        }
        if let Some(runs) = self.runs {
            (settings.runs, settings.stop_runs) = (runs.into(), runs.into());
        }
        settings
    }
}

/// `/PATH`, `:PORT/PATH` or `:PORT`.
fn address(text: &str) -> Option<(Option<u16>, String)> {
    let sane = |path: &str| !path.contains(|c: char| c.is_whitespace() || c.is_control());
    let (port, path) = match text.strip_prefix(':') {
        Some(rest) => {
            let at = rest.find('/').unwrap_or(rest.len());
            let port = rest[..at].parse::<u16>().ok().filter(|port| *port != 0)?;
            (Some(port), if at == rest.len() { "/" } else { &rest[at..] })
        }
        None => (None, text),
    };
    (path.starts_with('/') && sane(path)).then(|| (port, path.to_string()))
}

/// Words of a command for an image without a shell: quotes keep blanks together, nothing else is special.
fn words(command: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in command.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match (quote, words.is_empty()) {
        (Some(quote), _) => Err(format!("--check: the quote {quote} is not closed")),
        (None, true) => Err("--check: there is no command".to_string()),
        (None, false) => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_ask() {
        for (text, port, path) in [
            ("/", None, "/"),
            ("/health?x=1", None, "/health?x=1"),
            (":8080/health", Some(8080), "/health"),
            (":8080", Some(8080), "/"),
        ] {
            assert_eq!(address(text), Some((port, path.to_string())), "{text}");
        }
        for bad in ["", "health", ":0/x", ":x/y", ":99999/", "8080/x", "/a b", "/a\r\nHost: x"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }

    #[test]
    fn words_without_a_shell() {
        assert_eq!(words("redis-cli  ping").unwrap(), ["redis-cli", "ping"]);
        assert_eq!(words("a 'b c' \"d'e\" ''").unwrap(), ["a", "b c", "d'e", ""]);
        assert_eq!(words("x$Y;z").unwrap(), ["x$Y;z"]);
        for bad in ["", "  ", "a 'b"] {
            assert!(words(bad).is_err(), "{bad}");
        }
    }
}

//! The image configuration: OCI's fields and Docker's, with the bytes it was read from.
//!
//! Sources: OCI image-spec v1.1 `config.md`; moby `image/spec` for `Healthcheck`, `OnBuild`, `Shell`,
//! `ArgsEscaped`. `null`, `[]` and absent mean the same everywhere.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::digest::Digest;
use crate::platform::Platform;

mod wire;

/// An image configuration. Values are as stored, nothing is resolved.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageConfig {
    /// For which platform; `linux/amd64` style.
    pub platform: Option<Platform>,
    /// RFC 3339 time as written.
    pub created: Option<String>,
    /// Maintainer.
    pub author: Option<String>,
    /// ENTRYPOINT.
    pub entrypoint: Vec<String>,
    /// CMD.
    pub cmd: Vec<String>,
    /// `NAME=value` in order.
    pub env: Vec<(String, String)>,
    /// USER as written; empty is root.
    pub user: String,
    /// WORKDIR; empty is `/`.
    pub working_dir: String,
    /// EXPOSE entries as written (`80/tcp`), sorted.
    pub exposed_ports: Vec<String>,
    /// VOLUME paths, sorted.
    pub volumes: Vec<String>,
    /// LABEL, sorted by key.
    pub labels: Vec<(String, String)>,
    /// STOPSIGNAL as written.
    pub stop_signal: Option<String>,
    /// HEALTHCHECK.
    pub healthcheck: Option<Healthcheck>,
    /// SHELL; empty is `/bin/sh -c`.
    pub shell: Vec<String>,
    /// ONBUILD triggers.
    pub on_build: Vec<String>,
    /// One entry a step.
    pub history: Vec<HistoryEntry>,
    /// Digests of the uncompressed layers, lowest first.
    pub diff_ids: Vec<Digest>,
    /// Keys of the outer object that we do not know, kept as read.
    pub unknown: Map<String, Value>,
    /// Keys of `config` that we do not know, kept as read.
    pub unknown_config: Map<String, Value>,
}

/// HEALTHCHECK, Docker's own field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Healthcheck {
    /// What is run.
    pub test: HealthcheckTest,
    /// Time between checks; `None` is Docker's 30 s.
    pub interval: Option<Duration>,
    /// Longest time of one check; `None` is 30 s.
    pub timeout: Option<Duration>,
    /// Failures do not count before; `None` is 0.
    pub start_period: Option<Duration>,
    /// Time between checks during the start period; `None` is 5 s.
    pub start_interval: Option<Duration>,
    /// Failures in a row until unhealthy; `None` is 3.
    pub retries: Option<u32>,
}

/// The forms of a health check's command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum HealthcheckTest {
    /// Nothing said about the test: the base's one stays.
    #[default]
    Inherit,
    /// `NONE`: switched off.
    None,
    /// Exec form.
    Exec(Vec<String>),
    /// Run by the container's shell.
    Shell(String),
}

/// One line of the image's history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryEntry {
    /// RFC 3339 time as written.
    pub created: Option<String>,
    /// The step's text, in the form of the builder that made it.
    pub created_by: Option<String>,
    /// Builder's comment, `buildkit.dockerfile.v0` for instance.
    pub comment: Option<String>,
    /// Author, if recorded.
    pub author: Option<String>,
    /// Whether the step has no layer.
    pub empty_layer: bool,
}

/// Why bytes are no image configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the image configuration cannot be read: {why}")]
pub struct BadConfig {
    /// The parser's reason.
    pub why: String,
}

impl ImageConfig {
    /// Read a configuration blob.
    pub fn from_json(bytes: &[u8]) -> Result<Self, BadConfig> {
        wire::read(bytes)
    }

    /// Write a configuration blob: fixed key order, so that equal values give equal bytes.
    pub fn to_json(&self) -> Vec<u8> {
        wire::write(self)
    }

    /// The value of an environment variable; the last one wins.
    pub fn env_value(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Set an environment variable in place, or append it.
    pub fn set_env(&mut self, name: &str, value: &str) {
        match self.env.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value.to_string(),
            None => self.env.push((name.to_string(), value.to_string())),
        }
    }

    /// The shell of shell-form instructions.
    pub fn shell_or_default(&self) -> Vec<String> {
        match self.shell.is_empty() {
            true => vec!["/bin/sh".to_string(), "-c".to_string()],
            false => self.shell.clone(),
        }
    }
}

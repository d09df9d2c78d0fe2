//! What a build is asked for.

use std::collections::BTreeMap;

use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_image::git::GitProgram;
use plimsoll_image::registry::Access;
use plimsoll_image::{Context, Image, Store};
use plimsoll_model::{Platform, Reference, Source};
use plimsoll_runtime::host::HostFacts;

use crate::event::Event;
use crate::foreign::Runnable;
use crate::named_context::NamedContexts;
use crate::run::RunSettings;

/// Finds or fetches a base image; the error is one sentence. Asked from several threads.
pub type FindBase<'a> = dyn Fn(&Reference, &Platform) -> Result<Image, String> + Sync + 'a;

/// How files and repositories of other machines are reached; asked when an ADD first needs it. The error
/// is one sentence.
pub type Outside<'a> = dyn Fn() -> Result<Reach, String> + Sync + 'a;

/// How files and repositories of other machines are reached.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Proxies, certificates, patience.
    pub access: Access,
    /// For repositories.
    pub git: GitProgram,
}

/// Told what happens, from several threads.
pub type Listener<'a> = dyn Fn(Event) + Sync + 'a;

/// Everything a build depends on.
pub struct Request<'a> {
    /// The Dockerfile.
    pub source: Source,
    /// The build context.
    pub context: &'a Context,
    /// Its ignore file, with the name messages use.
    pub ignore: (&'a Ignore, String),
    /// `--build-context`.
    pub contexts: &'a NamedContexts,
    /// What every RUN gets.
    pub run: &'a RunSettings,
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg` values.
    pub build_args: BTreeMap<String, String>,
    /// What may come from the step cache.
    pub cache: CachePolicy,
    /// No time in the image is later than this (seconds since 1970).
    pub epoch: u64,
    /// `created` of the image and its history, RFC 3339.
    pub created: String,
    /// The platform built for.
    pub platform: Platform,
    /// The platforms whose programs a RUN may start.
    pub runnable: &'a Runnable,
    /// Labels that are added to the Dockerfile's, or replace them.
    pub labels: BTreeMap<String, String>,
    /// Where images go.
    pub store: &'a Store,
    /// What this machine allows.
    pub host: &'a HostFacts,
    /// Finds or fetches base images.
    pub find_base: &'a FindBase<'a>,
    /// How files and repositories of other machines are reached.
    pub outside: &'a Outside<'a>,
    /// Told what happens.
    pub events: &'a Listener<'a>,
}

impl Request<'_> {
    /// What tells this build from others whose steps it is not compared with.
    pub(crate) fn identity(&self) -> [String; 4] {
        let context = std::path::absolute(self.context.path()).unwrap_or_default();
        let target = self.target.clone().unwrap_or_default();
        let name = self.source.name().to_string();
        [context.display().to_string(), name, target, self.platform.to_string()]
    }
}

/// What may come from the step cache.
#[derive(Debug, Clone, Default)]
pub struct CachePolicy {
    /// Nothing: every step runs although its result is known.
    pub nothing: bool,
    /// Nothing of these stages (`--no-cache-filter`), by name or number.
    pub not_these_stages: Vec<String>,
}

impl CachePolicy {
    /// Whether the steps of a stage run although their results are known.
    pub(crate) fn is_fresh(&self, index: usize, name: &str) -> bool {
        let meant = |stage: &String| stage.eq_ignore_ascii_case(name) || *stage == index.to_string();
        self.nothing || self.not_these_stages.iter().any(meant)
    }
}

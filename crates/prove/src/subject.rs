//! What is experimented on, and how long we wait.

use std::path::PathBuf;
use std::time::Duration;

use plimsoll_contract::contract::Contract;
use plimsoll_contract::evidence::{Given, HttpAnswer};
use plimsoll_contract::given;
use plimsoll_image::layer::LayeredTree;
use plimsoll_image::{Image, Store};
use plimsoll_model::launch::{Mount, StopRule};
use plimsoll_model::user::UserError;
use plimsoll_model::{LaunchSpec, ProcessUser, UserSpec};
use plimsoll_runtime::host::HostFacts;

use crate::function::Function;
use crate::structure::StructureFile;
use crate::written;

/// An image under experiment.
#[derive(Clone)]
pub struct Subject<'a> {
    /// Where the image lies.
    pub store: &'a Store,
    /// Where scratch directories are made: a directory of the store's `tmp` whose name names the control
    /// groups, too.
    pub scratch: PathBuf,
    /// The image.
    pub image: &'a Image,
    /// Its files.
    pub tree: &'a LayeredTree,
    /// Its unpacked layers, lowest first.
    pub lowers: Vec<PathBuf>,
    /// What it promises, with what was given ([`with_given`](plimsoll_contract::with_given)).
    pub contract: &'a Contract,
    /// What every launch is given beside what the image says.
    pub given: Given,
    /// The mounts among that, decided.
    pub mounts: Vec<Mount>,
    /// The user's own check.
    pub check: Option<UserCheck>,
    /// The user's container-structure-test file.
    pub structure: Option<StructureFile>,
    /// What shows that it does its work, once that is known.
    pub function: Option<Function>,
    /// The HTTP request it was seen to answer, once that is known: what it is asked while it stops, whatever
    /// the user's check is.
    pub http: Option<HttpAnswer>,
    /// The name it is called by in commands.
    pub reference: String,
    /// What this machine allows.
    pub host: &'a HostFacts,
    /// The same in phrases, for the record.
    pub machine: Vec<String>,
    /// How long we wait, how often we repeat.
    pub settings: Settings,
    /// Told what happens.
    pub events: &'a (dyn Fn(Event) + Sync),
}

/// Times and counts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Longest wait for promised ports.
    pub ready_limit: Duration,
    /// How long a program without ports is watched.
    pub watch: Duration,
    /// Grace between the stop signal and SIGKILL.
    pub grace: Duration,
    /// Runs of the stop test.
    pub stop_runs: usize,
    /// Record the system calls it uses, and try it with those alone.
    pub record_seccomp: bool,
    /// Starts that are timed.
    pub runs: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            ready_limit: Duration::from_secs(40),
            watch: Duration::from_millis(1500),
            grace: plimsoll_contract::contract::DOCKER_GRACE,
            stop_runs: 3,
            record_seccomp: false,
            runs: 3,
        }
    }
}

/// A check that a user gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCheck {
    /// A command inside the container; good when it ends with 0.
    Command {
        /// The flag as written.
        written: String,
        /// What is executed.
        argv: Vec<String>,
    },
    /// An HTTP request; good when it is answered with 200 to 399.
    Http {
        /// The flag as written.
        written: String,
        /// The port; `None`: the first that speaks HTTP, else the first TCP port.
        port: Option<u16>,
        /// The path.
        path: String,
    },
}

impl UserCheck {
    /// The flag as written.
    pub fn written(&self) -> &str {
        let (UserCheck::Command { written, .. } | UserCheck::Http { written, .. }) = self;
        written
    }
}

/// What happens, for progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An experiment begins; what it does in one phrase.
    Started(String),
}

/// Why experiments could not be carried out at all.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The image's user cannot be decided.
    #[error("the image cannot start as built: {0}")]
    User(#[from] UserError),
    /// A scratch directory or a log could not be made or read.
    #[error("cannot use {path} for an experiment: {source}")]
    Scratch {
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A rollout of this image cannot be rehearsed.
    #[error("a rollout of {image} cannot be rehearsed: {why}")]
    Rehearsal {
        /// Its reference.
        image: String,
        /// One phrase.
        why: String,
    },
    /// The image's files could not be unpacked or read.
    #[error(transparent)]
    Image(#[from] plimsoll_image::Error),
}

impl Subject<'_> {
    /// The image's own user.
    pub fn user(&self) -> Result<ProcessUser, UserError> {
        let written = self.contract.user.value.as_str();
        UserSpec::parse(if written.is_empty() { "0" } else { written })?.resolve(self.tree)
    }

    /// A launch of this argv with nothing restricted or added.
    pub fn spec(&self, argv: Vec<String>) -> Result<LaunchSpec, UserError> {
        Ok(self.spec_as(argv, self.user()?))
    }

    /// The same as another user, in that user's home.
    pub fn spec_as(&self, argv: Vec<String>, user: ProcessUser) -> LaunchSpec {
        LaunchSpec {
            env: given::environment(self.contract, self.hostname(), &user.home),
            user,
            workdir: self.contract.workdir.value.clone(),
            hostname: self.hostname().to_string(),
            stop: StopRule { signal: self.contract.stop_signal.value, grace: self.settings.grace },
            mounts: self.mounts.clone(),
            ..LaunchSpec::of(argv)
        }
    }

    /// Whether something the user gave is mounted at this path or above it: nothing else is mounted there then,
    /// and whether it can be written is the user's wish.
    pub fn is_given(&self, path: &str) -> bool {
        self.mounts.iter().any(|mount| written::is_at_or_below(path, &mount.target))
    }

    /// The image's volumes where the user mounts nothing.
    pub fn volumes(&self) -> impl Iterator<Item = &str> {
        let all = self.contract.volumes.iter().map(|volume| volume.value.as_str());
        all.filter(|volume| !self.is_given(volume))
    }

    fn hostname(&self) -> &str {
        self.given.hostname.as_deref().unwrap_or("prove")
    }

    /// Tell what begins.
    pub fn tell(&self, what: impl Into<String>) {
        (self.events)(Event::Started(what.into()));
    }
}

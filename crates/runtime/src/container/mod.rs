//! One container: what it was made of, and what became of it.
//!
//! Its directory holds one file a fact, each replaced by rename: `record.json` when it is created,
//! `running.json` when its process has started, `ended.json` when that has ended. A container can be
//! started again: each start has a number, and an end counts only for the start whose number it bears.
//! So readers need no lock, and no moment is a bad one to be killed.

pub mod error;
pub mod etc_files;
pub mod health;
pub mod name;
pub mod state;
pub mod store;
pub mod upkeep;
pub mod wire;

mod directory;
mod health_wire;
mod others;
mod spec_wire;
mod upkeep_wire;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_model::{LaunchSpec, PortSpec};

use crate::launch::Exit;
use crate::process_id::ProcessId;
use crate::rootfs::RootFs;

pub(crate) use directory::{Directory, Standstill};
pub use error::ContainerError;
pub use health::{Health, HealthResult, HealthStatus};
pub use name::NewId;
pub use state::State;
pub use store::{Containers, Listing};
pub use upkeep::{Asked, HealthCheck, LogRule, RestartPolicy, Upkeep};

/// What a new container is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct NewContainer {
    /// Its name; `None` gets a made-up one.
    pub name: Option<String>,
    /// The image as the user named it.
    pub image: String,
    /// Digest of the image's manifest.
    pub image_digest: Option<String>,
    /// The process.
    pub spec: LaunchSpec,
    /// Unpacked layers, lowest first.
    pub lowers: Vec<PathBuf>,
    /// What is done around the process.
    pub upkeep: Upkeep,
    /// What was said before it was decided.
    pub asked: Asked,
}

/// What is written down of a container when it is created.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The image as the user named it.
    pub image: String,
    /// Digest of the image's manifest.
    pub image_digest: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// The process.
    pub spec: LaunchSpec,
    /// Unpacked layers, lowest first.
    pub lowers: Vec<PathBuf>,
    /// What is done around the process.
    pub upkeep: Upkeep,
    /// What was said before it was decided.
    pub asked: Asked,
}

impl Record {
    /// The id as it is shown: its first 12 digits.
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

/// What is written down when the process has started.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Number of this start, from 1.
    pub number: u32,
    /// How often the restart policy has started it since a command did.
    pub restarts: u32,
    /// PID 1 of the container, as the host sees it.
    pub process: ProcessId,
    /// The monitor.
    pub monitor: ProcessId,
    /// The boot both belong to.
    pub boot_id: String,
    /// When it started.
    pub started: Timestamp,
    /// Published ports with the host's side as it really is.
    pub ports: Vec<PublishedPort>,
    /// Its control group: a directory on version 2, one a controller on version 1; none without rights.
    pub cgroups: Vec<PathBuf>,
    /// What was asked for and could not be had on this machine, a sentence each.
    pub warnings: Vec<String>,
    /// Its place in each network of the store it has joined.
    pub attachments: Vec<Attachment>,
}

/// A container's place in a network of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Name of the network.
    pub network: String,
    /// Interface inside the container.
    pub interface: String,
    /// Its address there.
    pub address: IpAddr,
    /// Length of the network's prefix.
    pub prefix: u8,
    /// The way out; `None`: there is none.
    pub gateway: Option<IpAddr>,
    /// Hardware address.
    pub mac: [u8; 6],
}

/// A port of the host that leads into a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedPort {
    /// Address and port on the host.
    pub host: SocketAddr,
    /// Port in the container.
    pub container: PortSpec,
}

impl std::fmt::Display for PublishedPort {
    /// `0.0.0.0:8080->80/tcp`, as docker's `ps` has it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}->{}", self.host, self.container)
    }
}

/// What is written down when a container has ended, or could not be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Number of the start this is the end of.
    pub run: u32,
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: End,
    /// The kernel killed it, or a process of it, because its memory was used up.
    pub oom_killed: bool,
    /// When the restart policy will start it again; `None`: it will not.
    pub restart_at: Option<Timestamp>,
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Its process ended.
    Exit(Exit),
    /// Its process was never started.
    NotStarted {
        /// docker's exit code: 125, 126 or 127.
        code: i32,
        /// One sentence.
        why: String,
    },
}

impl End {
    /// The exit code `run` and `wait` report.
    pub fn code(&self) -> i32 {
        match self {
            End::Exit(exit) => exit.code(),
            End::NotStarted { code, .. } => *code,
        }
    }
}

/// A container in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    directory: Directory,
    record: Record,
}

impl Container {
    /// Read a container from its directory.
    pub fn open(path: &Path) -> Result<Self, ContainerError> {
        let directory = Directory::new(path);
        let record = directory.record()?;
        Ok(Container { directory, record })
    }

    /// What it was made of.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.record.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Its root file system: the image's layers and, in the container's directory, what it wrote.
    pub fn rootfs(&self) -> RootFs {
        RootFs { lowers: self.record.lowers.clone(), scratch: self.path().to_path_buf() }
    }

    /// What became of it, as of now.
    pub fn state(&self) -> Result<State, ContainerError> {
        State::read(&self.directory)
    }

    /// What is known of its health; `None` if it is not checked, or was not started.
    pub fn health(&self) -> Result<Option<Health>, ContainerError> {
        let number = self.directory.run()?.map(|run| run.number);
        Ok(self.directory.health()?.filter(|health| Some(health.run) == number))
    }

    /// Its file of the log that is so many turns old.
    pub fn log_file(&self, age: u32) -> PathBuf {
        self.directory.log_path(age)
    }

    /// The files of its state.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What is known about its running process; an error if it does not run.
    pub(crate) fn running(&self) -> Result<Run, ContainerError> {
        match self.state()? {
            State::Running { run, .. } => Ok(run),
            other => Err(self.not_running(&other)),
        }
    }

    /// It is in this state, and does not run.
    pub(crate) fn not_running(&self, state: &State) -> ContainerError {
        ContainerError::NotRunning { name: self.name().to_string(), state: state.word().to_string() }
    }
}

//! The flags of `run` and `create` that decide the process, and how they and an image become one
//! [`LaunchSpec`]: a file a theme, docker's names and meaning everywhere.

use clap::Args;
use plimsoll_image::layer::LayeredTree;
use plimsoll_model::launch::{Share, Sharing};
use plimsoll_model::{ImageConfig, LaunchSpec, Network};
use plimsoll_runtime::container::{Asked, Containers, NewId};
use plimsoll_runtime::host::IdMap;
use plimsoll_runtime::volume::Volumes;

use crate::command_error::{CommandError, ErrorKind};
use crate::volume::SourceToMake;
use devices::DeviceFlags;
use environment::EnvironmentFlags;
use limits::LimitFlags;
use mounts::MountFlags;
use names::NameFlags;
use naming::NamingFlags;
use network::{Known, NetworkFlags};
use ports::PortFlags;
use process::ProcessFlags;
use security::SecurityFlags;
use sharing::SharingFlags;
use sysctls::SysctlFlags;
use ulimits::UlimitFlags;
use users::UserFlags;

pub mod attachment;
mod block_io;
mod capabilities;
mod conflicts;
mod devices;
pub mod docker_words;
pub mod environment;
pub mod experiment;
mod health;
mod key_values;
pub mod labels;
mod limits;
mod logging;
pub mod memory;
mod mounts;
mod names;
mod naming;
mod network;
pub mod no_effect;
mod ports;
mod process;
pub mod processors;
pub mod refused;
mod restarts;
mod security;
mod sharing;
mod sysctls;
mod ulimits;
pub mod upkeep;
mod users;

/// Flags that decide the process.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Files")]
pub struct LaunchFlags {
    #[command(flatten)]
    mounts: MountFlags,
    #[command(flatten)]
    process: ProcessFlags,
    #[command(flatten)]
    environment: EnvironmentFlags,
    #[command(flatten)]
    users: UserFlags,
    #[command(flatten)]
    network: NetworkFlags,
    #[command(flatten)]
    ports: PortFlags,
    #[command(flatten)]
    names: NameFlags,
    #[command(flatten)]
    naming: NamingFlags,
    #[command(flatten)]
    limits: LimitFlags,
    #[command(flatten)]
    ulimits: UlimitFlags,
    #[command(flatten)]
    security: SecurityFlags,
    #[command(flatten)]
    sharing: SharingFlags,
    #[command(flatten)]
    devices: DeviceFlags,
    #[command(flatten)]
    sysctls: SysctlFlags,
}

/// What the image brings.
#[derive(Clone, Copy)]
pub struct ImageFacts<'a> {
    /// Its configuration.
    pub config: &'a ImageConfig,
    /// Its files.
    pub tree: &'a LayeredTree,
    /// The volumes of the store.
    pub volumes: &'a Volumes,
}

/// What a launch depends on beside its flags and its image.
pub struct Surroundings<'a> {
    /// The container's id, whose beginning is its host name.
    pub id: &'a NewId,
    /// Containers whose namespaces can be shared.
    pub containers: &'a Containers,
    /// The network of a container for which none is asked.
    pub network: &'a Network,
    /// Whether the store has a network of this name.
    pub has_network: &'a dyn Fn(&str) -> Result<bool, String>,
    /// Processors of the machine.
    pub processors: u32,
    /// Ids at hand.
    pub ids: &'a IdMap,
    /// The process gets a terminal.
    pub terminal: bool,
}

/// A decided launch.
pub struct Decided {
    /// The process.
    pub spec: LaunchSpec,
    /// What has to be made so that it can be mounted.
    pub to_make: Vec<SourceToMake>,
    /// What was said before it was decided.
    pub asked: Asked,
    /// What people should know, a sentence each.
    pub warnings: Vec<String>,
}

/// A mistake of the command line of `run`, `create` or `exec`.
pub fn engine(message: impl std::fmt::Display) -> CommandError {
    CommandError::new(ErrorKind::Engine(125), message)
}

impl LaunchFlags {
    /// Decide everything about the process.
    pub fn decide(
        &self,
        arguments: &[String],
        image: &ImageFacts<'_>,
        around: &Surroundings<'_>,
    ) -> Result<Decided, CommandError> {
        let (mounts, to_make) = self.volume_mounts(image)?;
        let (spec, asked) = self.spec(arguments, image, around).map_err(engine)?;
        let spec = LaunchSpec { mounts, ..spec };
        let warnings = self.warnings(&spec, &asked, around.ids);
        Ok(Decided { spec, to_make, asked, warnings })
    }

    /// All but the mounts.
    fn spec(
        &self,
        arguments: &[String],
        image: &ImageFacts<'_>,
        around: &Surroundings<'_>,
    ) -> Result<(LaunchSpec, Asked), String> {
        let find = |name: &str| {
            let found = around.containers.find(name).map_err(|error| error.to_string())?;
            Ok(found.id().to_string())
        };
        let there = Known { default: around.network, exists: around.has_network, find: &find };
        let (network, aliases) = self.network.network(there)?;
        let sharing = self.sharing.sharing(&find)?;
        self.check_shared(&network, &sharing)?;
        let command = self.process.command(arguments, image.config)?;
        let (publish, exposed) = self.ports.ports(&image.config.exposed_ports)?;
        let hostname = self.hostname(&network, &sharing, around)?;
        let asked = Asked {
            entrypoint: command.entrypoint,
            cmd: command.cmd,
            exposed: exposed.iter().map(ToString::to_string).collect(),
            ..self.asked(image.config)
        };
        let spec = LaunchSpec {
            env: self.environment(&hostname, image.config, around.terminal)?,
            user: self.users.resolve(&image.config.user, image.tree)?,
            workdir: self.process.workdir(image.config)?,
            hostname,
            domainname: self.names.domainname().to_string(),
            stop: self.process.stop_rule(image.config)?,
            terminal: around.terminal,
            init: self.process.init,
            // As in docker, ports are nobody's where the container has no network of its own.
            publish: if has_ports(&network) { publish } else { Vec::new() },
            naming: self.naming.naming(aliases),
            network,
            sharing,
            ..LaunchSpec::of(command.argv)
        };
        Ok((self.confined(spec, around.processors)?, asked))
    }

    /// With what it may do and use.
    fn confined(&self, spec: LaunchSpec, processors: u32) -> Result<LaunchSpec, String> {
        Ok(LaunchSpec {
            security: self.security.security()?,
            devices: self.devices.list()?,
            sysctls: self.sysctls.list(&spec.network, &spec.sharing)?,
            shm_size: self.limits.memory.shm_size(),
            limits: self.limits.limits(processors)?,
            ulimits: self.ulimits.list(),
            oom_score_adj: self.limits.memory.oom_score_adj,
            ..spec
        })
    }

    /// The containers of which it is to share anything, as they are named.
    pub fn others(&self) -> Vec<String> {
        self.sharing.others().chain(self.network.other()).map(str::to_string).collect()
    }

    /// The name asked for, else that of whose network or host name is shared, else the container's id.
    fn hostname(
        &self,
        network: &Network,
        sharing: &Sharing,
        around: &Surroundings<'_>,
    ) -> Result<String, String> {
        match (self.names.hostname(), &sharing.uts, network) {
            (Some(asked), ..) => Ok(asked.to_string()),
            (None, Share::Container(id), _) | (None, Share::Own, Network::Container(id)) => {
                let other = around.containers.find(id).map_err(|error| error.to_string())?;
                Ok(other.record().spec.hostname.clone())
            }
            (None, Share::Host, _) | (None, _, Network::Host) => {
                Ok(rustix::system::uname().nodename().to_string_lossy().into_owned())
            }
            (None, Share::Own, _) => Ok(around.id.short().to_string()),
        }
    }

    fn environment(
        &self,
        hostname: &str,
        config: &ImageConfig,
        terminal: bool,
    ) -> Result<Vec<(String, String)>, String> {
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        let mut engine =
            vec![pair("PATH", plimsoll_contract::stage::DEFAULT_PATH), pair("HOSTNAME", hostname)];
        engine.extend(terminal.then(|| pair("TERM", "xterm")));
        self.environment.variables(engine, &config.env, &|name| std::env::var(name).ok())
    }

    /// What was said, as written.
    fn asked(&self, config: &ImageConfig) -> Asked {
        Asked {
            user: self.users.written(&config.user).to_string(),
            volumes: self.mounts.volumes(&config.volumes),
            binds: self.mounts.binds(),
            volumes_from: self.mounts.volumes_from.clone(),
            cap_add: self.security.cap_add.clone(),
            cap_drop: self.security.cap_drop.clone(),
            security_opt: self.security.security_opt.clone(),
            group_add: self.users.group_add.clone(),
            publish_all: self.ports.publish_all,
            hostname: self.names.hostname().map(str::to_string),
            ..Asked::default()
        }
    }

    fn warnings(&self, spec: &LaunchSpec, asked: &Asked, ids: &IdMap) -> Vec<String> {
        let mut warnings = self.limits.memory.warnings();
        if self.ports.publishes() && !has_ports(&spec.network) {
            warnings
                .push("-p is without effect here: ports are published from a private network only".into());
        } else if self.ports.publish_all && asked.exposed.iter().any(|port| port.ends_with("/sctp")) {
            warnings.push("-P leaves SCTP ports out: tcp and udp are forwarded".into());
        }
        if !asked.group_add.is_empty() && *ids == IdMap::Single {
            warnings.push("--group-add is without effect here: with one id a process has one group".into());
        }
        warnings
    }
}

/// Whether ports of the machine can lead into a container of this network.
fn has_ports(network: &Network) -> bool {
    matches!(network, Network::Private | Network::UserMode(_) | Network::Joined(_))
}

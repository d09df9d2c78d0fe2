//! A launch specification as it stands in `record.json`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_model::launch::{Mount, MountSource, Publish, Seccomp, Security, StopRule};
use plimsoll_model::{LaunchSpec, Network, PortSpec, ProcessUser, Signal};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct SpecWire {
    argv: Vec<String>,
    env: Vec<(String, String)>,
    user: UserWire,
    workdir: String,
    hostname: String,
    stop_signal: i32,
    stop_grace_ms: u64,
    terminal: bool,
    init: bool,
    mounts: Vec<MountWire>,
    network: NetworkWire,
    publish: Vec<PublishWire>,
    read_only_root: bool,
    capabilities: Vec<String>,
    no_new_privileges: bool,
    seccomp: SeccompWire,
}

#[derive(Serialize, Deserialize)]
struct UserWire {
    uid: u32,
    gid: u32,
    extra_groups: Vec<u32>,
    home: String,
    name: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct MountWire {
    source: MountSourceWire,
    target: String,
    read_only: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum MountSourceWire {
    Bind(PathBuf),
    Tmpfs { size: Option<u64>, mode: u32 },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum NetworkWire {
    None,
    Host,
    Private,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SeccompWire {
    Default,
    Unconfined,
}

#[derive(Serialize, Deserialize)]
struct PublishWire {
    host_ip: IpAddr,
    host_port: Option<u16>,
    container: String,
}

pub(super) fn spec_to_wire(spec: &LaunchSpec) -> SpecWire {
    SpecWire {
        argv: spec.argv.clone(),
        env: spec.env.clone(),
        user: UserWire {
            uid: spec.user.uid,
            gid: spec.user.gid,
            extra_groups: spec.user.extra_groups.clone(),
            home: spec.user.home.clone(),
            name: spec.user.name.clone(),
        },
        workdir: spec.workdir.clone(),
        hostname: spec.hostname.clone(),
        stop_signal: spec.stop.signal.number(),
        stop_grace_ms: u64::try_from(spec.stop.grace.as_millis()).unwrap_or(u64::MAX),
        terminal: spec.terminal,
        init: spec.init,
        mounts: spec.mounts.iter().map(mount_to_wire).collect(),
        network: match spec.network {
            Network::None => NetworkWire::None,
            Network::Host => NetworkWire::Host,
            Network::Private => NetworkWire::Private,
        },
        publish: spec.publish.iter().map(publish_to_wire).collect(),
        read_only_root: spec.security.read_only_root,
        capabilities: spec.security.capabilities.clone(),
        no_new_privileges: spec.security.no_new_privileges,
        seccomp: match spec.security.seccomp {
            Seccomp::Default => SeccompWire::Default,
            Seccomp::Unconfined => SeccompWire::Unconfined,
        },
    }
}

pub(super) fn spec_from_wire(wire: SpecWire) -> Result<LaunchSpec, String> {
    let signal = |number| Signal::new(number).ok_or(format!("{number} is no signal"));
    let publish = wire.publish.into_iter().map(publish_from_wire).collect::<Result<_, _>>()?;
    Ok(LaunchSpec {
        argv: wire.argv,
        env: wire.env,
        user: ProcessUser {
            uid: wire.user.uid,
            gid: wire.user.gid,
            extra_groups: wire.user.extra_groups,
            home: wire.user.home,
            name: wire.user.name,
        },
        workdir: wire.workdir,
        hostname: wire.hostname,
        stop: StopRule {
            signal: signal(wire.stop_signal)?,
            grace: Duration::from_millis(wire.stop_grace_ms),
        },
        terminal: wire.terminal,
        init: wire.init,
        mounts: wire.mounts.into_iter().map(mount_from_wire).collect(),
        network: match wire.network {
            NetworkWire::None => Network::None,
            NetworkWire::Host => Network::Host,
            NetworkWire::Private => Network::Private,
        },
        publish,
        security: Security {
            read_only_root: wire.read_only_root,
            capabilities: wire.capabilities,
            no_new_privileges: wire.no_new_privileges,
            seccomp: match wire.seccomp {
                SeccompWire::Default => Seccomp::Default,
                SeccompWire::Unconfined => Seccomp::Unconfined,
            },
        },
    })
}

fn mount_to_wire(mount: &Mount) -> MountWire {
    let source = match &mount.source {
        MountSource::Bind(path) => MountSourceWire::Bind(path.clone()),
        MountSource::Tmpfs { size, mode } => MountSourceWire::Tmpfs { size: *size, mode: *mode },
    };
    MountWire { source, target: mount.target.clone(), read_only: mount.read_only }
}

fn mount_from_wire(wire: MountWire) -> Mount {
    let source = match wire.source {
        MountSourceWire::Bind(path) => MountSource::Bind(path),
        MountSourceWire::Tmpfs { size, mode } => MountSource::Tmpfs { size, mode },
    };
    Mount { source, target: wire.target, read_only: wire.read_only }
}

fn publish_to_wire(publish: &Publish) -> PublishWire {
    PublishWire {
        host_ip: publish.host_ip,
        host_port: publish.host_port,
        container: publish.container.to_string(),
    }
}

fn publish_from_wire(wire: PublishWire) -> Result<Publish, String> {
    Ok(Publish { host_ip: wire.host_ip, host_port: wire.host_port, container: port(&wire.container)? })
}

/// `80/tcp`.
pub(super) fn port(text: &str) -> Result<PortSpec, String> {
    PortSpec::parse(text).ok_or(format!("'{text}' is no port"))
}

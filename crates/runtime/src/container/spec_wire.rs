//! A launch specification as it stands in `record.json`.

use std::time::Duration;

use plimsoll_model::launch::StopRule;
use plimsoll_model::{LaunchSpec, PortSpec, ProcessUser, Signal};
use serde::{Deserialize, Serialize};

use limits::{LimitsWire, UlimitWire};
use mounts::MountWire;
use network::{NamingWire, NetworkWire, PublishWire};
use security::{DeviceWire, SecurityWire, SharingWire};

mod limits;
mod mounts;
mod network;
mod security;

#[derive(Serialize, Deserialize)]
pub(super) struct SpecWire {
    argv: Vec<String>,
    env: Vec<(String, String)>,
    user: UserWire,
    workdir: String,
    hostname: String,
    domainname: String,
    stop_signal: i32,
    stop_grace_ms: u64,
    terminal: bool,
    init: bool,
    mounts: Vec<MountWire>,
    network: NetworkWire,
    publish: Vec<PublishWire>,
    naming: NamingWire,
    security: SecurityWire,
    sharing: SharingWire,
    devices: Vec<DeviceWire>,
    sysctls: Vec<(String, String)>,
    shm_size: Option<u64>,
    limits: LimitsWire,
    ulimits: Vec<UlimitWire>,
    oom_score_adj: Option<i32>,
}

#[derive(Serialize, Deserialize)]
struct UserWire {
    uid: u32,
    gid: u32,
    extra_groups: Vec<u32>,
    home: String,
    name: Option<String>,
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
        domainname: spec.domainname.clone(),
        stop_signal: spec.stop.signal.number(),
        stop_grace_ms: u64::try_from(spec.stop.grace.as_millis()).unwrap_or(u64::MAX),
        terminal: spec.terminal,
        init: spec.init,
        mounts: spec.mounts.iter().map(mounts::to_wire).collect(),
        network: network::to_wire(&spec.network),
        publish: spec.publish.iter().map(network::publish_to_wire).collect(),
        naming: network::naming_to_wire(&spec.naming),
        security: security::to_wire(&spec.security),
        sharing: security::sharing_to_wire(&spec.sharing),
        devices: spec.devices.iter().map(security::device_to_wire).collect(),
        sysctls: spec.sysctls.clone(),
        shm_size: spec.shm_size,
        limits: limits::to_wire(&spec.limits),
        ulimits: spec.ulimits.iter().map(limits::ulimit_to_wire).collect(),
        oom_score_adj: spec.oom_score_adj,
    }
}

pub(super) fn spec_from_wire(wire: SpecWire) -> Result<LaunchSpec, String> {
    let signal = |number| Signal::new(number).ok_or(format!("{number} is no signal"));
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
        domainname: wire.domainname,
        stop: StopRule {
            signal: signal(wire.stop_signal)?,
            grace: Duration::from_millis(wire.stop_grace_ms),
        },
        terminal: wire.terminal,
        init: wire.init,
        mounts: wire.mounts.into_iter().map(mounts::from_wire).collect::<Result<_, _>>()?,
        network: network::from_wire(wire.network),
        publish: wire.publish.into_iter().map(network::publish_from_wire).collect::<Result<_, _>>()?,
        naming: network::naming_from_wire(wire.naming),
        security: security::from_wire(wire.security),
        sharing: security::sharing_from_wire(wire.sharing),
        devices: wire.devices.into_iter().map(security::device_from_wire).collect(),
        sysctls: wire.sysctls,
        shm_size: wire.shm_size,
        limits: limits::from_wire(wire.limits),
        ulimits: wire.ulimits.into_iter().map(limits::ulimit_from_wire).collect(),
        oom_score_adj: wire.oom_score_adj,
    })
}

/// `80/tcp`.
pub(super) fn port(text: &str) -> Result<PortSpec, String> {
    PortSpec::parse(text).ok_or(format!("'{text}' is no port"))
}

//! Upkeep, and what was asked, as they stand in `record.json`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Asked, HealthCheck, LogRule, RestartPolicy, Upkeep};

#[derive(Serialize, Deserialize)]
pub(super) struct UpkeepWire {
    auto_remove: bool,
    open_stdin: bool,
    restart: RestartWire,
    health: Option<HealthWire>,
    log: LogWire,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RestartWire {
    No,
    OnFailure { most: Option<u32> },
    Always,
    UnlessStopped,
}

#[derive(Serialize, Deserialize)]
struct HealthWire {
    argv: Vec<String>,
    interval_ms: u64,
    timeout_ms: u64,
    start_period_ms: u64,
    start_interval_ms: u64,
    retries: u32,
}

#[derive(Serialize, Deserialize)]
struct LogWire {
    driver: String,
    max_size: Option<u64>,
    max_file: u32,
    options: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct AskedWire {
    entrypoint: Option<Vec<String>>,
    cmd: Vec<String>,
    user: String,
    exposed: Vec<String>,
    volumes: Vec<String>,
    labels: Vec<(String, String)>,
    binds: Vec<String>,
    cap_add: Vec<String>,
    cap_drop: Vec<String>,
    security_opt: Vec<String>,
    group_add: Vec<String>,
    volumes_from: Vec<String>,
    attached: [bool; 3],
    publish_all: bool,
    hostname: Option<String>,
}

pub(super) fn upkeep_to_wire(upkeep: &Upkeep) -> UpkeepWire {
    UpkeepWire {
        auto_remove: upkeep.auto_remove,
        open_stdin: upkeep.open_stdin,
        restart: match upkeep.restart {
            RestartPolicy::No => RestartWire::No,
            RestartPolicy::OnFailure { most } => RestartWire::OnFailure { most },
            RestartPolicy::Always => RestartWire::Always,
            RestartPolicy::UnlessStopped => RestartWire::UnlessStopped,
        },
        health: upkeep.health.as_ref().map(health_to_wire),
        log: LogWire {
            driver: upkeep.log.driver.clone(),
            max_size: upkeep.log.max_size,
            max_file: upkeep.log.max_file,
            options: upkeep.log.options.clone(),
        },
    }
}

pub(super) fn upkeep_from_wire(wire: UpkeepWire) -> Upkeep {
    Upkeep {
        auto_remove: wire.auto_remove,
        open_stdin: wire.open_stdin,
        restart: match wire.restart {
            RestartWire::No => RestartPolicy::No,
            RestartWire::OnFailure { most } => RestartPolicy::OnFailure { most },
            RestartWire::Always => RestartPolicy::Always,
            RestartWire::UnlessStopped => RestartPolicy::UnlessStopped,
        },
        health: wire.health.map(health_from_wire),
        log: LogRule {
            driver: wire.log.driver,
            max_size: wire.log.max_size,
            max_file: wire.log.max_file,
            options: wire.log.options,
        },
    }
}

fn health_to_wire(health: &HealthCheck) -> HealthWire {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    HealthWire {
        argv: health.argv.clone(),
        interval_ms: ms(health.interval),
        timeout_ms: ms(health.timeout),
        start_period_ms: ms(health.start_period),
        start_interval_ms: ms(health.start_interval),
        retries: health.retries,
    }
}

fn health_from_wire(wire: HealthWire) -> HealthCheck {
    HealthCheck {
        argv: wire.argv,
        interval: Duration::from_millis(wire.interval_ms),
        timeout: Duration::from_millis(wire.timeout_ms),
        start_period: Duration::from_millis(wire.start_period_ms),
        start_interval: Duration::from_millis(wire.start_interval_ms),
        retries: wire.retries,
    }
}

pub(super) fn asked_to_wire(asked: &Asked) -> AskedWire {
    AskedWire {
        entrypoint: asked.entrypoint.clone(),
        cmd: asked.cmd.clone(),
        user: asked.user.clone(),
        exposed: asked.exposed.clone(),
        volumes: asked.volumes.clone(),
        labels: asked.labels.clone(),
        binds: asked.binds.clone(),
        cap_add: asked.cap_add.clone(),
        cap_drop: asked.cap_drop.clone(),
        security_opt: asked.security_opt.clone(),
        group_add: asked.group_add.clone(),
        volumes_from: asked.volumes_from.clone(),
        attached: asked.attached,
        publish_all: asked.publish_all,
        hostname: asked.hostname.clone(),
    }
}

pub(super) fn asked_from_wire(wire: AskedWire) -> Asked {
    Asked {
        entrypoint: wire.entrypoint,
        cmd: wire.cmd,
        user: wire.user,
        exposed: wire.exposed,
        volumes: wire.volumes,
        labels: wire.labels,
        binds: wire.binds,
        cap_add: wire.cap_add,
        cap_drop: wire.cap_drop,
        security_opt: wire.security_opt,
        group_add: wire.group_add,
        volumes_from: wire.volumes_from,
        attached: wire.attached,
        publish_all: wire.publish_all,
        hostname: wire.hostname,
    }
}

//! The state files of a container as JSON, each with its schema and version.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use jiff::Timestamp;
use plimsoll_model::Signal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::spec_wire::{SpecWire, port, spec_from_wire, spec_to_wire};
use super::upkeep_wire::{
    AskedWire, UpkeepWire, asked_from_wire, asked_to_wire, upkeep_from_wire, upkeep_to_wire,
};
use super::{Attachment, End, Ended, PublishedPort, Record, Run};
use crate::launch::Exit;
use crate::process_id::ProcessId;

const RECORD_SCHEMA: &str = "plimsoll.container/2";
const RUN_SCHEMA: &str = "plimsoll.running/2";
const ENDED_SCHEMA: &str = "plimsoll.ended/2";

#[derive(Serialize, Deserialize)]
struct Document<T> {
    schema: String,
    #[serde(flatten)]
    content: T,
}

/// A state file: its schema, then what it holds.
pub(crate) fn write<T: Serialize>(schema: &str, content: T) -> Result<Vec<u8>, String> {
    let document = Document { schema: schema.to_string(), content };
    let mut bytes = serde_json::to_vec(&document).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Read a state file of this schema; the error is the end of a sentence.
pub(crate) fn read<T: DeserializeOwned>(schema: &str, bytes: &[u8]) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if head.schema != schema {
        return Err(format!("it has the schema '{}', this version reads '{schema}'", head.schema));
    }
    let document: Document<T> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    Ok(document.content)
}

/// `record.json`. Fails only for a path of the host that is not UTF-8.
pub fn write_record(record: &Record) -> Result<Vec<u8>, String> {
    write(
        RECORD_SCHEMA,
        RecordWire {
            id: record.id.clone(),
            name: record.name.clone(),
            image: record.image.clone(),
            image_digest: record.image_digest.clone(),
            created: record.created,
            upkeep: upkeep_to_wire(&record.upkeep),
            asked: asked_to_wire(&record.asked),
            lowers: record.lowers.clone(),
            spec: spec_to_wire(&record.spec),
        },
    )
}

/// Read `record.json`.
pub fn read_record(bytes: &[u8]) -> Result<Record, String> {
    let wire: RecordWire = read(RECORD_SCHEMA, bytes)?;
    Ok(Record {
        id: wire.id,
        name: wire.name,
        image: wire.image,
        image_digest: wire.image_digest,
        created: wire.created,
        upkeep: upkeep_from_wire(wire.upkeep),
        asked: asked_from_wire(wire.asked),
        lowers: wire.lowers,
        spec: spec_from_wire(wire.spec)?,
    })
}

#[derive(Serialize, Deserialize)]
struct RecordWire {
    id: String,
    name: String,
    image: String,
    image_digest: Option<String>,
    created: Timestamp,
    upkeep: UpkeepWire,
    asked: AskedWire,
    lowers: Vec<PathBuf>,
    spec: SpecWire,
}

#[derive(Serialize, Deserialize)]
struct RunWire {
    number: u32,
    restarts: u32,
    process: ProcessWire,
    monitor: ProcessWire,
    boot_id: String,
    started: Timestamp,
    ports: Vec<PublishedWire>,
    cgroups: Vec<PathBuf>,
    attachments: Vec<AttachmentWire>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct AttachmentWire {
    network: String,
    interface: String,
    address: IpAddr,
    prefix: u8,
    gateway: Option<IpAddr>,
    mac: [u8; 6],
}

#[derive(Serialize, Deserialize)]
struct ProcessWire {
    pid: u32,
    start: u64,
}

#[derive(Serialize, Deserialize)]
struct PublishedWire {
    host: SocketAddr,
    container: String,
}

/// `running.json`.
pub fn write_run(run: &Run) -> Vec<u8> {
    let process = |id: ProcessId| ProcessWire { pid: id.pid, start: id.start };
    let published =
        |port: &PublishedPort| PublishedWire { host: port.host, container: port.container.to_string() };
    let attachment = |place: &Attachment| AttachmentWire {
        network: place.network.clone(),
        interface: place.interface.clone(),
        address: place.address,
        prefix: place.prefix,
        gateway: place.gateway,
        mac: place.mac,
    };
    let wire = RunWire {
        number: run.number,
        restarts: run.restarts,
        process: process(run.process),
        monitor: process(run.monitor),
        boot_id: run.boot_id.clone(),
        started: run.started,
        ports: run.ports.iter().map(published).collect(),
        cgroups: run.cgroups.clone(),
        attachments: run.attachments.iter().map(attachment).collect(),
        warnings: run.warnings.clone(),
    };
    write(RUN_SCHEMA, wire).unwrap_or_default()
}

/// Read `running.json`.
pub fn read_run(bytes: &[u8]) -> Result<Run, String> {
    let wire: RunWire = read(RUN_SCHEMA, bytes)?;
    let process = |wire: ProcessWire| ProcessId { pid: wire.pid, start: wire.start };
    let published = |wire: PublishedWire| {
        Ok::<_, String>(PublishedPort { host: wire.host, container: port(&wire.container)? })
    };
    let attachment = |wire: AttachmentWire| Attachment {
        network: wire.network,
        interface: wire.interface,
        address: wire.address,
        prefix: wire.prefix,
        gateway: wire.gateway,
        mac: wire.mac,
    };
    Ok(Run {
        number: wire.number,
        restarts: wire.restarts,
        process: process(wire.process),
        monitor: process(wire.monitor),
        boot_id: wire.boot_id,
        started: wire.started,
        ports: wire.ports.into_iter().map(published).collect::<Result<_, _>>()?,
        cgroups: wire.cgroups,
        attachments: wire.attachments.into_iter().map(attachment).collect(),
        warnings: wire.warnings,
    })
}

#[derive(Serialize, Deserialize)]
struct EndedWire {
    run: u32,
    at: Timestamp,
    oom_killed: bool,
    restart_at: Option<Timestamp>,
    #[serde(flatten)]
    how: EndWire,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EndWire {
    ExitCode(i32),
    Signal(i32),
    NotStarted { code: i32, why: String },
}

/// `ended.json`; also what the monitor answers those who wait.
pub fn write_ended(ended: &Ended) -> Vec<u8> {
    let how = match &ended.how {
        End::Exit(Exit::Code(code)) => EndWire::ExitCode(*code),
        End::Exit(Exit::Signal(signal)) => EndWire::Signal(signal.number()),
        End::NotStarted { code, why } => EndWire::NotStarted { code: *code, why: why.clone() },
    };
    let wire = EndedWire {
        run: ended.run,
        at: ended.at,
        oom_killed: ended.oom_killed,
        restart_at: ended.restart_at,
        how,
    };
    write(ENDED_SCHEMA, wire).unwrap_or_default()
}

/// Read `ended.json`.
pub fn read_ended(bytes: &[u8]) -> Result<Ended, String> {
    let wire: EndedWire = read(ENDED_SCHEMA, bytes)?;
    let how = match wire.how {
        EndWire::ExitCode(code) => End::Exit(Exit::Code(code)),
        EndWire::Signal(number) => {
            End::Exit(Exit::Signal(Signal::new(number).ok_or(format!("{number} is no signal"))?))
        }
        EndWire::NotStarted { code, why } => End::NotStarted { code, why },
    };
    let (oom_killed, restart_at) = (wire.oom_killed, wire.restart_at);
    Ok(Ended { run: wire.run, at: wire.at, how, oom_killed, restart_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::name::random_id;
    use crate::container::{Asked, HealthCheck, LogRule, RestartPolicy, Upkeep};
    use plimsoll_model::launch::{
        Device, DeviceRate, HostEntry, Limits, Mount, MountSource, Naming, Propagation, Publish, RateKind,
        Seccomp, Security, Share, Sharing, StopRule, SwapLimit, Tmpfs, Ulimit,
    };
    use plimsoll_model::{LaunchSpec, Network, PortSpec, ProcessUser};
    use std::time::Duration;

    fn every_field() -> Record {
        let spec = every_field_of_a_spec();
        Record {
            id: random_id().unwrap(),
            name: "web".into(),
            image: "app:1".into(),
            image_digest: Some("sha256:00".into()),
            created: "2026-11-22T10:00:00.123456789Z".parse().unwrap(),
            spec,
            lowers: vec!["/layers/1/fs".into()],
            upkeep: Upkeep {
                auto_remove: true,
                open_stdin: true,
                restart: RestartPolicy::OnFailure { most: Some(3) },
                health: Some(HealthCheck {
                    argv: vec!["/bin/check".into()],
                    interval: Duration::from_millis(1500),
                    timeout: Duration::from_secs(2),
                    start_period: Duration::from_secs(3),
                    start_interval: Duration::from_secs(4),
                    retries: 5,
                }),
                log: LogRule {
                    driver: "local".into(),
                    max_size: Some(1024),
                    max_file: 3,
                    options: vec![("max-size".into(), "1k".into())],
                },
            },
            asked: Asked {
                entrypoint: Some(vec!["/bin/sh".into()]),
                cmd: vec!["-c".into()],
                user: "app".into(),
                exposed: vec!["80/tcp".into()],
                volumes: vec!["/data".into()],
                labels: vec![("a".into(), "b".into())],
                binds: vec!["/x:/y:ro".into()],
                cap_add: vec!["NET_ADMIN".into()],
                cap_drop: vec!["ALL".into()],
                security_opt: vec!["no-new-privileges".into()],
                group_add: vec!["audio".into()],
                volumes_from: vec!["other".into()],
                attached: [true, false, true],
                publish_all: true,
                hostname: Some("web".into()),
            },
        }
    }

    fn every_field_of_a_spec() -> LaunchSpec {
        let mut read_only = Mount::bind("/a b", "/a").read_only(true);
        read_only.propagation = Propagation::RecursiveSlave;
        let tmpfs = Tmpfs { size: Some(64), mode: 0o1770, owner: (1, 2), exec: true };
        let (name, directory, subpath) = ("v".into(), "/v/v".into(), "s".into());
        let volume = MountSource::Volume { name, directory, subpath, memory: Some(tmpfs), anonymous: true };
        LaunchSpec {
            env: vec![("PATH".into(), "/bin".into()), ("EMPTY".into(), String::new())],
            user: ProcessUser { uid: 7, gid: 8, extra_groups: vec![9], home: "/h".into(), name: None },
            workdir: "/srv".into(),
            hostname: "web".into(),
            domainname: "lan".into(),
            stop: StopRule { signal: Signal::QUIT, grace: Duration::from_millis(1500) },
            terminal: true,
            init: true,
            mounts: vec![read_only, Mount::of(volume, "/v"), Mount::tmpfs(tmpfs, "/t")],
            network: Network::Joined(vec!["back".into()]),
            publish: vec![Publish {
                host_ip: "::1".parse().unwrap(),
                host_port: None,
                further_ports: 0,
                container: PortSpec::parse("53/udp").unwrap(),
            }],
            naming: Naming {
                hosts: vec![HostEntry { name: "db".into(), address: Some("10.0.0.1".parse().unwrap()) }],
                servers: vec!["10.0.0.2".parse().unwrap()],
                search: vec!["lan".into()],
                options: vec!["edns0".into()],
                aliases: vec!["www".into()],
            },
            security: Security {
                read_only_root: true,
                seccomp: Seccomp::Profile("{}".into()),
                bare_kernel_files: true,
                privileged: true,
                ..Security::default()
            },
            sharing: Sharing {
                pid: Share::Host,
                ipc: Share::Container("c".into()),
                uts: Share::Host,
                cgroup: Share::Host,
                user: Share::Host,
            },
            devices: vec![Device {
                host: "/dev/fuse".into(),
                container: "/dev/f".into(),
                access: "rw".into(),
            }],
            sysctls: vec![("net.core.somaxconn".into(), "7".into())],
            shm_size: Some(1),
            limits: every_limit(),
            ulimits: vec![Ulimit { name: "nofile".into(), soft: Some(1), hard: None }],
            oom_score_adj: Some(-5),
            ..LaunchSpec::of(vec!["/bin/sh".into(), "-c".into(), "exit 3".into()])
        }
    }

    fn every_limit() -> Limits {
        Limits {
            memory: Some(1),
            memory_swap: Some(SwapLimit::Unlimited),
            memory_reservation: Some(2),
            memory_swappiness: Some(3),
            oom_kill_disable: true,
            nano_cpus: Some(4),
            cpu_period: Some(5),
            cpu_quota: Some(6),
            cpu_shares: Some(7),
            cpuset_cpus: Some("0".into()),
            cpuset_mems: Some("1".into()),
            pids: Some(8),
            io_weight: Some(9),
            io_rates: vec![DeviceRate {
                device: "/dev/sda".into(),
                kind: RateKind::WriteOperations,
                rate: 10,
            }],
        }
    }

    #[test]
    fn a_record_survives_being_written_down() {
        let record = every_field();
        let bytes = write_record(&record).unwrap();
        assert_eq!(read_record(&bytes).unwrap(), record);
        assert!(bytes.starts_with(b"{\"schema\":\"plimsoll.container/2\""));
    }

    #[test]
    fn runs_and_ends_survive_too() {
        let run = Run {
            number: 2,
            restarts: 1,
            process: ProcessId { pid: 10, start: 99 },
            monitor: ProcessId { pid: 9, start: 98 },
            boot_id: "b".into(),
            started: "2026-11-22T10:00:00Z".parse().unwrap(),
            ports: vec![PublishedPort {
                host: "0.0.0.0:8080".parse().unwrap(),
                container: PortSpec::parse("80").unwrap(),
            }],
            cgroups: vec!["/sys/fs/cgroup/pids/x".into()],
            warnings: vec!["no such limit here".into()],
            attachments: vec![Attachment {
                network: "back".into(),
                interface: "eth0".into(),
                address: "10.89.0.2".parse().unwrap(),
                prefix: 16,
                gateway: Some("10.89.0.1".parse().unwrap()),
                mac: [2, 0, 0, 0, 0, 1],
            }],
        };
        assert_eq!(read_run(&write_run(&run)).unwrap(), run);
        assert_eq!(run.ports[0].to_string(), "0.0.0.0:8080->80/tcp");
        for how in [
            End::Exit(Exit::Code(3)),
            End::Exit(Exit::Signal(Signal::KILL)),
            End::NotStarted { code: 127, why: "no such program".into() },
        ] {
            let restart_at = Some(run.started);
            let ended = Ended { run: 2, at: run.started, how, oom_killed: true, restart_at };
            assert_eq!(read_ended(&write_ended(&ended)).unwrap(), ended);
        }
    }

    #[test]
    fn other_versions_and_hostile_bytes_are_refused_with_a_reason() {
        let newer = String::from_utf8(write_record(&every_field()).unwrap()).unwrap();
        let newer = newer.replace("plimsoll.container/2", "plimsoll.container/3");
        assert!(read_record(newer.as_bytes()).unwrap_err().contains("plimsoll.container/3"));
        for bad in [&b""[..], b"[]", b"{}", b"\xff", b"{\"schema\":\"plimsoll.ended/2\",\"signal\":0}"] {
            assert!(read_ended(bad).is_err());
            assert!(read_record(bad).is_err());
        }
        let deep = "[".repeat(100_000);
        assert!(read_run(deep.as_bytes()).is_err());
    }
}

//! The state files of a container as JSON, each with its schema and version.

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use plimsoll_model::Signal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::spec_wire::{SpecWire, port, spec_from_wire, spec_to_wire};
use super::{End, Ended, PublishedPort, Record, Run};
use crate::launch::Exit;
use crate::process_id::ProcessId;

const RECORD_SCHEMA: &str = "plimsoll.container/1";
const RUN_SCHEMA: &str = "plimsoll.running/1";
const ENDED_SCHEMA: &str = "plimsoll.ended/1";

#[derive(Serialize, Deserialize)]
struct Document<T> {
    schema: String,
    #[serde(flatten)]
    content: T,
}

fn write<T: Serialize>(schema: &str, content: T) -> Result<Vec<u8>, String> {
    let document = Document { schema: schema.to_string(), content };
    let mut bytes = serde_json::to_vec(&document).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn read<T: DeserializeOwned>(schema: &str, bytes: &[u8]) -> Result<T, String> {
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
            auto_remove: record.auto_remove,
            open_stdin: record.open_stdin,
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
        auto_remove: wire.auto_remove,
        open_stdin: wire.open_stdin,
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
    auto_remove: bool,
    open_stdin: bool,
    lowers: Vec<PathBuf>,
    spec: SpecWire,
}

#[derive(Serialize, Deserialize)]
struct RunWire {
    process: ProcessWire,
    monitor: ProcessWire,
    boot_id: String,
    started: Timestamp,
    ports: Vec<PublishedWire>,
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
    let wire = RunWire {
        process: process(run.process),
        monitor: process(run.monitor),
        boot_id: run.boot_id.clone(),
        started: run.started,
        ports: run.ports.iter().map(published).collect(),
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
    Ok(Run {
        process: process(wire.process),
        monitor: process(wire.monitor),
        boot_id: wire.boot_id,
        started: wire.started,
        ports: wire.ports.into_iter().map(published).collect::<Result<_, _>>()?,
    })
}

#[derive(Serialize, Deserialize)]
struct EndedWire {
    at: Timestamp,
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
    write(ENDED_SCHEMA, EndedWire { at: ended.at, how }).unwrap_or_default()
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
    Ok(Ended { at: wire.at, how })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::name::random_id;
    use plimsoll_model::launch::{Mount, MountSource, Publish, Seccomp, Security, StopRule};
    use plimsoll_model::{LaunchSpec, Network, PortSpec, ProcessUser};
    use std::time::Duration;

    fn every_field() -> Record {
        let spec = LaunchSpec {
            argv: vec!["/bin/sh".into(), "-c".into(), "exit 3".into()],
            env: vec![("PATH".into(), "/bin".into()), ("EMPTY".into(), String::new())],
            user: ProcessUser { uid: 7, gid: 8, extra_groups: vec![9], home: "/h".into(), name: None },
            workdir: "/srv".into(),
            hostname: "web".into(),
            stop: StopRule { signal: Signal::QUIT, grace: Duration::from_millis(1500) },
            terminal: true,
            init: true,
            mounts: vec![
                Mount { source: MountSource::Bind("/a b".into()), target: "/a".into(), read_only: true },
                Mount {
                    source: MountSource::Tmpfs { size: Some(64), mode: 0o1777 },
                    target: "/t".into(),
                    read_only: false,
                },
            ],
            network: Network::Private,
            publish: vec![Publish {
                host_ip: "::1".parse().unwrap(),
                host_port: None,
                container: PortSpec::parse("53/udp").unwrap(),
            }],
            security: Security { read_only_root: true, seccomp: Seccomp::Unconfined, ..Security::default() },
        };
        Record {
            id: random_id().unwrap(),
            name: "web".into(),
            image: "app:1".into(),
            image_digest: Some("sha256:00".into()),
            created: "2026-11-22T10:00:00.123456789Z".parse().unwrap(),
            spec,
            lowers: vec!["/layers/1/fs".into()],
            auto_remove: true,
            open_stdin: true,
        }
    }

    #[test]
    fn a_record_survives_being_written_down() {
        let record = every_field();
        let bytes = write_record(&record).unwrap();
        assert_eq!(read_record(&bytes).unwrap(), record);
        assert!(bytes.starts_with(b"{\"schema\":\"plimsoll.container/1\""));
    }

    #[test]
    fn runs_and_ends_survive_too() {
        let run = Run {
            process: ProcessId { pid: 10, start: 99 },
            monitor: ProcessId { pid: 9, start: 98 },
            boot_id: "b".into(),
            started: "2026-11-22T10:00:00Z".parse().unwrap(),
            ports: vec![PublishedPort {
                host: "0.0.0.0:8080".parse().unwrap(),
                container: PortSpec::parse("80").unwrap(),
            }],
        };
        assert_eq!(read_run(&write_run(&run)).unwrap(), run);
        assert_eq!(run.ports[0].to_string(), "0.0.0.0:8080->80/tcp");
        for how in [
            End::Exit(Exit::Code(3)),
            End::Exit(Exit::Signal(Signal::KILL)),
            End::NotStarted { code: 127, why: "no such program".into() },
        ] {
            let ended = Ended { at: run.started, how };
            assert_eq!(read_ended(&write_ended(&ended)).unwrap(), ended);
        }
    }

    #[test]
    fn other_versions_and_hostile_bytes_are_refused_with_a_reason() {
        let newer = String::from_utf8(write_record(&every_field()).unwrap()).unwrap();
        let newer = newer.replace("plimsoll.container/1", "plimsoll.container/2");
        assert!(read_record(newer.as_bytes()).unwrap_err().contains("plimsoll.container/2"));
        for bad in [&b""[..], b"[]", b"{}", b"\xff", b"{\"schema\":\"plimsoll.ended/1\",\"signal\":0}"] {
            assert!(read_ended(bad).is_err());
            assert!(read_record(bad).is_err());
        }
        let deep = "[".repeat(100_000);
        assert!(read_run(deep.as_bytes()).is_err());
    }
}

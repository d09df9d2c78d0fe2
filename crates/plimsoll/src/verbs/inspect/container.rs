//! docker's document of a container: the keys, their order and their types are those of docker 20.10
//! (`types.ContainerJSON`), so that programs which read docker's can read ours.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use jiff::Timestamp;
use plimsoll_model::Digest;
use plimsoll_runtime::container::{Container, ContainerError, State};
use plimsoll_template::{Field, Value};

use crate::session::Session;

mod config;
mod host_config;
mod mounts;
mod network;
mod state;

/// Go's zero time: docker's value for what has not happened.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// All that docker says of a container. With `sizes` its files are counted.
pub fn of_container(session: &Session, container: &Container, sizes: bool) -> Result<Value, ContainerError> {
    let record = container.record();
    let state = container.state()?;
    let path = |name: &str| container.path().join(name).display().to_string();
    let (program, arguments) = record.spec.argv.split_first().map_or(("", &[][..]), |(p, a)| (p.as_str(), a));
    let mut fields = vec![
        Field::new("ID", record.id.as_str()).keyed("Id"),
        Field::new("Created", time(record.created)),
        Field::new("Path", program),
        Field::new("Args", list(arguments)),
        Field::new("State", state::state(&state, container.health()?.as_ref())),
        Field::new("Image", image_id(session, container)),
        Field::new("ResolvConfPath", path("resolv.conf")),
        Field::new("HostnamePath", path("hostname")),
        Field::new("HostsPath", path("hosts")),
        Field::new("LogPath", container.log_file(0).display().to_string()),
        Field::new("Name", format!("/{}", record.name)),
        Field::new("RestartCount", state.run().map_or(0, |run| i64::from(run.restarts))),
        Field::new("Driver", "overlay"),
        Field::new("Platform", "linux"),
        Field::new("MountLabel", ""),
        Field::new("ProcessLabel", ""),
        Field::new("AppArmorProfile", ""),
        Field::new("ExecIDs", Value::List(None)),
        Field::new("HostConfig", host_config::host_config(record)),
        Field::new("GraphDriver", graph_driver(container)),
    ];
    if sizes {
        let own = size_of(&container.rootfs().upper());
        let layers = record.lowers.iter().map(|layer| size_of(layer)).sum::<i64>();
        fields.push(Field::new("SizeRw", own));
        fields.push(Field::new("SizeRootFs", own + layers));
    }
    fields.push(Field::new("Mounts", mounts::mounts(record)));
    fields.push(Field::new("Config", config::config(record)));
    fields.push(Field::new("NetworkSettings", network::settings(record, running(&state))));
    Ok(Value::Record(fields))
}

/// The start that runs now.
fn running(state: &State) -> Option<&plimsoll_runtime::container::Run> {
    if state.is_running() { state.run() } else { None }
}

/// docker names the image by its id: the digest of its configuration.
fn image_id(session: &Session, container: &Container) -> String {
    let record = container.record();
    let digest = record.image_digest.as_deref().and_then(|digest| digest.parse::<Digest>().ok());
    let image = digest.and_then(|digest| session.store.image(&digest).ok());
    image.map_or_else(
        || record.image_digest.clone().unwrap_or_default(),
        |image| image.config_digest.to_string(),
    )
}

/// Where its files lie, in overlay's words.
fn graph_driver(container: &Container) -> Value {
    let rootfs = container.rootfs();
    let lower: Vec<String> = rootfs.lowers.iter().rev().map(|layer| layer.display().to_string()).collect();
    let entries = [
        ("LowerDir", lower.join(":")),
        ("UpperDir", rootfs.upper().display().to_string()),
        ("WorkDir", rootfs.work().display().to_string()),
    ];
    let entries = entries.into_iter().map(|(key, value)| (key.to_string(), Value::Text(value))).collect();
    Value::Record(vec![
        Field::new("Data", Value::map(Some(entries), Value::from(""))),
        Field::new("Name", "overlay"),
    ])
}

/// Bytes of the files below a directory; what cannot be read counts nothing.
pub fn size_of(directory: &Path) -> i64 {
    let mut size = 0;
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        size += match metadata.is_dir() {
            true => size_of(&entry.path()),
            false => i64::try_from(metadata.size()).unwrap_or(i64::MAX),
        };
    }
    size
}

/// A list that docker writes as `[]` when it is empty.
fn list(texts: &[String]) -> Value {
    Value::List(Some(texts.iter().map(|text| Value::from(text.as_str())).collect()))
}

/// A `map[string]struct{}`; none is Go's nil map.
fn set<'a>(keys: impl IntoIterator<Item = &'a String>) -> Value {
    let nothing = || Value::Record(Vec::new());
    let keys: std::collections::BTreeMap<String, Value> =
        keys.into_iter().map(|key| (key.clone(), nothing())).collect();
    Value::map(Some(keys).filter(|keys| !keys.is_empty()), nothing())
}

/// A number that may be larger than JSON's readers expect.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A time as docker writes it: with nanoseconds, in UTC.
fn time(at: Timestamp) -> String {
    at.to_string()
}

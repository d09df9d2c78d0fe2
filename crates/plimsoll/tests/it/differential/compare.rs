//! What of two images differs, place by place.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::image::Image;

/// Something in which two images differ.
#[derive(Debug)]
pub struct Difference {
    /// `config.KEY`, `history`, `platform`, or an absolute path.
    pub place: String,
    /// How docker has it.
    pub docker: String,
    /// How plimsoll has it.
    pub plimsoll: String,
}

/// What a container's start depends on; the rest of docker's configuration (`Image`, `Hostname`,
/// `ArgsEscaped` and others) says how the builder worked.
const KEYS: [&str; 12] = [
    "Entrypoint",
    "Cmd",
    "Env",
    "WorkingDir",
    "User",
    "ExposedPorts",
    "Volumes",
    "Labels",
    "StopSignal",
    "Healthcheck",
    "Shell",
    "OnBuild",
];

/// All differences.
pub fn compare(docker: &Image, plimsoll: &Image) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut check = |place: String, docker: String, plimsoll: String| {
        if docker != plimsoll {
            differences.push(Difference { place, docker, plimsoll });
        }
    };
    for key in KEYS {
        let of = |image: &Image| setting(&image.config["config"], key).to_string();
        check(format!("config.{key}"), of(docker), of(plimsoll));
    }
    let platform = |image: &Image| format!("{} {}", image.config["os"], image.config["architecture"]);
    check("platform".to_string(), platform(docker), platform(plimsoll));
    let history = |image: &Image| history(image).len().to_string();
    check("history".to_string(), history(docker), history(plimsoll));
    let author = |image: &Image| image.config["author"].to_string();
    check("author".to_string(), author(docker), author(plimsoll));
    let paths: BTreeSet<&String> = docker.paths.keys().chain(plimsoll.paths.keys()).collect();
    for path in paths {
        check(path.clone(), describe(docker, path), describe(plimsoll, path));
    }
    differences
}

/// A setting; what is empty, null or absent is the same to everybody who reads it.
fn setting(config: &Value, key: &str) -> Value {
    let value = config.get(key).cloned().unwrap_or(Value::Null);
    match value {
        Value::Array(list) if list.is_empty() => Value::Null,
        Value::Object(map) if map.is_empty() => Value::Null,
        Value::Object(map) => Value::Object(sorted(map)),
        Value::String(text) if text.is_empty() => Value::Null,
        value => value,
    }
}

/// The same object with its keys in order: neither builder promises one.
fn sorted(map: Map<String, Value>) -> Map<String, Value> {
    let mut entries: Vec<(String, Value)> = map.into_iter().collect();
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    entries.into_iter().collect()
}

fn history(image: &Image) -> &[Value] {
    image.config["history"].as_array().map_or(&[], Vec::as_slice)
}

fn describe(image: &Image, path: &str) -> String {
    let Some(node) = image.node(path) else { return "absent".to_string() };
    let first = image.first_name(path).filter(|first| *first != path);
    let link = first.map_or(String::new(), |first| format!(" same file as {first}"));
    let (uid, gid) = node.owner;
    let attributes: Vec<String> =
        node.attributes.iter().map(|(name, value)| format!(" {name}={value:02x?}")).collect();
    format!("{} {:04o} {uid}:{gid} {}{}{link}", node.kind, node.mode, node.content, attributes.concat())
}

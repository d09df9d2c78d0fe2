//! The JSON form of the image configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{BadConfig, Healthcheck, HealthcheckTest, HistoryEntry, ImageConfig};
use crate::digest::Digest;
use crate::platform::Platform;

#[derive(Serialize, Deserialize, Default)]
struct Outer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    #[serde(default)]
    config: Option<Inner>,
    #[serde(default)]
    rootfs: RootFs,
    #[serde(default)]
    history: Option<Vec<History>>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Inner {
    #[serde(default, skip_serializing_if = "is_empty")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "is_empty_map")]
    exposed_ports: Option<BTreeMap<String, Value>>,
    #[serde(default, skip_serializing_if = "is_empty_list")]
    env: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_empty_list")]
    entrypoint: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_empty_list")]
    cmd: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    healthcheck: Option<HealthWire>,
    #[serde(default, skip_serializing_if = "is_empty_map")]
    volumes: Option<BTreeMap<String, Value>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    working_dir: Option<String>,
    #[serde(default, skip_serializing_if = "is_empty_map")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    stop_signal: Option<String>,
    #[serde(default, skip_serializing_if = "is_empty_list")]
    on_build: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_empty_list")]
    shell: Option<Vec<String>>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

#[derive(Serialize, Deserialize, Default)]
struct RootFs {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    diff_ids: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct History {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    empty_layer: bool,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct HealthWire {
    #[serde(default, skip_serializing_if = "is_empty_list")]
    test: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    interval: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    timeout: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    start_period: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    start_interval: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    retries: i64,
}

fn is_empty(text: &Option<String>) -> bool {
    text.as_ref().is_none_or(String::is_empty)
}

fn is_empty_list(list: &Option<Vec<String>>) -> bool {
    list.as_ref().is_none_or(Vec::is_empty)
}

fn is_empty_map<V>(map: &Option<BTreeMap<String, V>>) -> bool {
    map.as_ref().is_none_or(BTreeMap::is_empty)
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

pub(super) fn read(bytes: &[u8]) -> Result<ImageConfig, BadConfig> {
    let bad = |why: String| BadConfig { why };
    let outer: Outer = serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
    let inner = outer.config.unwrap_or_default();
    let diff_ids = outer.rootfs.diff_ids.unwrap_or_default();
    let diff_ids: Result<Vec<Digest>, _> = diff_ids.iter().map(|id| id.parse()).collect();
    let platform = (!outer.architecture.is_empty() && !outer.os.is_empty()).then_some(Platform {
        os: outer.os,
        architecture: outer.architecture,
        variant: outer.variant.filter(|variant| !variant.is_empty()),
    });
    Ok(ImageConfig {
        platform,
        created: outer.created,
        author: outer.author,
        entrypoint: inner.entrypoint.unwrap_or_default(),
        cmd: inner.cmd.unwrap_or_default(),
        env: inner.env.unwrap_or_default().iter().map(|pair| split_pair(pair)).collect(),
        user: inner.user.unwrap_or_default(),
        working_dir: inner.working_dir.unwrap_or_default(),
        exposed_ports: inner.exposed_ports.unwrap_or_default().into_keys().collect(),
        volumes: inner.volumes.unwrap_or_default().into_keys().collect(),
        labels: inner.labels.unwrap_or_default().into_iter().collect(),
        stop_signal: inner.stop_signal.filter(|signal| !signal.is_empty()),
        healthcheck: inner.healthcheck.map(read_health),
        shell: inner.shell.unwrap_or_default(),
        on_build: inner.on_build.unwrap_or_default(),
        history: outer.history.unwrap_or_default().into_iter().map(read_history).collect(),
        diff_ids: diff_ids.map_err(|error| bad(error.to_string()))?,
        unknown: outer.unknown,
        unknown_config: inner.unknown,
    })
}

fn split_pair(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (name.to_string(), value.to_string())
}

fn read_history(entry: History) -> HistoryEntry {
    HistoryEntry {
        created: entry.created,
        created_by: entry.created_by,
        comment: entry.comment,
        author: entry.author,
        empty_layer: entry.empty_layer,
    }
}

fn read_health(wire: HealthWire) -> Healthcheck {
    let duration = |nanos: i64| u64::try_from(nanos).ok().filter(|n| *n > 0).map(Duration::from_nanos);
    let mut words = wire.test.unwrap_or_default();
    let test = match words.first().map(String::as_str) {
        None => HealthcheckTest::Inherit,
        Some("NONE") => HealthcheckTest::None,
        Some("CMD-SHELL") => HealthcheckTest::Shell(words.split_off(1).join(" ")),
        Some("CMD") => HealthcheckTest::Exec(words.split_off(1)),
        // Docker refuses any other first word when it runs the check; keep the words as a command.
        Some(_) => HealthcheckTest::Exec(words),
    };
    Healthcheck {
        test,
        interval: duration(wire.interval),
        timeout: duration(wire.timeout),
        start_period: duration(wire.start_period),
        start_interval: duration(wire.start_interval),
        retries: u32::try_from(wire.retries).ok().filter(|n| *n > 0),
    }
}

pub(super) fn write(config: &ImageConfig) -> Vec<u8> {
    let platform = config.platform.clone().unwrap_or_else(Platform::host);
    let keys =
        |list: &[String]| Some(list.iter().map(|key| (key.clone(), Value::Object(Map::new()))).collect());
    let inner = Inner {
        user: Some(config.user.clone()),
        exposed_ports: keys(&config.exposed_ports),
        env: Some(config.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        entrypoint: Some(config.entrypoint.clone()),
        cmd: Some(config.cmd.clone()),
        healthcheck: config.healthcheck.as_ref().map(write_health),
        volumes: keys(&config.volumes),
        working_dir: Some(config.working_dir.clone()),
        labels: Some(config.labels.iter().cloned().collect()),
        stop_signal: config.stop_signal.clone(),
        on_build: Some(config.on_build.clone()),
        shell: Some(config.shell.clone()),
        unknown: config.unknown_config.clone(),
    };
    let outer = Outer {
        created: config.created.clone(),
        author: config.author.clone(),
        architecture: platform.architecture,
        os: platform.os,
        variant: platform.variant,
        config: Some(inner),
        rootfs: RootFs {
            kind: "layers".to_string(),
            diff_ids: Some(config.diff_ids.iter().map(Digest::to_string).collect()),
        },
        history: Some(config.history.iter().map(write_history).collect()),
        unknown: config.unknown.clone(),
    };
    serde_json::to_vec(&outer).expect("a value of strings and numbers is always written")
}

fn write_history(entry: &HistoryEntry) -> History {
    History {
        created: entry.created.clone(),
        created_by: entry.created_by.clone(),
        comment: entry.comment.clone(),
        author: entry.author.clone(),
        empty_layer: entry.empty_layer,
    }
}

fn write_health(health: &Healthcheck) -> HealthWire {
    let nanos = |duration: Option<Duration>| {
        duration.map_or(0, |duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    };
    let test = match &health.test {
        HealthcheckTest::Inherit => None,
        HealthcheckTest::None => Some(vec!["NONE".to_string()]),
        HealthcheckTest::Shell(text) => Some(vec!["CMD-SHELL".to_string(), text.clone()]),
        HealthcheckTest::Exec(words) => {
            Some(std::iter::once("CMD".to_string()).chain(words.iter().cloned()).collect())
        }
    };
    HealthWire {
        test,
        interval: nanos(health.interval),
        timeout: nanos(health.timeout),
        start_period: nanos(health.start_period),
        start_interval: nanos(health.start_interval),
        retries: health.retries.map_or(0, i64::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_fields_and_unknown_keys_survive() {
        let text = br#"{"architecture":"amd64","os":"linux","docker_version":"20",
            "config":{"Env":["A=b=c"],"Cmd":null,"Entrypoint":["/x"],"ExposedPorts":{"80/tcp":{}},
            "Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":5000000000},"ArgsEscaped":true},
            "rootfs":{"type":"layers","diff_ids":null},"history":[{"created_by":"x","empty_layer":true}]}"#;
        let config = ImageConfig::from_json(text).unwrap();
        assert_eq!(config.env, [("A".to_string(), "b=c".to_string())]);
        assert!(config.cmd.is_empty());
        let health = config.healthcheck.as_ref().unwrap();
        assert_eq!(health.test, HealthcheckTest::Shell("true".into()));
        assert_eq!(health.interval, Some(Duration::from_secs(5)));
        assert_eq!(config.unknown["docker_version"], "20");
        assert_eq!(config.unknown_config["ArgsEscaped"], true);
        let again = ImageConfig::from_json(&config.to_json()).unwrap();
        assert_eq!(again, config);
        assert_eq!(again.to_json(), config.to_json());
    }

    #[test]
    fn garbage_is_an_error_not_a_panic() {
        for bad in [&b""[..], b"[]", b"{\"rootfs\":{\"diff_ids\":[\"x\"]}}", b"\xff"] {
            assert!(ImageConfig::from_json(bad).is_err());
        }
        assert!(ImageConfig::from_json(b"{}").is_ok());
    }
}

//! docker's `Config` (`container.Config` of docker 20.10): all its keys, in its order.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_model::quantity::go_duration;
use plimsoll_template::{Field, Value};
use serde_json::Value as Json;

/// An object that came with the image; what has another type than docker's counts as absent.
pub struct Read<'a>(pub &'a Json);

impl<'a> Read<'a> {
    /// A text; empty if there is none.
    pub fn text(&self, key: &str) -> String {
        self.0.get(key).and_then(Json::as_str).unwrap_or_default().to_string()
    }

    /// An object.
    pub fn object(&self, key: &str) -> Option<&'a Json> {
        self.0.get(key).filter(|value| value.is_object())
    }

    fn flag(&self, key: &str) -> bool {
        self.0.get(key).and_then(Json::as_bool).unwrap_or(false)
    }

    fn whole(&self, key: &str) -> i64 {
        self.0.get(key).and_then(Json::as_i64).unwrap_or(0)
    }

    /// A list of texts; nil if there is none. docker also reads a single text.
    fn texts(&self, key: &str) -> Value {
        let texts = match self.0.get(key) {
            Some(Json::String(text)) => Some(vec![Value::Text(text.clone())]),
            Some(Json::Array(items)) => {
                Some(items.iter().filter_map(Json::as_str).map(Value::from).collect())
            }
            _ => None,
        };
        Value::List(texts)
    }

    /// A `map[string]struct{}`: the keys of an object.
    fn set(&self, key: &str) -> Value {
        let nothing = || Value::Record(Vec::new());
        let keys = self.0.get(key).and_then(Json::as_object).map(serde_json::Map::keys);
        Value::map(keys.map(|keys| keys.map(|key| (key.clone(), nothing())).collect()), nothing())
    }

    /// A `map[string]string`.
    fn labels(&self, key: &str) -> Value {
        let entries = self.0.get(key).and_then(Json::as_object).map(|object| {
            let texts = object.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.into())));
            texts.collect::<BTreeMap<String, Value>>()
        });
        Value::map(entries, Value::from(""))
    }

    fn duration(&self, key: &str) -> Value {
        let nanoseconds = self.whole(key);
        let text = go_duration(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0)));
        Value::Stringer { text, of: Box::new(Value::Int(nanoseconds)) }
    }
}

/// The configuration of an image, or of the container that made it.
pub fn config(json: &Json) -> Value {
    let read = Read(json);
    Value::Record(vec![
        Field::new("Hostname", read.text("Hostname")),
        Field::new("Domainname", read.text("Domainname")),
        Field::new("User", read.text("User")),
        Field::new("AttachStdin", read.flag("AttachStdin")),
        Field::new("AttachStdout", read.flag("AttachStdout")),
        Field::new("AttachStderr", read.flag("AttachStderr")),
        Field::if_any("ExposedPorts", read.set("ExposedPorts")),
        Field::new("Tty", read.flag("Tty")),
        Field::new("OpenStdin", read.flag("OpenStdin")),
        Field::new("StdinOnce", read.flag("StdinOnce")),
        Field::new("Env", read.texts("Env")),
        Field::new("Cmd", read.texts("Cmd")),
        Field::if_any("Healthcheck", read.object("Healthcheck").map_or(Value::NoRecord, healthcheck)),
        Field::if_any("ArgsEscaped", read.flag("ArgsEscaped")),
        Field::new("Image", read.text("Image")),
        Field::new("Volumes", read.set("Volumes")),
        Field::new("WorkingDir", read.text("WorkingDir")),
        Field::new("Entrypoint", read.texts("Entrypoint")),
        Field::if_any("NetworkDisabled", read.flag("NetworkDisabled")),
        Field::if_any("MacAddress", read.text("MacAddress")),
        Field::new("OnBuild", read.texts("OnBuild")),
        Field::new("Labels", read.labels("Labels")),
        Field::if_any("StopSignal", read.text("StopSignal")),
        Field::if_any(
            "StopTimeout",
            json.get("StopTimeout").and_then(Json::as_i64).map_or(Value::NoRecord, Value::Int),
        ),
        Field::if_any("Shell", read.texts("Shell")),
    ])
}

fn healthcheck(json: &Json) -> Value {
    let read = Read(json);
    Value::Record(vec![
        Field::if_any("Test", read.texts("Test")),
        Field::if_any("Interval", read.duration("Interval")),
        Field::if_any("Timeout", read.duration("Timeout")),
        Field::if_any("StartPeriod", read.duration("StartPeriod")),
        Field::if_any("StartInterval", read.duration("StartInterval")),
        Field::if_any("Retries", read.whole("Retries")),
    ])
}

//! docker's `Config` of a container: what image and flags asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_model::launch::StopRule;
use plimsoll_model::quantity::go_duration;
use plimsoll_runtime::container::{HealthCheck, Record};
use plimsoll_template::{Field, Value};

use super::set;

/// What was asked for.
pub fn config(record: &Record) -> Value {
    let (spec, asked) = (&record.spec, &record.asked);
    let [stdin, stdout, stderr] = asked.attached;
    let open_stdin = record.upkeep.open_stdin;
    let env = spec.env.iter().map(|(name, value)| format!("{name}={value}"));
    Value::Record(vec![
        Field::new("Hostname", spec.hostname.as_str()),
        Field::new("Domainname", spec.domainname.as_str()),
        Field::new("User", asked.user.as_str()),
        Field::new("AttachStdin", stdin),
        Field::new("AttachStdout", stdout),
        Field::new("AttachStderr", stderr),
        Field::if_any("ExposedPorts", set(&asked.exposed)),
        Field::new("Tty", spec.terminal),
        Field::new("OpenStdin", open_stdin),
        Field::new("StdinOnce", open_stdin && stdin),
        Field::new("Env", Value::texts(env)),
        Field::new("Cmd", Value::texts(asked.cmd.iter().cloned())),
        Field::if_any("Healthcheck", record.upkeep.health.as_ref().map_or(Value::NoRecord, health_check)),
        Field::new("Image", record.image.as_str()),
        Field::new("Volumes", set(&asked.volumes)),
        Field::new("WorkingDir", if spec.workdir == "/" { "" } else { spec.workdir.as_str() }),
        Field::new("Entrypoint", Value::texts(asked.entrypoint.iter().flatten().cloned())),
        Field::new("OnBuild", Value::List(None)),
        Field::new("Labels", labels(&asked.labels)),
        Field::if_any("StopSignal", stop_signal(&spec.stop)),
        Field::if_any("StopTimeout", stop_timeout(&spec.stop)),
    ])
}

fn labels(labels: &[(String, String)]) -> Value {
    let labels: BTreeMap<String, Value> =
        labels.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    Value::map(Some(labels), Value::from(""))
}

fn stop_signal(rule: &StopRule) -> String {
    if rule.signal == StopRule::default().signal { String::new() } else { rule.signal.to_string() }
}

fn stop_timeout(rule: &StopRule) -> Value {
    match rule.grace == StopRule::default().grace {
        true => Value::NoRecord,
        false => Value::Int(super::whole(rule.grace.as_secs())),
    }
}

fn health_check(check: &HealthCheck) -> Value {
    let words = match check.argv.as_slice() {
        [shell, flag, script] if shell == "/bin/sh" && flag == "-c" => {
            vec!["CMD-SHELL".to_string(), script.clone()]
        }
        argv => std::iter::once("CMD".to_string()).chain(argv.iter().cloned()).collect(),
    };
    Value::Record(vec![
        Field::if_any("Test", Value::texts(words)),
        Field::if_any("Interval", duration(check.interval)),
        Field::if_any("Timeout", duration(check.timeout)),
        Field::if_any("StartPeriod", duration(check.start_period)),
        Field::if_any("StartInterval", duration(check.start_interval)),
        Field::if_any("Retries", i64::from(check.retries)),
    ])
}

fn duration(time: Duration) -> Value {
    let nanoseconds = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    Value::Stringer { text: go_duration(time), of: Box::new(Value::Int(nanoseconds)) }
}

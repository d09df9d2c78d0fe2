//! What `real/NAME/expect.json` says, held against a report.

mod hardening;
mod manifest;

use serde_json::{Map, Value};

use super::comparison::{Comparison, list, texts};
use super::project;
use crate::harness::{Ids, ids};

/// Read the truth about a program, as it is for the ids we have.
pub fn read(name: &str) -> Value {
    let path = project(name).join("expect.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut truth: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let one_id = truth["oneId"].take();
    if ids() == Ids::Single && one_id.is_object() {
        merge(&mut truth, one_id);
    }
    truth
}

/// JSON merge patch (RFC 7396), but for removing: null is a value here.
fn merge(value: &mut Value, patch: Value) {
    match (value, patch) {
        (Value::Object(fields), Value::Object(patch)) => {
            for (name, patch) in patch {
                merge(fields.entry(name).or_insert(Value::Null), patch);
            }
        }
        (value, patch) => *value = patch,
    }
}

/// Why it cannot start with the ids we have, if so.
pub fn cannot_start(truth: &Value) -> Option<&str> {
    truth["cannotStart"].as_str()
}

/// Compare everything the truth speaks of.
pub fn compare(to: &mut Comparison, truth: &Value, report: &Value) {
    let proof = &report["proof"];
    let evidence = &proof["evidence"];
    findings(to, &truth["findings"], &report["findings"]);
    processes(to, truth, evidence);
    launches(to, &truth["launches"], &evidence["launches"]);
    stop(to, &truth["stop"], &evidence["stop"]);
    if !truth["written"].is_null() {
        written(to, &truth["written"], &evidence["written"]);
    }
    claims(to, &truth["claims"], &proof["claims"]);
    hardening::compare(to, &truth["rungs"], &evidence["rungs"]);
    if !truth["manifest"].is_null() {
        manifest::compare(to, &truth["manifest"], &report["manifest"]);
    }
}

fn findings(to: &mut Comparison, truth: &Value, findings: &Value) {
    let found: Vec<&str> = list(findings).iter().filter_map(|finding| finding["code"].as_str()).collect();
    for code in texts(&truth["present"]).filter(|code| !found.contains(code)) {
        to.differs("findings", &format!("{found:?}"), &format!("{code} too"));
    }
    for code in texts(&truth["absent"]).filter(|code| found.contains(code)) {
        to.differs("findings", code, "not so");
    }
}

fn processes(to: &mut Comparison, truth: &Value, evidence: &Value) {
    let Some(launch) = by_kind(&evidence["launches"], "mode", "as-built") else {
        return to.differs("launch as built", "nothing", "it runs");
    };
    let seen = &launch["outcome"]["seen"];
    // A program may be over before anybody can look at it; then nothing is said of it.
    if seen.is_null() && launch["outcome"]["kind"] == "exited" {
        return;
    }
    let (zombies, living): (Vec<&Value>, Vec<&Value>) =
        list(&seen["processes"]).iter().partition(|process| process["zombie"] == true);
    let (first, others): (Vec<&Value>, Vec<&Value>) =
        living.into_iter().partition(|process| process["pid"] == 1);
    let first = first.first().map_or(Value::Null, |first| told(&facts(first), &truth["pid1"]));
    to.equal("PID 1", &first, &truth["pid1"]);
    let others: Vec<Value> = others.into_iter().map(facts).collect();
    to.same_set("processes beside PID 1", &others, &truth["others"]);
    zombies_are(to, zombies.len(), truth["zombies"].as_u64().unwrap_or(0));
    let ports = |loopback_only: bool| -> Vec<Value> {
        let all = list(&seen["listening"]).iter();
        let chosen = all.filter(|listener| listener["loopback_only"] == loopback_only);
        chosen.map(|listener| listener["port"].clone()).collect()
    };
    to.same_set("ports listened on", &ports(false), &truth["listening"]);
    to.same_set("ports listened on for itself only", &ports(true), &truth["loopback"]);
    to.equal("answer to HTTP", &told(&evidence["http"], &truth["http"]), &truth["http"]);
}

/// The fields that the truth tells. One that it does not tell has no meaning, as the path where every
/// path has an answer, or depends on the moment.
fn told(value: &Value, truth: &Value) -> Value {
    match (value, truth) {
        (Value::Object(_), Value::Object(truth)) => pick(value, truth.keys()),
        _ => value.clone(),
    }
}

/// At least so many, or none: a server that leaks them has one more with every request.
fn zombies_are(to: &mut Comparison, seen: usize, truth: u64) {
    if (seen as u64) < truth || (seen > 0 && truth == 0) {
        to.differs("zombies", &seen.to_string(), &truth.to_string());
    }
}

fn pick<'a>(value: &Value, names: impl Iterator<Item = &'a String>) -> Value {
    names.map(|name| (name.clone(), value[name].clone())).collect::<Map<_, _>>().into()
}

/// What is compared of a process. A title that a program writes over its arguments may leave empty
/// ones behind, as many as there was room.
fn facts(process: &Value) -> Value {
    let mut facts = pick(process, ["argv", "exe", "uid", "gid"].map(String::from).iter());
    if let Value::Array(argv) = &mut facts["argv"] {
        let is_title = argv.len() > 1 && argv[1..].iter().all(|word| word == "");
        argv.truncate(if is_title { 1 } else { argv.len() });
    }
    facts
}

/// Every launch that the truth names: by its kind, and its words where a kind has several.
fn launches(to: &mut Comparison, truth: &Value, launches: &Value) {
    for (name, expected) in fields(truth) {
        let named = |launch: &&Value| {
            let mode = &launch["mode"];
            mode["kind"] == name.as_str() || words(mode) == *name
        };
        let outcome = list(launches).iter().find(named).map_or(&Value::Null, |launch| &launch["outcome"]);
        to.equal(&format!("launch {name}"), &result(outcome, expected).into(), expected);
    }
}

/// `run-args sh`, `entrypoint /bin/sh`.
fn words(mode: &Value) -> String {
    let words = [&mode["kind"], &mode["program"]].into_iter().filter_map(Value::as_str);
    words.chain(texts(&mode["command"])).chain(texts(&mode["args"])).collect::<Vec<_>>().join(" ")
}

/// `running`, `exited 1`; with the ports, if the truth tells them: `running, 9010/tcp`.
fn result(outcome: &Value, expected: &Value) -> String {
    let kind = outcome["kind"].as_str().unwrap_or("nothing");
    if let Some(code) = outcome["code"].as_i64() {
        return format!("{kind} {code}");
    }
    let listening = list(&outcome["seen"]["listening"]).iter();
    let ports = listening.filter_map(|listener| listener["port"].as_str());
    match expected.as_str().is_some_and(|expected| expected.contains(", ")) {
        true => [kind].into_iter().chain(ports).collect::<Vec<_>>().join(", "),
        false => kind.to_string(),
    }
}

fn stop(to: &mut Comparison, truth: &Value, stop: &Value) {
    for field in ["signal", "killed"] {
        to.equal(&format!("stop: {field}"), &stop[field], &truth[field]);
    }
    // Some servers end with another code when clients are connected.
    if !truth["codeUnderLoad"].is_i64() || stop["code"] != truth["codeUnderLoad"] {
        to.equal("stop: code", &stop["code"], &truth["code"]);
    }
    if !truth["diedWithPid1"].is_null() {
        to.equal("stop: died with PID 1", &stop["killed_with_namespace"], &truth["diedWithPid1"]);
    }
}

fn written(to: &mut Comparison, truth: &Value, written: &Value) {
    let paths: Vec<&str> = list(written).iter().filter_map(|entry| entry["path"].as_str()).collect();
    for path in texts(&truth["includes"]).filter(|path| !paths.contains(path)) {
        to.differs("written", &format!("{paths:?}"), &format!("{path} too"));
    }
    to.within("written", &paths, &truth["within"]);
}

/// Each claim that the truth names has its verdict, or one of them where this depends on the moment.
/// A launch that the truth does not name is not called other than predicted.
fn claims(to: &mut Comparison, truth: &Value, claims: &Value) {
    for (id, expected) in fields(truth) {
        let claim = list(claims).iter().find(|claim| claim["id"] == *id.as_str());
        let verdict = claim.map_or(&Value::Null, |claim| &claim["verdict"]);
        if !list(expected).contains(verdict) {
            to.equal(&format!("claim {id}"), verdict, expected);
        }
    }
    let launch = |claim: &&Value| claim["id"].as_str().is_some_and(|id| id.starts_with("launch-"));
    for claim in list(claims).iter().filter(launch).filter(|claim| claim["verdict"] == "refuted") {
        to.differs(claim["id"].as_str().unwrap_or(""), &claim["why"].to_string(), "as predicted");
    }
}

/// The first of a list whose `field` is of this kind.
fn by_kind<'a>(values: &'a Value, field: &str, kind: &str) -> Option<&'a Value> {
    list(values).iter().find(|value| value[field]["kind"] == kind)
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

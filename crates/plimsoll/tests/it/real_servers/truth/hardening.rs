//! The restrictions: which hold, and what is the least that has to be given for it.

use serde_json::{Value, json};

use super::super::comparison::{Comparison, list};
use super::{by_kind, fields};

/// What may be given back besides mounts and capabilities.
const GIVEN: [&str; 3] = ["run-as-root", "writable-root", "privilege-escalation"];

/// Compare each rung that the truth names.
pub fn compare(to: &mut Comparison, truth: &Value, rungs: &Value) {
    for (kind, expected) in fields(truth) {
        match by_kind(rungs, "rung", kind) {
            Some(rung) => compare_rung(to, kind, expected, rung),
            None => to.differs(kind, "nothing", "it was to be tried"),
        }
    }
}

/// `holds` is null where this machine cannot decide it.
fn compare_rung(to: &mut Comparison, kind: &str, expected: &Value, rung: &Value) {
    let holds = match rung["verdict"]["kind"].as_str() {
        Some("proven") => json!(true),
        Some("refuted") => json!(false),
        _ => Value::Null,
    };
    to.equal(&format!("{kind}: holds"), &holds, &expected["holds"]);
    if holds.is_null() {
        return;
    }
    for field in ["uid", "gid"].iter().filter(|field| !expected[**field].is_null()) {
        to.equal(&format!("{kind}: {field}"), &rung["rung"][*field], &expected[*field]);
    }
    let relaxed =
        |kind: &'static str| list(&rung["relaxations"]).iter().filter(move |one| one["kind"] == kind);
    // Another home is an empty directory that can be written, too.
    let writable = relaxed("writable-mount").chain(relaxed("home"));
    let mounts: Vec<&str> = writable.filter_map(|one| one["path"].as_str()).collect();
    let has_home = relaxed("home").next().is_some();
    to.same_places(
        &format!("{kind}: writable mounts"),
        &mounts,
        &needed(expected, has_home),
        &expected["also"],
    );
    let capabilities: Vec<Value> = relaxed("capability").map(|one| one["name"].clone()).collect();
    // What root needs, where it was tried as root and need not be.
    let needed = match (capabilities.is_empty(), expected.get("asRoot")) {
        (false, Some(as_root)) => as_root,
        _ => &expected["capabilities"],
    };
    to.same_set(&format!("{kind}: capabilities given back"), &capabilities, needed);
    let given: Vec<Value> =
        GIVEN.iter().filter(|kind| relaxed(kind).next().is_some()).map(|kind| json!(kind)).collect();
    to.same_set(&format!("{kind}: given back"), &given, &expected["given"]);
}

/// The mounts needed. A program that only wants to write to its home is content with another home
/// that can be written, if it is given one.
pub fn needed(expected: &Value, has_home: bool) -> Value {
    let home = expected["home"].as_str().filter(|_| !has_home).map(Value::from);
    list(&expected["mounts"]).iter().cloned().chain(home).collect()
}

//! What `real/NAME/expect.json` says, held against a report.

use serde_json::{Map, Value, json};

use super::comparison::{Comparison, list, texts};
use super::project;

/// Read the truth about a server.
pub fn read(server: &str) -> Value {
    let path = project(server).join("expect.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compare everything the truth speaks of.
pub fn compare(to: &mut Comparison, truth: &Value, report: &Value) {
    let proof = &report["proof"];
    let evidence = &proof["evidence"];
    findings(to, &truth["findings"], &report["findings"]);
    processes(to, truth, evidence);
    launches(to, &truth["launches"], &evidence["launches"]);
    stop(to, &truth["stop"], &evidence["stop"]);
    written(to, &truth["written"], &evidence["written"]);
    claims(to, &truth["claims"], &proof["claims"]);
    rungs(to, &truth["rungs"], &evidence["rungs"]);
    manifest(to, &truth["manifest"], &report["manifest"]);
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
    let (first, others): (Vec<&Value>, Vec<&Value>) =
        list(&seen["processes"]).iter().partition(|process| process["pid"] == 1);
    let facts = |process: &&Value| pick(process, &["argv", "exe", "uid", "gid"]);
    to.equal("PID 1", &first.first().map_or(Value::Null, facts), &truth["pid1"]);
    let others: Vec<Value> = others.iter().map(facts).collect();
    to.same_set("processes beside PID 1", &others, &truth["others"]);
    let reachable = list(&seen["listening"]).iter().filter(|listener| listener["loopback_only"] == false);
    let ports: Vec<Value> = reachable.map(|listener| listener["port"].clone()).collect();
    to.same_set("ports listened on", &ports, &truth["listening"]);
    to.equal("answer to HTTP", &evidence["http"], &truth["http"]);
}

fn launches(to: &mut Comparison, truth: &Value, launches: &Value) {
    for (mode, expected) in fields(truth) {
        let outcome = by_kind(launches, "mode", mode).map_or(&Value::Null, |launch| &launch["outcome"]);
        let kind = outcome["kind"].as_str().unwrap_or("nothing");
        let result = match &outcome["code"] {
            Value::Null => kind.to_string(),
            code => format!("{kind} {code}"),
        };
        to.equal(&format!("launch {mode}"), &result.into(), expected);
    }
}

fn stop(to: &mut Comparison, truth: &Value, stop: &Value) {
    for field in ["signal", "killed", "code"] {
        to.equal(&format!("stop: {field}"), &stop[field], &truth[field]);
    }
    // After SIGKILL to PID 1 there is nothing to tell apart.
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

fn claims(to: &mut Comparison, truth: &Value, claims: &Value) {
    for (id, expected) in fields(truth) {
        let claim = list(claims).iter().find(|claim| claim["id"] == *id.as_str());
        to.equal(&format!("claim {id}"), claim.map_or(&Value::Null, |claim| &claim["verdict"]), expected);
    }
}

fn rungs(to: &mut Comparison, truth: &Value, rungs: &Value) {
    for (kind, expected) in fields(truth) {
        let Some(rung) = by_kind(rungs, "rung", kind) else {
            to.differs(kind, "nothing", "it was to be tried");
            continue;
        };
        let verdict = &rung["verdict"];
        to.equal(&format!("{kind}: holds"), &json!(verdict["kind"] == "proven"), &expected["holds"]);
        for field in ["uid", "gid"].iter().filter(|field| !expected[**field].is_null()) {
            to.equal(&format!("{kind}: {field}"), &rung["rung"][*field], &expected[*field]);
        }
        let relaxed = |kind: &'static str| {
            list(&rung["relaxations"]).iter().filter(move |relaxation| relaxation["kind"] == kind)
        };
        let mounts: Vec<&str> =
            relaxed("writable-mount").filter_map(|mount| mount["path"].as_str()).collect();
        to.same_places(&format!("{kind}: writable mounts"), &mounts, &expected["mounts"]);
        let capabilities: Vec<Value> = relaxed("capability").map(|one| one["name"].clone()).collect();
        to.same_set(&format!("{kind}: capabilities given back"), &capabilities, &expected["capabilities"]);
        for given in ["run-as-root", "writable-root", "privilege-escalation"] {
            if relaxed(given).next().is_some() {
                to.differs(&format!("{kind}: given back"), given, "not needed");
            }
        }
    }
}

fn manifest(to: &mut Comparison, truth: &Value, manifest: &Value) {
    let object =
        |kind: &str| list(&manifest["objects"]["items"]).iter().find(|object| object["kind"] == kind);
    let (Some(deployment), Some(service)) = (object("Deployment"), object("Service")) else {
        return to.differs("manifest", "no Deployment with a Service", "it serves");
    };
    let pod = &deployment["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    to.equal("Pod Security", &manifest["podSecurity"]["level"], &truth["podSecurity"]);
    for field in ["runAsUser", "runAsGroup"] {
        to.equal(field, &pod["securityContext"][field], &truth[field]);
    }
    to.equal("runAsNonRoot", &pod["securityContext"]["runAsNonRoot"], &json!(true));
    let security = &container["securityContext"];
    to.equal("readOnlyRootFilesystem", &security["readOnlyRootFilesystem"], &truth["readOnlyRootFilesystem"]);
    to.equal("capabilities", &security["capabilities"], &json!({ "drop": ["ALL"] }));
    to.equal("allowPrivilegeEscalation", &security["allowPrivilegeEscalation"], &json!(false));
    let numbers = |ports: &Value, field: &str| -> Vec<Value> {
        list(ports).iter().map(|port| port[field].clone()).collect()
    };
    to.same_set("containerPorts", &numbers(&container["ports"], "containerPort"), &truth["containerPorts"]);
    to.same_set("ports of the Service", &numbers(&service["spec"]["ports"], "port"), &truth["servicePorts"]);
    let mounts = list(&container["volumeMounts"]).iter().filter_map(|mount| mount["mountPath"].as_str());
    to.same_places("volumeMounts", &mounts.collect::<Vec<_>>(), &truth["mounts"]);
    let probe = truth["readiness"].as_str().unwrap_or("");
    to.equal("readinessProbe", &json!(container["readinessProbe"][probe].is_object()), &json!(true));
    // The image starts by itself as it should: nothing to override.
    for field in ["command", "args"] {
        to.equal(field, &container[field], &Value::Null);
    }
}

/// The first of a list whose `field` is of this kind.
fn by_kind<'a>(values: &'a Value, field: &str, kind: &str) -> Option<&'a Value> {
    list(values).iter().find(|value| value[field]["kind"] == kind)
}

fn pick(value: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_string(), value[*name].clone())).collect::<Map<_, _>>().into()
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

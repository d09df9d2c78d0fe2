//! The values of the manifest that follow from what was found out.

use serde_json::{Value, json};

use super::super::comparison::{Comparison, list};
use super::hardening::needed;

/// Compare; what the truth does not name is as strict as Kubernetes allows.
pub fn compare(to: &mut Comparison, truth: &Value, manifest: &Value) {
    let objects = list(&manifest["objects"]["items"]);
    let kinds: Vec<Value> = objects.iter().map(|object| object["kind"].clone()).collect();
    let usual = json!(["Deployment", "Service"]);
    to.same_set("objects", &kinds, truth.get("objects").unwrap_or(&usual));
    let with_pods = objects.iter().find(|object| object["spec"]["template"].is_object());
    let Some(with_pods) = with_pods else { return };
    let pod = &with_pods["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    for field in ["runAsUser", "runAsGroup"] {
        to.equal(field, &pod["securityContext"][field], &truth[field]);
    }
    // What ends at once is not tried under restrictions.
    if !truth["podSecurity"].is_null() {
        security(to, truth, manifest, pod);
    }
    let numbers = |ports: &Value, field: &str| -> Vec<Value> {
        list(ports).iter().map(|port| port[field].clone()).collect()
    };
    to.same_set("containerPorts", &numbers(&container["ports"], "containerPort"), &truth["containerPorts"]);
    let service = objects.iter().find(|object| object["kind"] == "Service").unwrap_or(&Value::Null);
    to.same_set("ports of the Service", &numbers(&service["spec"]["ports"], "port"), &truth["servicePorts"]);
    let mounts = list(&container["volumeMounts"]).iter().filter_map(|mount| mount["mountPath"].as_str());
    let has_home = list(&container["env"]).iter().any(|variable| variable["name"] == "HOME");
    to.same_places("volumeMounts", &mounts.collect::<Vec<_>>(), &needed(truth, has_home), &Value::Null);
    let probes = ["httpGet", "tcpSocket", "exec", "grpc"].into_iter();
    let probe = probes
        .map(Value::from)
        .find(|kind| container["readinessProbe"][kind.as_str().unwrap_or("")].is_object());
    to.equal("readinessProbe", &probe.unwrap_or_default(), &truth["readiness"]);
    // The image starts by itself as it should: nothing to override.
    for field in ["command", "args"] {
        to.equal(field, &container[field], &Value::Null);
    }
}

fn security(to: &mut Comparison, truth: &Value, manifest: &Value, pod: &Value) {
    to.equal("Pod Security", &manifest["podSecurity"]["level"], &truth["podSecurity"]);
    let of_pod = &pod["securityContext"];
    let of_container = &pod["containers"][0]["securityContext"];
    let yes = json!(true);
    to.equal("runAsNonRoot", &of_pod["runAsNonRoot"], truth.get("runAsNonRoot").unwrap_or(&yes));
    let field = "readOnlyRootFilesystem";
    to.equal(field, &of_container[field], &truth[field]);
    let none = json!({ "drop": ["ALL"] });
    to.equal("capabilities", &of_container["capabilities"], truth.get("capabilities").unwrap_or(&none));
    let field = "allowPrivilegeEscalation";
    to.equal(field, &of_container[field], &json!(false));
}

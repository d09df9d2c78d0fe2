use plimsoll_contract::from_image;
use plimsoll_model::{Because, Certainty, ImageConfig};

use super::*;
use crate::read;

/// What is found in the only container of a manifest, of an image that exposes 80.
fn found(container: &str, code: &str) -> Vec<Diagnostic> {
    found_in(
        &format!("kind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: c\n{container}"),
        code,
    )
}

fn found_in(manifest: &str, code: &str) -> Vec<Diagnostic> {
    let source = Source::new("pod.yaml", manifest);
    let objects = read::read(&source);
    let config = ImageConfig { exposed_ports: vec!["80/tcp".into()], ..ImageConfig::default() };
    let contract = from_image(&config, None, Because::ImageConfig);
    let container = &objects.containers[0];
    let argv: Vec<String> = container.command.iter().map(|word| word.text.clone()).collect();
    let subject = Subject { source: &source, container, contract: Some(&contract), argv: &argv };
    findings(&subject).into_iter().filter(|found| found.code == code).collect()
}

#[test]
fn a_probe_asks_a_port_somebody_speaks_of() {
    let probe = |port: &str| format!("    readinessProbe: {{httpGet: {{port: {port}}}}}\n");
    let likely = found(&probe("8081"), "PL505");
    assert_eq!((likely.len(), likely[0].certainty), (1, Certainty::Likely), "{likely:?}");
    assert_eq!(likely[0].message, "readinessProbe asks port 8081, and 80 is declared");
    let certain =
        found(&format!("    ports: [{{containerPort: 80, name: web}}]\n{}", probe("http")), "PL505");
    assert_eq!((certain.len(), certain[0].certainty), (1, Certainty::Certain));
    for fine in [
        probe("80"),
        format!("    ports: [{{containerPort: 80, name: web}}]\n{}", probe("web")),
        format!("    ports: [{{containerPort: 8081}}]\n{}", probe("8081")),
        format!("    command: [run, --port=8081]\n{}", probe("8081")),
        format!("    env: [{{name: PORT, value: \"8081\"}}]\n{}", probe("8081")),
        "    livenessProbe: {exec: {command: [x]}}\n".to_string(),
    ] {
        assert_eq!(found(&fine, "PL505"), [], "{fine}");
    }
    let hook = "    lifecycle: {preStop: {httpGet: {port: 9}}}\n    startupProbe: {tcpSocket: {port: no}}\n";
    assert_eq!(found(hook, "PL505").len(), 2);
}

#[test]
fn rights_that_are_not_taken_away_are_named() {
    let none = found("    image: x\n    command: [y]\n", "PL506");
    assert_eq!(none.len(), 1);
    let fix = none[0].fix.as_ref().unwrap();
    let edit = &fix.edits[0];
    let mut text = fix.source.text().to_string();
    text.insert_str(edit.span.start, &edit.replacement);
    assert_eq!(found_in(&text, "PL506"), [], "{text}");
    assert!(text.contains("    image: x\n    securityContext:\n      runAsNonRoot: true\n"), "{text}");
    let some = "    image: x\n    securityContext: {runAsUser: 1000, capabilities: {drop: [ALL]}}\n";
    let some = found(some, "PL506");
    assert!(some[0].message.ends_with(": allowPrivilegeEscalation, readOnlyRootFilesystem, seccompProfile"));
    assert!(some[0].fix.is_none());
    let flow = found_in("kind: Pod\nspec: {containers: [{name: c, image: x}]}\n", "PL506");
    assert!(flow[0].fix.is_none());
    let windows = "kind: Pod\nspec:\n  os: {name: windows}\n  containers: [{name: c, image: x}]\n";
    assert_eq!(found_in(windows, "PL506"), []);
}

#[test]
fn the_pods_fields_count_for_its_containers() {
    let pod = "kind: Pod\nspec:\n  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}\n  \
               containers:\n  - name: c\n    image: x\n    securityContext:\n      allowPrivilegeEscalation: false\n      \
               readOnlyRootFilesystem: true\n      capabilities: {drop: [ALL]}\n";
    assert_eq!(found_in(pod, "PL506"), []);
    let own = pod.replace("allowPrivilegeEscalation: false", "runAsNonRoot: false");
    assert!(found_in(&own, "PL506")[0].message.ends_with(": runAsNonRoot, allowPrivilegeEscalation"));
}

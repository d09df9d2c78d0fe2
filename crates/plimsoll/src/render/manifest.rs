//! A manifest for people and programs: what each container starts, with the lines it comes from.

use plimsoll_kube::read::Written;
use plimsoll_model::{Because, Source};
use serde_json::{Value, json};

use super::contract::{elsewhere_line, finding_json, launch_json, origin, pid1_line, quote_all, row};
use crate::work::explaining_manifest::{ExplainedManifest, ExplainedPart};

/// All containers.
pub fn manifest_tables(manifest: &ExplainedManifest) -> String {
    let tables = manifest.containers.iter().map(|part| table(part, &manifest.source));
    tables.collect::<Vec<_>>().join("\n")
}

fn table(part: &ExplainedPart, source: &Source) -> String {
    let container = &part.container;
    let kind = if container.is_init { "init container" } else { "container" };
    let mut text = format!("{}   {kind} {}\n", container.object.to_uppercase(), container.name);
    let from = |written: &Written| origin(&Because::Written { source: source.clone(), span: written.span });
    let mut add = |name: &str, value: &str, from: &str| text.push_str(&row(name, value, from));
    if let Some(image) = &container.image {
        add("image", &image.text, &from(image));
    }
    match &part.image {
        Ok((_, place)) => add("", &format!("known from {place}"), ""),
        Err(why) => add("", &format!("not at hand: {why}"), ""),
    }
    for (name, words) in [("command", &container.command), ("args", &container.args)] {
        let texts: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
        match words.first() {
            Some(first) => add(name, &quote_all(&texts), &from(first)),
            None => add(name, "(unset)", ""),
        }
    }
    match part.argv() {
        Some(Ok(argv)) => add("argv", &quote_all(&argv), ""),
        Some(Err(why)) => add("argv", &format!("fails: {why}"), ""),
        None => add("argv", "the image's ENTRYPOINT, which is not known here, then args", ""),
    }
    if let Some(line) = part.launch.as_ref().and_then(elsewhere_line) {
        add("", &line, "");
    }
    if let Some(line) = part.launch.as_ref().and_then(pid1_line) {
        add("pid 1", line.trim_start_matches("pid 1  "), "");
    }
    for variable in &container.env {
        let value = variable.value.as_ref().map(|value| value.text.as_str());
        let shown =
            format!("{}{}", variable.name.text, value.map_or(" from elsewhere".into(), |v| format!("={v}")));
        add("env", &shown, &from(&variable.name));
    }
    if container.has_env_from {
        add("", "+ all of the ConfigMaps and Secrets in envFrom, before env", "");
    }
    if container.has_service_links {
        add("", "+ NAME_SERVICE_HOST, NAME_PORT ... of every Service of the namespace", "enableServiceLinks");
    }
    let user = container.user.clone().or_else(|| {
        part.image.as_ref().ok().map(|(contract, _)| match contract.user.value.as_str() {
            "" => "root (the image has no USER)".to_string(),
            user => format!(
                "{} (the image's USER; its group does not count)",
                user.split(':').next().unwrap_or(user)
            ),
        })
    });
    add("user", &user.unwrap_or_else(|| "the image's, which is not known here".to_string()), "");
    text
}

/// The same as a versioned document.
pub fn to_json(manifest: &ExplainedManifest) -> Value {
    json!({
        "schema": "plimsoll.explain-manifest/1",
        "containers": manifest.containers.iter().map(part_json).collect::<Vec<_>>(),
        "findings": manifest.findings.iter().map(finding_json).collect::<Vec<_>>(),
    })
}

fn part_json(part: &ExplainedPart) -> Value {
    let container = &part.container;
    let texts = |words: &[Written]| words.iter().map(|word| word.text.clone()).collect::<Vec<_>>();
    json!({
        "object": container.object,
        "name": container.name,
        "init": container.is_init,
        "image": container.image.as_ref().map(|image| image.text.clone()),
        "imageKnownFrom": part.image.as_ref().ok().map(|(_, place)| place),
        "command": texts(&container.command),
        "args": texts(&container.args),
        "argv": part.argv().and_then(Result::ok),
        "launch": part.launch.as_ref().map(launch_json),
        "env": container.env.iter().map(|variable| json!({
            "name": variable.name.text,
            "value": variable.value.as_ref().map(|value| value.text.clone()),
        })).collect::<Vec<_>>(),
        "serviceLinks": container.has_service_links,
    })
}

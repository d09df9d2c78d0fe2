//! Every Dockerfile of the corpus: the predicted image configuration must be the one the real
//! BuildKit made, for three stub base images.

use plimsoll_contract::{BaseImage, Question, from_dockerfile};
use plimsoll_model::{ImageConfig, Platform, Reference, Severity, Source};
use plimsoll_testkit::corpus;
use serde_json::{Map, Value, json};

const FIELDS: [&str; 12] = [
    "Entrypoint",
    "Cmd",
    "Env",
    "ExposedPorts",
    "Volumes",
    "Labels",
    "User",
    "WorkingDir",
    "StopSignal",
    "Shell",
    "OnBuild",
    "Healthcheck",
];

/// The stub base images, as the corpus' README describes them.
fn stub(name: &str) -> ImageConfig {
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let config = match name {
        "plain" => json!({"Env": [path]}),
        "full" => json!({
            "Env": [path, "BASEVAR=base"], "Entrypoint": ["/base-entry", "-x"], "Cmd": ["base-cmd", "arg"],
            "User": "1234:5678", "WorkingDir": "/basewd", "ExposedPorts": {"8080/tcp": {}},
            "Volumes": {"/basevol": {}}, "StopSignal": "SIGQUIT", "Labels": {"base": "1"},
            "Healthcheck": {"Test": ["CMD", "true"]}
        }),
        "shell" => json!({
            "Env": [path], "Shell": ["/bin/bash", "-o", "pipefail", "-c"], "Cmd": ["/bin/sh"],
            "OnBuild": ["ENV ONB=1", "WORKDIR onb"]
        }),
        other => panic!("no stub base image {other}"),
    };
    let whole = json!({"architecture": "amd64", "os": "linux", "config": config});
    ImageConfig::from_json(whole.to_string().as_bytes()).unwrap()
}

fn predicted(name: &str, text: &str, base: &str) -> Result<ImageConfig, String> {
    let parsed = plimsoll_dockerfile::parse(Source::new(name, text));
    let config = stub(base);
    let amd64 = Platform::parse("linux/amd64").unwrap();
    let base = |_: &Reference| Some(BaseImage { config: config.clone(), tree: None });
    let question = Question::new(amd64, &base, &|_| None);
    let prediction = from_dockerfile(&parsed.dockerfile, &question).map_err(|found| format!("{found:?}"))?;
    let mut wrong = parsed.diagnostics.iter().chain(&prediction.diagnostics);
    match wrong.find(|found| found.severity == Severity::Error) {
        Some(found) => Err(found.message.clone()),
        None => Ok(prediction.config),
    }
}

/// The compared fields, empty ones left out: null, `[]`, `{}`, `""` and absent are the same.
fn fields(config: &Value) -> Map<String, Value> {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    let kept = FIELDS.iter().filter_map(|key| Some((key.to_string(), config.get(*key)?.clone())));
    kept.filter(|(_, value)| !empty(value)).collect()
}

fn difference(ours: &Map<String, Value>, theirs: &Map<String, Value>) -> Vec<String> {
    let differs = FIELDS.iter().filter(|key| ours.get(**key) != theirs.get(**key));
    let show = |map: &Map<String, Value>, key: &str| map.get(key).map_or("-".into(), Value::to_string);
    differs.map(|key| format!("{key}: ours {} BuildKit {}", show(ours, key), show(theirs, key))).collect()
}

#[test]
fn the_predicted_configuration_is_buildkits() {
    let Some(corpus) = corpus() else { return };
    let (mut compared, mut differences, mut accepted) = (0, Vec::new(), 0);
    for record in corpus.buildkit() {
        let file = record["file"].as_str().unwrap();
        let text = corpus.text(file);
        let Some(contract) = record["contract"].as_object() else { continue };
        for (base, theirs) in contract {
            let theirs = match theirs.get("error") {
                Some(error) => Err(error.to_string()),
                None => Ok(fields(theirs)),
            };
            match (predicted(file, &text, base), theirs) {
                (Ok(ours), Ok(theirs)) => {
                    compared += 1;
                    let ours: Value = serde_json::from_slice(&ours.to_json()).unwrap();
                    let found = difference(&fields(&ours["config"]), &theirs);
                    differences.extend(found.iter().map(|text| format!("{file} on {base}: {text}")));
                }
                (Err(why), Ok(_)) => differences.push(format!("{file} on {base}: refused: {why}")),
                (Ok(_), Err(why)) => {
                    accepted += 1;
                    eprintln!("{file} on {base}: accepted, BuildKit: {why}");
                }
                (Err(_), Err(_)) => {}
            }
        }
    }
    eprintln!("{compared} configurations compared, {} differences, {accepted} accepted", differences.len());
    assert!(compared > 1000, "only {compared} were compared");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

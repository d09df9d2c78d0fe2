//! A second opinion: PyYAML (YAML 1.1, as the API server reads it) and the API's own JSON schema in
//! strict mode, through PyPI's kubernetes-validate.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use plimsoll_kube::{KubeVersion, Node, generate};
use plimsoll_model::Because;

use crate::specimens;

#[test]
fn manifests_read_back_and_satisfy_the_schema() {
    if let Some(why) = missing() {
        return skip(&why);
    }
    let cases: Vec<serde_json::Value> = specimens::all()
        .iter()
        .flat_map(|specimen| {
            let versions = [specimen.options.kubernetes, KubeVersion { minor: 36 }];
            versions.map(|version| {
                let manifest = generate(&specimen.proof, &specimen.options);
                serde_json::json!({
                    "name": specimen.name,
                    "yaml": manifest.to_yaml(),
                    "json": manifest.to_json(),
                    "version": version.to_string(),
                })
            })
        })
        .collect();
    let output = python(include_str!("schema.py"), &serde_json::to_vec(&cases).expect("JSON"));
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    if let Some(why) = missing() {
        return skip(&why);
    }
    let mut manifest = generate(&specimens::static_server(), &Default::default());
    manifest.documents[0] = Node::map([
        ("apiVersion", Node::text("apps/v1")),
        ("kind", Node::text("Deployment")),
        ("spec", Node::map([("replica", Node::int(1))])),
    ]);
    let case = serde_json::json!([{
        "name": "wrong", "yaml": manifest.to_yaml(), "json": manifest.to_json(), "version": "1.34",
    }]);
    let output = python(include_str!("schema.py"), &serde_json::to_vec(&case).expect("JSON"));
    assert!(
        text(&output.stdout).contains("ValidationError"),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

/// Strings that some version of YAML reads as something else, and every character that might end a
/// line, a scalar or a comment.
#[test]
fn every_string_reads_back_as_itself() {
    if let Some(why) = missing() {
        return skip(&why);
    }
    let words = [
        "",
        "~",
        "null",
        "y",
        "No",
        "ON",
        "0440",
        "0o14",
        "0x1f",
        "1e3",
        "12e03",
        "1_000",
        "1:30",
        "1.5",
        ".5",
        ".inf",
        ".NaN",
        "+1",
        "-1",
        "0b11",
        "2026-01-02",
        "2026-01-02 03:04:05 +1",
        "2026-01-02T03:04:05Z",
        "=",
        "<<",
        "- a",
        "a: b",
        "a:",
        "a #b",
        "!!int 1",
        "&a",
        "*a",
        "a\\",
        "\"",
        "'",
        " a ",
        "a\n\nb\n",
        "\r\n",
        "---",
        "...",
        "%YAML",
        "{}",
        "[]",
        "@",
        "`",
        ",",
        "?",
        "|",
        ">",
        "a\u{85}b",
        "a\u{2028}b",
        "\u{feff}a",
        "\u{1f642}",
        "\u{fffe}",
        "1,000",
        "1 2",
        "1T2",
        "0x",
        "00",
        "09",
        "1__2",
        "1.",
        "0.",
        "685_230.15",
        "190:20:30",
        "12:30:45",
    ];
    let chars = (0u32..0x300).chain(0x2000..0x2070).filter_map(char::from_u32);
    let strings = words
        .iter()
        .map(|word| word.to_string())
        .chain(chars.flat_map(|c| [format!("a{c} b"), c.to_string()]));
    let data = strings
        .enumerate()
        .flat_map(|(at, text)| [(format!("value{at}"), text.clone()), (format!("{text}{text}"), text)]);
    let mut fields: Vec<(String, Node)> = Vec::new();
    for (key, text) in data {
        if fields.iter().all(|(other, _)| *other != key) {
            fields.push((key, Node::text(text.clone()).why(Because::Assumed(text))));
        }
    }
    let mut manifest = generate(&specimens::static_server(), &Default::default());
    manifest.documents = vec![Node::map([
        ("apiVersion", Node::text("v1")),
        ("kind", Node::text("ConfigMap")),
        ("data", Node::map(fields)),
    ])];
    let case = serde_json::json!([{
        "name": "strings", "yaml": manifest.to_yaml(), "json": manifest.to_json(), "version": "1.34",
    }]);
    let output = python(include_str!("schema.py"), &serde_json::to_vec(&case).expect("JSON"));
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// The Python the test set-up prepared, else the machine's own.
fn interpreter() -> Command {
    Command::new(std::env::var_os("PLIMSOLL_TEST_PYTHON").unwrap_or_else(|| "python3".into()))
}

fn missing() -> Option<String> {
    let found = interpreter().args(["-c", "import yaml, kubernetes_validate"]).output();
    match found {
        Ok(output) if output.status.success() => None,
        Ok(_) => Some("python3 has no yaml and kubernetes_validate (PyPI kubernetes-validate)".to_string()),
        Err(error) => Some(format!("python3 cannot be started: {error}")),
    }
}

fn skip(why: &str) {
    assert_ne!(std::env::var("PLIMSOLL_NO_SKIP").as_deref(), Ok("1"), "would be skipped: {why}");
    eprintln!("SKIPPED: {why}");
}

fn python(script: &str, input: &[u8]) -> Output {
    let mut child = interpreter()
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    child.stdin.take().expect("a pipe").write_all(input).expect("python3 reads");
    child.wait_with_output().expect("python3 ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

//! Records with their contract, and what anybody may have put into one.

use plimsoll_model::{Because, Healthcheck, HealthcheckTest, PortSpec, Reasoned, Reference, Source, Span};
use proptest::prelude::*;
use serde_json::{Map, json};

use super::tests::everything;
use super::*;
use crate::contract::{EntryScript, ShellKind};
use crate::evidence::Given;
use crate::judge::{Proof, judge};

fn contract() -> Contract {
    let source = Source::new("Dockerfile", "FROM x\nUSER 5\n# ä\n");
    let written = Because::Written { source: source.clone(), span: Span::new(7, 13) };
    let reference: Reference = "debian:12".parse().unwrap();
    let health = Healthcheck {
        test: HealthcheckTest::Exec(vec!["check".into()]),
        interval: Some(Duration::from_secs(5)),
        retries: Some(3),
        ..Healthcheck::default()
    };
    Contract {
        entrypoint: Reasoned::new(vec!["/run.sh".into(), String::new()], written.clone()),
        cmd: Reasoned::new(Vec::new(), Because::RuntimeDefault("no CMD")),
        user: Reasoned::new("5".into(), written.clone()),
        workdir: Reasoned::new("/".into(), Because::BaseImage { reference }),
        env: vec![Reasoned::new(("A".into(), "b\u{1b}".into()), Because::ImageConfig)],
        ports: vec![Reasoned::new(PortSpec::parse("80/udp").unwrap(), Because::Asked("--port".into()))],
        volumes: vec![Reasoned::new("/data".into(), Because::Derived("x".into()))],
        stop_signal: Reasoned::new(Signal::QUIT, Because::Assumed("y".into())),
        healthcheck: Some(Reasoned::new(
            health,
            Because::Observed { experiment: "launch-1".into(), fact: "z".into() },
        )),
        shell: ShellKind::Busybox,
        script: Some(EntryScript { word: "/run.sh".into(), source }),
    }
}

/// Without what experiments were given: that would stand in the contract in place of what is written here.
fn proof() -> Proof {
    judge(contract(), Evidence { given: Given::default(), ..everything() })
}

#[test]
fn a_record_is_judged_again_as_it_was() {
    let proof = proof();
    let text = record_to_json(&proof).to_string();
    assert_eq!(text.matches("USER 5").count(), 1, "a text is written once");
    let value: Value = serde_json::from_str(&text).unwrap();
    let (contract, evidence) = record_from_json(&value).unwrap();
    assert_eq!(judge(contract, evidence), proof);
    // Also from the document that holds it.
    let document = json!({ "schema": PROOF_SCHEMA, "evidence": value });
    assert_eq!(record_from_json(&document).unwrap().1, proof.evidence);
    // And evidence alone is found in a record.
    assert_eq!(from_json(&value).unwrap(), proof.evidence);
    // What was given stands in the contract of a record already, and counts once.
    let given = judge(self::contract(), everything());
    let (contract, evidence) = record_from_json(&record_to_json(&given)).unwrap();
    assert_eq!(judge(contract, evidence), given);
}

#[test]
fn evidence_alone_cannot_be_judged() {
    let alone = to_json(&everything());
    assert_eq!(record_from_json(&alone).unwrap_err(), BadEvidence::NoContract);
}

#[test]
fn a_contract_that_points_nowhere_is_damaged() {
    let damages: [(&str, Value); 6] = [
        ("/contract/user/because/end", json!(9999)),
        ("/contract/user/because/source", json!(7)),
        // Inside of a character.
        ("/contract/user/because/end", json!(17)),
        ("/contract/shell", json!("tcsh")),
        ("/contract/ports/0/value", json!("eighty")),
        ("/contract/stop_signal/value", json!("SIG\u{1b}]0;x\u{7}")),
    ];
    for (path, value) in damages {
        let mut record = record_to_json(&proof());
        *record.pointer_mut(path).unwrap() = value;
        let error = record_from_json(&record).unwrap_err().to_string();
        assert!(error.contains("damaged"), "{path}: {error}");
        assert!(error.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{error:?}");
    }
}

#[test]
fn no_sentence_repeats_what_steers_a_terminal_or_is_endless() {
    let mut record = record_to_json(&proof());
    record["launches"][0]["mode"]["kind"] = json!("\u{1b}[2J\u{202e}".repeat(5000));
    let error = record_from_json(&record).unwrap_err().to_string();
    assert!(error.len() < 300 && error.is_ascii() && !error.contains('\u{1b}'), "{error:?}");
}

/// A value that may stand anywhere.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9]{1,6}(/tcp)?".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,8}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The places of a document that are no objects or lists with something in them.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            found.push(path.to_string());
            fields.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), found));
        }
        Value::Array(items) if !items.is_empty() => {
            found.push(path.to_string());
            let numbered = items.iter().enumerate();
            numbered.for_each(|(at, value)| leaves(value, &format!("{path}/{at}"), found));
        }
        _ => found.push(path.to_string()),
    }
}

/// Other texts in the places of texts: they must come back as they are.
fn with_texts(value: &mut Value, texts: &mut impl Iterator<Item = String>) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| with_texts(value, texts)),
        Value::Array(items) => items.iter_mut().for_each(|value| with_texts(value, texts)),
        Value::String(text) => *text = texts.next().unwrap_or_default(),
        _ => {}
    }
}

proptest! {
    #[test]
    fn what_is_read_is_written_the_same(
        places in prop::collection::vec((any::<prop::sample::Index>(), anything()), 1..4),
    ) {
        let mut record = record_to_json(&proof());
        for (place, value) in places {
            let mut found = Vec::new();
            leaves(&record, "", &mut found);
            let path = place.get(&found).clone();
            if let Some(target) = record.pointer_mut(&path) {
                *target = value;
            }
        }
        if let Ok((contract, evidence)) = record_from_json(&record) {
            let again = record_to_json(&judge(contract.clone(), evidence.clone()));
            prop_assert_eq!(record_from_json(&again).unwrap(), (contract, evidence));
        }
    }

    #[test]
    fn texts_come_back_as_they_are(texts in prop::collection::vec(".{0,20}", 40)) {
        let mut record = record_to_json(&proof());
        let mut more = texts.iter().cloned().cycle();
        for path in ["/launches/0/log", "/launches/0/command", "/image", "/machine", "/written/0/path",
            "/rungs/0/fact", "/stop/log", "/contract/env/0/value", "/contract/entrypoint/value"] {
            with_texts(record.pointer_mut(path).unwrap(), &mut more);
        }
        let (contract, evidence) = record_from_json(&record).unwrap();
        prop_assert_eq!(record_to_json(&judge(contract, evidence)), record);
    }
}

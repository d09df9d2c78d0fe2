//! The bill of materials, checked for what CycloneDX 1.6 requires.

use std::collections::BTreeSet;

use plimsoll_model::{Digest, Platform};
use plimsoll_scan::cyclonedx::{Subject, write};
use serde_json::Value;

use crate::image::{DEBIAN_12, Image, Records, dpkg_status};

const RECORD: &str = r#"{"id":"DEBIAN-CVE-2024-1","modified":"2026-01-02T00:00:00Z","upstream":["CVE-2024-1"],"details":"bad","affected":[
    {"package":{"ecosystem":"Debian:12","name":"openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"3.1"}]}]}]}"#;

fn subject() -> Subject {
    Subject {
        name: "localhost:5000/team/app".to_string(),
        tag: Some("1.0".to_string()),
        digest: Digest::of(b"manifest"),
        platform: Platform::parse("linux/amd64"),
        diff_ids: vec![Digest::of(b"layer")],
        timestamp: "2026-11-22T10:00:00Z".to_string(),
        tool_version: "0.1.0".to_string(),
    }
}

fn document() -> (Vec<u8>, Value) {
    let status = dpkg_status(&[("libssl3", "3.0.9-1", "openssl"), ("openssl", "3.0.9-1", "")]);
    let same = "Name: six\nVersion: 1.0\n";
    let image = Image::default().layer(&[
        ("/etc/os-release", DEBIAN_12),
        ("/var/lib/dpkg/status", &status),
        ("/a/six.dist-info/METADATA", same),
        ("/b/six.dist-info/METADATA", same),
        (
            "/n/node_modules/@types/node/package.json",
            "{\"name\":\"@types/node\",\"version\":\"1.0.0\",\"license\":\"MIT\"}",
        ),
    ]);
    let bytes = write(&image.scan(Some(&Records(vec![RECORD]))), &subject());
    let value = serde_json::from_slice(&bytes).unwrap();
    (bytes, value)
}

fn references(document: &Value) -> Vec<&str> {
    let components = document["components"].as_array().unwrap();
    components.iter().map(|component| component["bom-ref"].as_str().unwrap()).collect()
}

#[test]
fn equal_input_gives_equal_bytes() {
    assert_eq!(document().0, document().0);
}

#[test]
fn required_fields() {
    let document = document().1;
    assert_eq!((&document["bomFormat"], &document["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    let serial = document["serialNumber"].as_str().unwrap().strip_prefix("urn:uuid:").unwrap();
    let lengths: Vec<usize> = serial.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert!(serial.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')));
    for component in document["components"].as_array().unwrap() {
        assert!(component["type"].is_string() && component["name"].is_string(), "{component}");
    }
    assert_eq!(document["metadata"]["component"]["type"], "container");
    let purl = document["metadata"]["component"]["purl"].as_str().unwrap();
    assert!(purl.starts_with("pkg:oci/app@sha256:"), "{purl}");
}

#[test]
fn every_reference_leads_somewhere_and_only_once() {
    let document = document().1;
    let all = references(&document);
    let unique: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(all.len(), unique.len());
    assert_eq!(all.len(), 6);
    for needed in document["dependencies"][0]["dependsOn"].as_array().unwrap() {
        assert!(unique.contains(needed.as_str().unwrap()), "{needed}");
    }
    let flaw = &document["vulnerabilities"][0];
    assert_eq!((&flaw["id"], &flaw["ratings"][0]["severity"]), (&"CVE-2024-1".into(), &"unknown".into()));
    let affected: Vec<&str> = flaw["affects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|affected| affected["ref"].as_str().unwrap())
        .collect();
    assert_eq!(affected.len(), 2);
    assert!(affected.iter().all(|reference| unique.contains(reference)), "{affected:?}");
}

#[test]
fn packages_name_their_layer() {
    let document = document().1;
    let layer = Digest::of(b"layer").to_string();
    for component in document["components"].as_array().unwrap().iter().filter(|one| one["type"] == "library")
    {
        let properties = component["properties"].as_array().unwrap();
        let value =
            |name: &str| properties.iter().find(|one| one["name"] == name).map(|one| one["value"].clone());
        assert_eq!(value("plimsoll:layer"), Some("0".into()));
        assert_eq!(value("plimsoll:layer:diffId"), Some(layer.clone().into()));
    }
}

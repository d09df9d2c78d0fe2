//! The YAML of every specimen, compared with a file; `UPDATE=1 cargo test` rewrites the files.

use std::fs;
use std::path::PathBuf;

use plimsoll_kube::generate;

use crate::specimens;

#[test]
fn yaml_is_as_expected() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut differing = Vec::new();
    for specimen in specimens::all() {
        let yaml = generate(&specimen.proof, &specimen.options).to_yaml();
        let file = folder().join(format!("{}.yaml", specimen.name));
        if update {
            fs::write(&file, &yaml).expect("the snapshot can be written");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if yaml != expected {
            differing.push(format!("{}:\n{}", specimen.name, first_difference(&expected, &yaml)));
        }
    }
    assert!(differing.is_empty(), "UPDATE=1 accepts what changed:\n{}", differing.join("\n"));
}

#[test]
fn no_snapshot_is_left_without_its_specimen() {
    let names: Vec<String> =
        specimens::all().iter().map(|specimen| format!("{}.yaml", specimen.name)).collect();
    for entry in fs::read_dir(folder()).expect("the folder of snapshots") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(names.contains(&name), "{name}");
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots")
}

fn first_difference(expected: &str, found: &str) -> String {
    let mut lines = expected.lines().zip(found.lines()).enumerate();
    match lines.find(|(_, (expected, found))| expected != found) {
        Some((at, (expected, found))) => format!("line {}\n  - {expected}\n  + {found}", at + 1),
        None => "one is longer".to_string(),
    }
}

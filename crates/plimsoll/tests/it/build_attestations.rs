//! `build --provenance --sbom --attest`: statements as other tools find and read them.

use std::path::Path;

use serde_json::Value;

use crate::harness::World;
use crate::saved::digest;

const DOCKERFILE: &str = "FROM base AS own\nARG TOKEN\nLABEL made=here\n";

fn blob(layout: &Path, digest: &Value) -> Value {
    let name = digest.as_str().expect("a digest").replace("sha256:", "");
    let bytes = std::fs::read(layout.join("blobs/sha256").join(name)).expect("a blob of the layout");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The statements of the one image of a layout, found as buildx finds them: by the two annotations.
fn statements(layout: &Path) -> (Value, Vec<Value>) {
    let index: Value = serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let listed = blob(layout, &index["manifests"][0]["digest"]);
    let entries = listed["manifests"].as_array().expect("an index").clone();
    let attestation = entries
        .iter()
        .find(|entry| entry["annotations"]["vnd.docker.reference.type"] == "attestation-manifest")
        .expect("an attestation");
    assert_eq!(attestation["platform"], serde_json::json!({ "architecture": "unknown", "os": "unknown" }));
    let subject = &attestation["annotations"]["vnd.docker.reference.digest"];
    let image =
        entries.iter().find(|entry| entry["digest"] == *subject).expect("the image spoken of").clone();
    let manifest = blob(layout, &attestation["digest"]);
    let layers = manifest["layers"].as_array().unwrap();
    let config = blob(layout, &manifest["config"]["digest"]);
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), layers.len());
    let read = |layer: &Value| {
        assert_eq!(layer["mediaType"], "application/vnd.in-toto+json");
        let statement = blob(layout, &layer["digest"]);
        assert_eq!(statement["predicateType"], layer["annotations"]["in-toto.io/predicate-type"]);
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
        let hex = image["digest"].as_str().unwrap().replace("sha256:", "");
        assert_eq!(statement["subject"][0]["digest"]["sha256"], hex);
        statement
    };
    let statements = layers.iter().map(read).collect();
    (image, statements)
}

/// A base with one package of Alpine's.
fn world() -> World {
    let world = World::new();
    let installed = "P:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\nI:100\n\n";
    world.write("p/root/lib/apk/db/installed", installed);
    world.write("p/root/etc/os-release", "ID=alpine\nVERSION_ID=3.20.1\n");
    world.build(&["-t", "base"], "FROM scratch\nCOPY root /\n").ok();
    world
}

#[test]
fn without_asking_there_is_a_plain_manifest() {
    let world = world();
    world.build(&["-t", "plain"], DOCKERFILE).ok();
    assert!(world.run(&["inspect", "plain"]).ok().json()[0].get("Manifests").is_none());
    world.build(&["-t", "stated", "--provenance=true", "--sbom"], DOCKERFILE).ok();
    let document = world.run(&["inspect", "stated"]).ok().json()[0].clone();
    assert_eq!(document["Manifests"][0]["Digest"], digest(&world, "plain"), "the image itself is the same");
    assert_eq!(document["Manifests"][1]["Kind"], "attestation");
    world.build(&["-t", "none", "--attest", "type=provenance", "--provenance=false"], DOCKERFILE).ok();
    assert_eq!(digest(&world, "none"), digest(&world, "plain"));
    world.assert_store_valid();
    world.run(&["rmi", "stated"]).ok();
    world.run(&["inspect", "plain"]).ok();
}

#[test]
fn provenance_says_from_what_and_how() {
    let world = world();
    let build = |spec: &str, place: &str| {
        let output = format!("type=oci,tar=false,dest={place}");
        let words = [
            "-t",
            "app:1",
            spec,
            "--build-arg",
            "TOKEN=open",
            "--label",
            "l=v",
            "-o",
            &output,
            "--metadata-file",
            "m.json",
        ];
        world.build(&words, DOCKERFILE).ok();
        let (_, statements) = statements(&world.path(place));
        assert_eq!(statements.len(), 1);
        statements[0].clone()
    };
    let max = build("--provenance=mode=max", "max");
    assert_eq!(max["predicateType"], "https://slsa.dev/provenance/v1");
    let platform = plimsoll_model::Platform::host().to_string();
    let purl = format!("pkg:docker/app@1?platform={}", platform.replace('/', "%2F"));
    assert_eq!(max["subject"][0]["name"], purl);
    let definition = &max["predicate"]["buildDefinition"];
    // Required by slsa.dev/spec/v1.0/provenance: both of buildDefinition's first two, and builder.id.
    assert!(definition["buildType"].as_str().is_some_and(|uri| uri.contains(':')));
    assert!(max["predicate"]["runDetails"]["builder"]["id"].as_str().is_some_and(|uri| uri.contains(':')));
    let parameters = &definition["externalParameters"];
    assert_eq!(parameters["args"], serde_json::json!({ "TOKEN": "open" }));
    assert_eq!(parameters["labels"], serde_json::json!({ "l": "v" }));
    assert_eq!(parameters["platform"], platform);
    let base = digest(&world, "base").replace("sha256:", "");
    assert_eq!(definition["resolvedDependencies"][0]["digest"]["sha256"], base);
    assert_eq!(max["predicate"]["runDetails"]["metadata"], serde_json::json!({}), "no time without an epoch");
    let metadata: Value = serde_json::from_slice(&std::fs::read(world.path("m.json")).unwrap()).unwrap();
    assert_eq!(metadata["buildx.build.provenance"], max["predicate"]);

    let min = build("--provenance=mode=min", "min").to_string();
    assert!(!min.contains("open") && !min.contains("LABEL made"), "{min}");
    assert_eq!(build("--provenance=mode=max", "again"), max, "equal builds give equal statements");
    assert_eq!(
        build("--provenance=builder-id=https://ci.example/b", "b")["predicate"]["runDetails"]["builder"]["id"],
        "https://ci.example/b"
    );
}

#[test]
fn packages_as_spdx() {
    let world = world();
    let words = ["-t", "app", "--attest", "type=sbom", "-o", "type=oci,tar=false,dest=d"];
    world.build(&words, DOCKERFILE).ok();
    let (_, statements) = statements(&world.path("d"));
    assert_eq!(statements[0]["predicateType"], "https://spdx.dev/Document");
    let document = &statements[0]["predicate"];
    // Required by SPDX 2.3, clauses 6 and 7.
    assert_eq!((&document["spdxVersion"], &document["dataLicense"]), (&"SPDX-2.3".into(), &"CC0-1.0".into()));
    assert_eq!(document["SPDXID"], "SPDXRef-DOCUMENT");
    for field in ["/name", "/documentNamespace", "/creationInfo/created", "/creationInfo/creators/0"] {
        assert!(
            document.pointer(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty()),
            "{field}"
        );
    }
    let packages = document["packages"].as_array().unwrap();
    let mut ids = std::collections::BTreeSet::from(["SPDXRef-DOCUMENT"]);
    for package in packages {
        assert!(package["name"].is_string() && package["downloadLocation"].is_string(), "{package}");
        let id = package["SPDXID"].as_str().unwrap();
        assert!(id.starts_with("SPDXRef-") && ids.insert(id), "{id}");
    }
    for relationship in document["relationships"].as_array().unwrap() {
        for end in ["spdxElementId", "relatedSpdxElement"] {
            assert!(ids.contains(relationship[end].as_str().unwrap()), "{relationship}");
        }
    }
    let musl = packages.iter().find(|package| package["name"] == "musl").expect("the package");
    assert_eq!(musl["versionInfo"], "1.2.5-r0");
    assert_eq!(
        musl["externalRefs"][0]["referenceLocator"],
        "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.1"
    );
}

#[test]
fn statements_stand_beside_plain_files() {
    let world = world();
    world.build(&["-o", "out", "--sbom=true", "--provenance=true"], DOCKERFILE).ok();
    for (name, kind) in [
        ("sbom.spdx.json", "https://spdx.dev/Document"),
        ("provenance.json", "https://slsa.dev/provenance/v1"),
    ] {
        let statement: Value =
            serde_json::from_slice(&std::fs::read(world.path("out").join(name)).unwrap()).unwrap();
        assert_eq!(statement["predicateType"], kind);
    }
    assert!(world.path("out/etc/os-release").exists());
    world
        .build(&["-o", "type=oci,dest=x,oci-mediatypes=false", "--sbom"], DOCKERFILE)
        .ends(2)
        .says(&["attestations"]);
}

//! SLSA provenance v1 (slsa.dev/spec/v1.0/provenance): from what, with what and how an image was made.

use std::collections::BTreeMap;

use plimsoll_model::{Platform, Source};
use serde_json::{Map, Value, json};

use super::image_purl;
use crate::execute::UsedImage;

/// The kind of statement.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";

/// What `buildDefinition` means here: a Dockerfile with a context, by plimsoll.
const BUILD_TYPE: &str = "urn:plimsoll:build-type:dockerfile:v1";

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Nothing that a person wrote for this build but the names: safe to publish.
    #[default]
    Min,
    /// Build arguments, labels and the Dockerfile's text too. Values of secrets are never known here.
    Max,
}

/// What is known of a build.
#[derive(Debug, Clone)]
pub struct BuildFacts<'a> {
    /// The Dockerfile.
    pub dockerfile: &'a Source,
    /// `--target`.
    pub target: Option<&'a str>,
    /// The platform built for.
    pub platform: &'a Platform,
    /// The platform built on.
    pub built_on: &'a Platform,
    /// `--build-arg` values.
    pub build_args: &'a BTreeMap<String, String>,
    /// `--label` values.
    pub labels: &'a BTreeMap<String, String>,
    /// Images that FROM and `--from` named.
    pub images: &'a [UsedImage],
    /// The time to write, RFC 3339; `None` for no time at all.
    pub time: Option<&'a str>,
    /// URI of the builder.
    pub builder: &'a str,
    /// plimsoll's version.
    pub version: &'a str,
}

/// The predicate.
pub fn provenance(facts: &BuildFacts<'_>, detail: Detail) -> Value {
    let mut metadata = Map::new();
    for key in ["startedOn", "finishedOn"] {
        metadata.extend(facts.time.map(|time| (key.to_string(), Value::from(time))));
    }
    json!({
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": external_parameters(facts, detail),
            "internalParameters": internal_parameters(facts, detail),
            "resolvedDependencies": facts.images.iter().map(dependency).collect::<Vec<_>>(),
        },
        "runDetails": {
            "builder": { "id": facts.builder, "version": { "plimsoll": facts.version } },
            "metadata": metadata,
        },
    })
}

fn external_parameters(facts: &BuildFacts<'_>, detail: Detail) -> Value {
    let mut parameters = json!({
        "dockerfile": {
            "name": facts.dockerfile.name(),
            "digest": { "sha256": plimsoll_model::Digest::of(facts.dockerfile.text().as_bytes()).hex() },
        },
        "platform": facts.platform.to_string(),
    });
    if let Some(target) = facts.target {
        parameters["target"] = target.into();
    }
    if detail == Detail::Max {
        parameters["args"] = json!(facts.build_args);
        parameters["labels"] = json!(facts.labels);
    }
    parameters
}

fn internal_parameters(facts: &BuildFacts<'_>, detail: Detail) -> Value {
    let mut parameters = json!({ "builtOn": facts.built_on.to_string() });
    if detail == Detail::Max {
        parameters["dockerfileText"] = facts.dockerfile.text().into();
    }
    parameters
}

fn dependency(image: &UsedImage) -> Value {
    json!({
        "uri": image_purl(&image.reference, &image.platform),
        "digest": { "sha256": image.manifest.hex() },
    })
}

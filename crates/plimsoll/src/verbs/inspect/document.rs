//! docker's document of an image: the keys, their order and their types are those of docker 20.10
//! (`types.ImageInspect`, `container.Config`), so that programs which read docker's can read ours.

use plimsoll_image::image_index::{is_attestation, platform_of};
use plimsoll_image::{Image, Store};
use plimsoll_model::Reference;
use plimsoll_model::manifest::Descriptor;
use plimsoll_template::{Field, Value};
use serde_json::Value as Json;

use config::{Read, config};

mod config;

/// Go's zero time: docker's value for a time it does not know.
const NO_TIME: &str = "0001-01-01T00:00:00Z";
const NO_TIME_SHOWN: &str = "0001-01-01 00:00:00 +0000 UTC";

/// All that docker says of an image, and last the digest of its manifest.
pub fn of_image(store: &Store, image: &Image) -> plimsoll_image::Result<Value> {
    let names = store.names_of(&image.listed)?;
    let raw: Json = serde_json::from_slice(&image.config_bytes).unwrap_or(Json::Null);
    let read = Read(&raw);
    let size: u64 =
        image.layers().map(|(blob, diff_id)| store.layer_size(&diff_id).unwrap_or(blob.size)).sum();
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let created = Some(read.text("created")).filter(|created| !created.is_empty());
    Ok(Value::Record(vec![
        Field::new("ID", image.config_digest.to_string()).keyed("Id"),
        Field::new(
            "RepoTags",
            listed(names.iter().filter(|name| name.tag.is_some()).map(Reference::to_string)),
        ),
        Field::new("RepoDigests", listed(names.iter().map(|name| pinned(name, image)))),
        Field::new("Parent", read.text("parent")),
        Field::new("Comment", comment(&read, image)),
        Field::new("Created", created.unwrap_or_else(|| NO_TIME.to_string())),
        Field::new("Container", read.text("container")),
        Field::new("ContainerConfig", config(raw.get("container_config").unwrap_or(&Json::Null))),
        Field::new("DockerVersion", read.text("docker_version")),
        Field::new("Author", read.text("author")),
        Field::new("Config", read.object("config").map_or(Value::NoRecord, config)),
        Field::new("Architecture", read.text("architecture")),
        Field::if_any("Variant", read.text("variant")),
        Field::new("Os", read.text("os")),
        Field::if_any("OsVersion", read.text("os.version")),
        Field::new("Size", size),
        Field::new("VirtualSize", size),
        Field::new("GraphDriver", graph_driver(store, image)),
        Field::new("RootFS", root_fs(image)),
        Field::new("Metadata", metadata()),
        Field::new("Digest", image.listed.to_string()),
        Field::if_any("Manifests", manifests(store, image)?),
    ]))
}

/// docker writes `[]` for an image without names.
fn listed(texts: impl Iterator<Item = String>) -> Value {
    Value::List(Some(texts.map(Value::Text).collect()))
}

fn pinned(name: &Reference, image: &Image) -> String {
    format!("{}@{}", name.familiar_repository(), image.listed)
}

/// The configuration's own comment, else that of its last step.
fn comment(read: &Read<'_>, image: &Image) -> String {
    let own = read.text("comment");
    let last = || image.config.history.last().and_then(|entry| entry.comment.clone());
    if own.is_empty() { last().unwrap_or_default() } else { own }
}

/// Where the layers lie in overlay's words, once all of them are unpacked.
fn graph_driver(store: &Store, image: &Image) -> Value {
    let diff_ids = &image.config.diff_ids;
    let unpacked = diff_ids.iter().all(|diff_id| store.has_layer(diff_id));
    let paths = diff_ids.iter().rev().map(|diff_id| store.layer_fs(diff_id).display().to_string());
    let mut paths: Vec<String> = paths.collect();
    let data = (unpacked && !paths.is_empty()).then(|| {
        let upper = paths.remove(0);
        let lower = (!paths.is_empty()).then(|| ("LowerDir".to_string(), Value::Text(paths.join(":"))));
        lower.into_iter().chain([("UpperDir".to_string(), Value::Text(upper))]).collect()
    });
    Value::Record(vec![Field::new("Data", Value::map(data, Value::from(""))), Field::new("Name", "overlay")])
}

fn root_fs(image: &Image) -> Value {
    let layers = Value::texts(image.config.diff_ids.iter().map(ToString::to_string));
    Value::Record(vec![Field::new("Type", "layers"), Field::if_any("Layers", layers)])
}

/// Of several images under one name, which are documented one by one, all there are.
fn manifests(store: &Store, image: &Image) -> plimsoll_image::Result<Value> {
    let Some(index) = store.image_index(&image.listed)? else { return Ok(Value::List(None)) };
    let entry = |entry: &Descriptor| {
        let kind = if is_attestation(entry) { "attestation" } else { "image" };
        let platform = platform_of(entry).map(|platform| platform.to_string());
        Value::Record(vec![
            Field::new("Digest", entry.digest.to_string()),
            Field::new("Kind", kind),
            Field::if_any("Platform", platform.unwrap_or_default()),
        ])
    };
    Ok(Value::List(Some(index.index.manifests.iter().map(entry).collect())))
}

/// The store does not write down when a name was given.
fn metadata() -> Value {
    let never = Value::Stringer { text: NO_TIME_SHOWN.to_string(), of: Box::new(Value::from(NO_TIME)) };
    Value::Record(vec![Field::new("LastTagTime", never)])
}

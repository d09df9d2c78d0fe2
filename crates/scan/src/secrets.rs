//! Secrets that travel with an image: in files (deleted ones too: their layer still has them), in
//! the environment, in labels and in the history.

use std::collections::HashSet;

use plimsoll_model::ImageConfig;

use crate::layer::LayerFiles;
use crate::size::{Body, Merged};

mod assignment;
mod pattern;
mod worth;

/// Larger files are not looked into: credentials are short.
const READ_LIMIT: u64 = 256 << 10;

/// Something that should not be in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// What it is: `GitHub token`, `private key`, `password`, ...
    pub kind: &'static str,
    /// Where.
    pub place: SecretPlace,
    /// A form that is safe to print: never the secret itself.
    pub shown: String,
}

/// Where a secret was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// In a file.
    File {
        /// Its path.
        path: String,
        /// Line, from 1; 0 for the file as a whole.
        line: usize,
        /// The layer that carries it.
        layer: usize,
        /// The layer that deleted or replaced it, in vain.
        deleted_in: Option<usize>,
    },
    /// In an environment variable of the configuration.
    Environment {
        /// Its name.
        name: String,
    },
    /// In a label.
    Label {
        /// Its key.
        key: String,
    },
    /// In a step's text.
    History {
        /// Number of the step, from 0, those without a layer counted.
        step: usize,
    },
}

/// A secret as found, with its value to tell doubles.
struct Hit {
    kind: &'static str,
    line: usize,
    value: String,
    shown: String,
}

/// Look through an image.
pub(crate) fn find(merged: &Merged, files: &dyn LayerFiles, config: &ImageConfig) -> Vec<Secret> {
    let mut secrets = in_config(config);
    let mut bodies: Vec<&Body> = merged.bodies.iter().collect();
    bodies.sort_by_key(|body| (body.layer, body.path));
    for body in bodies {
        secrets.extend(in_file(body, files));
    }
    secrets
}

fn in_file(body: &Body, files: &dyn LayerFiles) -> Vec<Secret> {
    let Some(reason) = worth::reading(body.path, body.size, READ_LIMIT) else { return Vec::new() };
    let deleted_in = body.loss.as_ref().map(|lost| lost.layer);
    let place = |line| SecretPlace::File { path: body.path.to_string(), line, layer: body.layer, deleted_in };
    let Some(bytes) = files.read_in_layer(body.layer, body.path, READ_LIMIT) else { return Vec::new() };
    if let worth::Reason::KeyStore = reason {
        let shown = "a store of keys".to_string();
        return vec![Secret { kind: "key store", place: place(0), shown }];
    }
    if bytes.contains(&0) {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut hits = pattern::find(&text);
    if let worth::Reason::Credentials = reason {
        hits.extend(assignment::in_lines(&text));
    }
    first_of_each(hits)
        .into_iter()
        .map(|hit| Secret { kind: hit.kind, place: place(hit.line), shown: hit.shown })
        .collect()
}

/// A value that is both in the environment and in the step that put it there is told once.
fn in_config(config: &ImageConfig) -> Vec<Secret> {
    let mut hits: Vec<(Hit, SecretPlace)> = Vec::new();
    for (name, value) in &config.env {
        let place = SecretPlace::Environment { name: name.clone() };
        hits.extend(in_value(name, value).into_iter().map(|hit| (hit, place.clone())));
    }
    for (key, value) in &config.labels {
        let place = SecretPlace::Label { key: key.clone() };
        hits.extend(in_value(key, value).into_iter().map(|hit| (hit, place.clone())));
    }
    for (step, entry) in config.history.iter().enumerate() {
        let text = entry.created_by.as_deref().unwrap_or("");
        let found = pattern::find(text).into_iter().chain(assignment::in_words(text));
        hits.extend(found.map(|hit| (hit, SecretPlace::History { step })));
    }
    let mut seen = HashSet::new();
    hits.retain(|(hit, _)| seen.insert(hit.value.clone()));
    hits.into_iter().map(|(hit, place)| Secret { kind: hit.kind, place, shown: hit.shown }).collect()
}

/// What is shown of the secret in a variable, if it holds one.
pub fn secret_in(name: &str, value: &str) -> Option<String> {
    in_value(name, value).into_iter().next().map(|hit| hit.shown)
}

fn in_value(name: &str, value: &str) -> Vec<Hit> {
    let mut hits = pattern::find(value);
    hits.extend(assignment::judge(name, value, 0).filter(|_| hits.is_empty()));
    hits
}

fn first_of_each(hits: Vec<Hit>) -> Vec<Hit> {
    let mut seen = HashSet::new();
    let mut hits: Vec<Hit> = hits.into_iter().filter(|hit| seen.insert(hit.value.clone())).collect();
    hits.sort_by_key(|hit| hit.line);
    hits
}

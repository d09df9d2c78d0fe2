//! `--build-context NAME=...`: names that FROM, `COPY --from` and mounts can use. A stage of that name
//! is replaced, and so is an image (buildkit `dockerui/namedcontext.go`, `dockerfile2llb/convert.go`).

use std::collections::BTreeMap;

use plimsoll_contract::stage::StageState;
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_image::layer::{CopyRules, LayerBuilder, LayeredTree};
use plimsoll_image::{Context, Filter, Image};
use plimsoll_model::{Because, HistoryEntry, Platform, Reference};

use crate::error::BuildError;
use crate::execute::Build;
use crate::files_from::FilesFrom;
use crate::key::KeyHasher;
use crate::stage::Begin;
use crate::step_cache;

/// What a name stands for.
#[derive(Debug)]
pub enum NamedContext {
    /// A directory with its own ignore file.
    Directory {
        /// The files.
        context: Context,
        /// Which of them do not count.
        ignore: Ignore,
        /// What messages call the ignore file.
        ignore_name: String,
    },
    /// `docker-image://`: an image under another name.
    Image(Reference),
    /// `oci-layout://`: an image that lies in the store.
    Stored(Box<Image>),
}

/// All names of a build.
#[derive(Debug, Default)]
pub struct NamedContexts(BTreeMap<String, NamedContext>);

impl NamedContexts {
    /// Add a name; `false` if there is one already that means the same.
    pub fn add(&mut self, name: &str, context: NamedContext) -> bool {
        self.0.insert(canonical(name), context).is_none()
    }

    /// What a name stands for: `alpine`, `alpine:latest` and `docker.io/library/alpine` are one name.
    pub fn get(&self, name: &str) -> Option<&NamedContext> {
        if self.0.is_empty() { None } else { self.0.get(&canonical(name)) }
    }
}

fn canonical(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    name.parse::<Reference>().map_or(name, |reference| reference.canonical())
}

/// What a stage begins with whose base is a directory: its files as one layer.
pub(crate) fn begin_with_files(
    build: &Build<'_>,
    name: &str,
    files: &FilesFrom<'_>,
    escape: char,
    platform: Platform,
) -> Result<Begin, BuildError> {
    let request = build.request;
    let excluded = |at: &[u8], _: bool| files.ignored_at(at).is_some();
    let enter = |at: &[u8]| files.may_include_below(at);
    let filter = Filter { excluded: &excluded, enter: &enter };
    let mut key = KeyHasher::new("context");
    let content = files.tree().selection_digest(&[Vec::new()], filter)?.to_string();
    key.texts("SOURCE_DATE_EPOCH", "", [request.epoch.to_string().as_str()]);
    key.texts(files.origin(), "", [content.as_str()]);
    let (key, _) = key.finish();
    let known = step_cache::look_up(request.store, &key);
    let (layer, worked) = match known {
        Some(layer) => (layer, false),
        None => {
            let nothing = LayeredTree::empty();
            let mut builder = LayerBuilder::new(request.store, &nothing, request.epoch)?;
            let rules = CopyRules { excluded: &excluded, enter: &enter, ..CopyRules::AS_IS };
            builder.add_tree(files.tree(), b"", b"", &rules)?;
            let layer = builder.finish()?;
            step_cache::record(request.store, &key, &layer)?;
            (layer, true)
        }
    };
    let base = files.origin().to_string();
    let mut begin = Begin {
        worked,
        base,
        keys: vec![key],
        ..Begin::new(StageState::from_scratch(&platform, escape), platform)
    };
    if let Some(layer) = layer {
        begin.layers.push(layer);
        begin.places.push(None);
        begin.state.config.history.push(HistoryEntry {
            created: Some(request.created.clone()),
            created_by: Some(format!("FROM {name} # a directory")),
            comment: None,
            author: None,
            empty_layer: false,
        });
    }
    Ok(begin)
}

/// What a stage begins with whose base is a context.
pub(crate) fn begin(
    build: &Build<'_>,
    name: &str,
    escape: char,
    platform: Platform,
) -> Result<Begin, BuildError> {
    match build.request.contexts.get(name) {
        Some(NamedContext::Stored(image)) => {
            let because = Because::Asked(format!("--build-context {name}"));
            let base = format!("the context '{name}'");
            Ok(Begin::from_image((**image).clone(), because, base, escape, platform))
        }
        Some(NamedContext::Directory { context, ignore, ignore_name }) => {
            let (ignore_name, origin) = (ignore_name.clone(), format!("the context '{name}'"));
            let files = FilesFrom::Context { context, ignore, ignore_name, origin };
            begin_with_files(build, name, &files, escape, platform)
        }
        Some(NamedContext::Image(_)) | None => {
            unreachable!("only directories and stored images are planned as contexts")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_image_in_other_words_is_the_same_name() {
        let mut contexts = NamedContexts::default();
        let image = || NamedContext::Image("other".parse().unwrap());
        assert!(contexts.add("alpine", image()));
        assert!(!contexts.add("docker.io/library/alpine:latest", image()));
        assert!(contexts.get("Alpine").is_some() && contexts.get("alpine:3").is_none());
        assert!(contexts.add("alpine:3", image()) && contexts.get("library/alpine:3").is_some());
    }
}

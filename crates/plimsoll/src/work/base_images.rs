//! Base images: from the store, made here, or fetched.

use plimsoll_image::{Image, Store};
use plimsoll_model::{Platform, Reference};

use crate::lab;
use crate::terminal::Progress;
use crate::verbs::pull;

/// How eagerly a registry is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetch {
    /// Only what the store lacks.
    Missing,
    /// Always: the tag may have moved.
    Always,
}

/// Find a base image; the error is one sentence.
pub fn find(
    store: &Store,
    reference: &Reference,
    platform: &Platform,
    fetch: Fetch,
    progress: &Progress,
) -> Result<Image, String> {
    if lab::base::is_lab(reference) {
        return lab::base::ensure(store, reference).map_err(|error| error.to_string());
    }
    let stored = store.find_image_for(&reference.to_string(), platform);
    if let (Ok(image), Fetch::Missing) = (&stored, fetch)
        && image.config.platform.as_ref().is_none_or(|its| its.runs_on(platform))
    {
        return Ok(image.clone());
    }
    pull::pull(store, reference, platform, false, progress).map_err(|error| {
        let why = error.message;
        match (&stored, fetch) {
            (_, Fetch::Always) => why,
            (Ok(_), Fetch::Missing) => {
                format!(
                    "the image '{reference}' of the store is not for {platform}; fetching it failed: {why}"
                )
            }
            (Err(missing), Fetch::Missing) => match missing.to_string() {
                question if question.ends_with('?') => format!("{question} Fetching it failed: {why}"),
                sentence => format!("{sentence}; fetching it failed: {why}"),
            },
        }
    })
}

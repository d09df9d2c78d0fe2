//! Cutting the build cache down: step results and cache mounts, those used last longest.

use std::collections::BTreeSet;
use std::time::SystemTime;

use plimsoll_image::{Store, remote_file};
use plimsoll_model::Digest;

use crate::cache_mounts::{CacheMounts, KeptCache};
use crate::error::BuildError;
use crate::{step_cache, why};

/// What stays when a cache is cut down.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keep {
    /// What was used last, up to so many bytes.
    pub bytes: Option<u64>,
    /// What was used since (`None`: whatever its age).
    pub used_since: Option<SystemTime>,
}

impl Keep {
    /// Nothing.
    pub const NOTHING: Keep = Keep { bytes: Some(0), used_since: None };
}

enum Item {
    Step(Digest, Option<(Digest, u64)>),
    Mount(KeptCache),
}

/// Forget everything: steps, cache mounts, fetched files, and what explains rebuilds.
pub fn forget_all(store: &Store) -> Result<(), BuildError> {
    cut_down(store, Keep::NOTHING)?;
    remote_file::clear(store)?;
    why::forget_all(store);
    Ok(())
}

/// Forget what goes beyond what is kept. What it took is freed by the next garbage collection; a cache
/// mount that a step uses at this moment stays.
pub fn cut_down(store: &Store, keep: Keep) -> Result<(), BuildError> {
    let caches = CacheMounts::of(store);
    let failed = |source| BuildError::File {
        doing: "cannot remove cache mounts in",
        path: store.root().display().to_string(),
        source,
    };
    let steps = step_cache::list(store).into_iter().map(|step| (step.used, Item::Step(step.key, step.layer)));
    let mounts =
        caches.list().map_err(failed)?.into_iter().map(|cache| (cache.last_used, Item::Mount(cache)));
    let mut items: Vec<(SystemTime, Item)> = steps.chain(mounts).collect();
    items.sort_by(|(one, _), (other, _)| other.cmp(one));
    let (mut counted, mut bytes) = (BTreeSet::new(), 0u64);
    for (used, item) in items {
        bytes = bytes.saturating_add(match &item {
            // Steps may share a layer.
            Item::Step(_, Some((layer, size))) if counted.insert(*layer) => *size,
            Item::Step(..) => 0,
            Item::Mount(cache) => cache.size,
        });
        let is_old = keep.used_since.is_some_and(|since| used < since);
        // A step without a layer takes no room, but nothing kept means none of them.
        if !is_old && keep.bytes.is_none_or(|limit| limit > 0 && bytes <= limit) {
            continue;
        }
        match item {
            Item::Step(key, _) => step_cache::forget(store, &key)?,
            Item::Mount(cache) => drop(caches.remove(&cache).map_err(failed)?),
        }
    }
    Ok(())
}

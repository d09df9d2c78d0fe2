//! The step cache as an image: its layers are those of the steps and the files of cache mounts, and its
//! configuration says which is which. So whatever carries images (archives, directories, registries)
//! carries caches.

use std::collections::BTreeMap;

use plimsoll_image::layer::CommittedLayer;
use plimsoll_image::{Image, Store};
use plimsoll_model::{Digest, ImageConfig};

use crate::cache_mounts::{CacheMounts, CacheName, KeptCache, PackedCache};
use crate::error::BuildError;
use crate::step_cache::{self, StepResult};

mod wire {
    use serde::{Deserialize, Serialize};

    /// The key of the configuration under which the record stands.
    pub const KEY: &str = "plimsoll.cache.v1";

    #[derive(Serialize, Deserialize)]
    pub struct Record {
        pub steps: Vec<Step>,
        #[serde(default)]
        pub mounts: Vec<Mount>,
    }

    #[derive(Serialize, Deserialize)]
    pub struct Mount {
        pub namespace: String,
        pub id: String,
        pub seed: Option<String>,
        /// Position of its files' layer.
        pub layer: usize,
    }

    #[derive(Serialize, Deserialize)]
    pub struct Step {
        /// The step's key.
        pub key: String,
        /// Position of its layer in the manifest; none for a step that changed no file.
        pub layer: Option<usize>,
    }
}

/// Why an image is no cache.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no build cache: {why}")]
pub struct NotACache {
    why: String,
}

/// What a cache carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The keys of steps.
    pub steps: Vec<Digest>,
    /// Cache mounts.
    pub mounts: Vec<CacheName>,
}

/// How much was taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Results of steps.
    pub steps: usize,
    /// Cache mounts that were not there.
    pub mounts: usize,
}

impl Contents {
    /// All the store has.
    pub fn of_store(store: &Store) -> Result<Contents, BuildError> {
        let mounts = kept_caches(store)?.into_iter().map(|cache| cache.name).collect();
        Ok(Contents { steps: step_cache::keys(store), mounts })
    }
}

/// Layers of a cache, each once.
#[derive(Default)]
struct Layers {
    list: Vec<CommittedLayer>,
    positions: BTreeMap<Digest, usize>,
}

impl Layers {
    fn position(&mut self, layer: CommittedLayer) -> usize {
        *self.positions.entry(layer.diff_id).or_insert_with(|| {
            self.list.push(layer);
            self.list.len() - 1
        })
    }
}

/// Make the image of a cache. Steps whose results are gone and mounts in use are left out. The caller
/// holds the store.
pub fn export(store: &Store, contents: &Contents) -> Result<Digest, BuildError> {
    let mut layers = Layers::default();
    let mut steps = Vec::new();
    for key in &contents.steps {
        let Some(result) = step_cache::look_up(store, key) else { continue };
        let layer = result.map(|layer| layers.position(layer));
        steps.push(wire::Step { key: key.to_string(), layer });
    }
    let mut mounts = Vec::new();
    for cache in kept_caches(store)?.iter().filter(|cache| contents.mounts.contains(&cache.name)) {
        let Some(PackedCache { name, layer }) = CacheMounts::of(store).pack(store, cache)? else { continue };
        let CacheName { namespace, id, seed } = name;
        let (seed, layer) = (seed.map(|seed| seed.to_string()), layers.position(layer));
        mounts.push(wire::Mount { namespace, id, seed, layer });
    }
    mounts.sort_by(|one, other| (&one.id, &one.namespace).cmp(&(&other.id, &other.namespace)));
    let record = wire::Record { steps, mounts };
    let record = serde_json::to_value(record).expect("numbers and strings are always written");
    let mut config = ImageConfig::default();
    config.unknown.insert(wire::KEY.to_string(), record);
    Ok(store.create_image(config, &layers.list)?)
}

fn kept_caches(store: &Store) -> Result<Vec<KeptCache>, BuildError> {
    CacheMounts::of(store).list().map_err(|source| BuildError::File {
        doing: "cannot list the cache mounts in",
        path: store.root().display().to_string(),
        source,
    })
}

/// Take over a cache whose layers lie in the store. A cache mount that is there already stays.
pub fn import(store: &Store, image: &Image) -> Result<TakenOver, BuildError> {
    let (steps, mounts) = read(image).map_err(BuildError::NotACache)?;
    for (key, result) in &steps {
        step_cache::record(store, key, result)?;
    }
    let mut taken = TakenOver { steps: steps.len(), mounts: 0 };
    for packed in &mounts {
        taken.mounts += usize::from(CacheMounts::of(store).unpack(store, packed)?);
    }
    Ok(taken)
}

/// The steps and mounts of a cache.
type Listed = (Vec<(Digest, StepResult)>, Vec<PackedCache>);

fn read(image: &Image) -> Result<Listed, NotACache> {
    let no = |why: &str| NotACache { why: why.to_string() };
    let record = image.config.unknown.get(wire::KEY).ok_or_else(|| no("its configuration has no record"))?;
    let record: wire::Record =
        serde_json::from_value(record.clone()).map_err(|error| NotACache { why: error.to_string() })?;
    let layers = image.committed_layers();
    let step = |step: wire::Step| {
        let key = step.key.parse().map_err(|_| no("a key is no digest"))?;
        let layer = match step.layer {
            None => None,
            Some(at) => Some(layers.get(at).cloned().ok_or_else(|| no("it names a layer it does not have"))?),
        };
        Ok((key, layer))
    };
    let mount = |mount: wire::Mount| {
        let seed = mount.seed.map(|seed| seed.parse()).transpose();
        let seed = seed.map_err(|_| no("a seed is no digest"))?;
        let layer = layers.get(mount.layer).cloned();
        let layer = layer.ok_or_else(|| no("it names a layer it does not have"))?;
        Ok(PackedCache { name: CacheName { namespace: mount.namespace, id: mount.id, seed }, layer })
    };
    let steps = record.steps.into_iter().map(step).collect::<Result<_, NotACache>>()?;
    Ok((steps, record.mounts.into_iter().map(mount).collect::<Result<_, _>>()?))
}

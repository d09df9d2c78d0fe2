//! Removal of images and of what nobody refers to any more.

use std::collections::BTreeSet;
use std::fs;

use plimsoll_model::manifest::Descriptor;
use plimsoll_model::{Digest, Reference};
use plimsoll_sys::root_dir::RootDir;

use super::{ANNOTATION_NAME, Hold, Store, temporary};
use crate::error::{AtFile as _, Error, Result};

/// What must stay although no image names it: what containers run on, what the step cache keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots {
    /// Manifests, with all they refer to.
    pub manifests: Vec<Digest>,
    /// Unpacked layers, by the digest of their plain tar.
    pub layers: Vec<Digest>,
    /// Single blobs.
    pub blobs: Vec<Digest>,
}

/// What a garbage collection did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freed {
    /// Blobs removed.
    pub blobs: Vec<Digest>,
    /// Unpacked layers removed.
    pub layers: Vec<Digest>,
    /// Bytes of the blobs removed.
    pub bytes: u64,
}

/// The store while no other process writes to it. Roots are asked for only now: what a build or a
/// container came to need a moment earlier is among them.
#[derive(Debug)]
pub struct Alone<'a> {
    store: &'a Store,
    _hold: Hold,
}

/// What the removal of an image did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removal {
    /// Names taken away.
    pub untagged: Vec<Reference>,
    /// The image itself, if it is no longer listed.
    pub deleted: Option<Digest>,
}

/// Whether a written reference means this name of an image: exactly, or by digest any tag of the
/// repository.
fn is_meant(own: &Reference, written: &Reference) -> bool {
    let same_repository = (&own.registry, &own.repository) == (&written.registry, &written.repository);
    own.canonical() == written.canonical()
        || (written.digest.is_some() && own.digest.is_none() && same_repository)
}

impl Store {
    /// Remove a name, and the image if that was its last one. By id all names are removed, but only
    /// if there is one at most or `force` is given (docker's rule). What only this image needed goes
    /// with the next collection.
    pub fn remove_image(&self, name: &str, force: bool, roots: &Roots) -> Result<Removal> {
        let found = self.resolve(name)?;
        let names = self.names_of(&found.manifest)?;
        let meant = |own: &&Reference| match &found.reference {
            Some(reference) => is_meant(own, reference),
            None => true,
        };
        let untagged: Vec<Reference> = names.iter().filter(meant).cloned().collect();
        let in_use = |user: String| Err(Error::InUse { name: name.to_string(), user });
        if found.reference.is_none() && names.len() > 1 && !force {
            return in_use(format!("{} names", names.len()));
        }
        let last = untagged.len() == names.len();
        let used = |part: &Descriptor| roots.manifests.contains(&part.digest);
        if last && !force && self.parts(&found.manifest)?.manifests.iter().any(used) {
            return in_use("a container".to_string());
        }
        let gone: Vec<String> = untagged.iter().map(Reference::canonical).collect();
        self.change_index(|index| {
            index.manifests.retain(|entry| match entry.annotations.get(ANNOTATION_NAME) {
                Some(own) => !gone.contains(own),
                None => !(last && entry.digest == found.manifest),
            });
        })?;
        Ok(Removal { untagged, deleted: last.then_some(found.manifest) })
    }

    /// The store for ourselves; none while another process writes to it.
    pub fn alone(&self) -> Result<Option<Alone<'_>>> {
        Ok(self.hold_alone()?.map(|hold| Alone { store: self, _hold: hold }))
    }

    /// Blobs and layers in use. An image that cannot be read is an error: better keep too much.
    fn reachable(&self, roots: &Roots) -> Result<(BTreeSet<Digest>, BTreeSet<Digest>)> {
        let mut blobs: BTreeSet<Digest> = roots.blobs.iter().copied().collect();
        let mut layers: BTreeSet<Digest> = roots.layers.iter().copied().collect();
        let listed = self.index()?.manifests.into_iter().map(|entry| entry.digest);
        let present = roots.manifests.iter().copied().filter(|digest| self.has_blob(digest));
        for manifest in listed.chain(present).collect::<BTreeSet<_>>() {
            let parts = self.parts(&manifest)?;
            blobs.extend(parts.manifests.iter().chain(&parts.blobs).map(|part| part.digest));
            layers.extend(parts.images.into_iter().flat_map(|image| image.config.diff_ids));
        }
        Ok((blobs, layers))
    }

    fn digests_in(&self, name: &str) -> Result<Vec<(Digest, std::path::PathBuf)>> {
        let directory = self.root.join(name);
        let mut found = Vec::new();
        for entry in fs::read_dir(&directory).at("read", &directory)? {
            let entry = entry.at("read", &directory)?;
            let digest = entry.file_name().to_str().and_then(|hex| format!("sha256:{hex}").parse().ok());
            found.extend(digest.map(|digest| (digest, entry.path())));
        }
        found.sort();
        Ok(found)
    }

    fn sweep(&self, name: &str) -> Result<()> {
        let directory = self.root.join(name);
        RootDir::open(&directory).and_then(|dir| dir.clear("")).at("empty", &directory)
    }
}

impl Alone<'_> {
    /// Remove every blob and layer that neither a listed image nor a root refers to, and sweep what
    /// killed processes left.
    pub fn collect_garbage(self, roots: &Roots) -> Result<Freed> {
        let store = self.store;
        let (blobs, layers) = store.reachable(roots)?;
        let mut freed = Freed::default();
        for (digest, path) in store.digests_in("blobs/sha256")? {
            if !blobs.contains(&digest) {
                freed.bytes += fs::metadata(&path).map_or(0, |metadata| metadata.len());
                fs::remove_file(&path).at("remove", &path)?;
                freed.blobs.push(digest);
            }
        }
        for (digest, path) in store.digests_in("layers")? {
            if !layers.contains(&digest) {
                let trash = store.root.join("trash").join(temporary::random_name()?);
                fs::rename(&path, &trash).at("remove", &path)?;
                freed.layers.push(digest);
            }
        }
        store.sweep("tmp")?;
        store.sweep("trash")?;
        Ok(freed)
    }
}

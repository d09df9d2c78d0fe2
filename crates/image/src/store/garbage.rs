//! Removal of images and of what nobody refers to any more.

use std::collections::BTreeSet;
use std::fs;

use plimsoll_model::{Digest, Reference};
use plimsoll_sys::root_dir::RootDir;

use super::{ANNOTATION_NAME, Store, temporary};
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
    /// Another process was writing, nothing was removed; the next collection does it.
    pub deferred: bool,
}

/// What the removal of an image did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removal {
    /// Names taken away.
    pub untagged: Vec<Reference>,
    /// The image itself, if it is no longer listed.
    pub deleted: Option<Digest>,
    /// What was freed.
    pub freed: Freed,
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
    /// if there is one at most or `force` is given (docker's rule).
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
        if last && !force && roots.manifests.contains(&found.manifest) {
            return in_use("a container".to_string());
        }
        let gone: Vec<String> = untagged.iter().map(Reference::canonical).collect();
        self.change_index(|index| {
            index.manifests.retain(|entry| match entry.annotations.get(ANNOTATION_NAME) {
                Some(own) => !gone.contains(own),
                None => !(last && entry.digest == found.manifest),
            });
        })?;
        let freed = self.collect_garbage(roots)?;
        Ok(Removal { untagged, deleted: last.then_some(found.manifest), freed })
    }

    /// Remove every blob and layer that neither a listed image nor a root refers to, and sweep what
    /// killed processes left. Does nothing while another process writes.
    pub fn collect_garbage(&self, roots: &Roots) -> Result<Freed> {
        let Some(_alone) = self.hold_alone()? else {
            return Ok(Freed { deferred: true, ..Freed::default() });
        };
        let (blobs, layers) = self.reachable(roots)?;
        let mut freed = Freed::default();
        for (digest, path) in self.digests_in("blobs/sha256")? {
            if !blobs.contains(&digest) {
                freed.bytes += fs::metadata(&path).map_or(0, |metadata| metadata.len());
                fs::remove_file(&path).at("remove", &path)?;
                freed.blobs.push(digest);
            }
        }
        for (digest, path) in self.digests_in("layers")? {
            if !layers.contains(&digest) {
                let trash = self.root.join("trash").join(temporary::random_name()?);
                fs::rename(&path, &trash).at("remove", &path)?;
                freed.layers.push(digest);
            }
        }
        self.sweep("tmp")?;
        self.sweep("trash")?;
        Ok(freed)
    }

    /// Blobs and layers in use. An image that cannot be read is an error: better keep too much.
    fn reachable(&self, roots: &Roots) -> Result<(BTreeSet<Digest>, BTreeSet<Digest>)> {
        let mut blobs: BTreeSet<Digest> = roots.blobs.iter().copied().collect();
        let mut layers: BTreeSet<Digest> = roots.layers.iter().copied().collect();
        let listed = self.index()?.manifests.into_iter().map(|entry| entry.digest);
        let present = roots.manifests.iter().copied().filter(|digest| self.has_blob(digest));
        for manifest in listed.chain(present).collect::<BTreeSet<_>>() {
            let image = self.image(&manifest)?;
            blobs.extend([image.manifest_digest, image.config_digest]);
            blobs.extend(image.manifest.layers.iter().map(|layer| layer.digest));
            layers.extend(image.config.diff_ids);
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

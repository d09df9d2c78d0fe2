//! Directories of `RUN --mount=type=cache`: they outlive builds, and are neither in a key nor in a
//! layer.
//!
//! ```text
//! caches/lock               flock: removal alone, everybody else together
//! caches/HEX/cache.json     whose cache it is
//! caches/HEX/0/fs           its files; 1, 2, ... for those that may not share them
//! caches/HEX/0.lock         flock while it is used, last use is its time
//! ```
//!
//! A new one appears by rename, a removed one is renamed into `trash`.

use std::cell::Cell;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use plimsoll_contract::stage::Sharing;
use plimsoll_image::SourceTree as _;
use plimsoll_image::layer::{CommittedLayer, CopyRules, LayerBuilder, LayeredTree, UnpackedTree};
use plimsoll_image::{Store, private_directory};
use plimsoll_model::Digest;
use rustix::fs::FlockOperation;

use crate::error::BuildError;
use crate::key::KeyHasher;

mod wire;

/// The caches of a store.
#[derive(Debug, Clone)]
pub struct CacheMounts {
    directory: PathBuf,
    trash: PathBuf,
}

/// A cache as `prune` and people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCache {
    /// Whose it is.
    pub name: CacheName,
    /// Bytes on disk.
    pub size: u64,
    /// When a step last began to use it.
    pub last_used: SystemTime,
    /// Where it lies.
    pub directory: PathBuf,
}

/// What makes two mounts use the same cache (buildkit, solver/llbsolver/mounts: id and seed).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CacheName {
    /// `BUILDKIT_CACHE_MOUNT_NS`.
    pub namespace: String,
    /// `id=`, else the target.
    pub id: String,
    /// Content of the files it begins with.
    pub seed: Option<Digest>,
}

/// A cache packed for another machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedCache {
    /// Whose it is.
    pub name: CacheName,
    /// Its files.
    pub layer: CommittedLayer,
}

impl CacheName {
    fn key(&self) -> Digest {
        let mut hasher = KeyHasher::new("cache mount");
        let seed = self.seed.map(|seed| seed.to_string());
        hasher.texts("", "", seed.as_deref());
        hasher.texts("", "", [self.namespace.as_str(), self.id.as_str()]);
        hasher.finish().0
    }
}

/// A cache while a step uses it.
#[derive(Debug)]
pub(crate) struct CacheInUse {
    place: PathBuf,
    _lock: File,
}

impl CacheInUse {
    /// The directory to mount.
    pub(crate) fn files(&self) -> PathBuf {
        self.place.join("fs")
    }
}

/// How long to wait before a lock is tried again: a wait inside the kernel could not be given up when
/// another stage fails.
const RETRY: Duration = Duration::from_millis(20);

impl CacheMounts {
    /// Those of a store.
    pub fn of(store: &Store) -> Self {
        CacheMounts { directory: store.root().join("caches"), trash: store.root().join("trash") }
    }

    /// All caches, the one used last first.
    pub fn list(&self) -> io::Result<Vec<KeptCache>> {
        let mut found = Vec::new();
        for directory in directories(&self.directory)? {
            let Some(name) = wire::read(&directory) else { continue };
            let locks = fs::read_dir(&directory)?.flatten().filter(|entry| is_lock(&entry.path()));
            let used = locks.filter_map(|entry| entry.metadata().ok()?.modified().ok()).max();
            let last_used = used.unwrap_or(SystemTime::UNIX_EPOCH);
            found.push(KeptCache { name, size: size_of(&directory)?, last_used, directory });
        }
        found.sort_by(|a, b| b.last_used.cmp(&a.last_used).then_with(|| a.directory.cmp(&b.directory)));
        Ok(found)
    }

    /// Remove a cache, its files included; `false` if a step uses it at this moment. They go with the
    /// next garbage collection at the latest.
    pub fn remove(&self, cache: &KeptCache) -> io::Result<bool> {
        let _alone = self.hold(FlockOperation::LockExclusive)?;
        let mut locks = Vec::new();
        for entry in fs::read_dir(&cache.directory)?.flatten().filter(|entry| is_lock(&entry.path())) {
            let lock = File::options().append(true).open(entry.path())?;
            match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => locks.push(lock),
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(false),
                Err(errno) => return Err(errno.into()),
            }
        }
        let draft = tempfile::Builder::new().prefix("cache-").tempdir_in(&self.trash)?;
        fs::rename(&cache.directory, draft.path().join("cache"))?;
        Ok(true)
    }

    /// Pack a cache; `None` while a step uses it, or if it holds nothing yet.
    pub fn pack(&self, store: &Store, cache: &KeptCache) -> Result<Option<PackedCache>, BuildError> {
        let failed = |source| BuildError::File {
            doing: "cannot read the cache in",
            path: cache.directory.display().to_string(),
            source,
        };
        let _hold = self.hold(FlockOperation::LockShared).map_err(failed)?;
        let files = cache.directory.join("0/fs");
        if !files.is_dir() {
            return Ok(None);
        }
        let Some(_lock) = lock(&cache.directory, 0, Sharing::Locked).map_err(failed)? else {
            return Ok(None);
        };
        Ok(Some(PackedCache { name: cache.name.clone(), layer: store.pack_directory(&files)? }))
    }

    /// Take a packed cache over; `false` if there is one of its name, which stays as it is.
    pub fn unpack(&self, store: &Store, packed: &PackedCache) -> Result<bool, BuildError> {
        let filled = Cell::new(false);
        let fill = || {
            filled.set(true);
            unpacked(store, &packed.layer)
        };
        self.take(&packed.name, Sharing::Shared, &fill, &|| false)?;
        Ok(filled.get())
    }

    /// Use a cache; a new one is filled first. Waits where `sharing` says so, until `given_up`.
    pub(crate) fn take(
        &self,
        name: &CacheName,
        sharing: Sharing,
        fill: &dyn Fn() -> plimsoll_image::Result<UnpackedTree>,
        given_up: &dyn Fn() -> bool,
    ) -> Result<CacheInUse, BuildError> {
        let directory = self.directory.join(name.key().hex());
        let failed = |source| BuildError::File {
            doing: "cannot use the cache in",
            path: directory.display().to_string(),
            source,
        };
        let mut number = 0;
        loop {
            if given_up() {
                return Err(BuildError::GivenUp);
            }
            let hold = self.hold(FlockOperation::LockShared).map_err(failed)?;
            make(&directory, name).map_err(failed)?;
            match lock(&directory, number, sharing).map_err(failed)? {
                Some(lock) => {
                    let place = directory.join(number.to_string());
                    if !place.is_dir() {
                        fill()?.give_place(&place)?;
                    }
                    lock.set_modified(SystemTime::now()).map_err(failed)?;
                    return Ok(CacheInUse { place, _lock: lock });
                }
                None if sharing == Sharing::Private => number += 1,
                None => {
                    drop(hold);
                    std::thread::sleep(RETRY);
                }
            }
        }
    }

    /// Keep removal away, or everybody else.
    fn hold(&self, operation: FlockOperation) -> io::Result<File> {
        private_directory(&self.directory)?;
        let lock = File::options().create(true).append(true).open(self.directory.join("lock"))?;
        rustix::fs::flock(&lock, operation)?;
        Ok(lock)
    }
}

/// The files of a packed cache, as they were.
fn unpacked(store: &Store, layer: &CommittedLayer) -> plimsoll_image::Result<UnpackedTree> {
    store.unpack(&layer.descriptor, &layer.diff_id)?;
    let tree = LayeredTree::open(store, &[layer.diff_id])?;
    let nothing = LayeredTree::empty();
    let mut builder = LayerBuilder::new(store, &nothing, u64::MAX)?;
    if let Some(top) = tree.entry(b"")? {
        builder.add_directory_like(b"", &top, &CopyRules::AS_IS)?;
    }
    builder.add_tree(&tree, b"", b"", &CopyRules::AS_IS)?;
    builder.finish_unpacked()
}

/// The lock of one copy of a cache, unless another step uses that.
fn lock(directory: &Path, number: usize, sharing: Sharing) -> io::Result<Option<File>> {
    let path = directory.join(format!("{number}.lock"));
    let lock = File::options().create(true).append(true).open(&path)?;
    let operation = match sharing {
        Sharing::Shared => FlockOperation::NonBlockingLockShared,
        Sharing::Private | Sharing::Locked => FlockOperation::NonBlockingLockExclusive,
    };
    match rustix::fs::flock(&lock, operation) {
        Ok(()) => Ok(Some(lock)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn make(directory: &Path, name: &CacheName) -> io::Result<()> {
    private_directory(directory)?;
    wire::write(directory, name)
}

fn is_lock(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "lock")
}

fn directories(parent: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => Ok(entries?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect()),
    }
}

/// Bytes on disk; what vanishes meanwhile counts nothing.
fn size_of(path: &Path) -> io::Result<u64> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        metadata => metadata?,
    };
    let mut size = metadata.blocks() * 512;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)?.flatten() {
            size += size_of(&entry.path())?;
        }
    }
    Ok(size)
}

#[cfg(test)]
mod tests;

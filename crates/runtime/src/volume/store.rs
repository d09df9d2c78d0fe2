//! All volumes of a store: one directory each. A volume is in use while the record of a container names it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_model::launch::MountSource;
use plimsoll_sys::root_dir::RootDir;
use rustix::fs::FlockOperation;

use super::{FILES, NewVolume, Storage, Volume, VolumeError, wire};
use crate::container::name::random_id;
use crate::container::store::root_of;
use crate::container::{Container, ContainerError, Containers, Directory, Record};
use crate::events::{Event, EventLog};
use crate::store_directory::{Discarded, Draft, check_private, make_private, names_in};

/// The volumes of one store.
#[derive(Debug, Clone)]
pub struct Volumes {
    root: PathBuf,
    volumes: PathBuf,
    tmp: PathBuf,
    trash: PathBuf,
    containers: Containers,
}

/// Every volume by name, and those that cannot be read.
#[derive(Debug)]
pub struct Listing {
    /// The volumes.
    pub volumes: Vec<Volume>,
    /// Names of damaged volumes with what is wrong.
    pub damaged: Vec<(String, VolumeError)>,
}

/// While this lives no volume is removed: hold it from the moment a volume is chosen for a container until the
/// container's record names it.
#[derive(Debug)]
#[must_use = "volumes are kept only while this value lives"]
pub struct Hold {
    _lock: File,
}

/// A volume that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Its name.
    pub name: String,
    /// Bytes of its files.
    pub bytes: u64,
}

impl Volumes {
    /// The volumes of the store at `root`. Directories that are missing are made with the first volume.
    pub fn open(root: &Path) -> Result<Self, VolumeError> {
        let containers = Containers::open(root)?;
        let volumes = root.join("volumes");
        check_private(&volumes)?;
        let (tmp, trash) = (root.join("tmp"), root.join("trash"));
        Ok(Volumes { root: root.to_path_buf(), volumes, tmp, trash, containers })
    }

    fn make_directories(&self) -> Result<(), ContainerError> {
        [&self.volumes, &self.tmp, &self.trash].into_iter().try_for_each(|path| make_private(path))
    }

    /// The containers of the same store.
    pub fn containers(&self) -> &Containers {
        &self.containers
    }

    /// Keep all volumes for a while.
    pub fn hold(&self) -> Result<Hold, VolumeError> {
        Ok(Hold { _lock: self.lock(FlockOperation::LockShared)? })
    }

    fn lock(&self, operation: FlockOperation) -> Result<File, ContainerError> {
        let failed = || ContainerError::at("open", &self.volumes);
        let lock = match File::open(&self.volumes) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make_private(&self.volumes)?;
                File::open(&self.volumes).map_err(failed())?
            }
            opened => opened.map_err(failed())?,
        };
        rustix::fs::flock(&lock, operation).map_err(ContainerError::at("lock", &self.volumes))?;
        Ok(lock)
    }

    /// Where the files of a volume of this name would lie, if it kept them in the store.
    pub fn files_of(&self, name: &str) -> PathBuf {
        self.volumes.join(name).join(FILES)
    }

    /// The volume with this name.
    pub fn find(&self, name: &str) -> Result<Volume, VolumeError> {
        let path = self.volumes.join(name);
        match check_name(name).is_ok() && path.is_dir() {
            true => Volume::open(&path, name),
            false => Err(VolumeError::NotFound { name: name.to_string() }),
        }
    }

    /// Every volume, by name.
    pub fn list(&self) -> Result<Listing, VolumeError> {
        let mut names = names_in(&self.volumes)?;
        names.sort();
        let mut listing = Listing { volumes: Vec::new(), damaged: Vec::new() };
        for name in names.into_iter().filter(|name| check_name(name).is_ok()) {
            match self.find(&name) {
                Ok(volume) => listing.volumes.push(volume),
                // Removed since the directory was read.
                Err(VolumeError::NotFound { .. }) => {}
                Err(error) => listing.damaged.push((name, error)),
            }
        }
        Ok(listing)
    }

    /// Whether a volume could be made like that, and where its files would be kept.
    pub fn check(&self, new: &NewVolume) -> Result<Storage, VolumeError> {
        check_name(&new.name)?;
        Storage::of(&new.options).map_err(|why| VolumeError::BadOption { name: new.name.clone(), why })
    }

    /// Make a volume. One that is there already stays as it is.
    pub fn create(&self, new: NewVolume, now: Timestamp) -> Result<Volume, VolumeError> {
        self.check(&new)?;
        if let Ok(there) = self.find(&new.name) {
            return Ok(there);
        }
        self.make_directories()?;
        let mut new = new;
        new.labels.sort();
        new.options.sort();
        let draft = Draft::new(self.tmp.join(random_id()?))?;
        Directory::new(draft.path()).write(wire::FILE, &wire::write_volume(&new, now))?;
        let files = draft.path().join(FILES);
        let made = fs::DirBuilder::new().mode(0o755).create(&files);
        made.map_err(ContainerError::at("make the directory", &files))?;
        match draft.put_in_place(&self.volumes.join(&new.name)) {
            // Another one has made it in the meantime.
            Err(_) if self.find(&new.name).is_ok() => {}
            placed => placed.map(|()| self.tell("create", &new.name))?,
        }
        self.find(&new.name)
    }

    fn tell(&self, action: &str, name: &str) {
        let attributes = vec![("driver".to_string(), "local".to_string())];
        let (kind, action, id) = ("volume".to_string(), action.to_string(), name.to_string());
        EventLog::of_store(&self.root).add(&Event { time: Timestamp::now(), kind, action, id, attributes });
    }

    /// Which containers have which volumes: ids by name of the volume.
    pub fn users(&self) -> Result<BTreeMap<String, Vec<String>>, VolumeError> {
        Ok(users_of(self.containers.list()?.containers.iter().map(|container| container.record())))
    }

    /// Remove a volume that no container has.
    pub fn remove(&self, name: &str) -> Result<(), VolumeError> {
        let alone = self.lock(FlockOperation::LockExclusive)?;
        if check_name(name).is_err() || !self.volumes.join(name).is_dir() {
            return Err(VolumeError::NotFound { name: name.to_string() });
        }
        if let Some(users) = self.users()?.remove(name) {
            return Err(VolumeError::InUse { name: name.to_string(), users });
        }
        let discarded = self.discard(name)?;
        drop(alone);
        discarded.map_or(Ok(()), |discarded| Ok(discarded.delete()?))
    }

    /// Remove the volumes that are wanted gone and that no container has.
    pub fn prune(&self, wanted: impl Fn(&Volume) -> bool) -> Result<Vec<Removed>, VolumeError> {
        let alone = self.lock(FlockOperation::LockExclusive)?;
        let containers = self.containers.list()?;
        if let Some((id, _)) = containers.damaged.into_iter().next() {
            return Err(VolumeError::UnknownUse { id });
        }
        let users = users_of(containers.containers.iter().map(|container| container.record()));
        let mut removed = Vec::new();
        let mut discarded = Vec::new();
        let unused = |volume: &Volume| !users.contains_key(volume.name()) && wanted(volume);
        for volume in self.list()?.volumes.into_iter().filter(unused) {
            let bytes = size_of(&volume.mount_point());
            discarded.extend(self.discard(volume.name())?);
            removed.push(Removed { name: volume.name().to_string(), bytes });
        }
        drop(alone);
        discarded.into_iter().try_for_each(Discarded::delete)?;
        Ok(removed)
    }

    /// Remove the volumes that were made for a container that has been removed, and that no other one has.
    pub fn remove_anonymous(gone: &Container) -> Result<(), VolumeError> {
        let mounts = gone.record().spec.mounts.iter();
        let names: Vec<&String> = mounts.filter_map(|mount| made_for(&mount.source)).collect();
        match names.is_empty() {
            true => Ok(()),
            false => Volumes::open(root_of(gone))?.remove_unused(&names, gone.id()),
        }
    }

    /// Remove those of these volumes that no container has but the one that is gone.
    fn remove_unused(&self, names: &[&String], gone: &str) -> Result<(), VolumeError> {
        let alone = self.lock(FlockOperation::LockExclusive)?;
        let containers = self.containers.list()?.containers;
        let others = containers.iter().map(|container| container.record()).filter(|record| record.id != gone);
        let users = users_of(others);
        let unused = names.iter().filter(|name| !users.contains_key(**name) && check_name(name).is_ok());
        let discarded = unused.map(|name| self.discard(name)).collect::<Result<Vec<_>, _>>()?;
        drop(alone);
        discarded.into_iter().flatten().try_for_each(|discarded| Ok(discarded.delete()?))
    }

    fn discard(&self, name: &str) -> Result<Option<Discarded>, ContainerError> {
        let trash = self.trash.join(format!("{}-{}", random_id()?, random_id()?));
        let discarded = Discarded::take(&self.volumes.join(name), &trash)?;
        discarded.is_some().then(|| self.tell("destroy", name));
        Ok(discarded)
    }
}

/// The volume that a mount brought into being.
fn made_for(source: &MountSource) -> Option<&String> {
    match source {
        MountSource::Volume { name, anonymous: true, .. } => Some(name),
        _ => None,
    }
}

fn users_of<'a>(records: impl Iterator<Item = &'a Record>) -> BTreeMap<String, Vec<String>> {
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in records {
        for mount in &record.spec.mounts {
            let MountSource::Volume { name, .. } = &mount.source else { continue };
            let ids = users.entry(name.clone()).or_default();
            if !ids.contains(&record.id) {
                ids.push(record.id.clone());
            }
        }
    }
    users
}

/// docker's names; the longest one is what a file system takes.
fn check_name(name: &str) -> Result<(), VolumeError> {
    let refuse = |why: &str| Err(VolumeError::BadName { name: name.to_string(), why: why.to_string() });
    if name.len() == 1 {
        return refuse("volume name is too short, names should be at least two alphanumeric characters");
    }
    let word = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(word) {
        return refuse(&format!(
            "\"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are \
             allowed. If you intended to pass a host directory, use absolute path"
        ));
    }
    if name.len() > 255 {
        return refuse("a volume name has at most 255 characters");
    }
    Ok(())
}

/// Bytes of the files below a directory; what cannot be looked at counts for nothing.
fn size_of(directory: &Path) -> u64 {
    let Ok(root) = RootDir::open(directory) else { return 0 };
    let (mut bytes, mut waiting) = (0, vec![Vec::new()]);
    while let Some(path) = waiting.pop() {
        for name in root.list(&path).unwrap_or_default() {
            let below = if path.is_empty() { name } else { [path.as_slice(), b"/", &name].concat() };
            match root.metadata(&below) {
                Ok(found) if found.kind == plimsoll_sys::root_dir::NodeKind::Directory => waiting.push(below),
                Ok(found) => bytes += found.size,
                Err(_) => {}
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests;

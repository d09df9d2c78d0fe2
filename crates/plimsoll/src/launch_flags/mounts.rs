//! What is mounted beside the root file system: `-v`, `--mount`, `--tmpfs`, `--volumes-from`, and the volumes of
//! the image.

mod long_form;
mod memory_form;
mod other_container;
mod request;
mod short_form;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use plimsoll_image::path::{self, Met};
use plimsoll_image::tree::{SourceKind, SourceTree as _};
use plimsoll_model::launch::{Mount, MountSource, Tmpfs};
use plimsoll_runtime::volume::{NewVolume, Storage, Volumes};

use super::{ImageFacts, LaunchFlags, engine};
use crate::command_error::CommandError;
use crate::volume::SourceToMake;
use request::{Request, Source, VolumeRequest};

/// Flags that decide what is mounted, with docker's names and meaning.
#[derive(Args, Clone, Default)]
pub struct MountFlags {
    /// Mount a directory or file of the host, or a volume; a missing directory of the host is made. Options:
    /// ro, nocopy, and rprivate, rslave or rshared.
    #[arg(short, long, value_name = "[SOURCE:]TARGET[:OPTIONS]")]
    volume: Vec<String>,
    /// Mount in docker's long form: type=bind, volume or tmpfs, source=, target=, readonly, bind-propagation=,
    /// bind-recursive=, volume-nocopy, volume-label=, volume-opt=, volume-subpath=, tmpfs-size=, tmpfs-mode=.
    #[arg(long, value_name = "KEY=VALUE,...")]
    mount: Vec<String>,
    /// Mount an empty directory in memory. Options: size=, mode=, uid=, gid=, exec, ro.
    #[arg(long, value_name = "TARGET[:OPTIONS]")]
    tmpfs: Vec<String>,
    /// Mount what another container has mounted, but for what is mounted here.
    #[arg(long, value_name = "CONTAINER[:ro]")]
    pub(super) volumes_from: Vec<String>,
}

/// What is mounted, and what has to be made before.
type Mounts = (Vec<Mount>, Vec<SourceToMake>);

impl LaunchFlags {
    pub(super) fn volume_mounts(&self, image: &ImageFacts<'_>) -> Result<Mounts, CommandError> {
        self.mounts.decide(image).map_err(engine)
    }
}

impl MountFlags {
    /// `-v` with a source, as written.
    pub(super) fn binds(&self) -> Vec<String> {
        self.volume.iter().filter(|text| text.contains(':')).cloned().collect()
    }

    /// Paths of volumes that nobody named: the image's, and `-v` without a source.
    pub(super) fn volumes(&self, of_image: &[String]) -> Vec<String> {
        let asked = self.volume.iter().filter(|text| !text.contains(':'));
        let all: BTreeSet<&String> = of_image.iter().chain(asked).collect();
        all.into_iter().cloned().collect()
    }

    /// Every flag with its value, as written.
    pub(super) fn written(&self) -> Vec<(String, String)> {
        let lists = [
            ("-v", &self.volume),
            ("--mount", &self.mount),
            ("--tmpfs", &self.tmpfs),
            ("--volumes-from", &self.volumes_from),
        ];
        let flag = |(flag, values): (&str, &Vec<String>)| {
            values.iter().map(|value| (flag.to_string(), value.clone())).collect::<Vec<_>>()
        };
        lists.into_iter().flat_map(flag).collect()
    }

    /// All mounts, and what has to be made for them.
    pub(super) fn decide(&self, image: &ImageFacts<'_>) -> Result<Mounts, String> {
        let here = std::env::current_dir().map_err(|error| error.to_string())?;
        let (asked, anonymous) = self.requests(&here.to_string_lossy())?;
        let mut taken = BTreeSet::new();
        let (mut mounts, mut to_make) = (Vec::new(), Vec::new());
        for request in asked {
            if !taken.insert(request.target.clone()) {
                return Err(format!("Duplicate mount point: {}", request.target));
            }
            let (mount, make) = resolve(request, image)?;
            mounts.push(mount);
            to_make.extend(make);
        }
        for mount in self.of_others(image.volumes)? {
            if taken.insert(mount.target.clone()) {
                mounts.push(mount);
            }
        }
        for target in
            anonymous.into_iter().map(Ok).chain(image.config.volumes.iter().map(|text| image_volume(text)))
        {
            let target = target?;
            if taken.insert(target.clone()) {
                let source = Source::Volume(VolumeRequest::of(None));
                let (mount, make) = resolve(Request { target, read_only: false, source }, image)?;
                mounts.push(mount);
                to_make.extend(make);
            }
        }
        // What is mounted in another mount comes after it.
        mounts.sort_by_key(|mount| mount.target.matches('/').count());
        Ok((mounts, to_make))
    }

    /// What was asked for by name, and the targets of volumes without one.
    fn requests(&self, here: &str) -> Result<(Vec<Request>, Vec<String>), String> {
        let (mut asked, mut anonymous) = (Vec::new(), Vec::new());
        for text in &self.volume {
            let request = short_form::parse(text, here)?;
            match text.contains(':') {
                true => asked.push(request),
                false => anonymous.push(request.target),
            }
        }
        for text in &self.mount {
            let request = long_form::parse(text, here);
            asked.push(request.map_err(|why| format!("invalid argument \"{text}\" for --mount: {why}"))?);
        }
        let mut memory: Vec<Request> = Vec::new();
        for text in &self.tmpfs {
            let request = memory_form::parse(text)?;
            // Of two for the same place the last one counts, as in docker.
            memory.retain(|earlier| earlier.target != request.target);
            memory.push(request);
        }
        asked.extend(memory);
        Ok((asked, anonymous))
    }

    /// Mounts of other containers; of two for the same place the last one counts.
    fn of_others(&self, volumes: &Volumes) -> Result<Vec<Mount>, String> {
        let mut mounts: Vec<Mount> = Vec::new();
        for text in &self.volumes_from {
            for mount in other_container::mounts(text, volumes.containers())? {
                mounts.retain(|earlier| earlier.target != mount.target);
                mounts.push(mount);
            }
        }
        Ok(mounts)
    }
}

/// The place of a VOLUME of the image: whatever it says, a path in the container (CVE-2022-23648).
fn image_volume(text: &str) -> Result<String, String> {
    request::target(&format!("/{text}")).map_err(|why| format!("the image's volume '{text}': {why}"))
}

/// Where a target is when a link of the image on the way leads to what is not there yet: as in docker it is made
/// there.
fn behind_links(target: String, image: &ImageFacts<'_>) -> Result<String, String> {
    let look = |at: &[u8]| match image.tree.entry(at)?.map(|entry| entry.kind) {
        Some(SourceKind::Symlink(link)) => Ok(Met::Link(link)),
        _ => Ok::<_, plimsoll_image::Error>(Met::Other),
    };
    let real = path::follow(target.as_bytes(), true, look).map_err(|error| error.to_string())?;
    let real =
        real.filter(|real| image.tree.get(real).is_none()).and_then(|real| String::from_utf8(real).ok());
    Ok(real.map_or(target, |real| format!("/{real}")))
}

/// Find what a request means. Nothing is made yet.
fn resolve(request: Request, image: &ImageFacts<'_>) -> Result<(Mount, Option<SourceToMake>), String> {
    let Request { target, read_only, source } = request;
    let target = behind_links(target, image)?;
    let (source, make, propagation) = match source {
        Source::Host { path, propagation, make } => {
            let path = PathBuf::from(path);
            let missing = path.symlink_metadata().is_err();
            if missing && !make {
                return Err(format!(
                    "invalid mount config for type \"bind\": bind source path does not exist: {}",
                    path.display()
                ));
            }
            let make = missing.then(|| SourceToMake::HostDirectory(path.clone()));
            (MountSource::Bind(path), make, propagation)
        }
        Source::Volume(volume) => {
            let (source, make) = self::volume(volume, &target, image)?;
            (source, Some(make), Default::default())
        }
        Source::Memory { tmpfs, mode } => {
            let mode = mode.or_else(|| mode_in_image(&target, image)).unwrap_or(tmpfs.mode);
            (MountSource::Tmpfs(Tmpfs { mode, ..tmpfs }), None, Default::default())
        }
    };
    Ok((Mount { propagation, ..Mount::of(source, target).read_only(read_only) }, make))
}

/// A directory in memory in place of one of the image has its mode (runc does so).
fn mode_in_image(target: &str, image: &ImageFacts<'_>) -> Option<u32> {
    let (_, entry) = image.tree.resolve(&path::clean(target.as_bytes())).ok()??;
    (entry.kind == SourceKind::Directory).then_some(entry.mode)
}

fn volume(
    request: VolumeRequest,
    target: &str,
    image: &ImageFacts<'_>,
) -> Result<(MountSource, SourceToMake), String> {
    let VolumeRequest { name, copy, labels, options, subpath } = request;
    let anonymous = name.is_none();
    let new = match name {
        Some(name) => NewVolume { labels, options, ..NewVolume::named(name) },
        None => {
            let mut new = NewVolume::anonymous().map_err(|error| error.to_string())?;
            new.labels.extend(labels);
            NewVolume { options, ..new }
        }
    };
    let there = image.volumes.find(&new.name).ok();
    let storage = match &there {
        Some(volume) => volume.storage().clone(),
        None => image.volumes.check(&new).map_err(|error| error.to_string())?,
    };
    let (directory, memory) = match storage {
        Storage::Own => (image.volumes.files_of(&new.name), None),
        Storage::HostDirectory(path) => (path, None),
        Storage::Memory(tmpfs) => {
            not_shared(&new.name, image.volumes)?;
            (image.volumes.files_of(&new.name), Some(tmpfs))
        }
    };
    // A part of a volume is not the place the image's files are for.
    let copy_from = (copy && memory.is_none() && subpath.is_empty()).then(|| target.to_string());
    let name = new.name.clone();
    Ok((
        MountSource::Volume { name, directory, subpath, memory, anonymous },
        SourceToMake::Volume { new, copy_from },
    ))
}

/// What a container has in memory belongs to its own mount namespace: no other one can be shown it.
fn not_shared(name: &str, volumes: &Volumes) -> Result<(), String> {
    let users = volumes.users().map_err(|error| error.to_string())?;
    for id in users.get(name).into_iter().flatten() {
        let container = volumes.containers().find(id).map_err(|error| error.to_string())?;
        if container.state().is_ok_and(|state| state.is_running()) {
            return Err(format!(
                "the volume {name} is kept in memory, and container {} runs with it: only one at a time can have it",
                container.name()
            ));
        }
    }
    Ok(())
}

//! Mounts as they stand in `record.json`.

use std::path::PathBuf;

use plimsoll_model::launch::{Mount, MountSource, Propagation, Tmpfs};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct MountWire {
    source: SourceWire,
    target: String,
    read_only: bool,
    propagation: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SourceWire {
    Bind(PathBuf),
    Volume { name: String, directory: PathBuf, subpath: String, memory: Option<TmpfsWire>, anonymous: bool },
    Tmpfs(TmpfsWire),
}

#[derive(Serialize, Deserialize)]
struct TmpfsWire {
    size: Option<u64>,
    mode: u32,
    owner: (u32, u32),
    exec: bool,
}

pub(super) fn to_wire(mount: &Mount) -> MountWire {
    let source = match &mount.source {
        MountSource::Bind(path) => SourceWire::Bind(path.clone()),
        MountSource::Volume { name, directory, subpath, memory, anonymous } => SourceWire::Volume {
            name: name.clone(),
            directory: directory.clone(),
            subpath: subpath.clone(),
            memory: memory.as_ref().map(tmpfs_to_wire),
            anonymous: *anonymous,
        },
        MountSource::Tmpfs(tmpfs) => SourceWire::Tmpfs(tmpfs_to_wire(tmpfs)),
    };
    let propagation = mount.propagation.word().to_string();
    MountWire { source, target: mount.target.clone(), read_only: mount.read_only, propagation }
}

pub(super) fn from_wire(wire: MountWire) -> Result<Mount, String> {
    let source = match wire.source {
        SourceWire::Bind(path) => MountSource::Bind(path),
        SourceWire::Volume { name, directory, subpath, memory, anonymous } => {
            MountSource::Volume { name, directory, subpath, memory: memory.map(tmpfs_from_wire), anonymous }
        }
        SourceWire::Tmpfs(wire) => MountSource::Tmpfs(tmpfs_from_wire(wire)),
    };
    let propagation = Propagation::parse(&wire.propagation)
        .ok_or_else(|| format!("'{}' is no propagation of mounts", wire.propagation))?;
    Ok(Mount { source, target: wire.target, read_only: wire.read_only, propagation })
}

fn tmpfs_to_wire(tmpfs: &Tmpfs) -> TmpfsWire {
    let Tmpfs { size, mode, owner, exec } = *tmpfs;
    TmpfsWire { size, mode, owner, exec }
}

fn tmpfs_from_wire(wire: TmpfsWire) -> Tmpfs {
    let TmpfsWire { size, mode, owner, exec } = wire;
    Tmpfs { size, mode, owner, exec }
}

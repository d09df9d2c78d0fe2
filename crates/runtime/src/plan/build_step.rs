//! What the process of a build (RUN) has beside a container's: files of other layers, secrets that
//! never touch a disk, resource limits.

use std::fmt;
use std::sync::Arc;

use plimsoll_model::launch::{Mount, MountSource};

use super::files::{self, mount_target, overlay_options};
use super::{Limit, PlanError, Step};
use crate::host::{HostFacts, IdMap};
use crate::rootfs::RootFs;

/// What the process of a build has beside its launch specification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildStep {
    /// Mounts on top of those of the specification, in order.
    pub mounts: Vec<StepMount>,
    /// Bytes of `/dev/shm`; docker's 64 MiB if not said.
    pub shm_size: Option<u64>,
    /// Resource limits on top of those of the specification.
    pub limits: Vec<Limit>,
}

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepMount {
    /// What is mounted.
    pub source: StepSource,
    /// Absolute path; created if missing.
    pub target: String,
    /// Mounted read-only.
    pub read_only: bool,
}

/// What a mount shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepSource {
    /// What a container can be shown, too.
    Plain(MountSource),
    /// An empty file system in memory from which programs can be started, unlike a container's.
    Scratch {
        /// Bytes it may take.
        size: Option<u64>,
    },
    /// A path of layers laid over each other; what is written to it goes to the scratch directory.
    Layers {
        /// The layers.
        rootfs: RootFs,
        /// Path in them, relative.
        path: String,
        /// A directory stands there, else anything but one.
        directory: bool,
    },
    /// A file that lies in memory only, always read-only.
    Secret {
        /// Its bytes.
        content: Secret,
        /// Its mode.
        mode: u32,
        /// User and group. With a single id the file belongs to that one.
        owner: (u32, u32),
    },
}

/// Bytes that no message, plan or debug output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<[u8]>);

impl Secret {
    /// Take bytes into custody.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Secret(bytes.into())
    }

    /// The bytes, for whoever they are meant for.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

pub(super) fn mount_step(mount: &StepMount, host: &HostFacts) -> Result<Step, PlanError> {
    let target = mount_target(&mount.target)?;
    let read_only = mount.read_only;
    Ok(match &mount.source {
        StepSource::Plain(source) => {
            let mount = Mount::of(source.clone(), target).read_only(read_only);
            return files::mount_step(&mount, host, false);
        }
        StepSource::Scratch { size } => Step::Scratch { size: *size, target },
        StepSource::Layers { rootfs, path, directory } => {
            let (user_xattr, layer_by_layer) = overlay_options(host);
            let (rootfs, path, directory) = (rootfs.clone(), path.clone(), *directory);
            Step::ShowLayers { rootfs, path, directory, target, read_only, user_xattr, layer_by_layer }
        }
        StepSource::Secret { content, mode, owner } => {
            let owner = (host.ids != IdMap::Single).then_some(*owner);
            Step::ShowSecret { content: content.clone(), mode: *mode, owner, target }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let mount = StepMount {
            source: StepSource::Secret { content: Secret::new(*b"hunter2"), mode: 0o400, owner: (0, 0) },
            target: "/run/secrets/p".to_string(),
            read_only: true,
        };
        let host = HostFacts { ids: IdMap::Single, kernel: "6.1.0".to_string() };
        let step = mount_step(&mount, &host).unwrap();
        assert!(matches!(step, Step::ShowSecret { owner: None, .. }), "one id has no owner to choose");
        let shown = format!("{step} {step:?} {mount:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("104, 117"), "{shown}");
        assert!(shown.contains("/run/secrets/p"));
    }

    #[test]
    fn nothing_is_mounted_over_the_root_or_the_kernels_view() {
        let host = HostFacts { ids: IdMap::Host, kernel: "6.1.0".to_string() };
        for target in ["/", "/a/..", "/proc/1", "/dev"] {
            let source = StepSource::Scratch { size: None };
            let mount = StepMount { source, target: target.to_string(), read_only: false };
            assert!(matches!(mount_step(&mount, &host), Err(PlanError::MountRefused { .. })), "{target}");
        }
    }
}

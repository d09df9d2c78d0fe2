//! The files of a container as it sees them, volumes and all, for those who copy to and from it.
//!
//! Of a container that runs they are looked at through its first process. For one that does not they are
//! mounted again, where nobody else sees it. Either way what is handed out is a root by descriptor: no link that
//! a container has made leads out of it, and no code of the container is run.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use plimsoll_model::launch::{Mount, MountSource};
use plimsoll_sys::root_dir::{NodeKind, RootDir, metadata_of};
use plimsoll_sys::userns;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::{MountAttrFlags, MoveMountFlags};

use crate::container::{Container, ContainerError, State};
use crate::host::{HostFacts, IdMap};
use crate::launch::host_mount::{Part, clone_in_volume, clone_of_host, restrict};
use crate::launch::overlay;
use crate::plan::overlay_options;
use crate::words::in_words;

/// The files of one container.
#[derive(Debug)]
pub struct Files {
    root: RootDir,
    /// Nobody starts the container while its files are mounted here: two overlays must not write to one
    /// directory.
    _lock: Option<File>,
}

impl Files {
    /// Its root directory.
    pub fn root(&self) -> &RootDir {
        &self.root
    }
}

impl Container {
    /// A descriptor of its first process, if it runs.
    pub fn process(&self) -> Result<Option<OwnedFd>, ContainerError> {
        match self.state()? {
            State::Running { run, .. } => Ok(run.process.open()),
            _ => Ok(None),
        }
    }

    /// Its files while it runs. Must be called inside the user namespace the container was started in
    /// ([`userns::enter_beside`]).
    pub fn running_files(&self, process: BorrowedFd<'_>) -> Result<Files, ContainerError> {
        let failed = || ContainerError::doing::<io::Error>("open the files of the container's process");
        let pid = plimsoll_sys::process::pid_of(process).map_err(failed())?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, format!("/proc/{pid}/root"), flags, Mode::empty());
        let root = root.map_err(|errno| failed()(errno.into()))?;
        // The number belongs to the process as long as that is there.
        plimsoll_sys::process::send_signal(process, 0).map_err(failed())?;
        Ok(Files { root: RootDir::from_fd(root), _lock: None })
    }

    /// Its files while it does not run; it cannot be started before they are let go of. An ordinary user must have
    /// entered a user namespace; the mounts show in this process only.
    pub fn resting_files(&self, host: &HostFacts) -> Result<Files, ContainerError> {
        let busy = || ContainerError::BeingStarted { name: self.name().to_string() };
        let lock = self.directory().lock_for_monitor()?.ok_or_else(busy)?;
        if self.state()?.is_running() {
            return Err(ContainerError::StillRunning { name: self.name().to_string() });
        }
        let failed = |why: String| ContainerError::System {
            action: format!("mount the files of container {}", self.name()),
            source: io::Error::other(why),
        };
        userns::leave_mounts().map_err(|error| failed(error.to_string()))?;
        let root = self.mount_root(host).map_err(failed)?;
        for mount in &self.record().spec.mounts {
            show(mount, &root, host).map_err(|why| failed(format!("{}: {why}", mount.target)))?;
        }
        if self.record().spec.security.read_only_root {
            let read_only = MountAttrFlags::MOUNT_ATTR_RDONLY.bits();
            let done = plimsoll_sys::mount::add_attributes(&root, read_only, false);
            done.map_err(|errno| failed(crate::words::reason(errno)))?;
        }
        Ok(Files { root, _lock: Some(lock) })
    }

    /// Attached, since only in an attached tree can further mounts be put on every kernel.
    fn mount_root(&self, host: &HostFacts) -> Result<RootDir, String> {
        let (rootfs, at) = (self.rootfs(), self.path());
        let (user_xattr, layer_by_layer) = overlay_options(host);
        if layer_by_layer {
            let mounted = overlay::mount(&rootfs, user_xattr, false)?;
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            rustix::mount::move_mount(&mounted, c"", CWD, at, flags).map_err(crate::words::reason)?;
            return Ok(RootDir::from_fd(mounted));
        }
        overlay::mount_over(&rootfs, user_xattr)?;
        RootDir::open(at).map_err(|error| in_words(&error))
    }
}

/// Show a file or directory of the host, or a volume, where the container has it. What is in memory while it runs is
/// nowhere now.
fn show(mount: &Mount, root: &RootDir, host: &HostFacts) -> Result<(), String> {
    let tree = match &mount.source {
        MountSource::Tmpfs(_) | MountSource::Volume { memory: Some(_), .. } => return Ok(()),
        MountSource::Bind(path) => clone_of_host(path, Part::Whole)?,
        MountSource::Volume { directory, subpath, .. } => clone_in_volume(directory, subpath)?,
    };
    let read_only = if mount.read_only { MountAttrFlags::MOUNT_ATTR_RDONLY } else { MountAttrFlags::empty() };
    let no_devices =
        if host.ids == IdMap::Host { MountAttrFlags::MOUNT_ATTR_NODEV } else { MountAttrFlags::empty() };
    restrict(&tree, read_only | no_devices)?;
    let target = mount_point(root, &mount.target, &tree).map_err(|error| in_words(&error))?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    rustix::mount::move_mount(&tree, c"", &target, c"", flags).map_err(crate::words::reason)
}

/// What stands at the target; made if nothing does, as at a start.
fn mount_point(root: &RootDir, target: &str, tree: &OwnedFd) -> io::Result<OwnedFd> {
    match root.open_path(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    if metadata_of(tree.as_fd())?.kind == NodeKind::Directory {
        root.mkdir_all(target, 0o755)?;
    } else {
        if let Some((above, _)) = target.rsplit_once('/').filter(|(above, _)| !above.is_empty()) {
            root.mkdir_all(above, 0o755)?;
        }
        root.create_file(target, 0o644)?;
    }
    root.open_path(target)
}

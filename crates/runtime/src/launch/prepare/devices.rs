//! Devices of the host: the harmless ones every container has, those that were asked for, all of them.
//!
//! They are mounts of the host's nodes: in a user namespace none can be made, and with real root a /dev that
//! cannot hold usable nodes of its own is worth more than a faster start.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use plimsoll_model::launch::Device;
use plimsoll_sys::child::{Fd, TargetKind};
use rustix::fs::{Access, FileType, StatVfsMountFlags};

use super::{Builder, Prepare, READ_ONLY};
use crate::device_nodes::nodes_below;
use crate::launch::host_mount::{Part, clone_of_host, host_device, restrict};
use crate::words::reason;

/// The devices every container has, with their numbers (linux, Documentation/admin-guide/devices.txt).
const DEVICES: [(&str, u32, u32); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

/// What of the host's /dev a container has of its own, and what container managers keep there (moby,
/// `oci/devices_linux.go`; runc, `libcontainer/devices`).
const OWN_ENTRIES: [&str; 15] = [
    "null",
    "zero",
    "full",
    "random",
    "urandom",
    "tty",
    "ptmx",
    "console",
    "pts",
    "shm",
    "mqueue",
    "fd",
    ".lxc",
    ".lxd-mounts",
    ".udev",
];

impl Builder<'_> {
    pub(super) fn usual_devices(&mut self) -> Prepare {
        for (name, major, minor) in DEVICES {
            let node = Arc::new(host_device(name, major, minor)?);
            if name == "null" {
                self.null = Some(node.clone());
            }
            self.attach_in_dev(Fd::Given(node), name, TargetKind::File)?;
        }
        Ok(())
    }

    /// One device, or all in a directory and below.
    pub(super) fn device(&mut self, device: &Device) -> Prepare {
        let tree = clone_of_host(&device.host, Part::Top)?;
        let stat = rustix::fs::fstat(&tree).map_err(reason)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        if is_device(kind) {
            return self.show_node(tree, &device.host, &device.container);
        }
        let nodes = match kind {
            FileType::Directory => nodes_below(&device.host, &[]),
            _ => Vec::new(),
        };
        if nodes.is_empty() {
            return Err(format!("{} is neither a device nor a directory of devices", device.host.display()));
        }
        nodes.iter().try_for_each(|node| self.show_below(node, &device.host, &device.container))
    }

    pub(super) fn host_devices(&mut self, openable_only: bool) -> Prepare {
        let dev = Path::new("/dev");
        let mut nodes = nodes_below(dev, &OWN_ENTRIES);
        if openable_only {
            nodes.retain(|node| {
                let can = |access| rustix::fs::access(node, access).is_ok();
                can(Access::READ_OK) || can(Access::WRITE_OK)
            });
        }
        nodes.iter().try_for_each(|node| self.show_below(node, dev, "/dev"))
    }

    fn show_below(&mut self, node: &Path, directory: &Path, container: &str) -> Prepare {
        let name = node.strip_prefix(directory).unwrap_or(node);
        let Some(name) = name.to_str() else { return Ok(()) };
        // It may have been unplugged since it was listed.
        let Ok(tree) = clone_of_host(node, Part::Top) else { return Ok(()) };
        self.show_node(tree, node, &format!("{container}/{name}"))
    }

    /// What is shown is what was looked at: the mount itself, by descriptor.
    fn show_node(&mut self, tree: OwnedFd, host: &Path, container: &str) -> Prepare {
        let stat = rustix::fs::fstat(&tree).map_err(reason)?;
        if !is_device(FileType::from_raw_mode(stat.st_mode)) {
            return Err(format!("{} is no device any more", host.display()));
        }
        let fs = rustix::fs::fstatvfs(&tree).map_err(reason)?;
        if fs.f_flag.contains(StatVfsMountFlags::NODEV) {
            return Err(format!(
                "{} lies on a file system mounted with nodev: it cannot be used",
                host.display()
            ));
        }
        // The device stays as writable as it was; mode and owner of the node are the host's.
        restrict(&tree, READ_ONLY)?;
        self.put(Fd::Given(Arc::new(tree)), container, TargetKind::File)
    }
}

fn is_device(kind: FileType) -> bool {
    matches!(kind, FileType::CharacterDevice | FileType::BlockDevice)
}

//! What is mounted because it was asked for: of the host, other layers, memory, secrets.

use std::ffi::CString;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use plimsoll_model::launch::{Mount, MountSource, Tmpfs};
use plimsoll_sys::child::{Fd, Op, TargetKind, TargetPath};
use rustix::mount::MountAttrFlags;

use super::{Builder, INERT, MOUNT, Prepare, READ_ONLY, SHOWN, TARGET, text};
use crate::launch::host_mount::{clone_in_volume, clone_with, is_directory, restrict};
use crate::launch::overlay;
use crate::plan::{Secret, Step};

impl Builder<'_> {
    pub(super) fn mount(&mut self, mount: &Mount, devices: bool) -> Prepare {
        let read_only = if mount.read_only { READ_ONLY } else { MountAttrFlags::empty() };
        let no_devices = if devices { MountAttrFlags::empty() } else { MountAttrFlags::MOUNT_ATTR_NODEV };
        let tree = match &mount.source {
            MountSource::Tmpfs(tmpfs) | MountSource::Volume { memory: Some(tmpfs), .. } => {
                self.tmpfs(tmpfs, read_only)?;
                return self.put(Fd::Slot(MOUNT), &mount.target, TargetKind::Directory);
            }
            MountSource::Bind(path) => clone_with(path, mount.propagation, read_only | no_devices)?,
            MountSource::Volume { directory, subpath, .. } => {
                let tree = clone_in_volume(directory, subpath)?;
                restrict(&tree, read_only | no_devices)?;
                tree
            }
        };
        let kind = if is_directory(tree.as_fd())? { TargetKind::Directory } else { TargetKind::File };
        self.put(Fd::Given(Arc::new(tree)), &mount.target, kind)
    }

    fn tmpfs(&mut self, tmpfs: &Tmpfs, read_only: MountAttrFlags) -> Prepare {
        let (size, mode) = (tmpfs.size.map(|size| size.to_string()), format!("{:o}", tmpfs.mode));
        let (uid, gid) = (tmpfs.owner.0.to_string(), tmpfs.owner.1.to_string());
        let mut options = vec![("mode", Some(mode.as_str()))];
        options.extend(size.as_deref().map(|size| ("size", Some(size))));
        if tmpfs.owner != (0, 0) {
            options.extend([("uid", Some(uid.as_str())), ("gid", Some(gid.as_str()))]);
        }
        let no_programs =
            if tmpfs.exec { MountAttrFlags::empty() } else { MountAttrFlags::MOUNT_ATTR_NOEXEC };
        let inert = INERT.difference(MountAttrFlags::MOUNT_ATTR_NOEXEC);
        self.new_fs(c"tmpfs", &options, inert | no_programs | read_only, MOUNT)
    }

    /// The layers are mounted outside of the container first: only a mount that belongs to our
    /// namespace can be cloned in part. It goes away with the host's files.
    pub(super) fn show_layers(&mut self, step: &Step) -> Prepare {
        let Step::ShowLayers { rootfs, path, directory, target, read_only, user_xattr, layer_by_layer } =
            step
        else {
            return Ok(());
        };
        let whole = if *layer_by_layer {
            let layers = Fd::Given(Arc::new(overlay::mount(rootfs, *user_xattr, false)?));
            let at = CString::new(rootfs.scratch.as_os_str().as_bytes())
                .map_err(|_| "the path contains a zero byte")?;
            self.push(Op::AttachOutside { mount: layers.clone(), at });
            layers
        } else {
            let (op, layers) = overlay::mount_by_text(rootfs, *user_xattr, false, SHOWN)?;
            self.push(op);
            layers
        };
        let kind = if *directory { TargetKind::Directory } else { TargetKind::File };
        let path = TargetPath::new(path, true).ok_or("the path contains a zero byte")?.existing();
        self.push(Op::Target { root: whole, path, kind, mode: 0, into: SHOWN });
        self.push(Op::CloneTree { of: Fd::Slot(SHOWN), into: MOUNT });
        if *read_only {
            self.push(Op::SetAttributes { mount: Fd::Slot(MOUNT), set: READ_ONLY.bits(), recursive: false });
        }
        self.put(Fd::Slot(MOUNT), target, kind)
    }

    /// Unlike a container's tmpfs it starts programs: what a build makes there is run there.
    pub(super) fn scratch(&mut self, size: Option<u64>, target: &str) -> Prepare {
        let size = size.map(|size| size.to_string());
        let mut options = vec![("mode", Some("1777"))];
        options.extend(size.as_deref().map(|size| ("size", Some(size))));
        let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
        self.new_fs(c"tmpfs", &options, attributes, MOUNT)?;
        self.put(Fd::Slot(MOUNT), target, TargetKind::Directory)
    }

    /// A file system in memory with one file, of which only the file is shown.
    pub(super) fn show_secret(
        &mut self,
        content: &Secret,
        mode: u32,
        owner: Option<(u32, u32)>,
        target: &str,
    ) -> Prepare {
        let inert = INERT | MountAttrFlags::MOUNT_ATTR_NOSYMFOLLOW;
        self.new_fs(c"tmpfs", &[("mode", Some("0700"))], inert, MOUNT)?;
        self.push(Op::AttachOutside { mount: Fd::Slot(MOUNT), at: c"/proc".into() });
        let (name, bytes) = (text("secret")?, content.reveal().to_vec());
        self.push(Op::MakeFile { dir: Fd::Slot(MOUNT), name, bytes, mode, owner, into: SHOWN });
        self.push(Op::CloneTree { of: Fd::Slot(SHOWN), into: MOUNT });
        self.push(Op::SetAttributes { mount: Fd::Slot(MOUNT), set: READ_ONLY.bits(), recursive: false });
        self.put(Fd::Slot(MOUNT), target, TargetKind::File)
    }

    /// Attach what was made to a path of the container.
    pub(super) fn put(&mut self, mount: Fd, target: &str, kind: TargetKind) -> Prepare {
        let path = TargetPath::new(target, true).ok_or("the path contains a zero byte")?.outside_proc();
        let mode = if kind == TargetKind::Directory { 0o755 } else { 0o644 };
        let root = self.root.clone();
        self.push(Op::Target { root, path, kind, mode, into: TARGET });
        self.attach(mount);
        Ok(())
    }
}

//! What the kernel shows of itself: `/proc`, `/sys`, `/dev`, and what of it is hidden.

use std::ffi::CStr;
use std::path::Path;
use std::sync::Arc;

use plimsoll_model::launch::Share;
use plimsoll_sys::child::{Fd, Op, Slot, TargetKind};
use rustix::mount::MountAttrFlags;

use super::{Builder, DEV, EMPTY, INERT, MOUNT, PROC, Prepare, READ_ONLY, SHM, text};
use crate::launch::host_mount::{Part, clone_of_host, restrict};
use crate::plan::{Step, sysctl_path};

/// `f_type` of the file system of message queues (ipc/mqueue.c).
const MQUEUE_MAGIC: i64 = 0x1980_0202;

/// No set-user-id, no devices, no programs, unless devices are to work.
fn inert(devices: bool) -> MountAttrFlags {
    if devices { INERT.difference(MountAttrFlags::MOUNT_ATTR_NODEV) } else { INERT }
}

fn if_set(set: bool, attributes: MountAttrFlags) -> MountAttrFlags {
    if set { attributes } else { MountAttrFlags::empty() }
}

impl Builder<'_> {
    pub(super) fn kernel_files(&mut self, step: &Step) -> Prepare {
        match step {
            Step::Proc { whose: Share::Container(_) } => {
                self.find("proc", false, TargetKind::Directory)?;
                self.attach(Fd::Slot(PROC));
            }
            Step::Proc { .. } => self.mount_kernel_fs("proc", c"proc", &[], INERT, PROC)?,
            Step::HostProc => self.proc = self.show_host("/proc", "proc", INERT)?,
            Step::Sysctl { name, value, optional } => {
                // Through the descriptor of our own procfs: no path of the image leads there.
                let path = text(&format!("sys/{}", sysctl_path(name)))?;
                let (bytes, optional) = (value.clone().into_bytes(), *optional);
                self.push(Op::Write { dir: self.proc.clone(), path, bytes, optional });
            }
            Step::Sys { read_only } => {
                let attributes = INERT | if_set(*read_only, READ_ONLY);
                self.mount_kernel_fs("sys", c"sysfs", &[], attributes, MOUNT)?;
            }
            Step::HostSys { read_only } => {
                self.show_host("/sys", "sys", INERT | if_set(*read_only, READ_ONLY))?;
            }
            Step::Dev { devices } => {
                // Never the image's /dev, not even by link (CVE-2026-41579).
                let options = [("mode", Some("0755")), ("size", Some("65536k"))];
                self.mount_kernel_fs("dev", c"tmpfs", &options, inert(*devices), DEV)?;
            }
            Step::DeviceLinks => return self.device_links(),
            Step::DevPts { tty_group } => return self.pseudo_terminals(*tty_group),
            Step::Shm { size } => {
                let size = size.to_string();
                let options = [("mode", Some("1777")), ("size", Some(size.as_str()))];
                self.mount_in_dev("shm", c"tmpfs", &options, INERT)?;
            }
            Step::SharedShm { of: None } => return self.show_in_dev("/dev/shm", "shm"),
            Step::SharedShm { of: Some(_) } => {
                return self.attach_in_dev(Fd::Slot(SHM), "shm", TargetKind::Directory);
            }
            Step::MessageQueues => self.mount_in_dev("mqueue", c"mqueue", &[], INERT)?,
            Step::HostMessageQueues => return self.host_message_queues(),
            Step::Mask { paths } => return paths.iter().try_for_each(|path| self.mask(path)),
            Step::ReadOnly { paths } => return paths.iter().try_for_each(|path| self.read_only(path)),
            _ => {}
        }
        Ok(())
    }

    /// Show a directory of the host with all that is mounted below it; the mount.
    fn show_host(&mut self, path: &str, at: &str, attributes: MountAttrFlags) -> Result<Fd, String> {
        let tree = clone_of_host(Path::new(path), Part::Whole)?;
        restrict(&tree, attributes)?;
        let tree = Fd::Given(Arc::new(tree));
        self.find(at, false, TargetKind::Directory)?;
        self.attach(tree.clone());
        Ok(tree)
    }

    fn show_in_dev(&mut self, path: &str, name: &str) -> Prepare {
        let tree = clone_of_host(Path::new(path), Part::Whole)?;
        restrict(&tree, INERT)?;
        self.attach_in_dev(Fd::Given(Arc::new(tree)), name, TargetKind::Directory)
    }

    /// A mount of the host's queues is its owner's to make. The calls work without one.
    fn host_message_queues(&mut self) -> Prepare {
        let is_mounted = rustix::fs::statfs("/dev/mqueue").is_ok_and(|fs| fs.f_type == MQUEUE_MAGIC);
        if is_mounted { self.show_in_dev("/dev/mqueue", "mqueue") } else { Ok(()) }
    }

    fn pseudo_terminals(&mut self, tty_group: bool) -> Prepare {
        let mut options = vec![("newinstance", None), ("ptmxmode", Some("0666")), ("mode", Some("0620"))];
        if tty_group {
            options.push(("gid", Some("5")));
        }
        let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
        self.mount_in_dev("pts", c"devpts", &options, attributes)
    }

    fn device_links(&mut self) -> Prepare {
        for (name, target) in [
            ("fd", "/proc/self/fd"),
            ("stdin", "/proc/self/fd/0"),
            ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"),
            ("ptmx", "pts/ptmx"),
        ] {
            let (name, target) = (text(name)?, text(target)?);
            self.push(Op::Symlink { dir: Fd::Slot(DEV), name, target });
        }
        Ok(())
    }

    /// The cover of masked directories: one empty file system for all. It must belong to our mount
    /// namespace to be cloned, and goes away with the host's files.
    fn cover(&mut self) -> Prepare {
        let options = [("mode", Some("0755")), ("nr_inodes", Some("1"))];
        self.new_fs(c"tmpfs", &options, INERT | READ_ONLY, EMPTY)?;
        self.push(Op::AttachOutside { mount: Fd::Slot(EMPTY), at: c"/proc".into() });
        self.covered = true;
        Ok(())
    }

    fn mask(&mut self, path: &str) -> Prepare {
        if !self.covered {
            self.cover()?;
        }
        let null = self.null.clone().ok_or("the null device is not mounted yet")?;
        let path = text(path.trim_start_matches('/'))?;
        let (root, directory) = (self.root.clone(), Fd::Slot(EMPTY));
        self.push(Op::Mask { root, path, file: Fd::Given(null), directory });
        Ok(())
    }

    fn read_only(&mut self, path: &str) -> Prepare {
        let path = text(path.trim_start_matches('/'))?;
        self.push(Op::ReadOnlyPath { root: self.root.clone(), path });
        Ok(())
    }

    pub(super) fn mount_kernel_fs(
        &mut self,
        path: &str,
        kind: &CStr,
        options: &[(&str, Option<&str>)],
        attributes: MountAttrFlags,
        into: Slot,
    ) -> Prepare {
        self.new_fs(kind, options, attributes, into)?;
        self.find(path, false, TargetKind::Directory)?;
        self.attach(Fd::Slot(into));
        Ok(())
    }

    fn mount_in_dev(
        &mut self,
        name: &str,
        kind: &CStr,
        options: &[(&str, Option<&str>)],
        attributes: MountAttrFlags,
    ) -> Prepare {
        self.new_fs(kind, options, attributes, MOUNT)?;
        self.attach_in_dev(Fd::Slot(MOUNT), name, TargetKind::Directory)
    }
}

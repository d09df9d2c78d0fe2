//! Entering the control group, and showing it at `/sys/fs/cgroup`.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use plimsoll_sys::child::{Fd, Op, TargetKind, TargetPath};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::MountAttrFlags;

use super::{Builder, INERT, MOUNT, Prepare, READ_ONLY, SHOWN, TARGET, text};
use crate::cgroup::Shown;
use crate::words::reason;

impl Builder<'_> {
    pub(super) fn join_cgroup(&mut self) -> Prepare {
        let Some(cgroup) = &self.options.cgroup else { return Ok(()) };
        if let Some(directory) = cgroup.unified() {
            self.program.born_into(open(directory, OFlags::PATH | OFlags::DIRECTORY)?);
        }
        for directory in cgroup.hierarchies() {
            // A thread that moves itself alone costs 0.06 ms; `cgroup.procs`, which moves a process, takes
            // the kernel until every processor has passed a quiet moment: 11 ms.
            let file = Arc::new(open(&directory.join("tasks"), OFlags::WRONLY)?);
            self.push(Op::WriteTo { file, bytes: b"0" });
        }
        Ok(())
    }

    /// From inside, where the kernel takes the container's own group for the root of all.
    pub(super) fn show_cgroup(&mut self, writable: bool) -> Prepare {
        let Some(cgroup) = self.options.cgroup.as_ref().filter(|_| self.own_cgroups) else {
            return Ok(());
        };
        let attributes = if writable { INERT } else { INERT | READ_ONLY };
        match cgroup.shown() {
            Shown::Nothing => Ok(()),
            Shown::Unified => self.mount_kernel_fs("sys/fs/cgroup", c"cgroup2", &[], attributes, MOUNT),
            Shown::Hierarchies(hierarchies) => self.show_hierarchies(hierarchies, attributes),
        }
    }

    /// As docker does: a mount for each, in a file system in memory that cannot be written afterwards.
    fn show_hierarchies(&mut self, hierarchies: &[Vec<String>], attributes: MountAttrFlags) -> Prepare {
        self.mount_kernel_fs("sys/fs/cgroup", c"tmpfs", &[("mode", Some("0755"))], INERT, MOUNT)?;
        for controllers in hierarchies {
            let options: Vec<_> = controllers.iter().map(|name| (name.as_str(), None)).collect();
            self.new_fs(c"cgroup", &options, attributes, SHOWN)?;
            let name = controllers.join(",");
            let path = TargetPath::new(&name, false).ok_or("the name contains a zero byte")?;
            let (root, kind) = (Fd::Slot(MOUNT), TargetKind::Directory);
            self.push(Op::Target { root, path, kind, mode: 0o755, into: TARGET });
            self.attach(Fd::Slot(SHOWN));
            for alias in controllers.iter().filter(|alias| **alias != name) {
                let (alias, target) = (text(alias)?, text(&name)?);
                self.push(Op::Symlink { dir: Fd::Slot(MOUNT), name: alias, target });
            }
        }
        let (mount, set) = (Fd::Slot(MOUNT), READ_ONLY.bits());
        self.push(Op::SetAttributes { mount, set, recursive: false });
        Ok(())
    }
}

fn open(path: &Path, flags: OFlags) -> Result<OwnedFd, String> {
    rustix::fs::openat(CWD, path, flags | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| format!("cannot open {}: {}", path.display(), reason(errno)))
}

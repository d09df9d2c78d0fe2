//! From the steps of a plan to the operations of the child. All that can fail for a reason outside of
//! the container (a missing layer, a missing file to show) fails here, by name.

use std::ffi::CString;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use plimsoll_model::launch::{Mount, MountSource};
use plimsoll_sys::child::{Exec, Fd, Op, Program, Slot, TargetKind, TargetPath, Terminal};
use rustix::mount::MountAttrFlags;

use super::host_mount::{clone_of_host, host_device, is_directory, restrict};
use super::{LaunchError, LaunchOptions, overlay, setup_error};
use crate::init;
use crate::plan::{Command, SandboxPlan, Step};
use crate::seccomp;

const ROOT: Slot = Slot(0);
const TARGET: Slot = Slot(1);
const DEV: Slot = Slot(2);
const MOUNT: Slot = Slot(3);
const EMPTY: Slot = Slot(4);
const PROC: Slot = Slot(5);
const WORKDIR: Slot = Slot(6);

/// Flags of file systems that only show what the kernel knows.
const INERT: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID
    .union(MountAttrFlags::MOUNT_ATTR_NODEV)
    .union(MountAttrFlags::MOUNT_ATTR_NOEXEC);
const READ_ONLY: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_RDONLY;

/// The devices every container has, with their numbers (linux, Documentation/admin-guide/devices.txt).
const DEVICES: [(&str, u32, u32); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

/// Operations of one plan under construction.
struct Builder<'a> {
    program: Program,
    step: usize,
    root: Fd,
    null: Option<Arc<OwnedFd>>,
    /// The cover of masked directories is there.
    covered: bool,
    /// The container to join.
    target: Option<&'a Arc<OwnedFd>>,
    options: &'a LaunchOptions,
    /// `CLONE_NEW*` flags of the namespaces to join.
    join: u32,
}

/// Why one step could not be prepared, in words.
type Prepare = Result<(), String>;

/// Prepare all steps. `target` is the container to join and the namespaces it has of its own.
pub(super) fn prepare(
    plan: &SandboxPlan,
    options: &LaunchOptions,
    target: Option<(&Arc<OwnedFd>, u32)>,
) -> Result<Program, LaunchError> {
    let mut builder = Builder {
        program: Program::default(),
        step: 0,
        root: Fd::Current,
        null: None,
        covered: false,
        target: target.map(|(pidfd, _)| pidfd),
        options,
        join: target.map_or(0, |(_, flags)| flags),
    };
    for (at, step) in plan.steps.iter().enumerate() {
        builder.step = at;
        builder.add(step, &plan.command).map_err(|why| setup_error(plan, at, why))?;
    }
    Ok(builder.program)
}

impl Builder<'_> {
    fn push(&mut self, op: Op) {
        self.program.push(self.step, op);
    }

    fn add(&mut self, step: &Step, command: &Command) -> Prepare {
        match step {
            Step::Session => self.push(Op::Session),
            Step::MapUser { uid, gid } => return self.map_user(*uid, *gid),
            Step::PrivateMounts => self.push(Op::PrivateMounts),
            Step::Root { rootfs, user_xattr, layer_by_layer } => {
                if *layer_by_layer {
                    self.root = Fd::Given(Arc::new(overlay::mount(rootfs, *user_xattr)?));
                    self.push(Op::AttachOutside { mount: self.root.clone(), at: c"/".into() });
                } else {
                    let (op, root) = overlay::mount_by_text(rootfs, *user_xattr, ROOT)?;
                    self.root = root;
                    self.push(op);
                }
            }
            Step::Proc => {
                self.mount_kernel_fs("proc", c"proc", &[], INERT, PROC)?;
            }
            Step::Sys => self.mount_kernel_fs("sys", c"sysfs", &[], INERT | READ_ONLY, MOUNT)?,
            Step::HostSys => {
                let sys = clone_of_host(Path::new("/sys"))?;
                restrict(&sys, INERT | READ_ONLY)?;
                self.find("sys", false, TargetKind::Directory)?;
                self.attach(Fd::Given(Arc::new(sys)));
            }
            Step::Dev => {
                // Never the image's /dev, not even by link (CVE-2026-41579).
                let options = [("mode", Some("0755")), ("size", Some("65536k"))];
                self.mount_kernel_fs("dev", c"tmpfs", &options, INERT, DEV)?;
            }
            Step::Devices => return self.devices(),
            Step::DeviceLinks => return self.device_links(),
            Step::DevPts { tty_group } => {
                let mut options =
                    vec![("newinstance", None), ("ptmxmode", Some("0666")), ("mode", Some("0620"))];
                if *tty_group {
                    options.push(("gid", Some("5")));
                }
                let inert = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
                self.mount_in_dev("pts", c"devpts", &options, inert)?;
            }
            Step::Shm => {
                let options = [("mode", Some("1777")), ("size", Some("65536k"))];
                self.mount_in_dev("shm", c"tmpfs", &options, INERT)?;
            }
            Step::MessageQueues => self.mount_in_dev("mqueue", c"mqueue", &[], INERT)?,
            Step::Mount { mount, devices } => return self.mount(mount, *devices),
            Step::Sysctl { name, value } => {
                // Through the descriptor of our own procfs; a kernel without the setting needs none.
                let path = text(&format!("sys/{name}"))?;
                let bytes = value.clone().into_bytes();
                self.push(Op::Write { dir: Fd::Slot(PROC), path, bytes, optional: true });
            }
            Step::Loopback => self.push(Op::Loopback),
            Step::Mask(path) => return self.mask(path),
            Step::ReadOnly(path) => {
                let path = text(path.trim_start_matches('/'))?;
                self.push(Op::ReadOnlyPath { root: self.root.clone(), path });
            }
            Step::Hostname(name) => self.push(Op::Hostname(name.clone().into_bytes())),
            Step::FindWorkdir { path, create } => {
                let target = TargetPath::new(path, true).ok_or("the path contains a zero byte")?;
                let path = if *create { target } else { target.existing() };
                let (root, kind) = (self.root.clone(), TargetKind::Directory);
                self.push(Op::Target { root, path, kind, mode: 0o755, into: WORKDIR });
            }
            Step::Terminal { uid, console } => return self.terminal(*uid, *console),
            Step::ReadOnlyRoot => {
                let (mount, set) = (self.root.clone(), READ_ONLY.bits());
                self.push(Op::SetAttributes { mount, set, recursive: false });
            }
            Step::Pivot => self.push(Op::Pivot(self.root.clone())),
            Step::EnterWorkdir(_) => self.push(Op::Enter(Fd::Slot(WORKDIR))),
            Step::BoundCapabilities(bits) => self.push(Op::BoundCapabilities(*bits)),
            Step::Filter { capabilities, guard_terminal } => {
                self.push(Op::Filter(seccomp::default_filter(*capabilities, *guard_terminal)));
            }
            Step::Ids { uid, gid, groups } => {
                if *uid != 0 {
                    self.push(Op::OwnPipes(*uid));
                }
                self.push(Op::Ids { uid: *uid, gid: *gid, groups: groups.clone() });
            }
            Step::Capabilities(bits) => self.push(Op::Capabilities(*bits)),
            Step::NoNewPrivileges => self.push(Op::NoNewPrivileges),
            Step::CleanProcess => {
                self.push(Op::CleanProcess);
                if self.options.die_with_parent {
                    self.push(Op::DieWithParent);
                }
            }
            Step::Join => {
                // For the id map of a nested namespace: our own process is not in the container's /proc.
                self.push(Op::OpenOutside { path: c"/proc/self".into(), into: PROC });
                let pidfd = self.target.ok_or("no container was given")?.clone();
                self.push(Op::Join { pidfd, flags: self.join });
            }
            Step::Hide => self.push(Op::NotDumpable),
            Step::EnterProcesses => self.push(Op::Fork),
            Step::Execute(_) => return self.execute(command),
        }
        Ok(())
    }

    /// Without privileges over the parent namespace a process may map only itself, and groups only
    /// after giving up setgroups (user_namespaces(7)).
    fn map_user(&mut self, uid: u32, gid: u32) -> Prepare {
        match self.target {
            None => self.push(Op::OpenOutside { path: c"/proc/self".into(), into: PROC }),
            Some(_) => self.push(Op::Unshare(rustix::thread::UnshareFlags::NEWUSER.bits())),
        }
        let dir = Fd::Slot(PROC);
        for (file, line, optional) in [
            // Refused where it is denied already, which is what we want.
            ("setgroups", "deny".to_string(), true),
            ("gid_map", format!("{gid} 0 1"), false),
            ("uid_map", format!("{uid} 0 1"), false),
        ] {
            let (path, bytes) = (text(file)?, line.into_bytes());
            self.push(Op::Write { dir: dir.clone(), path, bytes, optional });
        }
        Ok(())
    }

    /// A mount point of ours directly below the root: a real directory, no link (CVE-2019-19921).
    fn find(&mut self, path: &str, follow: bool, kind: TargetKind) -> Prepare {
        let path = TargetPath::new(path, follow).ok_or("the path contains a zero byte")?;
        let root = self.root.clone();
        self.push(Op::Target { root, path, kind, mode: 0o755, into: TARGET });
        Ok(())
    }

    fn find_in_dev(&mut self, name: &str, kind: TargetKind) -> Prepare {
        let path = TargetPath::new(name, false).ok_or("the path contains a zero byte")?;
        let mode = if kind == TargetKind::Directory { 0o755 } else { 0o666 };
        self.push(Op::Target { root: Fd::Slot(DEV), path, kind, mode, into: TARGET });
        Ok(())
    }

    fn attach(&mut self, mount: Fd) {
        self.push(Op::Attach { mount, onto: Fd::Slot(TARGET) });
    }

    fn new_fs(
        &mut self,
        kind: &std::ffi::CStr,
        options: &[(&str, Option<&str>)],
        attributes: MountAttrFlags,
        into: Slot,
    ) -> Prepare {
        let options = options
            .iter()
            .map(|(key, value)| Ok((text(key)?, value.map(text).transpose()?)))
            .collect::<Result<Vec<_>, String>>()?;
        let (kind, attributes) = (kind.to_owned(), attributes.bits());
        self.push(Op::NewFileSystem { kind, options, attributes, into });
        Ok(())
    }

    fn mount_kernel_fs(
        &mut self,
        path: &str,
        kind: &std::ffi::CStr,
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
        kind: &std::ffi::CStr,
        options: &[(&str, Option<&str>)],
        attributes: MountAttrFlags,
    ) -> Prepare {
        self.new_fs(kind, options, attributes, MOUNT)?;
        self.find_in_dev(name, TargetKind::Directory)?;
        self.attach(Fd::Slot(MOUNT));
        Ok(())
    }

    /// Mounts of the host's nodes: in a user namespace none can be made, and with real root a /dev that
    /// cannot hold usable nodes of its own is worth more than a faster start.
    fn devices(&mut self) -> Prepare {
        for (name, major, minor) in DEVICES {
            let node = Arc::new(host_device(name, major, minor)?);
            if name == "null" {
                self.null = Some(node.clone());
            }
            self.find_in_dev(name, TargetKind::File)?;
            self.attach(Fd::Given(node));
        }
        Ok(())
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

    fn mount(&mut self, mount: &Mount, devices: bool) -> Prepare {
        let path = TargetPath::new(&mount.target, true).ok_or("the path contains a zero byte")?;
        let path = path.outside_proc();
        let read_only = if mount.read_only { READ_ONLY } else { MountAttrFlags::empty() };
        let (source, kind) = match &mount.source {
            MountSource::Bind(source) => {
                let tree = clone_of_host(source)?;
                let no_devices =
                    if devices { MountAttrFlags::empty() } else { MountAttrFlags::MOUNT_ATTR_NODEV };
                restrict(&tree, read_only | no_devices)?;
                let kind = if is_directory(tree.as_fd())? { TargetKind::Directory } else { TargetKind::File };
                (Fd::Given(Arc::new(tree)), kind)
            }
            MountSource::Tmpfs { size, mode } => {
                let (size, mode) = (size.map(|size| size.to_string()), format!("{mode:o}"));
                let mut options = vec![("mode", Some(mode.as_str()))];
                options.extend(size.as_deref().map(|size| ("size", Some(size))));
                self.new_fs(c"tmpfs", &options, INERT | read_only, MOUNT)?;
                (Fd::Slot(MOUNT), TargetKind::Directory)
            }
        };
        let mode = if kind == TargetKind::Directory { 0o755 } else { 0o644 };
        let root = self.root.clone();
        self.push(Op::Target { root, path, kind, mode, into: TARGET });
        self.attach(source);
        Ok(())
    }

    fn terminal(&mut self, uid: u32, console: bool) -> Prepare {
        if console {
            self.find_in_dev("console", TargetKind::File)?;
        } else {
            self.push(Op::OpenOutside { path: c"/dev".into(), into: DEV });
        }
        self.push(Op::Terminal(Terminal { dev: Fd::Slot(DEV), uid, console }));
        Ok(())
    }

    fn execute(&mut self, command: &Command) -> Prepare {
        let texts = |words: &[String]| words.iter().map(|word| text(word)).collect::<Result<Vec<_>, _>>();
        let candidates = texts(&command.candidates)?;
        let env = texts(&command.env)?;
        if !command.init {
            self.push(Op::Exec(Exec::new(candidates, texts(&command.argv)?, env)));
            return Ok(());
        }
        let program = init::sealed_program()
            .map_err(|error| format!("cannot copy our own program into sealed memory: {error}"))?;
        let argv = texts(&init::arguments(command))?;
        self.push(Op::ExecDescriptor { program: Arc::new(program), exec: Exec::new(Vec::new(), argv, env) });
        Ok(())
    }
}

fn text(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| "the text contains a zero byte".to_string())
}

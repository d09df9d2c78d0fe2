//! From the steps of a plan to the operations of the child. All that can fail for a reason outside of
//! the container (a missing layer, a missing file to show) fails here, by name.

mod cgroup;
mod devices;
mod kernel_files;
mod mounts;
mod namespaces;
mod rights;

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use plimsoll_model::launch::Share;
use plimsoll_sys::child::{Exec, Fd, Op, Program, Slot, TargetKind, TargetPath, Terminal};
use rustix::mount::MountAttrFlags;

use super::{LaunchError, LaunchOptions, Looks, overlay, setup_error};
use crate::init;
use crate::plan::{Command, Namespace, SandboxPlan, Step};

const ROOT: Slot = Slot(0);
const TARGET: Slot = Slot(1);
const DEV: Slot = Slot(2);
const MOUNT: Slot = Slot(3);
const EMPTY: Slot = Slot(4);
const PROC: Slot = Slot(5);
const WORKDIR: Slot = Slot(6);
const SHOWN: Slot = Slot(7);
/// `/proc/self` of the host.
const OWN: Slot = Slot(8);
const SHM: Slot = Slot(9);
const TERMINAL: Slot = Slot(10);

pub(super) use rights::own_oom_score;

/// Flags of file systems that only show what the kernel knows.
const INERT: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID
    .union(MountAttrFlags::MOUNT_ATTR_NODEV)
    .union(MountAttrFlags::MOUNT_ATTR_NOEXEC);
const READ_ONLY: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_RDONLY;

/// Operations of one plan under construction.
struct Builder<'a> {
    program: Program,
    step: usize,
    root: Fd,
    /// Our own procfs.
    proc: Fd,
    null: Option<Arc<OwnedFd>>,
    /// The cover of masked directories is there.
    covered: bool,
    /// The container to enter.
    target: Option<&'a Arc<OwnedFd>>,
    options: &'a LaunchOptions,
    /// It gets a view of control groups of its own.
    own_cgroups: bool,
    /// `CLONE_NEW*` flags of the namespaces to join of it.
    join: u32,
}

/// Why one step could not be prepared, in words.
type Prepare = Result<(), String>;

/// Prepare all steps. `target` is the container to enter and the namespaces it has of its own.
pub(super) fn prepare(
    plan: &SandboxPlan,
    options: &LaunchOptions,
    target: Option<(&Arc<OwnedFd>, u32)>,
    looks: Looks,
) -> Result<Program, LaunchError> {
    let mut builder = Builder {
        program: Program::default(),
        step: 0,
        root: Fd::Current,
        proc: Fd::Slot(PROC),
        null: None,
        covered: false,
        target: target.map(|(pidfd, _)| pidfd),
        options,
        own_cgroups: plan.namespaces.contains(&(Namespace::Cgroup, Share::Own)),
        join: target.map_or(0, |(_, flags)| flags),
    };
    if looks == Looks::AtStart {
        // As long as it has every right: a set-user-id program gains its own as if nobody looked.
        builder.push(Op::BeTraced);
    }
    // While it can be found: the container's own /proc may not show this process.
    builder.push(Op::OpenOutside { path: c"/proc/self".into(), into: OWN });
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
            Step::JoinCgroup => self.join_cgroup(),
            Step::Session
            | Step::Hide
            | Step::Join
            | Step::JoinContainer { .. }
            | Step::EnterProcesses
            | Step::OwnCgroups
            | Step::Hostname(_)
            | Step::DomainName(_)
            | Step::Networks(_)
            | Step::Loopback => self.namespaces(step),
            Step::Limit(_)
            | Step::OomScore { .. }
            | Step::MapUser { .. }
            | Step::Ids { .. }
            | Step::Filter { .. }
            | Step::WatchedFilter { .. }
            | Step::ProfileFilter { .. }
            | Step::HandOverIdCalls
            | Step::BoundCapabilities(_)
            | Step::Capabilities(_)
            | Step::NoNewPrivileges => self.rights(step),
            Step::CleanProcess => {
                self.push(Op::CleanProcess);
                if self.options.die_with_parent {
                    self.push(Op::DieWithParent);
                }
                Ok(())
            }
            Step::ControlTerminal => {
                self.push(Op::ControlTerminal(Fd::Slot(TERMINAL)));
                Ok(())
            }
            Step::Execute(_) => self.execute(command),
            of_files => self.files(of_files),
        }
    }

    /// Which files it sees.
    fn files(&mut self, step: &Step) -> Prepare {
        match step {
            Step::PrivateMounts => self.push(Op::PrivateMounts),
            Step::Root { .. } => return self.make_root(step),
            Step::Mount { mount, devices } => return self.mount(mount, *devices),
            Step::ShowLayers { .. } => return self.show_layers(step),
            Step::Scratch { size, target } => return self.scratch(*size, target),
            Step::ShowSecret { content, mode, owner, target } => {
                return self.show_secret(content, *mode, *owner, target);
            }
            Step::ShowCgroup { writable } => return self.show_cgroup(*writable),
            Step::Devices => return self.usual_devices(),
            Step::Device(device) => return self.device(device),
            Step::HostDevices { openable_only } => return self.host_devices(*openable_only),
            Step::FindWorkdir { path, create } => {
                let target = TargetPath::new(path, true).ok_or("the path contains a zero byte")?;
                let path = if *create { target } else { target.existing() };
                let (root, kind) = (self.root.clone(), TargetKind::Directory);
                self.push(Op::Target { root, path, kind, mode: 0o755, into: WORKDIR });
            }
            Step::Terminal { owner, console, control } => return self.terminal(*owner, *console, *control),
            Step::ReadOnlyRoot => {
                let (mount, set) = (self.root.clone(), READ_ONLY.bits());
                self.push(Op::SetAttributes { mount, set, recursive: false });
            }
            Step::Pivot => self.push(Op::Pivot(self.root.clone())),
            Step::EnterWorkdir(_) => self.push(Op::Enter(Fd::Slot(WORKDIR))),
            of_kernel => return self.kernel_files(of_kernel),
        }
        Ok(())
    }

    fn make_root(&mut self, step: &Step) -> Prepare {
        let Step::Root { rootfs, user_xattr, layer_by_layer, devices } = step else { return Ok(()) };
        if *layer_by_layer {
            self.root = Fd::Given(Arc::new(overlay::mount(rootfs, *user_xattr, *devices)?));
            self.push(Op::AttachOutside { mount: self.root.clone(), at: c"/".into() });
        } else {
            let (op, root) = overlay::mount_by_text(rootfs, *user_xattr, *devices, ROOT)?;
            self.root = root;
            self.push(op);
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

    /// Under a name of the container's /dev that nothing has yet.
    fn attach_in_dev(&mut self, mount: Fd, name: &str, kind: TargetKind) -> Prepare {
        self.push(Op::AttachNew { mount, dir: Fd::Slot(DEV), name: text(name)?, kind });
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

    fn terminal(&mut self, uid: u32, console: bool, control: bool) -> Prepare {
        if console {
            let path = TargetPath::new("console", false).ok_or("the path contains a zero byte")?;
            let (root, kind) = (Fd::Slot(DEV), TargetKind::File);
            self.push(Op::Target { root, path, kind, mode: 0o666, into: TARGET });
        } else {
            self.push(Op::OpenOutside { path: c"/dev".into(), into: DEV });
        }
        self.push(Op::Terminal(Terminal { dev: Fd::Slot(DEV), uid, console, into: TERMINAL }));
        if control {
            self.push(Op::ControlTerminal(Fd::Slot(TERMINAL)));
        }
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

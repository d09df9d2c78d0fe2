//! `mounts`: the kernel's own file systems and what was asked for, in the order they are made.

use std::path::Path;

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{Mount, MountSource, Propagation, Share, Tmpfs};
use serde_json::{Value, json};

use super::Surroundings;
use crate::host::IdMap;
use crate::plan::PlanError;

/// Options of file systems that only show what the kernel knows.
const INERT: [&str; 3] = ["nosuid", "noexec", "nodev"];

/// Size of `/dev/shm`, as docker's.
const DEFAULT_SHM_SIZE: u64 = 64 << 20;

pub(super) fn mounts(spec: &LaunchSpec, around: &Surroundings) -> Vec<Value> {
    let ordinary = around.host.ids != IdMap::Host;
    let mut mounts = vec![mount("/proc", "proc", "proc", INERT), sys(spec, ordinary)];
    // As `run` does: where there is a limit to be seen.
    if !ordinary && !spec.limits.is_empty() {
        mounts.push(mount(
            "/sys/fs/cgroup",
            "cgroup",
            "cgroup",
            INERT.into_iter().chain([kernel_access(spec)]),
        ));
    }
    // Not nodev: the runtime makes the usual devices in it, or mounts them there.
    mounts.push(mount("/dev", "tmpfs", "tmpfs", ["nosuid", "noexec", "mode=755", "size=65536k"]));
    let mut pts = vec!["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
    // Group 5 (tty) owns pseudo-terminals where it exists.
    pts.extend((around.host.ids != IdMap::Single).then_some("gid=5"));
    mounts.push(mount("/dev/pts", "devpts", "devpts", pts));
    mounts.push(shm(spec));
    mounts.push(mount("/dev/mqueue", "mqueue", "mqueue", INERT));
    let devices_work = ordinary || spec.security.privileged;
    mounts.extend(spec.mounts.iter().map(|asked| asked_for(asked, devices_work, around)));
    mounts
}

/// A network namespace that is not ours gives no sysfs of its own; then the host's is shown.
fn sys(spec: &LaunchSpec, ordinary: bool) -> Value {
    let options = INERT.into_iter().chain([kernel_access(spec)]);
    match ordinary && !spec.network.is_own() {
        true => mount("/sys", "bind", "/sys", options.chain(["rbind"])),
        false => mount("/sys", "sysfs", "sysfs", options),
    }
}

/// Whether the kernel's settings and control groups can be written.
fn kernel_access(spec: &LaunchSpec) -> &'static str {
    if spec.security.privileged { "rw" } else { "ro" }
}

fn shm(spec: &LaunchSpec) -> Value {
    if spec.sharing.ipc == Share::Host {
        return mount("/dev/shm", "bind", "/dev/shm", ["rbind", "nosuid", "noexec", "nodev"]);
    }
    let size = spec.shm_size.filter(|size| *size > 0).unwrap_or(DEFAULT_SHM_SIZE);
    let options = INERT.map(str::to_string).into_iter();
    mount("/dev/shm", "tmpfs", "shm", options.chain(["mode=1777".to_string(), format!("size={size}")]))
}

fn asked_for(asked: &Mount, devices_work: bool, around: &Surroundings) -> Value {
    match &asked.source {
        MountSource::Tmpfs(tmpfs) | MountSource::Volume { memory: Some(tmpfs), .. } => {
            let owned = around.host.ids != IdMap::Single;
            mount(&asked.target, "tmpfs", "tmpfs", tmpfs_options(tmpfs, asked.read_only, owned))
        }
        MountSource::Bind(path) | MountSource::Volume { directory: path, .. } => {
            bind(asked, path, devices_work)
        }
    }
}

/// A part of a volume is named by its path, which is walked when the bundle is started: whoever writes to
/// the volume may have put a link there by then.
pub(super) fn check(asked: &Mount) -> Result<(), PlanError> {
    match &asked.source {
        MountSource::Volume { subpath, memory: None, .. } if !subpath.is_empty() => {
            let why = "a link in the volume could lead a bundle to other files; mount the whole volume";
            Err(PlanError::MountRefused { target: asked.target.clone(), why })
        }
        _ => Ok(()),
    }
}

/// Read-only and without devices holds for what is mounted below as well.
fn bind(asked: &Mount, path: &Path, devices_work: bool) -> Value {
    let mut options = vec![if asked.propagation == Propagation::Private { "bind" } else { "rbind" }];
    options.push(asked.propagation.word());
    options.extend(asked.read_only.then_some("rro"));
    options.extend((!devices_work).then_some("rnodev"));
    mount(&asked.target, "bind", &path.to_string_lossy(), options)
}

fn tmpfs_options(tmpfs: &Tmpfs, read_only: bool, owned: bool) -> Vec<String> {
    let mut options = vec!["nosuid".to_string(), "nodev".to_string()];
    options.extend((!tmpfs.exec).then(|| "noexec".to_string()));
    options.extend(read_only.then(|| "ro".to_string()));
    options.push(format!("mode={:o}", tmpfs.mode));
    options.extend(tmpfs.size.map(|size| format!("size={size}")));
    if owned && tmpfs.owner != (0, 0) {
        options.extend([format!("uid={}", tmpfs.owner.0), format!("gid={}", tmpfs.owner.1)]);
    }
    options
}

fn mount<T: Into<String>>(
    destination: &str,
    kind: &str,
    source: &str,
    options: impl IntoIterator<Item = T>,
) -> Value {
    let options: Vec<String> = options.into_iter().map(Into::into).collect();
    json!({ "destination": destination, "type": kind, "source": source, "options": options })
}

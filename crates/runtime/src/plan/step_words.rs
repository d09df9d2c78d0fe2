//! Each step in words.

use std::fmt;

use plimsoll_model::launch::{Device, Mount, MountSource, Propagation, Share, Tmpfs};
use plimsoll_model::quantity::human_bytes;

use super::rights::{capability_names, every_capability};
use super::{Namespace, Step, short};
use crate::rootfs::RootFs;

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::JoinCgroup => f.write_str("enter the control group made for it, if there is one"),
            Step::Session => f.write_str(
                "start a session of its own, away from the caller's terminal, keys and descriptors",
            ),
            Step::Hide => f.write_str("let no process of a container look into this one"),
            Step::JoinContainer { id, namespaces } => {
                write!(f, "join container {}: share its {}", short(id), words(namespaces))
            }
            Step::OwnCgroups => f.write_str("see its own control group as the root of all"),
            Step::Hostname(name) => write!(f, "set the host name to {name}"),
            Step::DomainName(name) => write!(f, "set the NIS domain name to {name}"),
            Step::Networks(names) => {
                let plural = if names.len() == 1 { "network" } else { "networks" };
                write!(f, "wait until it is connected to the {plural} {}", names.join(", "))
            }
            Step::Loopback => f.write_str("switch the loopback interface on"),
            Step::Limit(limit) => write!(f, "{limit}"),
            Step::OomScore { score, not_below_ours } => {
                write!(f, "when memory is short, be killed with score {score} (-1000 never, 1000 first)")?;
                let limit = ", or with plimsoll's own if that is higher: only root can go below";
                f.write_str(if *not_below_ours { limit } else { "" })
            }
            Step::MapUser { uid, gid } => {
                write!(f, "make a user namespace in which only user {uid} and group {gid} exist")
            }
            Step::Ids { uid, gid, groups } => ids(*uid, *gid, groups.as_deref(), f),
            Step::Filter { .. } => {
                f.write_str("filter system calls by Docker's default profile (the kubelet's RuntimeDefault)")
            }
            Step::WatchedFilter { .. } => {
                f.write_str("filter system calls by Docker's default profile, and show them to plimsoll")
            }
            Step::ProfileFilter { .. } => f.write_str("filter system calls by the given profile"),
            Step::HandOverIdCalls => {
                f.write_str("ask the builder about owners, ids and device nodes, of which the kernel has one")
            }
            Step::BoundCapabilities(0) => f.write_str("give up all capabilities for ever"),
            Step::BoundCapabilities(bits) if *bits == every_capability() => {
                f.write_str("give up no capability for ever")
            }
            Step::BoundCapabilities(bits) => {
                write!(f, "give up for ever all capabilities but {}", capability_names(*bits))
            }
            Step::Capabilities(bits) => write!(f, "hold these capabilities: {}", capability_names(*bits)),
            Step::NoNewPrivileges => f.write_str("let no executed program gain rights (no_new_privs)"),
            Step::Join => f.write_str("join the namespaces of the container"),
            Step::EnterProcesses => f.write_str("become a process of the container"),
            Step::ControlTerminal => f.write_str("take that terminal over"),
            Step::CleanProcess => f.write_str("set umask 022, default signals, none blocked"),
            Step::Execute(words) => write!(f, "execute {words}"),
            of_files => files(of_files, f),
        }
    }
}

/// The steps that decide which files it sees.
fn files(step: &Step, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match step {
        Step::PrivateMounts => {
            f.write_str("keep mounts to itself: what is mounted from here on does not show on the host")
        }
        Step::Root { rootfs, .. } => root(rootfs, f),
        Step::Proc { whose } => match whose {
            Share::Own => f.write_str("mount proc on /proc: its own processes only"),
            Share::Host => f.write_str("mount proc on /proc: all processes of the host"),
            Share::Container(id) => {
                write!(f, "mount proc on /proc: the processes of container {}", short(id))
            }
        },
        Step::HostProc => f.write_str("show the host's /proc with all its processes"),
        Step::Sysctl { name, value, .. } => write!(f, "set {name} to {value}"),
        Step::Sys { read_only } => write!(f, "mount sysfs on /sys{}", read_only_words(*read_only)),
        Step::HostSys { read_only } => write!(f, "show the host's /sys{}", read_only_words(*read_only)),
        Step::ShowCgroup { writable } => write!(
            f,
            "show its control group, if it has one, on /sys/fs/cgroup{}",
            read_only_words(!writable)
        ),
        Step::Dev { devices: false } => f.write_str("mount an empty tmpfs on /dev"),
        Step::Dev { devices: true } => {
            f.write_str("mount an empty tmpfs on /dev, in which nodes of any device can be made")
        }
        Step::Devices => f.write_str("show /dev/null, zero, full, random, urandom and tty"),
        Step::DeviceLinks => {
            f.write_str("link /dev/fd, stdin, stdout and stderr to /proc/self/fd, ptmx to pts/ptmx")
        }
        Step::DevPts { .. } => f.write_str("mount pseudo-terminals of its own on /dev/pts"),
        Step::Shm { size } => write!(f, "mount a tmpfs of {} on /dev/shm", human_bytes(*size)),
        Step::SharedShm { of: None } => f.write_str("show the host's shared memory on /dev/shm"),
        Step::SharedShm { of: Some(id) } => {
            write!(f, "show the shared memory of container {} on /dev/shm", short(id))
        }
        Step::MessageQueues => f.write_str("mount its message queues on /dev/mqueue"),
        Step::HostMessageQueues => f.write_str("show the host's message queues on /dev/mqueue, if it does"),
        Step::Mount { mount: shown, .. } => mount(shown, f),
        Step::ShowLayers { path, target, read_only, .. } => {
            let how = if *read_only { "read-only" } else { "what is written there is thrown away" };
            write!(f, "show /{path} of other layers on {target}, {how}")
        }
        Step::Scratch { target, .. } => write!(f, "mount an empty tmpfs on {target}"),
        Step::ShowSecret { target, .. } => write!(f, "show a secret in memory on {target}"),
        Step::Device(shown) => device(shown, f),
        Step::HostDevices { openable_only: false } => f.write_str("show all devices of the host in /dev"),
        Step::HostDevices { openable_only: true } => {
            f.write_str("show the devices of the host in /dev that this user can open")
        }
        Step::Mask { paths } => {
            write!(f, "hide what tells about the host or reaches it: {}", paths.join(", "))
        }
        Step::ReadOnly { paths } => write!(f, "make read-only: {}", paths.join(", ")),
        Step::FindWorkdir { path, create: true } => {
            write!(f, "find the working directory {path}, make it if it is missing")
        }
        Step::FindWorkdir { path, create: false } => write!(f, "find the working directory {path}"),
        Step::Terminal { console: true, .. } => {
            f.write_str("open a terminal of its own, also as /dev/console")
        }
        Step::Terminal { console: false, .. } => f.write_str("open a terminal of its own"),
        Step::ReadOnlyRoot => f.write_str("make the root file system read-only"),
        Step::Pivot => f.write_str("make all of this the root directory and let go of the host's files"),
        Step::EnterWorkdir(path) => write!(f, "change to {path}"),
        // All others are worded by the caller.
        _ => Ok(()),
    }
}

/// Kinds of namespaces as a list.
pub(super) fn words(namespaces: &[Namespace]) -> String {
    namespaces.iter().map(|namespace| namespace.word()).collect::<Vec<_>>().join(", ")
}

fn read_only_words(read_only: bool) -> &'static str {
    if read_only { ", read-only" } else { ", writable" }
}

/// The layers by name, as they lie over each other.
fn root(rootfs: &RootFs, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let names: Vec<String> = rootfs.lowers.iter().map(|path| layer_name(path)).collect();
    match names.as_slice() {
        [] => f.write_str("take an empty directory as the root file system")?,
        [one] => write!(f, "take the read-only layer {one} as the root file system")?,
        [lowest, above @ ..] => {
            write!(f, "lay {} read-only layers over each other as the root file system: ", names.len())?;
            write!(f, "{lowest} at the bottom, above it {}", above.join(", "))?;
        }
    }
    f.write_str("; a writable one on top takes what the container writes")
}

/// The store keeps a layer as `layers/HEX/fs`: the first digits name it. Any other directory names itself.
fn layer_name(path: &std::path::Path) -> String {
    let text = path.to_string_lossy();
    let is_digest = |part: &&str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split('/').rev().find(is_digest).map_or(text.to_string(), |digest| short(digest).to_string())
}

fn mount(mount: &Mount, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let target = &mount.target;
    let read_only = if mount.read_only { ", read-only" } else { "" };
    match &mount.source {
        MountSource::Bind(path) => write!(f, "show the host's {} on {target}{read_only}", path.display())?,
        MountSource::Volume { name, subpath, .. } => {
            let part = if subpath.is_empty() { String::new() } else { format!("/{subpath} of ") };
            write!(f, "show {part}the volume {name} on {target}{read_only}")?;
        }
        MountSource::Tmpfs(Tmpfs { size, .. }) => {
            let size = size.map_or(String::new(), |size| format!(" of {}", human_bytes(size)));
            return write!(f, "mount a tmpfs{size} on {target}{read_only}");
        }
    }
    f.write_str(match mount.propagation {
        Propagation::RecursivePrivate => "",
        Propagation::Private => ", without what is mounted below it",
        Propagation::Slave => ", without what is mounted below it; later mounts of the host show",
        Propagation::RecursiveSlave => "; later mounts of the host show",
        Propagation::Shared => ", without what is mounted below it; later mounts show on both sides",
        Propagation::RecursiveShared => "; later mounts show on both sides",
    })
}

fn device(device: &Device, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let letters = [('r', "read"), ('w', "written"), ('m', "made")];
    let allowed: Vec<&str> =
        letters.iter().filter(|(letter, _)| device.access.contains(*letter)).map(|(_, word)| *word).collect();
    write!(f, "show the host's device {} on {}", device.host.display(), device.container)?;
    match allowed.as_slice() {
        [] => Ok(()),
        allowed => write!(f, "; it may be {}", allowed.join(", ")),
    }
}

fn ids(uid: u32, gid: u32, groups: Option<&[u32]>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "become user {uid}, group {gid}")?;
    match groups {
        None => f.write_str(" (other groups cannot be set with a single id)"),
        Some([]) => f.write_str(", no other groups"),
        Some(groups) => {
            let groups: Vec<String> = groups.iter().map(u32::to_string).collect();
            write!(f, ", groups {}", groups.join(" "))
        }
    }
}

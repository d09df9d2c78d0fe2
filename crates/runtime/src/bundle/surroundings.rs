//! What a bundle is made from beside the specification: facts of this machine, as values.

use std::fs;
use std::path::Path;

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{Device, DeviceRate};
use rustix::fs::{FileType, Stat, major, minor, stat};

use crate::container::etc_files::HostEtc;
use crate::host::HostFacts;
use crate::words::{in_words, reason};

/// Facts of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// What it allows.
    pub host: HostFacts,
    /// User ids of our namespace as those outside of it.
    pub users: Vec<IdRange>,
    /// Group ids, too.
    pub groups: Vec<IdRange>,
    /// What its own files in `/etc` say.
    pub etc: HostEtc,
    /// The devices that were asked for; with `--privileged`, all there are.
    pub devices: Vec<Node>,
    /// Bounds on devices, with the devices' numbers.
    pub rated: Vec<(DeviceRate, (u32, u32))>,
}

/// A line of an id map (user_namespaces(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdRange {
    /// The first id in the namespace.
    pub inside: u32,
    /// The first id outside.
    pub outside: u32,
    /// How many there are.
    pub count: u32,
}

/// A device node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it is inside.
    pub container: String,
    /// A block device, not a character device.
    pub block: bool,
    /// Its numbers.
    pub major: u32,
    /// The second one.
    pub minor: u32,
    /// Its mode.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// What may be done with it: letters of `rwm`.
    pub access: String,
}

impl Node {
    /// The specification's letter.
    pub fn kind(&self) -> &'static str {
        if self.block { "b" } else { "c" }
    }
}

impl Surroundings {
    /// Look at this machine.
    pub fn gather(spec: &LaunchSpec, host: &HostFacts) -> Result<Surroundings, String> {
        let map = |file: &str| match fs::read_to_string(format!("/proc/self/{file}")) {
            Ok(text) => Ok(ranges(&text)),
            Err(error) => Err(format!("cannot read the ids of this process: {}", in_words(&error))),
        };
        let mut devices = Vec::new();
        if spec.security.privileged {
            let all = Device { host: "/dev".into(), container: "/dev".into(), access: "rwm".into() };
            nodes(&all.host, &all, &all.container, &mut devices)?;
        }
        for device in &spec.devices {
            nodes(&device.host, device, &device.container, &mut devices)?;
        }
        let numbers = |rate: &DeviceRate| {
            let found = look(&rate.device)?;
            Ok((rate.clone(), (major(found.st_rdev), minor(found.st_rdev))))
        };
        Ok(Surroundings {
            host: host.clone(),
            users: map("uid_map")?,
            groups: map("gid_map")?,
            etc: HostEtc::read(&spec.network),
            devices,
            rated: spec.limits.io_rates.iter().map(numbers).collect::<Result<_, String>>()?,
        })
    }
}

fn ranges(map: &str) -> Vec<IdRange> {
    let line = |line: &str| {
        let mut numbers = line.split_whitespace().map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(IdRange { inside: next()?, outside: next()?, count: next()? })
    };
    map.lines().filter_map(line).collect()
}

/// What every runtime makes itself, or mounts something on.
const MADE_BY_RUNTIMES: [&str; 10] =
    ["console", "full", "mqueue", "null", "pts", "random", "shm", "tty", "urandom", "zero"];

/// The node at a path, or all below it; links are not followed below.
fn nodes(path: &Path, asked: &Device, container: &str, found: &mut Vec<Node>) -> Result<(), String> {
    let stat = look(path)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::CharacterDevice => found.push(node(&stat, false, asked, container)),
        FileType::BlockDevice => found.push(node(&stat, true, asked, container)),
        FileType::Directory => {
            let entries = fs::read_dir(path).map_err(|error| cannot_look(path, &in_words(&error)))?;
            for entry in entries.filter_map(Result::ok) {
                let name = entry.file_name().to_string_lossy().into_owned();
                let made = container == "/dev" && MADE_BY_RUNTIMES.contains(&name.as_str());
                let shown = entry.file_type().is_ok_and(|kind| !kind.is_symlink() && !kind.is_file());
                if shown && !made {
                    nodes(&entry.path(), asked, &format!("{container}/{name}"), found)?;
                }
            }
        }
        _ if path == asked.host => return Err(cannot_look(path, "it is no device")),
        _ => {}
    }
    Ok(())
}

fn node(stat: &Stat, block: bool, asked: &Device, container: &str) -> Node {
    Node {
        container: container.to_string(),
        block,
        major: major(stat.st_rdev),
        minor: minor(stat.st_rdev),
        mode: stat.st_mode & 0o777,
        owner: (stat.st_uid, stat.st_gid),
        access: asked.access.clone(),
    }
}

fn look(path: &Path) -> Result<Stat, String> {
    stat(path).map_err(|errno| cannot_look(path, &reason(errno)))
}

fn cannot_look(path: &Path, why: &str) -> String {
    format!("cannot give the device {}: {why}", path.display())
}

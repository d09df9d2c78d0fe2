//! Devices a container of real root may use, on version 1 (kernel, cgroup-v1/devices.rst).
//!
//! Version 2 has no controller for it but programs for the kernel (eBPF), which are not written here.
//! There only the mounts keep devices away: every file system of a container of real root is mounted
//! without devices but for the single nodes it is shown.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use plimsoll_model::launch::Device;

use super::error::CgroupError;
use super::setting::write;
use crate::device_nodes::nodes_below;

/// What every container may use (moby, `oci/defaults.go`, and runc's own list): all nodes can be made,
/// and null, zero, full, random, urandom, tty, console, ptmx and pseudo-terminals be used.
const DEFAULT: [&str; 11] = [
    "c *:* m",
    "b *:* m",
    "c 1:3 rwm",
    "c 1:5 rwm",
    "c 1:7 rwm",
    "c 1:8 rwm",
    "c 1:9 rwm",
    "c 5:0 rwm",
    "c 5:1 rwm",
    "c 5:2 rwm",
    "c 136:* rwm",
];

/// Refuse all devices but the usual ones and those asked for.
pub(super) fn restrict(directory: &Path, asked: &[Device]) -> Result<(), CgroupError> {
    let (deny, allow) = (directory.join("devices.deny"), directory.join("devices.allow"));
    write(&deny, "a").map_err(CgroupError::at("write", &deny))?;
    let mut file = OpenOptions::new().write(true).open(&allow).map_err(CgroupError::at("open", &allow))?;
    // One rule a call: the kernel reads no second line.
    let mut set = |rule: &str| {
        let action = format!("write '{rule}' to");
        file.write_all(rule.as_bytes()).map_err(CgroupError::at(&action, &allow))
    };
    DEFAULT.into_iter().try_for_each(&mut set)?;
    asked.iter().flat_map(rules).try_for_each(|rule| set(&rule))
}

/// A rule for the device, or for each in a directory and below. What is neither has none: its mount fails
/// by name.
fn rules(asked: &Device) -> Vec<String> {
    let nodes = match asked.host.is_dir() {
        true => nodes_below(&asked.host, &[]),
        false => vec![asked.host.clone()],
    };
    nodes.iter().filter_map(|node| rule(node, &asked.access)).collect()
}

fn rule(node: &Path, access: &str) -> Option<String> {
    let metadata = fs::metadata(node).ok()?;
    let kind = match metadata.file_type() {
        kind if kind.is_char_device() => 'c',
        kind if kind.is_block_device() => 'b',
        _ => return None,
    };
    let (major, minor) = (rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev()));
    Some(format!("{kind} {major}:{minor} {access}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_becomes_a_rule_with_its_letters() {
        let device =
            |host: &str| Device { host: host.into(), container: "/dev/x".into(), access: "rm".into() };
        assert_eq!(rules(&device("/dev/zero")), ["c 1:5 rm"]);
        assert!(rules(&device("/dev")).contains(&"c 1:5 rm".to_string()), "all that is in it");
        assert_eq!(rules(&device("/dev/nothing")), [""; 0]);
        assert_eq!(rules(&device("/etc/hostname")), [""; 0]);
    }
}

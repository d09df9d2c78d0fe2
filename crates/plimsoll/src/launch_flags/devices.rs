//! `--device`: devices of the host.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use plimsoll_image::error::reason;
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::launch::Device;

/// Devices.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Security")]
pub struct DeviceFlags {
    /// Show a device of the host, or all of a directory, for reading, writing and making nodes (rwm).
    #[arg(long, value_name = "HOST[:CONTAINER[:rwm]]", value_parser = parse)]
    device: Vec<Device>,
}

impl DeviceFlags {
    /// The devices, those of directories one by one.
    pub fn list(&self) -> Result<Vec<Device>, String> {
        let mut found = Vec::new();
        for device in &self.device {
            find(device, &mut found)?;
        }
        Ok(found)
    }
}

/// `HOST`, `HOST:rwm`, `HOST:CONTAINER`, `HOST:CONTAINER:rwm` (docker's cli, validateLinuxPath).
fn parse(text: &str) -> Result<Device, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (host, container, access) = match parts.as_slice() {
        [host] => (*host, *host, "rwm"),
        [host, access] if is_access(access) => (*host, *host, *access),
        [host, container] => (*host, *container, "rwm"),
        [host, container, access] if is_access(access) => (*host, *container, *access),
        [_, _, access] => return Err(format!("'{access}' is no access: letters of rwm, each once")),
        _ => return Err("HOST[:CONTAINER[:rwm]] was expected".into()),
    };
    if host.contains('=') && !host.starts_with('/') {
        return Err("devices of the Container Device Interface are not known here: name their nodes".into());
    }
    for path in [host, container] {
        if !path.starts_with('/') {
            return Err(format!("'{path}' is no absolute path"));
        }
    }
    Ok(Device { host: host.into(), container: clean_path("/", container), access: access.into() })
}

fn is_access(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| "rwm".contains(c) && text.matches(c).count() == 1)
}

/// A device, or those below a directory as docker finds them (runc, devices.GetDevices): links and
/// what has its own meaning in a container are left out.
fn find(device: &Device, found: &mut Vec<Device>) -> Result<(), String> {
    let unusable = |why: &str| format!("--device {}: {why}", device.host.display());
    let host = fs::canonicalize(&device.host).map_err(|error| unusable(&reason(&error)))?;
    let kind = fs::metadata(&host).map_err(|error| unusable(&reason(&error)))?.file_type();
    if kind.is_char_device() || kind.is_block_device() {
        found.push(Device { host, ..device.clone() });
        return Ok(());
    }
    if !kind.is_dir() {
        return Err(unusable("it is no device"));
    }
    let before = found.len();
    below(&host, &device.container, &device.access, found).map_err(|error| unusable(&reason(&error)))?;
    match found.len() > before {
        true => Ok(()),
        false => Err(unusable("there is no device below it")),
    }
}

fn below(directory: &Path, container: &str, access: &str, found: &mut Vec<Device>) -> std::io::Result<()> {
    const LEFT_OUT: [&str; 8] = ["pts", "shm", "fd", "mqueue", "console", ".lxc", ".lxd-mounts", ".udev"];
    let mut entries: Vec<PathBuf> =
        fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for host in entries {
        let Some(name) = host.file_name().and_then(|name| name.to_str()) else { continue };
        let kind = fs::symlink_metadata(&host)?.file_type();
        let container = format!("{}/{name}", container.trim_end_matches('/'));
        if LEFT_OUT.contains(&name) {
            continue;
        }
        if kind.is_dir() {
            below(&host, &container, access, found)?;
        } else if kind.is_char_device() || kind.is_block_device() {
            found.push(Device { host, container, access: access.into() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn device(host: &str, container: &str, access: &str) -> Device {
        Device { host: host.into(), container: container.into(), access: access.into() }
    }

    #[test]
    fn forms() {
        assert_eq!(parse("/dev/fuse"), Ok(device("/dev/fuse", "/dev/fuse", "rwm")));
        assert_eq!(parse("/dev/fuse:r"), Ok(device("/dev/fuse", "/dev/fuse", "r")));
        assert_eq!(parse("/dev/fuse:/dev/x/../y"), Ok(device("/dev/fuse", "/dev/y", "rwm")));
        assert_eq!(parse("/dev/fuse:/dev/x:wr"), Ok(device("/dev/fuse", "/dev/x", "wr")));
        for (bad, why) in [
            ("", "absolute"),
            (":", "absolute"),
            ("dev/fuse", "absolute"),
            ("/dev/fuse:x", "'x'"),
            ("/dev/fuse:/dev/x:rr", "'rr'"),
            ("/dev/fuse:/dev/x:", "''"),
            ("/a:/b:/c:r", "expected"),
            ("vendor.com/class=gpu", "Interface"),
        ] {
            let said = parse(bad).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }

    #[test]
    fn only_devices_are_found() {
        let list = |text: &str| DeviceFlags { device: vec![parse(text).unwrap()] }.list();
        assert_eq!(list("/dev/null:/dev/x:r"), Ok(vec![device("/dev/null", "/dev/x", "r")]));
        assert!(list("/etc/passwd").unwrap_err().contains("no device"));
        assert!(list("/dev/no-such-device").unwrap_err().contains("/dev/no-such-device: it does not exist"));
        let empty = tempfile::tempdir().unwrap();
        std::fs::write(empty.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink("/dev/null", empty.path().join("link")).unwrap();
        assert!(list(&empty.path().display().to_string()).unwrap_err().contains("no device below"));
    }

    #[test]
    fn a_directory_is_all_its_devices() {
        let all = DeviceFlags { device: vec![parse("/dev:/devices:r").unwrap()] }.list().unwrap();
        assert!(all.contains(&device("/dev/null", "/devices/null", "r")), "{all:?}");
        assert!(all.iter().all(|device| !device.container.starts_with("/devices/pts")), "{all:?}");
    }

    proptest! {
        #[test]
        fn what_is_accepted_prints_back(text in "/[a-z/]{0,5}(:[/a-zrwm]{0,5}){0,3}", any in ".{0,16}") {
            if let Ok(device) = parse(&text) {
                let again = format!("{}:{}:{}", device.host.display(), device.container, device.access);
                prop_assert_eq!(parse(&again), Ok(device));
            }
            let _ = parse(&any);
        }
    }
}

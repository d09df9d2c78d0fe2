//! Bounds on block devices by the devices' numbers.

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use plimsoll_model::launch::{DeviceRate, RateKind};

use super::error::{CgroupError, of_io};
use super::flags;

/// A bound on what passes to or from a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Major number of the device.
    pub major: u32,
    /// Minor number of the device.
    pub minor: u32,
    /// What is counted.
    pub kind: RateKind,
    /// How much of it in a second.
    pub rate: u64,
}

impl Rate {
    /// Look the device's numbers up.
    pub(super) fn of(asked: &DeviceRate) -> Result<Rate, CgroupError> {
        let invalid = |why: String| CgroupError::Invalid {
            asked: format!("{} {}", flags::of_rate(asked.kind).name, asked.device.display()),
            why,
        };
        let metadata = std::fs::metadata(&asked.device).map_err(|error| invalid(of_io(&error)))?;
        if !metadata.file_type().is_block_device() {
            return Err(invalid("it is no block device".into()));
        }
        let (major, minor) = (rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev()));
        Ok(Rate { major, minor, kind: asked.kind, rate: asked.rate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_block_devices_have_rates() {
        for (path, why) in [("/dev/null", "no block device"), ("/dev/nothing", "no such file")] {
            let asked = DeviceRate { device: path.into(), kind: RateKind::ReadBytes, rate: 1 };
            let message = Rate::of(&asked).unwrap_err().to_string();
            assert!(message.starts_with(&format!("--device-read-bps {path}: ")), "{message}");
            assert!(message.contains(why), "{message}");
        }
    }
}

//! Limits of what is read from and written to block devices.

use std::path::PathBuf;

use clap::Args;
use plimsoll_model::launch::{DeviceRate, Limits, RateKind};

use super::memory::bytes;

/// Block devices.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Limits")]
pub struct BlockIoFlags {
    /// Weight of its block input and output against others, 10 to 1000; 0: as usual.
    #[arg(long, value_name = "WEIGHT")]
    blkio_weight: Option<u16>,
    /// Most bytes a second read from a device, as /dev/sda:10mb.
    #[arg(long, value_name = "DEVICE:BYTES", value_parser = byte_rate)]
    device_read_bps: Vec<Rate>,
    /// Most bytes a second written to a device.
    #[arg(long, value_name = "DEVICE:BYTES", value_parser = byte_rate)]
    device_write_bps: Vec<Rate>,
    /// Most operations a second that read from a device, as /dev/sda:1000.
    #[arg(long, value_name = "DEVICE:NUMBER", value_parser = operation_rate)]
    device_read_iops: Vec<Rate>,
    /// Most operations a second that write to a device.
    #[arg(long, value_name = "DEVICE:NUMBER", value_parser = operation_rate)]
    device_write_iops: Vec<Rate>,
}

/// A device and how much in a second; 0 is no limit.
type Rate = (PathBuf, u64);

impl BlockIoFlags {
    /// Check the values, and set them.
    pub fn limit(&self, limits: &mut Limits) -> Result<(), String> {
        limits.io_weight = match self.blkio_weight {
            None | Some(0) => None,
            Some(weight @ 10..=1000) => Some(weight),
            Some(weight) => return Err(format!("--blkio-weight {weight} is not within 10 to 1000")),
        };
        let kinds = [
            (RateKind::ReadBytes, &self.device_read_bps),
            (RateKind::WriteBytes, &self.device_write_bps),
            (RateKind::ReadOperations, &self.device_read_iops),
            (RateKind::WriteOperations, &self.device_write_iops),
        ];
        for (kind, rates) in kinds {
            let rates = rates.iter().filter(|(_, rate)| *rate > 0);
            limits.io_rates.extend(rates.map(|(device, rate)| DeviceRate {
                device: device.clone(),
                kind,
                rate: *rate,
            }));
        }
        Ok(())
    }
}

fn byte_rate(text: &str) -> Result<Rate, String> {
    let (device, rate) = device(text)?;
    Ok((device, bytes(rate)?))
}

fn operation_rate(text: &str) -> Result<Rate, String> {
    let (device, rate) = device(text)?;
    let number = rate.parse().map_err(|_| "a number of operations such as 1000 was expected".to_string())?;
    Ok((device, number))
}

fn device(text: &str) -> Result<(PathBuf, &str), String> {
    match text.split_once(':') {
        Some((device, rate)) if device.starts_with("/dev/") => Ok((device.into(), rate)),
        _ => Err("a device below /dev, ':' and what it may do in a second were expected".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        assert_eq!(byte_rate("/dev/sda:1mb"), Ok(("/dev/sda".into(), 1 << 20)));
        assert_eq!(operation_rate("/dev/sda:100"), Ok(("/dev/sda".into(), 100)));
        for bad in ["", "sda:1", "/dev/sda", "/dev/sda:", "/dev/sda:x", "/dev/sda:-1"] {
            assert!(byte_rate(bad).is_err() && operation_rate(bad).is_err(), "{bad}");
        }
        assert!(operation_rate("/dev/sda:1k").is_err());
    }

    #[test]
    fn each_flag_is_its_own_kind() {
        let rate = |rate| vec![(PathBuf::from("/dev/sda"), rate)];
        let flags = BlockIoFlags {
            blkio_weight: Some(10),
            device_read_bps: rate(1),
            device_write_bps: rate(2),
            device_read_iops: rate(0),
            device_write_iops: rate(4),
        };
        let mut limits = Limits::default();
        flags.limit(&mut limits).unwrap();
        let kinds: Vec<_> = limits.io_rates.iter().map(|rate| (rate.kind, rate.rate)).collect();
        assert_eq!(
            kinds,
            [(RateKind::ReadBytes, 1), (RateKind::WriteBytes, 2), (RateKind::WriteOperations, 4)]
        );
        assert_eq!(limits.io_weight, Some(10));
        for weight in [9, 1001] {
            let flags = BlockIoFlags { blkio_weight: Some(weight), ..BlockIoFlags::default() };
            assert!(flags.limit(&mut limits).unwrap_err().contains("10 to 1000"));
        }
    }
}

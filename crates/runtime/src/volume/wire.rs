//! `volume.json`, with its schema and version.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::NewVolume;
use crate::container::wire::{read, write};

pub(super) const FILE: &str = "volume.json";
const SCHEMA: &str = "plimsoll.volume/1";

/// What is written down of a volume when it is made.
#[derive(Debug, PartialEq)]
pub(super) struct Written {
    pub volume: NewVolume,
    pub created: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct VolumeWire {
    name: String,
    created: Timestamp,
    labels: Vec<(String, String)>,
    options: Vec<(String, String)>,
}

pub(super) fn write_volume(volume: &NewVolume, created: Timestamp) -> Vec<u8> {
    let NewVolume { name, labels, options } = volume.clone();
    // There is nothing in it that JSON could not say.
    write(SCHEMA, VolumeWire { name, created, labels, options }).unwrap_or_default()
}

pub(super) fn read_volume(bytes: &[u8]) -> Result<Written, String> {
    let VolumeWire { name, created, labels, options } = read(SCHEMA, bytes)?;
    Ok(Written { volume: NewVolume { name, labels, options }, created })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_survives_being_written_down() {
        let pair = |a: &str, b: &str| vec![(a.to_string(), b.to_string())];
        let volume =
            NewVolume { labels: pair("a", ""), options: pair("type", "none"), ..NewVolume::named("db") };
        let created = "2026-11-22T10:00:00.5Z".parse().unwrap();
        let bytes = write_volume(&volume, created);
        assert!(bytes.starts_with(b"{\"schema\":\"plimsoll.volume/1\""));
        assert_eq!(read_volume(&bytes).unwrap(), Written { volume, created });
        for bad in [&b""[..], b"{}", b"[[[[", b"{\"schema\":\"plimsoll.volume/2\"}"] {
            assert!(read_volume(bad).is_err());
        }
    }
}

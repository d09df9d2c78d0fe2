//! `--volumes-from`: what other containers have mounted of the host and of volumes.

use plimsoll_model::launch::{Mount, MountSource};
use plimsoll_runtime::container::Containers;

use super::short_form;

/// The mounts of one `NAME[:ro|rw|z]`.
pub fn mounts(text: &str, containers: &Containers) -> Result<Vec<Mount>, String> {
    let (name, read_only) = match text.split_once(':') {
        Some((name, words)) => (name, short_form::read_only(words)?),
        None => (text, None),
    };
    if name.is_empty() {
        return Err(format!("malformed volumes-from specification: '{text}'"));
    }
    let other = containers.find(name).map_err(|error| error.to_string())?;
    let mounts = other.record().spec.mounts.iter();
    let shared = mounts.filter(|mount| !matches!(mount.source, MountSource::Tmpfs(_)));
    // A mount that is read-only there is never writable here (moby, daemon/volumes.go).
    Ok(shared.map(|mount| mount.clone().read_only(mount.read_only || read_only == Some(true))).collect())
}

//! What a container has written over its image, apart from what is mounted into it: for `commit`, `diff` and
//! `export`. Nothing of it is run or mounted; its files are read below its own directory, by descriptor.

use std::path::PathBuf;

use plimsoll_image::layer::{CommitRules, LayeredTree, Owners, Written, mount_points};
use plimsoll_model::Digest;
use plimsoll_runtime::container::{Container, Record};
use plimsoll_runtime::host::IdMap;

use crate::command_error::CommandError;
use crate::session::Session;

/// Where a start mounts something of its own, whatever the container was asked for.
const OWN_MOUNTS: [&str; 6] = ["proc", "sys", "dev", "etc/hosts", "etc/hostname", "etc/resolv.conf"];

/// The epoch of a survey that leaves all times as they are.
pub const NO_LATEST: u64 = u64::MAX;

/// What a container has written.
pub struct WrittenFiles {
    upper: PathBuf,
    lower: LayeredTree,
    mount_points: Vec<Vec<u8>>,
    owners: Owners<'static>,
}

impl WrittenFiles {
    /// That of a container, which may run. The session is one that has entered a user namespace.
    pub fn of(session: &Session, container: &Container) -> Result<Self, CommandError> {
        let record = container.record();
        let lower = LayeredTree::open(&session.store, &layers(record)).map_err(CommandError::failure)?;
        let targets = record.spec.mounts.iter().map(|mount| mount.target.as_str());
        let mount_points =
            mount_points(&lower, OWN_MOUNTS.into_iter().chain(targets)).map_err(CommandError::failure)?;
        let user = &record.spec.user;
        let owners = match session.host.ids {
            IdMap::Host | IdMap::Range => Owners::OnDisk,
            IdMap::Single => Owners::Single { uid: user.uid, gid: user.gid, records: None },
        };
        Ok(WrittenFiles { upper: container.rootfs().upper(), lower, mount_points, owners })
    }

    /// Look through it. No time is later than `epoch` (seconds since 1970).
    pub fn survey(&self, epoch: u64) -> Result<Written<'_>, CommandError> {
        let rules = CommitRules { epoch, owners: self.owners, mount_points: &self.mount_points };
        Written::survey(&self.upper, &self.lower, &rules).map_err(CommandError::failure)
    }
}

/// The layers a container lies on, lowest first, by the names of their directories in the store.
pub fn layers(record: &Record) -> Vec<Digest> {
    let names = record.lowers.iter().filter_map(|fs| fs.parent()?.file_name()?.to_str());
    names.filter_map(|hex| format!("sha256:{hex}").parse().ok()).collect()
}

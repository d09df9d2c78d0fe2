//! A container as other runtimes take it: a bundle of the OCI runtime specification 1.1.
//!
//! The root file system lies in `rootfs` as plain files: an overlay cannot be the root of a bundle, since a
//! runtime begins with the directory that is named. Everything else is `config.json` and the files that are
//! mounted on `/etc`.

mod linux;
mod mounts;
mod process;
mod resources;
mod surroundings;
#[cfg(test)]
mod tests;
mod unsaid;

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{Mount, Network, Share};
use serde_json::{Value, json};

use crate::container::etc_files;
use crate::plan::{PlanError, plan};
use crate::rootfs::RootFs;

pub use surroundings::{IdRange, Node, Surroundings};

/// Name of the directory with the root file system.
pub const ROOTFS: &str = "rootfs";

/// What is written into the directory of a bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// `config.json`.
    pub config: Value,
    /// Further files by name, readable for all.
    pub files: Vec<(&'static str, String)>,
    /// What plimsoll would do and no bundle can say, a sentence each.
    pub unsaid: Vec<String>,
}

/// Say in the words of the specification what `plan` would do. What cannot be planned cannot be bundled.
pub fn bundle(spec: &LaunchSpec, around: &Surroundings) -> Result<Bundle, PlanError> {
    let mut spec = spec.clone();
    let mut files = Vec::new();
    for ((name, target), content) in etc_files::etc_files(&alone(&spec), &around.etc, None) {
        if spec.mounts.iter().any(|mount| mount.target == target) {
            continue;
        }
        // Relative to the directory of the bundle, which may be moved.
        let mount = Mount::bind(name, target).read_only(spec.security.read_only_root);
        spec.mounts.insert(files.len(), mount);
        files.push((name, content));
    }
    spec.mounts.iter().try_for_each(mounts::check)?;
    let nowhere = RootFs { lowers: Vec::new(), scratch: "/".into() };
    let plan = plan(&spec, &around.host, &nowhere)?;
    let mut config = json!({
        "ociVersion": "1.1.0",
        "process": process::process(&spec, &plan),
        "root": { "path": ROOTFS, "readonly": spec.security.read_only_root },
        "mounts": mounts::mounts(&spec, around),
        "annotations": { "org.opencontainers.image.stopSignal": spec.stop.signal.to_string() },
        "linux": linux::linux(&spec, around, plan.promise.capabilities)?,
    });
    // runc refuses a name for what is shared.
    if spec.sharing.uts == Share::Own {
        config["hostname"] = json!(spec.hostname);
    }
    if !spec.domainname.is_empty() {
        config["domainname"] = json!(spec.domainname);
    }
    Ok(Bundle { config, files, unsaid: unsaid::sentences(&spec, &around.host.ids) })
}

/// The same with the network that a bundle has: the host's, or nothing but loopback.
fn alone(spec: &LaunchSpec) -> LaunchSpec {
    let network = if spec.network == Network::Host { Network::Host } else { Network::None };
    LaunchSpec { network, ..spec.clone() }
}

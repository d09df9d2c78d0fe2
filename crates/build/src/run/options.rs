//! The flags of a RUN: which are refused, what of them the result depends on.

use plimsoll_contract::stage::{RunMount, RunNetwork, RunWork};
use plimsoll_dockerfile::syntax::Flag;
use plimsoll_model::Span;

use super::{BoundFiles, RunSettings};
use crate::key::KeyHasher;

/// Refuse, with its place, what cannot be carried out.
pub(crate) fn refuse_flags(flags: &[Flag]) -> Result<(), (Span, String)> {
    for flag in flags {
        let value = flag.value.as_ref().map_or("", |value| value.text.as_str());
        let why = match (flag.name.as_str(), value) {
            ("security", "insecure") => {
                "RUN --security=insecure asks for a process without any confinement, which no build gets here: \
                 remove it, or run what needs it in a container of its own with plimsoll run"
            }
            ("device", _) => {
                "RUN --device asks for a device of the machine, and a build has none: remove it; what is built \
                 must not depend on the machine"
            }
            _ => continue,
        };
        return Err((flag.span, why.to_string()));
    }
    Ok(())
}

/// Whether a step reaches a network: what it says itself counts before what the build says.
pub(super) fn has_network(written: Option<RunNetwork>, settings: &RunSettings) -> bool {
    match written {
        Some(RunNetwork::None) => false,
        Some(RunNetwork::Host) => true,
        Some(RunNetwork::Default) | None => !settings.no_network,
    }
}

/// What of flags and settings the result depends on: what is mounted where and, for a bind, with which
/// content. Not what a cache or a secret holds, nor limits.
pub(crate) fn describe(
    work: &RunWork,
    settings: &RunSettings,
    bound: &[Option<BoundFiles<'_>>],
    key: &mut KeyHasher,
) {
    let network = if has_network(work.network, settings) { "default" } else { "none" };
    key.texts("--network", "", [network]);
    let hosts: Vec<String> = settings.hosts.iter().map(|(name, ip)| format!("{name}:{ip}")).collect();
    key.texts("--add-host", "", hosts.iter().map(String::as_str));
    for (mount, bound) in work.mounts.iter().zip(bound) {
        let target = mount.target().unwrap_or_default();
        key.texts("the mount on ", target, definition(mount));
        if let Some(bound) = bound {
            let digest = bound.digest.to_string();
            key.texts("the files mounted on ", target, [digest.as_str()]);
        }
    }
}

fn definition(mount: &RunMount) -> Vec<&str> {
    let target = mount.target().unwrap_or_default();
    match mount {
        RunMount::Bind { read_only: true, .. } => vec!["bind", target, "ro"],
        RunMount::Bind { read_only: false, .. } => vec!["bind", target, "rw"],
        RunMount::Cache(cache) => vec!["cache", target, cache.id.as_str()],
        RunMount::Tmpfs { .. } => vec!["tmpfs", target],
        RunMount::Secret(secret) => {
            vec!["secret", target, secret.id.as_str(), secret.env.as_deref().unwrap_or_default()]
        }
        RunMount::Ssh(ssh) => vec!["ssh", target, ssh.id.as_str()],
    }
}

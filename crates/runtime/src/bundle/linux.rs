//! `linux`: namespaces, ids, devices, kernel settings, filters.

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{Network, Propagation, Seccomp, Share};
use serde_json::{Value, json};

use super::{IdRange, Node, Surroundings, resources};
use crate::host::IdMap;
use crate::plan::{MASKED_PATHS, PlanError, READ_ONLY_PATHS};
use crate::seccomp::{Profile, default_profile};

pub(super) fn linux(spec: &LaunchSpec, around: &Surroundings, capabilities: u64) -> Result<Value, PlanError> {
    let mut linux = json!({
        "namespaces": namespaces(spec, around),
        "rootfsPropagation": propagation(spec),
        "sysctl": sysctls(spec, around),
        "resources": resources::resources(spec, around),
    });
    if around.host.ids != IdMap::Host {
        let [users, groups] = id_mappings(spec, around);
        linux["uidMappings"] = users;
        linux["gidMappings"] = groups;
    }
    if !around.devices.is_empty() {
        linux["devices"] = around.devices.iter().map(device).collect();
    }
    let bare = spec.security.bare_kernel_files || spec.security.privileged;
    let mut masked = if bare { Vec::new() } else { MASKED_PATHS.to_vec() };
    if !spec.network.is_own() && around.host.ids != IdMap::Host {
        // The host's /sys is shown: its control groups must not be written (CVE-2023-25809).
        masked.push("/sys/fs/cgroup");
    }
    linux["maskedPaths"] = json!(masked);
    linux["readonlyPaths"] = if bare { json!([]) } else { json!(READ_ONLY_PATHS) };
    if let Some(filter) = filter(spec, around, capabilities)? {
        linux["seccomp"] = filter;
    }
    Ok(linux)
}

/// Those of its own. A namespace of another container's cannot be named: its path has a process in it.
fn namespaces(spec: &LaunchSpec, around: &Surroundings) -> Vec<Value> {
    let own = |share: &Share| *share != Share::Host;
    let kinds = [
        ("mount", true),
        ("pid", own(&spec.sharing.pid)),
        ("ipc", own(&spec.sharing.ipc)),
        ("uts", own(&spec.sharing.uts)),
        ("network", spec.network != Network::Host),
        ("cgroup", own(&spec.sharing.cgroup)),
        ("user", around.host.ids != IdMap::Host),
    ];
    kinds.iter().filter(|(_, own)| *own).map(|(kind, _)| json!({ "type": kind })).collect()
}

/// Mounts of the container do not show outside, unless one of them is to.
fn propagation(spec: &LaunchSpec) -> &'static str {
    let any = |kinds: [Propagation; 2]| spec.mounts.iter().any(|mount| kinds.contains(&mount.propagation));
    match () {
        () if any([Propagation::Shared, Propagation::RecursiveShared]) => "rshared",
        () if any([Propagation::Slave, Propagation::RecursiveSlave]) => "rslave",
        () => "rprivate",
    }
}

/// docker's own for a network of one's own, then those asked for.
fn sysctls(spec: &LaunchSpec, around: &Surroundings) -> Value {
    let mut settings = serde_json::Map::new();
    if spec.network.is_own() {
        let groups = match around.host.ids {
            IdMap::Host => "0 2147483647".to_string(),
            IdMap::Range => "0 65536".to_string(),
            IdMap::Single => format!("{0} {0}", spec.user.gid),
        };
        settings.insert("net.ipv4.ip_unprivileged_port_start".to_string(), json!("0"));
        settings.insert("net.ipv4.ping_group_range".to_string(), json!(groups));
    }
    settings.extend(spec.sysctls.iter().map(|(name, value)| (name.clone(), json!(value))));
    Value::Object(settings)
}

/// With one id, a process of another uid gets that uid as the name of the one there is.
fn id_mappings(spec: &LaunchSpec, around: &Surroundings) -> [Value; 2] {
    let single = around.host.ids == IdMap::Single;
    let both = [(&around.users, spec.user.uid), (&around.groups, spec.user.gid)];
    both.map(|(ranges, asked)| {
        let mapping = |range: &IdRange| {
            let inside = if single { asked } else { range.inside };
            json!({ "containerID": inside, "hostID": range.outside, "size": range.count })
        };
        ranges.iter().map(mapping).collect()
    })
}

fn device(node: &Node) -> Value {
    json!({
        "path": node.container,
        "type": node.kind(),
        "major": node.major,
        "minor": node.minor,
        "fileMode": node.mode,
        "uid": node.owner.0,
        "gid": node.owner.1,
    })
}

fn filter(spec: &LaunchSpec, around: &Surroundings, capabilities: u64) -> Result<Option<Value>, PlanError> {
    let profile = match &spec.security.seccomp {
        Seccomp::Unconfined => return Ok(None),
        Seccomp::Default if spec.security.privileged => return Ok(None),
        Seccomp::Default => default_profile(capabilities, !spec.terminal),
        Seccomp::Profile(text) => Profile::parse(text)?,
    };
    Ok(Some(profile.oci(capabilities, around.host.kernel_version())))
}

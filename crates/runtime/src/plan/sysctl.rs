//! Kernel settings a container can have for itself.
//!
//! The list is docker's (runc, `libcontainer/configs/validate`): what belongs to the namespaces of shared
//! memory and network. Everything else would change the machine.

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{IPC_SYSCTLS, Share};

use super::{PlanError, Step, namespace};
use crate::host::{HostFacts, IdMap};

/// The settings asked for, and before them docker's own for a network of one's own.
pub(super) fn steps(spec: &LaunchSpec, host: &HostFacts) -> Result<Vec<Step>, PlanError> {
    let asked = spec
        .sysctls
        .iter()
        .map(|(name, value)| asked(spec, name, value))
        .collect::<Result<Vec<Step>, PlanError>>()?;
    let is_asked = |name: &str| {
        asked.iter().any(|step| matches!(step, Step::Sysctl { name: asked, .. } if asked == name))
    };
    let usual =
        [("net.ipv4.ip_unprivileged_port_start", "0"), ("net.ipv4.ping_group_range", ping_groups(host))];
    let usual = usual.into_iter().filter(|(name, _)| spec.network.is_own() && !is_asked(name));
    let usual = usual.map(|(name, value)| Step::Sysctl {
        name: name.to_string(),
        value: value.to_string(),
        // A kernel without the setting needs none.
        optional: true,
    });
    Ok(usual.collect::<Vec<_>>().into_iter().chain(asked).collect())
}

/// Groups whose processes may send pings without CAP_NET_RAW: all that exist.
fn ping_groups(host: &HostFacts) -> &'static str {
    match host.ids {
        IdMap::Host => "0 2147483647",
        IdMap::Range => "0 65536",
        IdMap::Single => "0 0",
    }
}

fn asked(spec: &LaunchSpec, written: &str, value: &str) -> Result<Step, PlanError> {
    let refuse = |why: String| PlanError::SysctlRefused { name: written.to_string(), why };
    let name = dotted(written);
    if [written, value].iter().any(|text| text.contains('\0')) {
        return Err(PlanError::ZeroByte { what: format!("the kernel setting '{}'", name.replace('\0', "")) });
    }
    let (share, what) = if IPC_SYSCTLS.contains(&name.as_str()) || name.starts_with("fs.mqueue.") {
        (spec.sharing.ipc.clone(), "shared memory")
    } else if name.starts_with("net.") {
        (namespace::network(&spec.network), "network")
    } else {
        return Err(refuse(format!(
            "it is not a container's but the whole machine's; a container has net.*, fs.mqueue.*, {}",
            IPC_SYSCTLS.join(", ")
        )));
    };
    if share == Share::Host {
        return Err(refuse(format!("the container shares the host's {what}, and the host would be changed")));
    }
    // A name that leaves its directory is none (`net...kernel`).
    if path(&name).split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(refuse("a part of the name is empty or dots".to_string()));
    }
    Ok(Step::Sysctl { name, value: value.to_string(), optional: false })
}

/// Names are written with dots, or with slashes if a part has dots itself: what comes first separates
/// (sysctl(8)).
fn dotted(name: &str) -> String {
    match name.find(['.', '/']).map(|at| name.as_bytes()[at]) {
        Some(b'/') => path(name),
        _ => name.to_string(),
    }
}

/// From dots to slashes and back: the path below `/proc/sys`.
pub(crate) fn path(name: &str) -> String {
    let swap = |letter| match letter {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    name.chars().map(swap).collect()
}

//! One way of running the image, from the strictest one on: what is given back.

use plimsoll_contract::evidence::Relaxation;
use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{Mount, Tmpfs};

use super::minimise::Given;

/// Ports below this are not everybody's unless a runtime says so (`ip(7)`).
pub(super) const FIRST_FREE_PORT: u16 = 1024;

/// Restrict a launch to all that is possible, but for what is given back. `low_ports`: the program listens
/// below 1024, so that the kernel's own rule is put in place of docker's.
pub(super) fn restrict(mut spec: LaunchSpec, given: &Given, low_ports: bool) -> LaunchSpec {
    spec.security.read_only_root = !given.contains(&Relaxation::WritableRoot);
    spec.security.no_new_privileges = !given.contains(&Relaxation::PrivilegeEscalation);
    spec.security.capabilities = given.iter().filter_map(capability).collect();
    if low_ports && !given.contains(&Relaxation::LowPorts) {
        let name = "net.ipv4.ip_unprivileged_port_start".to_string();
        spec.sysctls.push((name, FIRST_FREE_PORT.to_string()));
    }
    if let Some(home) = given.iter().find_map(home) {
        spec.env.retain(|(name, _)| name != "HOME");
        spec.env.push(("HOME".to_string(), home));
    }
    // Sorted, so that parents come first, or a later mount would hide an earlier one.
    spec.mounts.extend(given.iter().filter_map(mount).map(empty_dir));
    spec
}

/// As kubelet makes an emptyDir: 0777, owned by root, programs can be started from it (pkg/volume/emptydir).
/// With fsGroup it is the group's and 02777: nobody may do less there.
fn empty_dir(target: String) -> Mount {
    Mount::tmpfs(Tmpfs { mode: 0o777, exec: true, ..Tmpfs::default() }, target)
}

pub(super) fn capability(relaxation: &Relaxation) -> Option<String> {
    match relaxation {
        Relaxation::Capability(name) => Some(name.clone()),
        _ => None,
    }
}

pub(super) fn mount(relaxation: &Relaxation) -> Option<String> {
    match relaxation {
        Relaxation::WritableMount(path) => Some(path.clone()),
        _ => None,
    }
}

pub(super) fn home(relaxation: &Relaxation) -> Option<String> {
    match relaxation {
        Relaxation::Home(path) => Some(path.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_restricted_but_what_is_given_back() {
        let launch = || LaunchSpec::of(vec!["x".to_string()]);
        let strict = restrict(launch(), &Given::new(), true);
        assert!(strict.security.read_only_root && strict.security.no_new_privileges);
        assert_eq!((strict.security.capabilities.len(), strict.mounts.len()), (0, 0));
        assert_eq!(strict.sysctls[0].1, "1024");
        let given = [
            Relaxation::WritableMount("/run/a".into()),
            Relaxation::WritableMount("/run".into()),
            Relaxation::Capability("CHOWN".into()),
            Relaxation::LowPorts,
            Relaxation::Home("/tmp".into()),
        ];
        let loose = restrict(launch(), &given.into(), true);
        let targets: Vec<&str> = loose.mounts.iter().map(|mount| mount.target.as_str()).collect();
        assert_eq!(targets, ["/run", "/run/a"]);
        assert_eq!((loose.sysctls.len(), loose.security.capabilities), (0, vec!["CHOWN".to_string()]));
        assert_eq!(loose.env, [("HOME".to_string(), "/tmp".to_string())]);
    }
}

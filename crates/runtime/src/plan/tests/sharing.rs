//! Namespaces: own, the host's, another container's.

use plimsoll_model::launch::{Network, Share};

use super::*;

fn with(change: impl FnOnce(&mut LaunchSpec)) -> LaunchSpec {
    let mut spec = spec();
    change(&mut spec);
    spec
}

fn other() -> Share {
    Share::Container("web".into())
}

#[test]
fn memberships_are_as_asked() {
    let spec = with(|spec| {
        spec.sharing.pid = Share::Host;
        spec.sharing.ipc = other();
        spec.network = Network::Container("web".into());
    });
    let namespaces = plan(&spec, &host(IdMap::Range), &rootfs()).unwrap().namespaces;
    let expected = [
        (Namespace::User, Share::Host),
        (Namespace::Mount, Share::Own),
        (Namespace::Pid, Share::Host),
        (Namespace::Ipc, other()),
        (Namespace::Uts, Share::Own),
        (Namespace::Network, other()),
        (Namespace::Cgroup, Share::Own),
    ];
    assert_eq!(namespaces, expected);
}

#[test]
fn the_hosts_processes_come_with_the_hosts_proc() {
    let spec = with(|spec| spec.sharing.pid = Share::Host);
    let root = steps(&spec, IdMap::Host);
    assert!(root.contains(&Step::Proc { whose: Share::Host }));
    let user = steps(&spec, IdMap::Single);
    assert!(user.contains(&Step::HostProc), "a new one is refused to an ordinary user");
    for steps in [root, user] {
        assert!(steps.contains(&Step::Mask { paths: MASKED_PATHS.to_vec() }), "masks stay");
        assert!(!steps.contains(&Step::EnterProcesses));
    }
}

#[test]
fn the_hosts_shared_memory() {
    let spec = with(|spec| spec.sharing.ipc = Share::Host);
    let root = steps(&spec, IdMap::Host);
    assert!(root.contains(&Step::SharedShm { of: None }) && root.contains(&Step::MessageQueues));
    let user = steps(&spec, IdMap::Range);
    assert!(user.contains(&Step::SharedShm { of: None }) && user.contains(&Step::HostMessageQueues));
    assert!(!user.iter().any(|step| matches!(step, Step::Shm { .. })));
}

#[test]
fn a_shared_host_name_is_not_set() {
    for share in [Share::Host, other()] {
        let spec = with(|spec| spec.sharing.uts = share.clone());
        assert!(!steps(&spec, IdMap::Host).iter().any(|step| matches!(step, Step::Hostname(_))));
        let spec = LaunchSpec { domainname: "sea".into(), ..spec };
        let refused = plan(&spec, &host(IdMap::Host), &rootfs());
        assert!(matches!(refused, Err(PlanError::DomainNameOfOthers { .. })));
    }
    let spec = with(|spec| spec.domainname = "sea".into());
    assert!(steps(&spec, IdMap::Host).contains(&Step::DomainName("sea".into())));
    assert!(!steps(&super::spec(), IdMap::Host).iter().any(|step| matches!(step, Step::DomainName(_))));
}

#[test]
fn control_groups_of_the_host() {
    assert!(steps(&spec(), IdMap::Host).contains(&Step::OwnCgroups));
    for share in [Share::Host, other()] {
        assert!(!steps(&with(|spec| spec.sharing.cgroup = share), IdMap::Host).contains(&Step::OwnCgroups));
    }
}

#[test]
fn another_containers_namespaces_are_joined_once_and_unseen() {
    let spec = with(|spec| {
        spec.sharing.ipc = other();
        spec.sharing.uts = Share::Container("db".into());
        spec.network = Network::Container("web".into());
    });
    let steps = steps(&spec, IdMap::Host);
    let join = |id: &str, namespaces: &[Namespace]| {
        let (id, namespaces) = (id.to_string(), namespaces.to_vec());
        position(&steps, |step| {
            *step == Step::JoinContainer { id: id.clone(), namespaces: namespaces.clone() }
        })
    };
    let web = join("web", &[Namespace::Ipc, Namespace::Network]);
    let db = join("db", &[Namespace::Uts]);
    let hidden = position(&steps, |step| *step == Step::Hide);
    // Its mounts can be taken only while nothing lies over our own root.
    let root = position(&steps, |step| matches!(step, Step::Root { .. }));
    assert!(hidden < web && hidden < db && web < root && db < root);
    assert!(steps.contains(&Step::SharedShm { of: Some("web".into()) }));
    // What was set there is not ours to set again.
    assert!(
        !steps.contains(&Step::Loopback) && !steps.iter().any(|step| matches!(step, Step::Sysctl { .. }))
    );
    // The network is another one than the host's: so is what /sys shows of it.
    assert!(steps.contains(&Step::Sys { read_only: true }));
}

#[test]
fn another_containers_processes_are_joined_last() {
    for no_new_privileges in [false, true] {
        let spec = with(|spec| {
            spec.sharing.pid = other();
            spec.security.no_new_privileges = no_new_privileges;
            spec.terminal = true;
        });
        let steps = steps(&spec, IdMap::Single);
        let at = |what: fn(&Step) -> bool| position(&steps, what);
        let visible = at(|step| *step == Step::EnterProcesses);
        assert!(steps.contains(&Step::Proc { whose: other() }));
        for given_up in [
            at(|step| *step == Step::Pivot),
            at(|step| matches!(step, Step::Capabilities(_))),
            at(|step| matches!(step, Step::Filter { .. })),
        ] {
            assert!(given_up < visible, "what the other container sees has given everything up");
        }
        // Only a leader of a session takes a terminal: the one that is left.
        let session = steps.iter().rposition(|step| *step == Step::Session).unwrap();
        assert!(visible < session && session < at(|step| *step == Step::ControlTerminal));
        assert!(at(|step| matches!(step, Step::Terminal { control: false, .. })) < visible);
    }
}

#[test]
fn the_hosts_ids_are_roots() {
    let spec = with(|spec| spec.sharing.user = Share::Host);
    assert!(plan(&spec, &host(IdMap::Host), &rootfs()).is_ok());
    for ids in [IdMap::Range, IdMap::Single] {
        assert_eq!(plan(&spec, &host(ids), &rootfs()).unwrap_err(), PlanError::HostIds);
    }
    let spec = with(|spec| spec.sharing.user = other());
    assert_eq!(plan(&spec, &host(IdMap::Host), &rootfs()).unwrap_err(), PlanError::OthersIds);
}

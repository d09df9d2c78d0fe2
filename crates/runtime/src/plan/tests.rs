use plimsoll_model::launch::{IdCalls, Mount, Network, Tmpfs};

use super::*;
use crate::host::ContainerIds;

mod fields;
mod lesson;
mod sharing;

fn spec() -> LaunchSpec {
    let argv = vec!["/bin/app".to_string(), "two words".to_string()];
    LaunchSpec { workdir: "/srv".to_string(), hostname: "box".to_string(), ..LaunchSpec::of(argv) }
}

fn host(ids: IdMap) -> HostFacts {
    HostFacts { ids, kernel: "6.18.0".to_string() }
}

fn rootfs() -> RootFs {
    RootFs { lowers: vec!["/layers/a".into(), "/layers/b".into()], scratch: "/scratch".into() }
}

fn steps(spec: &LaunchSpec, ids: IdMap) -> Vec<Step> {
    plan(spec, &host(ids), &rootfs()).unwrap().steps
}

fn position(steps: &[Step], what: impl Fn(&Step) -> bool) -> usize {
    steps.iter().position(what).expect("the step is in the plan")
}

#[test]
fn rights_are_given_up_in_the_order_that_works() {
    let mut spec = spec();
    for no_new_privileges in [false, true] {
        spec.security.no_new_privileges = no_new_privileges;
        let steps = steps(&spec, IdMap::Host);
        let at = |what: fn(&Step) -> bool| position(&steps, what);
        let bound = at(|step| matches!(step, Step::BoundCapabilities(_)));
        let ids = at(|step| matches!(step, Step::Ids { .. }));
        let held = at(|step| matches!(step, Step::Capabilities(_)));
        let filter = at(|step| matches!(step, Step::Filter { .. }));
        assert!(at(|step| *step == Step::Pivot) < ids && ids < bound && bound < held);
        // Without no_new_privs loading a filter takes CAP_SYS_ADMIN.
        assert_eq!(filter > held, no_new_privileges);
        assert!(matches!(steps.last(), Some(Step::Execute(_))));
    }
}

#[test]
fn masks_cover_what_volumes_bring() {
    let mut spec = spec();
    spec.mounts.push(Mount::tmpfs(Tmpfs { mode: 0o755, ..Tmpfs::default() }, "/x"));
    let steps = steps(&spec, IdMap::Host);
    let last_mount = steps.iter().rposition(|step| matches!(step, Step::Mount { .. })).unwrap();
    assert!(last_mount < position(&steps, |step| matches!(step, Step::Mask { .. })));
}

#[test]
fn one_id_means_a_nested_namespace_for_everybody_but_root() {
    let mut spec = spec();
    let nested = |spec: &LaunchSpec, ids| {
        let namespaces = plan(spec, &host(ids), &rootfs()).unwrap().namespaces;
        namespaces.contains(&(Namespace::User, Share::Own))
    };
    assert!(!nested(&spec, IdMap::Single));
    spec.user.uid = 33;
    spec.user.gid = 34;
    assert!(nested(&spec, IdMap::Single));
    assert!(!nested(&spec, IdMap::Range));
    assert!(steps(&spec, IdMap::Single).contains(&Step::MapUser { uid: 33, gid: 34 }));
    spec.user.uid = 0;
    let steps = steps(&spec, IdMap::Single);
    let mapped = position(&steps, |step| *step == Step::MapUser { uid: 0, gid: 34 });
    // Its mounts and namespaces belong to whoever is root around it.
    assert!(position(&steps, |step| *step == Step::EnterWorkdir("/srv".into())) < mapped);
    assert!(mapped < position(&steps, |step| matches!(step, Step::Ids { .. })));
}

#[test]
fn calls_about_ids_are_handed_over_only_where_the_kernel_has_one() {
    let mut spec = spec();
    let hands_over = |spec: &LaunchSpec, ids| steps(spec, ids).contains(&Step::HandOverIdCalls);
    assert!(!hands_over(&spec, IdMap::Single), "only who asks for it");
    spec.security.id_calls = IdCalls::Recorded;
    assert!(!hands_over(&spec, IdMap::Host) && !hands_over(&spec, IdMap::Range));
    let steps = steps(&spec, IdMap::Single);
    let handed_over = position(&steps, |step| *step == Step::HandOverIdCalls);
    assert!(position(&steps, |step| matches!(step, Step::Ids { .. })) < handed_over);
    // Loading the filter takes CAP_SYS_ADMIN.
    assert!(handed_over < position(&steps, |step| matches!(step, Step::Capabilities(_))));
    spec.user.uid = 33;
    assert!(!hands_over(&spec, IdMap::Single), "in a nested namespace the kernel answers rightly");
}

#[test]
fn the_hosts_network_brings_the_hosts_sys_to_an_ordinary_user() {
    let mut spec = spec();
    spec.network = Network::Host;
    let shared = steps(&spec, IdMap::Single);
    assert!(shared.contains(&Step::HostSys { read_only: true }));
    assert!(shared.contains(&Step::Mask { paths: vec!["/sys/fs/cgroup"] }));
    assert!(!shared.contains(&Step::Loopback) && !shared.iter().any(|s| matches!(s, Step::Sysctl { .. })));
    assert!(steps(&spec, IdMap::Host).contains(&Step::Sys { read_only: true }));
}

#[test]
fn device_nodes_of_a_volume_are_dead_for_real_root_only() {
    let mut spec = spec();
    spec.mounts.push(Mount::bind("/data", "/x"));
    let devices = |ids| {
        let steps = steps(&spec, ids);
        steps.iter().any(|step| matches!(step, Step::Mount { devices: true, .. }))
    };
    assert!(!devices(IdMap::Host) && devices(IdMap::Range) && devices(IdMap::Single));
}

#[test]
fn old_kernels_get_the_layers_in_one_text() {
    let by_layer = |kernel: &str| {
        let host = HostFacts { ids: IdMap::Host, kernel: kernel.to_string() };
        let steps = plan(&spec(), &host, &rootfs()).unwrap().steps;
        steps.iter().any(|step| matches!(step, Step::Root { layer_by_layer: true, .. }))
    };
    assert!(by_layer("6.5.0") && by_layer("7.0") && !by_layer("6.1.0-18-amd64") && !by_layer("5.15.0"));
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |change: fn(&mut LaunchSpec)| {
        let mut spec = spec();
        change(&mut spec);
        plan(&spec, &host(IdMap::Host), &rootfs()).unwrap_err()
    };
    assert_eq!(refused(|spec| spec.argv.clear()), PlanError::NoCommand);
    for change in [
        (|spec: &mut LaunchSpec| spec.argv[1] = "a\0b".into()) as fn(&mut LaunchSpec),
        |spec| spec.env.push(("A".into(), "\0".into())),
        |spec| spec.workdir = "\0".into(),
        |spec| spec.hostname = "\0".into(),
    ] {
        assert!(matches!(refused(change), PlanError::ZeroByte { .. }));
    }
    let unknown = refused(|spec| spec.security.capabilities.push("CAP_CHOWN".into()));
    assert_eq!(unknown, PlanError::UnknownCapability { name: "CAP_CHOWN".into() });
    assert!(matches!(refused(|spec| spec.hostname = "x".repeat(65)), PlanError::NameTooLong { .. }));
    let mut spec = spec();
    for target in ["/", "", "/..", "/proc", "//proc/", "/proc/self/exe", "/sys", "/dev", "/a/../sys"] {
        spec.mounts = vec![Mount::tmpfs(Tmpfs::default(), target)];
        let result = plan(&spec, &host(IdMap::Host), &rootfs());
        assert!(matches!(result, Err(PlanError::MountRefused { .. })), "{target}");
    }
}

#[test]
fn one_more_process() {
    let mut spec = spec();
    let joined = plan_exec(&spec, &ContainerIds::Host).unwrap();
    let steps = &joined.steps;
    let at = |what: fn(&Step) -> bool| position(steps, what);
    // What the container can see of it has given everything up already.
    let visible = at(|step| *step == Step::EnterProcesses);
    assert!(at(|step| *step == Step::Hide) < visible);
    assert!(at(|step| matches!(step, Step::Capabilities(_))) < visible);
    assert!(at(|step| matches!(step, Step::Filter { .. })) < visible);
    spec.user.uid = 7;
    assert!(
        plan_exec(&spec, &ContainerIds::RootOnly).unwrap().steps.contains(&Step::MapUser { uid: 7, gid: 0 })
    );
    assert!(plan_exec(&spec, &ContainerIds::Nested { uid: 7, gid: 0 }).is_ok());
    let none = plan_exec(&spec, &ContainerIds::Nested { uid: 8, gid: 0 });
    assert!(matches!(none, Err(PlanError::NoSuchId { uid: 7, gid: 0, .. })));
}

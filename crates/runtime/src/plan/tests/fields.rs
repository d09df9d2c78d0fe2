//! Limits, kernel settings, devices, mounts, and what `--privileged` lifts.

use plimsoll_model::launch::{
    ALL_CAPABILITIES, Device, Mount, MountSource, Network, Propagation, Seccomp, Share, Tmpfs, Ulimit,
};

use super::*;

fn refused(change: impl FnOnce(&mut LaunchSpec), ids: IdMap) -> PlanError {
    let mut spec = spec();
    change(&mut spec);
    plan(&spec, &host(ids), &rootfs()).unwrap_err()
}

fn ulimit(name: &str, soft: Option<u64>, hard: Option<u64>) -> Ulimit {
    Ulimit { name: name.to_string(), soft, hard }
}

#[test]
fn limits() {
    let mut spec = spec();
    spec.ulimits = vec![ulimit("nofile", Some(5), Some(6)), ulimit("core", None, None)];
    let build = BuildStep {
        limits: vec![Limit { resource: Resource::Nproc, soft: None, hard: None }],
        ..BuildStep::default()
    };
    let steps = plan_build_step(&spec, &host(IdMap::Host), &rootfs(), &build).unwrap().steps;
    let limits: Vec<String> =
        steps.iter().filter(|step| matches!(step, Step::Limit(_))).map(ToString::to_string).collect();
    let expected = [
        "limit nofile to 5, which it may raise to 6",
        "limit core to unlimited, for ever",
        "limit nproc to unlimited, for ever",
    ];
    assert_eq!(limits, expected);
    // While the right to raise them is still held, and nothing is opened any more.
    let limit = position(&steps, |step| matches!(step, Step::Limit(_)));
    assert!(position(&steps, |step| *step == Step::Pivot) < limit);
    assert!(limit < position(&steps, |step| matches!(step, Step::Ids { .. })));
    let unknown = refused(|spec| spec.ulimits = vec![ulimit("as", None, None)], IdMap::Host);
    assert!(
        unknown.to_string().starts_with("there is no limit named 'as'; there are core, cpu, "),
        "{unknown}"
    );
    for (soft, hard) in [(Some(6), Some(5)), (None, Some(5))] {
        let error = refused(|spec| spec.ulimits = vec![ulimit("nofile", soft, hard)], IdMap::Host);
        assert!(matches!(error, PlanError::SoftAboveHard { .. }), "{error}");
    }
    let joined = plan_exec(&spec, &ContainerIds::Host).unwrap().steps;
    assert_eq!(joined.iter().filter(|step| matches!(step, Step::Limit(_))).count(), 2, "as docker's exec");
}

#[test]
fn oom_scores() {
    let mut spec = spec();
    let scored = |spec: &LaunchSpec, ids| {
        let steps = steps(spec, ids);
        steps.into_iter().find(|step| matches!(step, Step::OomScore { .. }))
    };
    assert_eq!(scored(&spec, IdMap::Host), None);
    spec.oom_score_adj = Some(-1000);
    assert_eq!(scored(&spec, IdMap::Host), Some(Step::OomScore { score: -1000, not_below_ours: false }));
    assert_eq!(scored(&spec, IdMap::Single), Some(Step::OomScore { score: -1000, not_below_ours: true }));
    for score in [-1001, 1001, i32::MAX, i32::MIN] {
        let error = refused(|spec| spec.oom_score_adj = Some(score), IdMap::Host);
        assert_eq!(error, PlanError::OomScore { score });
    }
}

/// The settings of a plan: name, value, whether a failure matters.
fn settings(spec: &LaunchSpec) -> Vec<(String, String, bool)> {
    let steps = steps(spec, IdMap::Host).into_iter();
    let setting = steps.filter_map(|step| match step {
        Step::Sysctl { name, value, optional } => Some((name, value, optional)),
        _ => None,
    });
    setting.collect()
}

#[test]
fn kernel_settings() {
    let mut spec = spec();
    let of = |name: &str, value: &str, optional| (name.to_string(), value.to_string(), optional);
    let (ports, pings) = ("net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range");
    assert_eq!(settings(&spec), [of(ports, "0", true), of(pings, "0 2147483647", true)]);
    spec.sysctls = vec![(ports.into(), "77".into()), ("kernel/sem".into(), "1 2 3 4".into())];
    let asked = [of(pings, "0 2147483647", true), of(ports, "77", false), of("kernel.sem", "1 2 3 4", false)];
    assert_eq!(settings(&spec), asked, "what is asked for takes the place of the usual");
    // Interfaces may have dots in their names.
    spec.sysctls = vec![("net/ipv4/conf/eth0.1/forwarding".into(), "1".into())];
    let (name, ..) = settings(&spec).pop().unwrap();
    assert_eq!(
        (name.as_str(), sysctl_path(&name).as_str()),
        ("net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding")
    );
    // They are written while /proc/sys can be.
    let steps = steps(&spec, IdMap::Host);
    let written = position(&steps, |step| matches!(step, Step::Sysctl { .. }));
    assert!(written < position(&steps, |step| matches!(step, Step::ReadOnly { .. })));
}

#[test]
fn kernel_settings_of_others_are_refused() {
    for name in [
        "kernel.pid_max",
        "vm.swappiness",
        "fs.file-max",
        "kernel.msg_next_id",
        "kernel.hostname",
        "net",
        "",
        "netx.a",
        "net.",
        "net..a",
        "net...kernel.pid_max",
        "net.//.kernel.pid_max",
        "fs.mqueue./",
        "/net/a",
        "net/../vm/x",
    ] {
        let error = refused(|spec| spec.sysctls = vec![(name.into(), "1".into())], IdMap::Host);
        assert!(matches!(error, PlanError::SysctlRefused { .. }), "{name}: {error}");
    }
    let error = refused(|spec| spec.sysctls = vec![("net.a".into(), "\0".into())], IdMap::Host);
    assert!(matches!(error, PlanError::ZeroByte { .. }), "{error}");
    let error = refused(
        |spec| {
            spec.sysctls = vec![("net.a".into(), "1".into())];
            spec.network = Network::Host;
        },
        IdMap::Single,
    );
    assert!(error.to_string().contains("shares the host's network"), "{error}");
    for name in ["kernel.shmmax", "fs.mqueue.msg_max"] {
        let error = refused(
            |spec| {
                spec.sysctls = vec![(name.into(), "1".into())];
                spec.sharing.ipc = Share::Host;
            },
            IdMap::Host,
        );
        assert!(error.to_string().contains("shares the host's shared memory"), "{error}");
    }
    // Another container's may be set, as in docker: they are not the host's.
    let mut spec = spec();
    spec.sysctls = vec![("net.a".into(), "1".into())];
    spec.network = Network::Container("web".into());
    assert_eq!(settings(&spec).len(), 1);
}

#[test]
fn shared_memory_has_the_size_asked_for() {
    let size = |asked, build: Option<u64>| {
        let spec = LaunchSpec { shm_size: asked, ..spec() };
        let build = BuildStep { shm_size: build, ..BuildStep::default() };
        let steps = plan_build_step(&spec, &host(IdMap::Host), &rootfs(), &build).unwrap().steps;
        steps.into_iter().find_map(|step| if let Step::Shm { size } = step { Some(size) } else { None })
    };
    assert_eq!(size(None, None), Some(64 << 20));
    assert_eq!(size(Some(0), None), Some(64 << 20), "0 is no limit to the kernel, and docker's default");
    assert_eq!(size(Some(5), None), Some(5));
    assert_eq!(size(Some(5), Some(6)), Some(6));
}

#[test]
fn devices() {
    let device = |container: &str| Device {
        host: "/dev/fuse".into(),
        container: container.into(),
        access: "rw".into(),
    };
    let mut spec = spec();
    spec.devices = vec![device("/dev/../dev/x/"), device("/dev")];
    spec.mounts = vec![Mount::bind("/data", "/dev/x")];
    let steps = steps(&spec, IdMap::Single);
    let shown = position(&steps, |step| *step == Step::Device(device("/dev/x")));
    assert!(steps.contains(&Step::Device(device("/dev"))), "a directory of devices may be all of /dev");
    assert!(position(&steps, |step| matches!(step, Step::Mount { .. })) < shown, "they lie on top");
    for container in ["/", "/proc/self/mem", "/sys", "/a/..", "/x\0"] {
        let error = refused(|spec| spec.devices = vec![device(container)], IdMap::Host);
        assert!(
            matches!(error, PlanError::MountRefused { .. } | PlanError::ZeroByte { .. }),
            "{container}: {error}"
        );
    }
}

#[test]
fn bare_kernel_files_are_neither_hidden_nor_protected() {
    let mut spec = spec();
    spec.security.bare_kernel_files = true;
    let steps = steps(&spec, IdMap::Host);
    assert!(!steps.iter().any(|step| matches!(step, Step::Mask { .. } | Step::ReadOnly { .. })));
    assert!(steps.contains(&Step::Sys { read_only: true }), "as docker");
    assert!(steps.iter().any(|step| matches!(step, Step::Filter { .. })), "and nothing else is given");
    spec.network = Network::Host;
    let ordinary = super::steps(&spec, IdMap::Single);
    assert!(ordinary.contains(&Step::Mask { paths: vec!["/sys/fs/cgroup"] }), "but the host's groups");
}

#[test]
fn privileged_containers() {
    let mut spec = spec();
    spec.security.privileged = true;
    spec.security.capabilities.clear();
    spec.mounts = vec![Mount::bind("/data", "/x")];
    let all = (1u64 << ALL_CAPABILITIES.len()) - 1;
    for (ids, devices) in [(IdMap::Host, true), (IdMap::Range, false)] {
        let plan = plan(&spec, &host(ids), &rootfs()).unwrap();
        let steps = &plan.steps;
        assert!(steps.contains(&Step::BoundCapabilities(all)) && steps.contains(&Step::Capabilities(all)));
        assert!(
            !steps
                .iter()
                .any(|step| matches!(step, Step::Filter { .. } | Step::Mask { .. } | Step::ReadOnly { .. }))
        );
        assert!(steps.contains(&Step::Sys { read_only: false }));
        assert!(steps.contains(&Step::HostDevices { openable_only: !devices }));
        assert!(steps.contains(&Step::Dev { devices }));
        assert!(
            steps.iter().any(|step| matches!(step, Step::Root { devices: known, .. } if *known == devices))
        );
        assert!(steps.iter().any(|step| matches!(step, Step::Mount { devices: true, .. })));
        assert_eq!(steps.contains(&Step::ShowCgroup { writable: true }), devices);
        assert!(!plan.promise.filtered && plan.promise.held == all);
    }
    spec.user.uid = 7;
    let plan = plan(&spec, &host(IdMap::Host), &rootfs()).unwrap();
    assert_eq!((plan.promise.held, plan.promise.capabilities), (0, all), "only root holds them");
    spec.security.seccomp = Seccomp::Profile(r#"{"defaultAction": "SCMP_ACT_ALLOW"}"#.into());
    let filtered = steps(&spec, IdMap::Host);
    assert!(filtered.iter().any(|step| matches!(step, Step::ProfileFilter { .. })), "as docker");
    let joined = plan_exec(&spec, &ContainerIds::Host).unwrap().steps;
    assert!(joined.contains(&Step::BoundCapabilities(all)));
}

#[test]
fn propagation_of_mounts() {
    let with = |propagation| Mount { propagation, ..Mount::bind("/data", "/x") };
    for (propagation, word) in Propagation::WORDS {
        let mut spec = spec();
        spec.mounts = vec![with(propagation)];
        assert!(plan(&spec, &host(IdMap::Host), &rootfs()).is_ok(), "{word}");
        let shared = matches!(propagation, Propagation::Shared | Propagation::RecursiveShared);
        let user = plan(&spec, &host(IdMap::Range), &rootfs());
        assert_eq!(user.is_err(), shared, "{word}: an ordinary user's mounts never show on the host");
    }
}

#[test]
fn one_id_owns_every_file_system_in_memory() {
    let mut spec = spec();
    spec.mounts = vec![Mount::tmpfs(Tmpfs { owner: (33, 34), ..Tmpfs::default() }, "/x")];
    let owner = |ids| {
        let steps = steps(&spec, ids).into_iter();
        let mut owners = steps.filter_map(|step| match step {
            Step::Mount { mount: Mount { source: MountSource::Tmpfs(tmpfs), .. }, .. } => Some(tmpfs.owner),
            _ => None,
        });
        owners.next()
    };
    assert_eq!(owner(IdMap::Range), Some((33, 34)));
    assert_eq!(owner(IdMap::Single), Some((0, 0)));
}

use std::time::Duration;

use plimsoll_model::launch::{
    Device, DeviceRate, Limits, MountSource, Propagation, RateKind, Seccomp, Share, SwapLimit, Tmpfs, Ulimit,
};
use plimsoll_model::{ProcessUser, Signal};

use super::*;
use crate::container::etc_files::HostEtc;
use crate::host::{HostFacts, IdMap};

fn spec() -> LaunchSpec {
    LaunchSpec { hostname: "box".into(), ..LaunchSpec::of(vec!["app".into(), "two words".into()]) }
}

fn around(ids: IdMap) -> Surroundings {
    let range = |outside| vec![IdRange { inside: 0, outside, count: 1 }];
    Surroundings {
        host: HostFacts { ids, kernel: "6.18.0".into() },
        users: range(1000),
        groups: range(1001),
        etc: HostEtc { hosts: "127.0.0.1\tthis\n".into(), resolv_conf: "nameserver 10.0.0.1\n".into() },
        devices: Vec::new(),
        rated: Vec::new(),
    }
}

fn config(spec: &LaunchSpec, ids: IdMap) -> Value {
    bundle(spec, &around(ids)).unwrap().config
}

/// The options of the last mount on a target.
fn options(config: &Value, target: &str) -> Vec<String> {
    let mounts = config["mounts"].as_array().unwrap();
    let mount = mounts.iter().rfind(|mount| mount["destination"] == target).expect(target);
    let options = mount["options"].as_array().unwrap();
    options.iter().map(|option| option.as_str().unwrap().to_string()).collect()
}

#[test]
fn process() {
    let mut spec = spec();
    spec.env = vec![("A".into(), "b".into())];
    spec.workdir = "/srv".into();
    spec.terminal = true;
    spec.oom_score_adj = Some(-5);
    spec.ulimits = vec![Ulimit { name: "nofile".into(), soft: Some(10), hard: None }];
    spec.security.no_new_privileges = true;
    spec.security.capabilities = vec!["CHOWN".into(), "BPF".into()];
    let process = &config(&spec, IdMap::Host)["process"];
    assert_eq!(process["args"], json!(["app", "two words"]));
    assert_eq!(process["env"], json!(["A=b", "HOME=/root"]));
    assert_eq!(process["cwd"], "/srv");
    assert_eq!(process["user"], json!({ "uid": 0, "gid": 0, "umask": 18, "additionalGids": [] }));
    let held = json!(["CAP_CHOWN", "CAP_BPF"]);
    let sets = json!({ "bounding": held, "permitted": held, "effective": held });
    assert_eq!(process["capabilities"], sets, "nothing is inheritable or ambient");
    assert_eq!(process["rlimits"], json!([{ "type": "RLIMIT_NOFILE", "soft": 10, "hard": u64::MAX }]));
    assert_eq!(process["oomScoreAdj"], -5);
    assert_eq!((&process["terminal"], &process["noNewPrivileges"]), (&json!(true), &json!(true)));
    spec.user = ProcessUser { uid: 5, gid: 6, extra_groups: vec![7], ..ProcessUser::root() };
    let process = &config(&spec, IdMap::Host)["process"];
    assert_eq!(process["user"], json!({ "uid": 5, "gid": 6, "umask": 18, "additionalGids": [7] }));
    assert_eq!(process["capabilities"]["effective"], json!([]), "another user holds none");
}

#[test]
fn names_and_files_of_etc() {
    let mut spec = spec();
    spec.domainname = "home".into();
    spec.mounts = vec![Mount::bind("/my/hosts", "/etc/hosts")];
    spec.security.read_only_root = true;
    spec.stop.signal = Signal::KILL;
    let made = bundle(&spec, &around(IdMap::Host)).unwrap();
    assert_eq!((&made.config["hostname"], &made.config["domainname"]), (&json!("box"), &json!("home")));
    assert_eq!(made.config["annotations"]["org.opencontainers.image.stopSignal"], "SIGKILL");
    assert_eq!(made.config["root"], json!({ "path": "rootfs", "readonly": true }));
    let names: Vec<&str> = made.files.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["hostname", "resolv.conf"], "the user's own file is left alone");
    let mounts = made.config["mounts"].as_array().unwrap();
    let sources: Vec<&str> = mounts.iter().skip(6).map(|mount| mount["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["hostname", "resolv.conf", "/my/hosts"]);
    assert!(options(&made.config, "/etc/hostname").contains(&"rro".to_string()));
}

#[test]
fn mounts() {
    let mut spec = spec();
    spec.shm_size = Some(1 << 20);
    let private = Mount { propagation: Propagation::Private, ..Mount::bind("/a", "/one") };
    let volume = |subpath: &str| MountSource::Volume {
        name: "v".into(),
        directory: "/store/v".into(),
        subpath: subpath.into(),
        memory: None,
        anonymous: false,
    };
    let tmpfs = Tmpfs { size: Some(4096), mode: 0o700, owner: (5, 6), exec: true };
    spec.mounts = vec![
        Mount::bind("/a", "/all").read_only(true),
        private,
        Mount::of(volume(""), "/volume"),
        Mount::tmpfs(tmpfs, "/memory"),
        Mount::tmpfs(Tmpfs::default(), "/usual").read_only(true),
    ];
    let root = config(&spec, IdMap::Host);
    assert_eq!(options(&root, "/all"), ["rbind", "rprivate", "rro", "rnodev"]);
    assert_eq!(options(&root, "/one"), ["bind", "private", "rnodev"]);
    assert_eq!(options(&root, "/memory"), ["nosuid", "nodev", "mode=700", "size=4096", "uid=5", "gid=6"]);
    assert_eq!(options(&root, "/usual"), ["nosuid", "nodev", "noexec", "ro", "mode=1777"]);
    assert!(options(&root, "/dev/shm").contains(&"size=1048576".to_string()));
    assert!(options(&root, "/dev/pts").contains(&"gid=5".to_string()));
    assert_eq!(root["linux"]["rootfsPropagation"], "rprivate");
    let single = config(&spec, IdMap::Single);
    assert_eq!(options(&single, "/volume"), ["rbind", "rprivate"], "devices work as far as the user's do");
    assert_eq!(options(&single, "/memory"), ["nosuid", "nodev", "mode=700", "size=4096"]);
    assert!(!options(&single, "/dev/pts").contains(&"gid=5".to_string()));
    spec.mounts[0].propagation = Propagation::RecursiveSlave;
    assert_eq!(config(&spec, IdMap::Host)["linux"]["rootfsPropagation"], "rslave");
    spec.mounts.push(Mount::of(volume("part"), "/part"));
    let refused = bundle(&spec, &around(IdMap::Host)).unwrap_err().to_string();
    assert!(refused.contains("/part") && refused.contains("a link in the volume"), "{refused}");
}

fn namespaces(spec: &LaunchSpec, ids: IdMap) -> Vec<String> {
    let config = config(spec, ids);
    let namespaces = config["linux"]["namespaces"].as_array().unwrap();
    namespaces.iter().map(|namespace| namespace["type"].as_str().unwrap().to_string()).collect()
}

#[test]
fn namespaces_and_ids() {
    let mut spec = spec();
    assert_eq!(namespaces(&spec, IdMap::Host), ["mount", "pid", "ipc", "uts", "network", "cgroup"]);
    spec.network = Network::Host;
    assert_eq!(namespaces(&spec, IdMap::Range), ["mount", "pid", "ipc", "uts", "cgroup", "user"]);
    let config = |spec: &LaunchSpec, ids| config(spec, ids)["linux"].clone();
    let root = config(&spec, IdMap::Host);
    assert_eq!((&root["uidMappings"], &root["sysctl"]), (&Value::Null, &json!({})));
    let range = config(&spec, IdMap::Range);
    assert_eq!(range["uidMappings"], json!([{ "containerID": 0, "hostID": 1000, "size": 1 }]));
    assert!(range["maskedPaths"].as_array().unwrap().contains(&json!("/sys/fs/cgroup")));
    spec.network = Network::None;
    spec.user = ProcessUser { uid: 33, gid: 34, ..ProcessUser::root() };
    spec.sysctls = vec![("net.ipv4.ip_unprivileged_port_start".into(), "80".into())];
    let single = config(&spec, IdMap::Single);
    assert_eq!(single["uidMappings"], json!([{ "containerID": 33, "hostID": 1000, "size": 1 }]));
    assert_eq!(single["gidMappings"], json!([{ "containerID": 34, "hostID": 1001, "size": 1 }]));
    let settings = json!({
        "net.ipv4.ip_unprivileged_port_start": "80", "net.ipv4.ping_group_range": "34 34"
    });
    assert_eq!(single["sysctl"], settings);
}

#[test]
fn filters_and_hidden_paths() {
    let mut spec = spec();
    let config = |spec: &LaunchSpec| config(spec, IdMap::Host)["linux"].clone();
    assert_eq!(config(&spec)["seccomp"]["defaultAction"], "SCMP_ACT_ERRNO");
    assert!(config(&spec)["maskedPaths"].as_array().unwrap().contains(&json!("/proc/keys")));
    spec.security.bare_kernel_files = true;
    assert_eq!((&config(&spec)["maskedPaths"], &config(&spec)["readonlyPaths"]), (&json!([]), &json!([])));
    let rule = |cap| json!({ "names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "includes": { "caps": [cap] } });
    let rules = [rule("CAP_CHOWN"), rule("CAP_SYS_ADMIN")];
    let profile = json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules });
    spec.security.seccomp = Seccomp::Profile(profile.to_string());
    let kept = json!([{ "names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38 }]);
    assert_eq!(config(&spec)["seccomp"]["syscalls"], kept, "what does not hold for this process is left out");
    spec.security.seccomp = Seccomp::Profile("{}".into());
    let refused = bundle(&spec, &around(IdMap::Host)).unwrap_err();
    assert_eq!(refused.to_string(), "the seccomp profile is wrong at its top: 'defaultAction' is missing");
    spec.security.seccomp = Seccomp::Unconfined;
    assert_eq!(config(&spec)["seccomp"], Value::Null);
}

#[test]
fn limits_and_devices() {
    let mut spec = spec();
    let rate = DeviceRate { device: "/dev/vda".into(), kind: RateKind::WriteOperations, rate: 30 };
    spec.limits = Limits {
        memory: Some(1 << 20),
        memory_swappiness: Some(0),
        oom_kill_disable: true,
        nano_cpus: Some(1_500_000_000),
        cpu_shares: Some(512),
        cpuset_cpus: Some("0-1".into()),
        pids: Some(9),
        io_weight: Some(100),
        io_rates: vec![rate.clone()],
        ..Limits::default()
    };
    spec.devices =
        vec![Device { host: "/dev/fuse".into(), container: "/dev/fuse".into(), access: "rw".into() }];
    let node = Node {
        container: "/dev/fuse".into(),
        block: false,
        major: 10,
        minor: 229,
        mode: 0o666,
        owner: (0, 0),
        access: "rw".into(),
    };
    let mut around = around(IdMap::Host);
    around.devices = vec![node];
    around.rated = vec![(rate, (254, 0))];
    let linux = |spec: &LaunchSpec| bundle(spec, &around).unwrap().config["linux"].clone();
    let shown = linux(&spec);
    let memory = json!({ "limit": 1 << 20, "swap": 2 << 20, "swappiness": 0, "disableOOMKiller": true });
    assert_eq!(shown["resources"]["memory"], memory);
    let cpu = json!({ "shares": 512, "quota": 150_000, "period": 100_000, "cpus": "0-1" });
    assert_eq!(shown["resources"]["cpu"], cpu);
    assert_eq!(shown["resources"]["pids"], json!({ "limit": 9 }));
    let io = json!({ "weight": 100, "throttleWriteIOPSDevice": [{ "major": 254, "minor": 0, "rate": 30 }] });
    assert_eq!(shown["resources"]["blockIO"], io);
    let allowed = json!({ "allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw" });
    assert_eq!(shown["resources"]["devices"], json!([{ "allow": false, "access": "rwm" }, allowed]));
    assert_eq!(shown["devices"][0]["path"], "/dev/fuse");
    assert_eq!(
        (&shown["devices"][0]["fileMode"], &shown["devices"][0]["major"]),
        (&json!(0o666), &json!(10))
    );
    spec.limits.memory_swap = Some(SwapLimit::Unlimited);
    assert_eq!(linux(&spec)["resources"]["memory"]["swap"], -1);
}

#[test]
fn what_cannot_be_said() {
    let mut spec = spec();
    assert!(bundle(&spec, &around(IdMap::Host)).unwrap().unsaid.is_empty());
    spec.init = true;
    spec.network = Network::Joined(vec!["front".into(), "back".into()]);
    spec.sharing.ipc = Share::Container("abc".into());
    spec.stop.grace = Duration::from_secs(1);
    let unsaid = unsaid::sentences(&spec, &IdMap::Host);
    assert_eq!(unsaid.len(), 4, "{unsaid:?}");
    assert!(unsaid[1].ends_with("is not in front, back"), "{unsaid:?}");
    spec.user.uid = 5;
    assert_eq!(unsaid::sentences(&spec, &IdMap::Single).len(), 5);
}

#[test]
fn what_cannot_be_planned_cannot_be_bundled() {
    let mut spec = spec();
    spec.mounts = vec![Mount::bind("/", "/proc/self")];
    assert!(matches!(bundle(&spec, &around(IdMap::Host)), Err(PlanError::MountRefused { .. })));
    let empty = LaunchSpec::of(Vec::new());
    assert_eq!(bundle(&empty, &around(IdMap::Host)), Err(PlanError::NoCommand));
}

//! docker's `HostConfig`: how the container is run.

use std::collections::BTreeMap;

use plimsoll_model::Network;
use plimsoll_model::launch::{
    Device, DeviceRate, Limits, Mount, MountSource, RateKind, Share, SwapLimit, Tmpfs, Ulimit,
};
use plimsoll_runtime::container::{LogRule, Record, RestartPolicy};
use plimsoll_runtime::plan::{MASKED_PATHS, READ_ONLY_PATHS};
use plimsoll_template::{Field, Value};

use super::{list, whole};

/// docker's size of `/dev/shm`.
const SHM_SIZE: u64 = 64 << 20;

/// How it is run.
pub fn host_config(record: &Record) -> Value {
    let mut fields = wiring(record);
    fields.extend(sharing(record));
    fields.extend(resources(&record.spec.limits, &record.spec.devices));
    fields.extend(confinement(record));
    Value::Record(fields)
}

/// Files, logs, network, restarts.
fn wiring(record: &Record) -> Vec<Field> {
    let (spec, asked) = (&record.spec, &record.asked);
    let (policy, most) = restart(record.upkeep.restart);
    let servers: Vec<String> = spec.naming.servers.iter().map(ToString::to_string).collect();
    vec![
        Field::new("Binds", Value::texts(asked.binds.iter().cloned())),
        Field::new("ContainerIDFile", ""),
        Field::new("LogConfig", log_config(&record.upkeep.log)),
        Field::new("NetworkMode", network_mode(&spec.network)),
        Field::new("PortBindings", port_bindings(record)),
        Field::new(
            "RestartPolicy",
            Value::Record(vec![Field::new("Name", policy), Field::new("MaximumRetryCount", most)]),
        ),
        Field::new("AutoRemove", record.upkeep.auto_remove),
        Field::new("VolumeDriver", ""),
        Field::new("VolumesFrom", Value::texts(asked.volumes_from.iter().cloned())),
        Field::new("CapAdd", Value::texts(asked.cap_add.iter().cloned())),
        Field::new("CapDrop", Value::texts(asked.cap_drop.iter().cloned())),
        Field::new("CgroupnsMode", if spec.sharing.cgroup == Share::Host { "host" } else { "private" }),
        Field::new("Dns", list(&servers)).keyed("Dns"),
        Field::new("DnsOptions", list(&spec.naming.options)),
        Field::new("DnsSearch", list(&spec.naming.search)),
        Field::new("ExtraHosts", Value::texts(extra_hosts(record))),
        Field::new("GroupAdd", Value::texts(asked.group_add.iter().cloned())),
    ]
}

/// Namespaces and what is shared.
fn sharing(record: &Record) -> Vec<Field> {
    let (spec, asked) = (&record.spec, &record.asked);
    let sharing = &spec.sharing;
    let ipc = match &sharing.ipc {
        Share::Own => "private".to_string(),
        other => mode(other),
    };
    vec![
        Field::new("IpcMode", ipc),
        Field::new("Cgroup", ""),
        Field::new("Links", Value::List(None)),
        Field::new("OomScoreAdj", i64::from(spec.oom_score_adj.unwrap_or(0))),
        Field::new("PidMode", mode(&sharing.pid)),
        Field::new("Privileged", spec.security.privileged),
        Field::new("PublishAllPorts", asked.publish_all),
        Field::new("ReadonlyRootfs", spec.security.read_only_root),
        Field::new("SecurityOpt", Value::texts(asked.security_opt.iter().cloned())),
        Field::if_any("Tmpfs", tmpfs(&spec.mounts)),
        Field::new("UTSMode", mode(&sharing.uts)),
        Field::new("UsernsMode", mode(&sharing.user)),
        Field::new("ShmSize", whole(spec.shm_size.unwrap_or(SHM_SIZE))),
        Field::if_any("Sysctls", texts_by_name(&spec.sysctls)),
        Field::new("Runtime", "plimsoll"),
        Field::new("ConsoleSize", Value::List(Some(vec![Value::Int(0), Value::Int(0)]))),
        Field::new("Isolation", ""),
    ]
}

/// What it may use of the machine.
fn resources(limits: &Limits, devices: &[Device]) -> Vec<Field> {
    let number = |value: Option<u64>| value.map_or(0, whole);
    let rates =
        |kind| Value::List(Some(limits.io_rates.iter().filter(|rate| rate.kind == kind).map(rate).collect()));
    vec![
        Field::new("CPUShares", number(limits.cpu_shares)).keyed("CpuShares"),
        Field::new("Memory", number(limits.memory)),
        Field::new("NanoCPUs", number(limits.nano_cpus)).keyed("NanoCpus"),
        Field::new("CgroupParent", ""),
        Field::new("BlkioWeight", limits.io_weight.map_or(0, i64::from)),
        Field::new("BlkioWeightDevice", Value::List(Some(Vec::new()))),
        Field::new("BlkioDeviceReadBps", rates(RateKind::ReadBytes)),
        Field::new("BlkioDeviceWriteBps", rates(RateKind::WriteBytes)),
        Field::new("BlkioDeviceReadIOps", rates(RateKind::ReadOperations)),
        Field::new("BlkioDeviceWriteIOps", rates(RateKind::WriteOperations)),
        Field::new("CPUPeriod", number(limits.cpu_period)).keyed("CpuPeriod"),
        Field::new("CPUQuota", number(limits.cpu_quota)).keyed("CpuQuota"),
        Field::new("CPURealtimePeriod", 0).keyed("CpuRealtimePeriod"),
        Field::new("CPURealtimeRuntime", 0).keyed("CpuRealtimeRuntime"),
        Field::new("CpusetCpus", limits.cpuset_cpus.clone().unwrap_or_default()),
        Field::new("CpusetMems", limits.cpuset_mems.clone().unwrap_or_default()),
        Field::new("Devices", Value::List(Some(devices.iter().map(device).collect()))),
        Field::new("DeviceCgroupRules", Value::List(None)),
        Field::new("DeviceRequests", Value::List(None)),
        Field::new("KernelMemory", 0),
        Field::new("KernelMemoryTCP", 0),
        Field::new("MemoryReservation", number(limits.memory_reservation)),
        Field::new("MemorySwap", memory_swap(limits)),
        Field::new(
            "MemorySwappiness",
            limits.memory_swappiness.map_or(Value::Nil, |own| i64::from(own).into()),
        ),
        Field::new("OomKillDisable", limits.oom_kill_disable),
        Field::new("PidsLimit", limits.pids.map_or(Value::Nil, |pids| whole(pids).into())),
    ]
}

/// Limits of the process, and what of the kernel is hidden.
fn confinement(record: &Record) -> Vec<Field> {
    let security = &record.spec.security;
    let shown = |paths: &[&str]| match security.privileged || security.bare_kernel_files {
        true => Value::List(None),
        false => Value::texts(paths.iter().map(ToString::to_string)),
    };
    vec![
        Field::new("Ulimits", Value::List(Some(record.spec.ulimits.iter().map(ulimit).collect()))),
        Field::new("CPUCount", 0).keyed("CpuCount"),
        Field::new("CPUPercent", 0).keyed("CpuPercent"),
        Field::new("IOMaximumIOps", 0),
        Field::new("IOMaximumBandwidth", 0),
        Field::new("MaskedPaths", shown(&MASKED_PATHS)),
        Field::new("ReadonlyPaths", shown(&READ_ONLY_PATHS)),
        Field::if_any("Init", record.spec.init),
    ]
}

fn restart(policy: RestartPolicy) -> (&'static str, i64) {
    match policy {
        RestartPolicy::No => ("no", 0),
        RestartPolicy::OnFailure { most } => ("on-failure", most.map_or(0, i64::from)),
        RestartPolicy::Always => ("always", 0),
        RestartPolicy::UnlessStopped => ("unless-stopped", 0),
    }
}

fn log_config(log: &LogRule) -> Value {
    Value::Record(vec![
        Field::new("Type", log.driver.as_str()),
        Field::new("Config", texts_by_name(&log.options)),
    ])
}

fn texts_by_name(pairs: &[(String, String)]) -> Value {
    let entries: BTreeMap<String, Value> =
        pairs.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    Value::map(Some(entries), Value::from(""))
}

fn network_mode(network: &Network) -> String {
    match network {
        Network::None => "none".into(),
        Network::Host => "host".into(),
        Network::Private => "private".into(),
        Network::UserMode(program) => program.name().into(),
        Network::Joined(names) => names.first().cloned().unwrap_or_default(),
        Network::Container(id) => format!("container:{id}"),
    }
}

/// What was asked for: with `HostPort` empty where the kernel chooses.
fn port_bindings(record: &Record) -> Value {
    let mut bindings: BTreeMap<String, Value> = BTreeMap::new();
    for publish in &record.spec.publish {
        let ip = match publish.host_ip.is_unspecified() {
            true => String::new(),
            false => publish.host_ip.to_string(),
        };
        let port = publish.host_port.map_or(String::new(), |port| match publish.further_ports {
            0 => port.to_string(),
            further => format!("{port}-{}", port.saturating_add(further)),
        });
        let binding =
            Value::Record(vec![Field::new("HostIP", ip).keyed("HostIp"), Field::new("HostPort", port)]);
        let place = bindings.entry(publish.container.to_string()).or_insert(Value::List(None));
        if let Value::List(list) = place {
            list.get_or_insert_default().push(binding);
        }
    }
    Value::map(Some(bindings), Value::List(None))
}

fn extra_hosts(record: &Record) -> Vec<String> {
    let address = |entry: &plimsoll_model::launch::HostEntry| {
        entry.address.map_or("host-gateway".to_string(), |address| address.to_string())
    };
    record.spec.naming.hosts.iter().map(|entry| format!("{}:{}", entry.name, address(entry))).collect()
}

/// docker's word for whose namespace it is; its own is the empty word.
fn mode(share: &Share) -> String {
    match share {
        Share::Own => String::new(),
        Share::Host => "host".into(),
        Share::Container(id) => format!("container:{id}"),
    }
}

fn tmpfs(mounts: &[Mount]) -> Value {
    let options = |tmpfs: &Tmpfs| {
        let mut options = Vec::new();
        options.extend(tmpfs.size.map(|size| format!("size={size}")));
        if tmpfs.mode != Tmpfs::default().mode {
            options.push(format!("mode={:o}", tmpfs.mode));
        }
        options.extend(tmpfs.exec.then(|| "exec".to_string()));
        Value::from(options.join(","))
    };
    let entries: BTreeMap<String, Value> = mounts
        .iter()
        .filter_map(|mount| match &mount.source {
            MountSource::Tmpfs(tmpfs) => Some((mount.target.clone(), options(tmpfs))),
            _ => None,
        })
        .collect();
    Value::map(Some(entries).filter(|entries| !entries.is_empty()), Value::from(""))
}

fn rate(rate: &DeviceRate) -> Value {
    Value::Record(vec![
        Field::new("Path", rate.device.display().to_string()),
        Field::new("Rate", whole(rate.rate)),
    ])
}

fn device(device: &Device) -> Value {
    Value::Record(vec![
        Field::new("PathOnHost", device.host.display().to_string()),
        Field::new("PathInContainer", device.container.as_str()),
        Field::new("CgroupPermissions", device.access.as_str()),
    ])
}

/// docker fills in twice the memory where nothing was said.
fn memory_swap(limits: &Limits) -> i64 {
    match (limits.memory_swap, limits.memory) {
        (Some(SwapLimit::Unlimited), _) => -1,
        (Some(SwapLimit::Bytes(bytes)), _) => whole(bytes),
        (None, Some(memory)) => whole(memory.saturating_mul(2)),
        (None, None) => 0,
    }
}

fn ulimit(limit: &Ulimit) -> Value {
    let number = |value: Option<u64>| value.map_or(-1, whole);
    Value::Record(vec![
        Field::new("Name", limit.name.as_str()),
        Field::new("Hard", number(limit.hard)),
        Field::new("Soft", number(limit.soft)),
    ])
}

//! What the process may use: limits of resources, of the kernel, of cgroups.

use crate::conformance::case::{Case, Needs, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = kernel();
    cases.extend(cgroup());
    cases
}

fn kernel() -> Vec<Case> {
    vec![
        case("ulimit", "docker run reference, --ulimit: TYPE=SOFT[:HARD]")
            .run("run --rm --ulimit nofile=64:128 --ulimit nproc=500:600 bb sh -c 'ulimit -n; ulimit -Hn; ulimit -u; ulimit -Hu'")
            .is("64\n128\n500\n600")
            .run("run --rm --ulimit nofile=64 --ulimit nproc=500 bb sh -c 'ulimit -n; ulimit -Hn'")
            .is("64\n64"),
        case("ulimit-invalid", "docker run reference, --ulimit: a known type, numbers, soft not above hard")
            .run("run --rm --ulimit nope=1 bb true")
            .ends(125)
            .says("nope")
            .run("run --rm --ulimit nofile=many bb true")
            .ends(125)
            .run("run --rm --ulimit nofile=128:64 bb true")
            .ends(125),
        case("sysctl", "docker run reference, --sysctl: settings of its own namespaces")
            .run("run --rm --sysctl kernel.msgmax=4242 --sysctl net.ipv4.ip_default_ttl=42 bb cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_default_ttl")
            .is("4242\n42"),
        case("sysctl-of-the-host", "docker run reference, --sysctl: others are refused")
            .run("run --rm --sysctl kernel.panic=1 bb true")
            .ends(125)
            .says("kernel.panic"),
        case("sysctl-invalid", "docker run reference, --sysctl: NAME=VALUE")
            .run("run --rm --sysctl kernel.msgmax bb true")
            .ends(125),
        case("shm-size", "docker run reference, --shm-size: size of /dev/shm, 64m if not given")
            .run("run --rm bb sh -c 'df -k /dev/shm | tail -1 | tr -s \" \" | cut -d\" \" -f2'")
            .is("65536")
            .run("run --rm --shm-size 1m bb sh -c 'df -k /dev/shm | tail -1 | tr -s \" \" | cut -d\" \" -f2'")
            .is("1024")
            .run("run --rm --shm-size 2097152 bb sh -c 'df -k /dev/shm | tail -1 | tr -s \" \" | cut -d\" \" -f2'")
            .is("2048"),
        case("shm-size-invalid", "docker run reference, --shm-size: a number and b, k, m or g")
            .run("run --rm --shm-size big bb true")
            .ends(125)
            .says("big"),
        case("oom-score-adj", "docker-run(1), --oom-score-adj: from -1000 to 1000")
            .run("run --rm --oom-score-adj 345 bb cat /proc/self/oom_score_adj")
            .is("345")
            .run("run --rm --oom-score-adj 2000 bb true")
            .ends(125),
    ]
}

fn cgroup() -> Vec<Case> {
    vec![
        case("memory", "docker run reference, -m: a process that needs more is killed, and the state says so")
            .needs(Needs::Root)
            .run("run --name {c} -m 16m bb sh -c 'tail /dev/zero; exit 1'")
            .ends(1)
            .run("inspect -f '{{.HostConfig.Memory}}' {c}")
            .is("16777216"),
        case("memory-killed", "docker inspect: OOMKilled tells that the limit was the end")
            .needs(Needs::Root)
            .run("run --name {c} -m 16m bb tail /dev/zero")
            .ends(137)
            .run("inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' {c}")
            .is("true 137"),
        case("memory-invalid", "docker run reference, -m: a number and b, k, m or g, not too small")
            .run("run --rm -m lots bb true")
            .ends(125)
            .says("lots")
            .run("run --rm -m 1k bb true")
            .ends(125),
        case("memory-swap-below-memory", "docker run reference, --memory-swap: not less than --memory")
            .run("run --rm -m 64m --memory-swap 32m bb true")
            .ends(125),
        case("pids-limit", "docker run reference, --pids-limit: no more processes than that")
            .needs(Needs::Root)
            .run("run --rm --pids-limit 4 bb sh -c 'for i in 1 2 3 4 5 6; do sleep 1000 & done; echo all'")
            .lacks("all")
            .ends(2)
            .says("fork"),
        case("cpuset", "docker run reference, --cpuset-cpus: only these processors")
            .needs(Needs::Root)
            .run("run --rm --cpuset-cpus 0 bb nproc")
            .is("1"),
        case("cpuset-invalid", "docker run reference, --cpuset-cpus: a list of numbers of processors there are")
            .needs(Needs::Root)
            .run("run --rm --cpuset-cpus x bb true")
            .ends(125)
            .run("run --rm --cpuset-cpus 4000 bb true")
            .ends(125),
        case("cpus", "docker run reference, --cpus: parts of processors; inspect tells them")
            .needs(Needs::Root)
            .run("run --name {c} --cpus 0.5 --cpu-shares 512 bb true")
            .run("inspect -f '{{.HostConfig.NanoCpus}} {{.HostConfig.CpuShares}}' {c}")
            .is("500000000 512"),
        case("cpus-invalid", "docker run reference, --cpus: a number")
            .run("run --rm --cpus x bb true")
            .ends(125)
            .run("run --rm --cpus=-1 bb true")
            .ends(125),
        case("limits-in-inspect", "docker inspect: HostConfig has the limits")
            .needs(Needs::Root)
            .run("create --name {c} -m 64m --memory-reservation 32m --pids-limit 99 --cpuset-cpus 0 --cpu-quota 50000 --cpu-period 100000 bb")
            .hex(64)
            .run("inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemoryReservation}} {{.HostConfig.PidsLimit}} {{.HostConfig.CpusetCpus}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}}' {c}")
            .is("67108864 33554432 99 0 50000 100000"),
        case("limits-hold-inside", "docker run reference: limits are those of the container's cgroup")
            .needs(Needs::Root)
            .run("run --rm -m 64m bb sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'")
            .is("67108864")
            .run("run --rm --pids-limit 99 bb sh -c 'cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max'")
            .is("99"),
    ]
}

//! Namespaces, of its own and of others; the init.

use crate::conformance::case::{Case, Needs, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = shared();
    cases.extend(init());
    cases
}

fn shared() -> Vec<Case> {
    vec![
        case("pid-own", "docker run reference, --pid: the process is 1 of a namespace of its own")
            .run("run --rm bb sh -c 'echo $$; ls -d /proc/[0-9]* | wc -l'")
            .like("1\n*"),
        case("pid-host", "docker run reference, --pid=host: processes of the host are seen")
            .needs(Needs::Root)
            .run("run --rm --pid host bb sh -c 'test $$ != 1 && test -d /proc/$$'"),
        case("pid-of-container", "docker run reference, --pid=container: processes of another are seen")
            .run("run -d --name {c} bb sleep 1234")
            .run("run --rm --pid container:{c} bb sh -c 'cat /proc/1/cmdline | tr \"\\0\" \" \"'")
            .is("sleep 1234"),
        case("network-none", "docker run reference, --network=none: nothing but lo, which is up")
            .run("run --rm --network none bb ls /sys/class/net")
            .is("lo")
            .run("run --rm --network none bb sh -c 'ip addr show lo | grep -c 127.0.0.1'")
            .is("1"),
        case("network-of-container", "docker run reference, --network=container: one network for both")
            .run("run -d --name {c} --network none --hostname box bb nc -l -p 4545 -e echo served")
            .run("run --rm --network container:{c} bb nc 127.0.0.1 4545")
            .input("x")
            .is("served")
            .eventually(),
        case("network-of-unknown", "docker run reference, --network=container: the container has to exist")
            .run("run --rm --network container:no-such bb true")
            .ends(125)
            .says("no-such"),
        case("network-unknown", "docker run reference, --network: a network there is")
            .run("run --rm --network no-such bb true")
            .ends(125)
            .says("no-such"),
        case(
            "ipc-of-container",
            "docker run reference, --ipc=container: one /dev/shm for both, if it is shareable",
        )
        .run("run -d --name {c} --ipc shareable obey")
        .run("exec {c} touch /dev/shm/f")
        .run("run --rm --ipc container:{c} bb ls /dev/shm")
        .is("f"),
        case("ipc-private", "docker run reference, --ipc=private: it cannot be shared")
            .run("run -d --name {c} --ipc private obey")
            .run("run --rm --ipc container:{c} bb true")
            .ends(125),
        case("ipc-none", "docker run reference, --ipc=none: without /dev/shm")
            .run("run --rm --ipc none bb sh -c '! grep \" /dev/shm \" /proc/mounts'"),
        case("ipc-host", "docker run reference, --ipc=host: that of the host")
            .needs(Needs::Root)
            .run("run --rm --ipc host bb readlink /proc/self/ns/ipc")
            .keep("host")
            .run("run --rm --ipc host bb readlink /proc/self/ns/ipc")
            .is("{host}")
            .run("run --rm bb readlink /proc/self/ns/ipc")
            .lacks("{host}"),
        case("uts-host", "docker run reference, --uts=host: the host's name, which cannot be set")
            .needs(Needs::Root)
            .run("run --rm --uts host bb readlink /proc/self/ns/uts")
            .keep("host")
            .run("run --rm --uts host bb readlink /proc/self/ns/uts")
            .is("{host}")
            .run("run --rm --uts host --hostname box bb true")
            .ends(125),
        case("userns-host", "docker run reference, --userns=host: no user namespace of its own")
            .needs(Needs::Root)
            .run("run --rm --userns host bb sh -c 'cat /proc/self/uid_map | tr -s \" \"'")
            .is("0 0 4294967295"),
        case("cgroupns", "docker-run(1), --cgroupns: private or host")
            .needs(Needs::Root)
            .run("run --rm --cgroupns private bb readlink /proc/self/ns/cgroup")
            .keep("private")
            .run("run --rm --cgroupns host bb readlink /proc/self/ns/cgroup")
            .lacks("{private}"),
        case("namespace-invalid", "docker run reference: known modes")
            .run("run --rm --pid nope bb true")
            .ends(125)
            .run("run --rm --ipc nope bb true")
            .ends(125)
            .run("run --rm --uts nope bb true")
            .ends(125)
            .run("run --rm --userns nope: bb true")
            .ends(125),
    ]
}

fn init() -> Vec<Case> {
    vec![
        case("init", "docker run reference, --init: a small init is 1, and passes signals on")
            .run("run --rm --init bb cat /proc/1/comm")
            .lacks("cat")
            .run("run --rm --init bb sh -c 'exit 42'")
            .ends(42)
            .run("run -d --name {c} --init bb sleep 1000")
            .run("stop {c}")
            .run("inspect -f '{{.State.ExitCode}}' {c}")
            .is("143"),
        case("init-reaps", "docker run reference, --init: processes nobody waits for are reaped")
            .run("run -d --name {c} --init bb sh -c '(sleep 0.1 &); exec sleep 1000'")
            .run("exec {c} sh -c 'ps -o comm,stat | grep -c -e \"^sleep  *Z\"'")
            .ends(1)
            .is("0"),
        case("without-init", "docker run reference: the program itself is 1")
            .run("run --rm bb cat /proc/1/comm")
            .is("cat"),
    ]
}

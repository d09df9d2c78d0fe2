//! Rights: capabilities, privileges, system calls, devices, what of /proc is hidden.

use crate::conformance::case::{Case, Needs, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = capabilities();
    cases.extend(confinement());
    cases.extend(devices());
    cases
}

fn capabilities() -> Vec<Case> {
    vec![
        case("cap-drop", "docker run reference, --cap-drop: taken away, with or without CAP_, in any case")
            .run("run --rm --cap-drop ALL bb grep CapEff /proc/self/status")
            .like("CapEff:*0000000000000000")
            .run("run --rm --cap-drop chown --cap-drop CAP_FOWNER bb chown app /etc/passwd")
            .ends(1)
            .says("Operation not permitted"),
        case("cap-add", "docker run reference, --cap-add: given on top")
            .run("run --rm bb hostname new")
            .ends(1)
            .run("run --rm --cap-add SYS_ADMIN bb sh -c 'hostname new && hostname'")
            .is("new"),
        case("cap-drop-all-but", "docker run reference, --cap-add: ALL dropped, one added")
            .run("run --rm --cap-drop ALL --cap-add NET_ADMIN bb grep CapEff /proc/self/status")
            .like("CapEff:*0000000000001000"),
        case("cap-bounding", "docker run reference: what is not given cannot be got either")
            .run("run --rm --cap-drop ALL --cap-add KILL bb grep CapBnd /proc/self/status")
            .like("CapBnd:*0000000000000020")
            .run("run --rm bb grep CapInh /proc/self/status")
            .like("CapInh:*0000000000000000"),
        case("cap-unknown", "docker run reference, --cap-add: a capability there is")
            .run("run --rm --cap-add NOPE bb true")
            .ends(125)
            .says("NOPE")
            .run("run --rm --cap-drop NOPE bb true")
            .ends(125)
            .says("NOPE"),
        case("privileged", "docker run reference, --privileged: all devices, all of /proc, no filter")
            .needs(Needs::Root)
            .run("run --rm --privileged bb sh -c 'test -e /dev/kmsg && grep Seccomp: /proc/self/status'")
            .like("Seccomp:*0")
            .run("run --rm --privileged bb sh -c 'mount -t tmpfs x /tmp && grep -c \" /tmp tmpfs\" /proc/mounts'")
            .is("1")
            .run("run --rm --privileged bb sh -c 'grep \" /sys \" /proc/mounts | cut -d\" \" -f4 | cut -c1-2'")
            .is("rw"),
    ]
}

fn confinement() -> Vec<Case> {
    vec![
        case("no-new-privileges", "docker run reference, --security-opt: no-new-privileges, with or without true")
            .run("run --rm --security-opt no-new-privileges bb grep NoNewPrivs /proc/self/status")
            .like("NoNewPrivs:*1")
            .run("run --rm --security-opt no-new-privileges:true bb grep NoNewPrivs /proc/self/status")
            .like("NoNewPrivs:*1")
            .run("run --rm --security-opt no-new-privileges=false bb grep NoNewPrivs /proc/self/status")
            .like("NoNewPrivs:*0"),
        case("seccomp", "docker run reference, --security-opt: a filter is on, unconfined turns it off")
            .run("run --rm bb grep Seccomp: /proc/self/status")
            .like("Seccomp:*2")
            .run("run --rm --security-opt seccomp=unconfined bb grep Seccomp: /proc/self/status")
            .like("Seccomp:*0"),
        case("seccomp-filters", "Seccomp security profiles: what needs CAP_SYS_ADMIN is refused, too")
            .run("run --rm bb unshare -m true")
            .ends(1)
            .says("not permitted")
            .run("run --rm bb mount -t tmpfs x /tmp")
            .ends(1)
            .run("run --rm --cap-add SYS_ADMIN bb sh -c 'mount -t tmpfs x /tmp && echo mounted'")
            .is("mounted"),
        case("seccomp-profile", "docker run reference, --security-opt: seccomp=FILE, a profile of one's own")
            .file(
                "profile.json",
                r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","args":[]}]}"#,
            )
            .run("run --rm --security-opt seccomp=profile.json bb sh -c 'touch /tmp/f && mkdir /tmp/d'")
            .ends(1)
            .says("mkdir"),
        case("seccomp-profile-invalid", "docker run reference, --security-opt: a file, of JSON")
            .file("profile.json", "{")
            .run("run --rm --security-opt seccomp=nofile.json bb true")
            .ends(125)
            .says("nofile.json")
            .run("run --rm --security-opt seccomp=profile.json bb true")
            .ends(125),
        case("security-opt-unknown", "docker run reference, --security-opt: known options")
            .run("run --rm --security-opt nope=1 bb true")
            .ends(125)
            .says("nope"),
        case("masked-paths", "docker security: what of /proc and /sys tells about the host is empty")
            .run("run --rm bb sh -c 'head -c 1 /proc/kcore | wc -c; head -c 1 /proc/keys | wc -c; ls /proc/acpi /sys/firmware 2>/dev/null | grep -vc :'")
            .like("0\n0\n*")
            .run("run --rm bb sh -c 'cat /proc/timer_list 2>/dev/null | wc -c'")
            .is("0"),
        case("read-only-paths", "docker security: /proc/sys, /proc/sysrq-trigger and /sys cannot be written")
            .run("run --rm bb sh -c 'echo 1 > /proc/sys/kernel/panic'")
            .ends(1)
            .run("run --rm bb sh -c 'echo h > /proc/sysrq-trigger'")
            .ends(1)
            .run("run --rm bb touch /sys/x")
            .ends(1)
            .says("Read-only file system"),
        case("unmask", "docker security: seccomp and masks are not tied to root")
            .run("run --rm -u app bb sh -c 'head -c 1 /proc/kcore | wc -c; grep Seccomp: /proc/self/status'")
            .like("0\nSeccomp:*2"),
    ]
}

fn devices() -> Vec<Case> {
    vec![
        case("devices-default", "docker run reference: /dev has what every program expects, and nothing of the host")
            .run("run --rm bb sh -c 'ls /dev | grep -v -e pts -e core -e mqueue -e shm -e console | tr \"\\n\" \" \"'")
            .is("fd full null ptmx random stderr stdin stdout tty urandom zero")
            .run("run --rm bb sh -c 'echo x > /dev/null; head -c 3 /dev/zero | wc -c'")
            .is("3"),
        case("device", "docker run reference, --device: a device of the host, under another name if one is given")
            .needs(Needs::Root)
            .run("run --rm --device /dev/kmsg bb test -c /dev/kmsg")
            .run("run --rm --device /dev/kmsg:/dev/other bb test -c /dev/other")
            .run("run --rm --device /dev/kmsg:/dev/other:r bb sh -c 'test -c /dev/other && ! echo x > /dev/other'"),
        case("device-unknown", "docker run reference, --device: a device there is")
            .run("run --rm --device /dev/no-such bb true")
            .ends(125)
            .says("/dev/no-such"),
        case("device-not-given", "docker run reference, --device: others can be made, but not be opened")
            .needs(Needs::Root)
            .run("run --rm bb sh -c 'mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg'")
            .ends(1)
            .says("/tmp/kmsg"),
    ]
}

//! How each program is told what to do.

use std::path::Path;

use plimsoll_model::UserModeProgram;

/// Name of the device in the container.
const DEVICE: &str = "tap0";

/// The largest frame slirp4netns takes (65,521), in whole words: fewer packets for the same bytes.
const MTU: &str = "65520";

/// The words after the program's name; `namespace` is the path of the container's network namespace.
pub(super) fn of(program: UserModeProgram, namespace: &Path) -> Vec<String> {
    let namespace = namespace.display().to_string();
    let words: &[&str] = match program {
        // slirp4netns(1); --enable-sandbox and --enable-seccomp since 0.4 (2019), as podman starts it.
        UserModeProgram::Slirp4netns => &[
            "--configure",
            "--mtu",
            MTU,
            "--disable-host-loopback",
            "--enable-sandbox",
            "--enable-seccomp",
            "--netns-type=path",
            &namespace,
            DEVICE,
        ],
        // pasta(1). Its own defaults would copy the host's address, which the container then could not reach.
        UserModeProgram::Pasta => &[
            "--foreground",
            "--quiet",
            "--config-net",
            "--ipv4-only",
            "--no-map-gw",
            "--tcp-ports=none",
            "--udp-ports=none",
            "--tcp-ns=none",
            "--udp-ns=none",
            "--address=10.0.2.100",
            "--netmask=24",
            "--gateway=10.0.2.2",
            "--dns-forward=10.0.2.3",
            "--mtu",
            MTU,
            "--ns-ifname",
            DEVICE,
            "--no-netns-quit",
            "--netns",
            &namespace,
        ],
    };
    words.iter().map(|word| (*word).to_string()).collect()
}

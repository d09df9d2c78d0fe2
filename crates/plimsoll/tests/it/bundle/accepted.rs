//! Differences between a container of `run` and one that runc makes of a bundle, and why they are none.

use plimsoll_runtime::plan::MASKED_PATHS;

/// Something that is not the same; what is not there is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub key: String,
    pub run: String,
    pub runc: String,
}

impl Difference {
    pub fn is_accepted(&self) -> bool {
        let Difference { key, run, runc } = self;
        let (what, path) = key.split_once(' ').unwrap_or((key, ""));
        let only_in_run = |seen: &str| run == seen && runc.is_empty();
        match (what, path) {
            // `run` shows the host's null, zero and so on; runc makes nodes of its own. So with `run` nodes
            // in the tmpfs need not work.
            ("mount", "/dev") => {
                run == "tmpfs rw,nosuid,nodev,noexec,relatime"
                    && *run == runc.replace("nosuid,", "nosuid,nodev,")
            }
            ("mount", node) if node.starts_with("/dev/") => only_in_run("devtmpfs ro,relatime"),
            ("propagation", node) if node.starts_with("/dev/") => only_in_run("none"),
            // What hides a path differs, and not what is seen of it (`masked`).
            ("mount" | "filesystem", path) if MASKED_PATHS.contains(&path) => true,
            // The directory of the groups of version 1 can be written with runc.
            ("mount", "/sys/fs/cgroup") => run.replace("tmpfs ro,", "tmpfs rw,") == *runc,
            // The hierarchy without controllers, which limits nothing.
            ("mount" | "propagation", "/sys/fs/cgroup/systemd") => run.is_empty(),
            // The root of a bundle is a directory, not an overlay; whether it can be written must agree.
            ("mount", "/") => run.starts_with("overlay ") && access(run) == access(runc),
            // No bundle can say that device nodes in its root do not work. It is a null device that is made.
            ("try", "open-node") => (run.as_str(), runc.as_str()) == ("1", "0"),
            // The address at which forwarded ports arrive, and so the container's name: bundles forward none.
            ("lo", "inet 10.0.2.100/32" | "inet6 fd00::100/128") => only_in_run("there"),
            ("hosts", line) if line.starts_with("10.0.2.100\t") => only_in_run("there"),
            // Nor does a bundle join a network of names.
            ("hosts", line) if line.ends_with("\t# plimsoll") => only_in_run("there"),
            ("hosts", line) if line.starts_with("127.0.0.1\t") => run.is_empty() && runc == "there",
            // runc leaves signal 32 ignored, which C libraries keep for themselves.
            ("status", "SigIgn") => runc.replacen('8', "0", 1) == *run,
            _ => false,
        }
    }
}

/// `rw` or `ro`.
fn access(mount: &str) -> Option<&str> {
    mount.split([' ', ',']).nth(1)
}

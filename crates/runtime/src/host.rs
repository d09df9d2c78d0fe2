//! Facts about this machine that a plan depends on. Gathered once, then passed as a value.

use std::io;

use plimsoll_sys::userns::EnteredIds;

use crate::process_id::read_whole;

/// How ids of a container map to ids of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdMap {
    /// We are real root: no user namespace, ids are the host's.
    Host,
    /// We are root of a user namespace with a whole range of ids (newuidmap, /etc/subuid).
    Range,
    /// We are root of a user namespace with exactly one id: every file belongs to one owner, and a
    /// process of another uid needs a nested user namespace that maps this uid to it.
    Single,
}

/// What this machine allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// Ids at hand.
    pub ids: IdMap,
    /// Kernel release, `6.18.44`.
    pub kernel: String,
}

impl HostFacts {
    /// Ask the kernel.
    pub fn gather(ids: EnteredIds) -> HostFacts {
        let ids = match ids {
            EnteredIds::Host => IdMap::Host,
            EnteredIds::Range => IdMap::Range,
            EnteredIds::Single => IdMap::Single,
        };
        HostFacts { ids, kernel: kernel_release() }
    }

    /// Major and minor number of the kernel; (0, 0) if the release is in no known form.
    pub fn kernel_version(&self) -> (u32, u32) {
        version_of(&self.kernel)
    }
}

/// Major and minor number of the kernel that runs here.
pub(crate) fn running_kernel() -> (u32, u32) {
    version_of(&kernel_release())
}

fn kernel_release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

fn version_of(release: &str) -> (u32, u32) {
    let mut parts = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// Which user ids exist inside a running container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerIds {
    /// All of the host's: no user namespace.
    Host,
    /// 0 and a range above it.
    Range,
    /// 0 only.
    RootOnly,
    /// This one only, in a nested user namespace.
    Nested {
        /// The user id that exists.
        uid: u32,
        /// The group id that exists.
        gid: u32,
    },
}

impl ContainerIds {
    /// Read the id maps of a running process.
    pub fn of_process(pid: u32) -> io::Result<ContainerIds> {
        let read = |map: &str| read_whole(&format!("/proc/{pid}/{map}"));
        Ok(ids_of_maps(&read("uid_map")?, &read("gid_map")?))
    }
}

/// Lines of a map: first id inside, first id outside, count (user_namespaces(7)).
fn ids_of_maps(users: &str, groups: &str) -> ContainerIds {
    let line = |map: &str| {
        let mut lines = map.lines().map(|line| {
            line.split_whitespace().filter_map(|number| number.parse().ok()).collect::<Vec<u32>>()
        });
        lines.next().filter(|_| lines.next().is_none())
    };
    match (line(users).as_deref(), line(groups).as_deref()) {
        (Some([0, 0, u32::MAX]), _) => ContainerIds::Host,
        (Some([0, _, 1]), Some([0, _, 1])) => ContainerIds::RootOnly,
        (Some([uid, _, 1]), Some([gid, _, 1])) => ContainerIds::Nested { uid: *uid, gid: *gid },
        _ => ContainerIds::Range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_of_a_container() {
        let host = "         0          0 4294967295\n";
        assert_eq!(ids_of_maps(host, host), ContainerIds::Host);
        assert_eq!(ids_of_maps("0 1000 1\n", "0 1000 1\n"), ContainerIds::RootOnly);
        let nested = ContainerIds::Nested { uid: 33, gid: 34 };
        assert_eq!(ids_of_maps("33 1000 1\n", "34 1000 1\n"), nested);
        assert_eq!(ids_of_maps("0 1000 1\n", "7 1000 1\n"), ContainerIds::Nested { uid: 0, gid: 7 });
        let range = "0 1000 1\n1 100000 65536\n";
        assert_eq!(ids_of_maps(range, range), ContainerIds::Range);
    }

    #[test]
    fn kernel_releases() {
        let version =
            |release: &str| HostFacts { ids: IdMap::Host, kernel: release.to_string() }.kernel_version();
        assert_eq!(version("6.18.44"), (6, 18));
        assert_eq!(version("5.15.0-91-generic"), (5, 15));
        assert_eq!(version("6.6-rc1"), (6, 6));
        assert_eq!(version("strange"), (0, 0));
    }
}

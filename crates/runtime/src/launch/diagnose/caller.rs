//! Who the failed process is, in the numbers in which we see the owners of files.

use plimsoll_sys::root_dir::Metadata;

use crate::process_id::read_at_once;

/// `CAP_DAC_OVERRIDE` and `CAP_DAC_READ_SEARCH`: every directory can be entered.
const OVERRIDES: u64 = 1 << 1 | 1 << 2;

/// Ids and rights of a process, which waits.
pub(super) struct Caller {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
    capabilities: u64,
}

impl Caller {
    /// Read of the process itself: in a namespace of its own, its ids are others than the plan's.
    pub(super) fn look_at(pid: u32) -> Option<Caller> {
        Caller::parse(&read_at_once(&format!("/proc/{pid}/status"))?)
    }

    fn parse(status: &str) -> Option<Caller> {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        // Real, effective, saved, and the one that file access is judged by.
        let judged = |name: &str| field(name)?.split_ascii_whitespace().nth(3)?.parse().ok();
        Some(Caller {
            uid: judged("Uid:")?,
            gid: judged("Gid:")?,
            groups: field("Groups:")?.split_ascii_whitespace().filter_map(|id| id.parse().ok()).collect(),
            capabilities: u64::from_str_radix(field("CapEff:")?, 16).ok()?,
        })
    }

    /// Whether it may enter a directory.
    pub(super) fn may_enter(&self, directory: &Metadata) -> bool {
        self.capabilities & OVERRIDES != 0 || self.may_execute(directory)
    }

    /// Whether the mode of a file lets it execute that.
    pub(super) fn may_execute(&self, file: &Metadata) -> bool {
        let overrides = self.capabilities & OVERRIDES & 1 << 1 != 0;
        let bit = match () {
            () if overrides => 0o111,
            () if file.uid == self.uid => 0o100,
            () if file.gid == self.gid || self.groups.contains(&file.gid) => 0o010,
            () => 0o001,
        };
        file.mode & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_sys::root_dir::NodeKind;

    use super::*;

    fn entry(mode: u32, uid: u32, gid: u32) -> Metadata {
        let (size, dev, ino, links, rdev) = (0, 0, 0, 1, (0, 0));
        let (mtime, ctime) = ((0, 0), (0, 0));
        Metadata { kind: NodeKind::File, mode, uid, gid, size, dev, ino, links, rdev, mtime, ctime }
    }

    #[test]
    fn the_first_class_that_fits_counts() {
        let status = "Uid:\t7\t7\t7\t7\nGid:\t8\t8\t8\t8\nGroups:\t5 6 \nCapEff:\t0000000000000000\n";
        let caller = Caller::parse(status).unwrap();
        for (mode, uid, gid, may) in [
            (0o100, 7, 0, true),
            (0o011, 7, 8, false),
            (0o010, 0, 8, true),
            (0o010, 0, 6, true),
            (0o101, 0, 5, false),
            (0o001, 0, 0, true),
        ] {
            assert_eq!(caller.may_execute(&entry(mode, uid, gid)), may, "{mode:o} {uid}:{gid}");
        }
        let root = Caller::parse(&status.replace("CapEff:\t0000000000000000", "CapEff:\t2")).unwrap();
        assert!(root.may_execute(&entry(0o100, 0, 0)) && !root.may_execute(&entry(0o644, 7, 8)));
        assert!(root.may_enter(&entry(0, 0, 0)));
        assert!(Caller::parse("Uid:\t7\n").is_none());
    }
}

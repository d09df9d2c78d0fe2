//! The kernel's rules for what a process may do to a file, an id or another process, as pure functions of
//! what is known of both (fs/namei.c, fs/attr.c, kernel/sys.c, kernel/signal.c, security/commoncap.c).

use rustix::io::Errno;

/// A process' rights, as its `/proc/PID/status` has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rights {
    /// Real, effective, saved, file system.
    pub users: [u32; 4],
    pub groups: [u32; 4],
    pub other_groups: Vec<u32>,
    /// Effective capabilities (bits).
    pub capabilities: u64,
    pub no_new_privileges: bool,
}

/// A file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Thing {
    pub uid: u32,
    pub gid: u32,
    /// Type and permission bits.
    pub mode: u32,
    /// Its mount or file system cannot be written.
    pub read_only: bool,
}

pub(super) const READ: u32 = 4;
pub(super) const WRITE: u32 = 2;
pub(super) const EXECUTE: u32 = 1;

/// Numbers of capabilities (linux/capability.h).
pub(super) const CHOWN: u32 = 0;
const DAC_OVERRIDE: u32 = 1;
const DAC_READ_SEARCH: u32 = 2;
const FOWNER: u32 = 3;
pub(super) const KILL: u32 = 5;
pub(super) const SETGID: u32 = 6;
pub(super) const SETUID: u32 = 7;
pub(super) const SETPCAP: u32 = 8;
pub(super) const NET_BIND_SERVICE: u32 = 10;
pub(super) const MKNOD: u32 = 27;

const TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const SET_UID: u32 = 0o4000;
const SET_GID: u32 = 0o2000;
const STICKY: u32 = 0o1000;

/// Leave an id as it is.
const UNCHANGED: u32 = u32::MAX;

impl Thing {
    pub(super) fn is_directory(&self) -> bool {
        self.mode & TYPE == DIRECTORY
    }

    /// Writing to a device, pipe or socket writes to no file system.
    fn is_special(&self) -> bool {
        !matches!(self.mode & TYPE, DIRECTORY | REGULAR)
    }
}

impl Rights {
    /// Read `/proc/PID/status`.
    pub(super) fn parse(status: &str) -> Option<Rights> {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let numbers = |name| -> Option<Vec<u32>> {
            field(name)?.split_ascii_whitespace().map(|number| number.parse().ok()).collect()
        };
        Some(Rights {
            users: numbers("Uid:")?.try_into().ok()?,
            groups: numbers("Gid:")?.try_into().ok()?,
            other_groups: numbers("Groups:")?,
            capabilities: u64::from_str_radix(field("CapEff:")?, 16).ok()?,
            no_new_privileges: field("NoNewPrivs:") == Some("1"),
        })
    }

    pub(super) fn has(&self, capability: u32) -> bool {
        self.capabilities & (1 << capability) != 0
    }

    pub(super) fn reads_everything(&self) -> bool {
        self.has(DAC_OVERRIDE) || self.has(DAC_READ_SEARCH)
    }

    fn is_in(&self, gid: u32) -> bool {
        self.groups[3] == gid || self.other_groups.contains(&gid)
    }

    fn owns(&self, thing: &Thing) -> bool {
        self.users[3] == thing.uid || self.has(FOWNER)
    }

    /// Permission bits and what goes over them.
    pub(super) fn may(&self, thing: &Thing, wanted: u32) -> bool {
        let shift = match () {
            () if self.users[3] == thing.uid => 6,
            () if self.is_in(thing.gid) => 3,
            () => 0,
        };
        if (thing.mode >> shift) & wanted == wanted {
            return true;
        }
        let only_reads = wanted & !(READ | if thing.is_directory() { EXECUTE } else { 0 }) == 0;
        let executable = thing.is_directory() || wanted & EXECUTE == 0 || thing.mode & 0o111 != 0;
        self.has(DAC_OVERRIDE) && executable || self.has(DAC_READ_SEARCH) && only_reads
    }

    /// Open what is there.
    pub(super) fn open(&self, thing: &Thing, wanted: u32) -> Option<Errno> {
        match () {
            () if !self.may(thing, wanted) => Some(Errno::ACCESS),
            () if wanted & WRITE != 0 && thing.read_only && !thing.is_special() => Some(Errno::ROFS),
            () => None,
        }
    }

    /// Make a new entry of a directory.
    pub(super) fn add_entry(&self, directory: &Thing) -> Option<Errno> {
        match () {
            () if directory.read_only => Some(Errno::ROFS),
            () if !self.may(directory, WRITE | EXECUTE) => Some(Errno::ACCESS),
            () => None,
        }
    }

    /// Remove or rename an entry of a directory.
    pub(super) fn remove_entry(&self, directory: &Thing, entry: &Thing) -> Option<Errno> {
        let sticky = directory.mode & STICKY != 0 && self.users[3] != directory.uid;
        match self.add_entry(directory) {
            None if sticky && !self.owns(entry) => Some(Errno::PERM),
            refused => refused,
        }
    }

    pub(super) fn change_mode(&self, thing: &Thing) -> Option<Errno> {
        match () {
            () if thing.read_only => Some(Errno::ROFS),
            () if !self.owns(thing) => Some(Errno::PERM),
            () => None,
        }
    }

    pub(super) fn change_owner(&self, thing: &Thing, uid: u32, gid: u32) -> Option<Errno> {
        let is_owner = self.users[3] == thing.uid;
        let user_fine = uid == UNCHANGED || is_owner && uid == thing.uid;
        let group_fine = gid == UNCHANGED || is_owner && (self.is_in(gid) || gid == thing.gid);
        match () {
            () if thing.read_only => Some(Errno::ROFS),
            () if !(self.has(CHOWN) || user_fine && group_fine) => Some(Errno::PERM),
            () => None,
        }
    }

    /// `setuid` and its kin, with the wanted ids; `setfsuid` fails silently, and that is a refusal too.
    pub(super) fn set_ids(&self, call: &str, wanted: &[u32]) -> Option<Errno> {
        let users = !call.contains("gid");
        let (own, capability) = if users { (&self.users, SETUID) } else { (&self.groups, SETGID) };
        let [real, effective, saved, file_system] = *own;
        let among: &[u32] = match call {
            "setuid" | "setgid" => &[real, saved],
            "setreuid" | "setregid" | "setresuid" | "setresgid" => &[real, effective, saved],
            _ => &[real, effective, saved, file_system],
        };
        let fine = |id: &u32| *id == UNCHANGED || among.contains(id);
        (!self.has(capability) && !wanted.iter().all(fine)).then_some(Errno::PERM)
    }

    /// `kill` of a process with this real and saved user.
    pub(super) fn signal(&self, real: u32, saved: u32) -> Option<Errno> {
        let mine = [self.users[0], self.users[1]];
        let may = self.has(KILL) || mine.contains(&real) || mine.contains(&saved);
        (!may).then_some(Errno::PERM)
    }

    /// Whether a program is to give rights by its set-id bits, and no_new_privs keeps them back.
    pub(super) fn gains_nothing_by(&self, program: &Thing) -> bool {
        let other_user = program.mode & SET_UID != 0 && program.uid != self.users[1];
        let other_group =
            program.mode & (SET_GID | 0o010) == SET_GID | 0o010 && program.gid != self.groups[1];
        self.no_new_privileges && (other_user || other_group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(uid: u32, capabilities: u64) -> Rights {
        Rights { users: [uid; 4], groups: [uid; 4], capabilities, ..Rights::default() }
    }

    fn thing(uid: u32, mode: u32) -> Thing {
        Thing { uid, gid: uid, mode, read_only: false }
    }

    #[test]
    fn a_status_is_read() {
        let status = "Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \nCapEff:\t0000000000000021\n\
                      NoNewPrivs:\t1\n";
        let rights = Rights::parse(status).unwrap();
        assert_eq!((rights.users, rights.groups), ([1, 2, 3, 4], [5, 6, 7, 8]));
        assert_eq!(rights.other_groups, [9, 10]);
        assert!(rights.has(CHOWN) && rights.has(KILL) && rights.no_new_privileges && !rights.has(SETUID));
        assert_eq!(Rights::parse("Uid:\t1\n"), None);
    }

    #[test]
    fn permission_bits_and_what_goes_over_them() {
        let file = thing(0, 0o100_640);
        assert!(user(0, 0).may(&file, READ | WRITE));
        assert!(!user(7, 0).may(&file, READ));
        assert!(
            user(7, 1 << DAC_READ_SEARCH).may(&file, READ)
                && !user(7, 1 << DAC_READ_SEARCH).may(&file, WRITE)
        );
        assert!(
            user(7, 1 << DAC_OVERRIDE).may(&file, WRITE) && !user(7, 1 << DAC_OVERRIDE).may(&file, EXECUTE)
        );
        let mut member = user(7, 0);
        member.other_groups = vec![0];
        assert!(member.may(&file, READ) && !member.may(&file, WRITE));
        // The owner's bits count for the owner, also when the others' give more.
        assert!(!user(5, 0).may(&thing(5, 0o100_077), READ));
    }

    #[test]
    fn what_cannot_be_written() {
        let read_only = Thing { read_only: true, ..thing(0, 0o100_666) };
        assert_eq!(user(0, u64::MAX).open(&read_only, WRITE), Some(Errno::ROFS));
        assert_eq!(user(0, u64::MAX).open(&read_only, READ), None);
        let null = Thing { mode: 0o020_666, ..read_only };
        assert_eq!(user(9, 0).open(&null, WRITE), None, "a device is no file");
        let directory = Thing { mode: 0o040_755, ..read_only };
        assert_eq!(user(0, 0).add_entry(&directory), Some(Errno::ROFS));
        assert_eq!(user(9, 0).add_entry(&thing(0, 0o040_755)), Some(Errno::ACCESS));
        assert_eq!(user(9, 0).add_entry(&thing(0, 0o041_777)), None);
        assert_eq!(user(9, 0).remove_entry(&thing(0, 0o041_777), &thing(0, 0o100_644)), Some(Errno::PERM));
        assert_eq!(user(9, 0).remove_entry(&thing(0, 0o041_777), &thing(9, 0o100_644)), None);
    }

    #[test]
    fn owners_and_ids() {
        let file = thing(0, 0o100_644);
        assert_eq!(user(0, 0).change_owner(&file, 33, 33), Some(Errno::PERM));
        assert_eq!(user(0, 1).change_owner(&file, 33, 33), None);
        assert_eq!(user(0, 0).change_owner(&file, UNCHANGED, 0), None);
        assert_eq!(user(5, 0).change_mode(&file), Some(Errno::PERM));
        assert_eq!(user(0, 0).set_ids("setuid", &[33]), Some(Errno::PERM));
        assert_eq!(user(0, 0).set_ids("setuid", &[0]), None);
        assert_eq!(user(0, 1 << SETUID).set_ids("setresuid", &[33, 33, 33]), None);
        assert_eq!(user(0, 1 << SETUID).set_ids("setgid", &[33]), Some(Errno::PERM));
        assert_eq!(user(0, 0).set_ids("setresuid", &[UNCHANGED, 0, UNCHANGED]), None);
        assert_eq!(user(0, 0).signal(33, 33), Some(Errno::PERM));
        assert_eq!(user(33, 0).signal(0, 33), None);
    }

    #[test]
    fn programs_that_give_rights() {
        let sudo = thing(0, 0o104_755);
        let mut caller = user(9, 0);
        assert!(!caller.gains_nothing_by(&sudo));
        caller.no_new_privileges = true;
        assert!(caller.gains_nothing_by(&sudo) && !caller.gains_nothing_by(&thing(0, 0o100_755)));
    }
}

//! Ids of a process as the kernel would keep them if they existed: kernel/sys.c and kernel/groups.c as
//! pure functions. Whoever is effectively 0 holds CAP_SETUID and CAP_SETGID, as in any build.

use rustix::io::Errno;

/// One kind of id of a process, user or group (credentials(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Ids {
    pub real: u32,
    pub effective: u32,
    pub saved: u32,
    /// Decides about files.
    pub fs: u32,
}

/// All ids of a process.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Credentials {
    pub user: Ids,
    pub group: Ids,
    pub groups: Vec<u32>,
    /// Giving up user 0 does not give up its capabilities (`PR_SET_KEEPCAPS`).
    pub keeps_capabilities: bool,
    /// User 0 was given up, its capabilities were not.
    pub kept_capabilities: bool,
}

/// "Leave it as it is" in place of an id; also what no id can be.
pub(super) const UNCHANGED: u32 = u32::MAX;

impl Credentials {
    /// Whether the process may take any id.
    pub(super) fn privileged(&self) -> bool {
        self.user.effective == 0 || self.kept_capabilities
    }

    /// Whether files of this group may be treated as the process' own.
    pub(super) fn in_group(&self, group: u32) -> bool {
        self.group.fs == group || self.groups.contains(&group)
    }

    /// Change the user ids (security/commoncap.c, `cap_emulate_setxuid`).
    pub(super) fn change_user<T>(
        &mut self,
        change: impl FnOnce(&mut Ids, bool) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let (was_root, privileged) = (self.user.any_root(), self.privileged());
        let result = change(&mut self.user, privileged)?;
        self.kept_capabilities = match self.user.any_root() {
            true => false,
            false if was_root => self.keeps_capabilities,
            false => self.kept_capabilities,
        };
        Ok(result)
    }

    /// Execute a program, which gives these effective ids if it has set-id bits (credentials(7)).
    pub(super) fn execute(&mut self, user: Option<u32>, group: Option<u32>) {
        for (ids, id) in [(&mut self.user, user), (&mut self.group, group)] {
            let effective = id.unwrap_or(ids.effective);
            *ids = Ids { real: ids.real, effective, saved: effective, fs: effective };
        }
        (self.keeps_capabilities, self.kept_capabilities) = (false, false);
    }
}

impl Ids {
    fn any_root(&self) -> bool {
        [self.real, self.effective, self.saved].contains(&0)
    }

    /// `setuid`, `setgid`.
    pub(super) fn set(&mut self, id: u32, privileged: bool) -> Result<(), Errno> {
        match id {
            UNCHANGED => return Err(Errno::INVAL),
            id if privileged => *self = Ids { real: id, effective: id, saved: id, fs: id },
            id if id == self.real || id == self.saved => (self.effective, self.fs) = (id, id),
            _ => return Err(Errno::PERM),
        }
        Ok(())
    }

    /// `setreuid`, `setregid`.
    pub(super) fn set_two(&mut self, real: u32, effective: u32, privileged: bool) -> Result<(), Errno> {
        let old = *self;
        let allowed = |id: u32, of: &[u32]| id == UNCHANGED || privileged || of.contains(&id);
        if !allowed(real, &[old.real, old.effective])
            || !allowed(effective, &[old.real, old.effective, old.saved])
        {
            return Err(Errno::PERM);
        }
        self.real = changed(real, old.real);
        self.effective = changed(effective, old.effective);
        if real != UNCHANGED || effective != UNCHANGED && effective != old.real {
            self.saved = self.effective;
        }
        self.fs = self.effective;
        Ok(())
    }

    /// `setresuid`, `setresgid`.
    pub(super) fn set_three(
        &mut self,
        [real, effective, saved]: [u32; 3],
        privileged: bool,
    ) -> Result<(), Errno> {
        let old = *self;
        let known = [old.real, old.effective, old.saved, UNCHANGED];
        if !privileged && ![real, effective, saved].iter().all(|id| known.contains(id)) {
            return Err(Errno::PERM);
        }
        self.real = changed(real, old.real);
        self.effective = changed(effective, old.effective);
        self.saved = changed(saved, old.saved);
        self.fs = self.effective;
        Ok(())
    }

    /// `setfsuid`, `setfsgid`: answers with the id before, whether or not it worked.
    pub(super) fn set_fs(&mut self, id: u32, privileged: bool) -> u32 {
        let before = self.fs;
        if id != UNCHANGED && (privileged || [self.real, self.effective, self.saved].contains(&id)) {
            self.fs = id;
        }
        before
    }
}

fn changed(id: u32, old: u32) -> u32 {
    if id == UNCHANGED { old } else { id }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(real: u32, effective: u32, saved: u32) -> Ids {
        Ids { real, effective, saved, fs: effective }
    }

    #[test]
    fn root_becomes_anybody_and_cannot_come_back() {
        let mut user = Ids::default();
        user.set(1000, true).unwrap();
        assert_eq!(user, ids(1000, 1000, 1000));
        assert_eq!(user.set(0, false), Err(Errno::PERM));
        assert_eq!(user.set_two(UNCHANGED, 0, false), Err(Errno::PERM));
        assert_eq!(user.set_three([UNCHANGED, UNCHANGED, 0], false), Err(Errno::PERM));
        assert_eq!(user.set_fs(0, false), 1000);
        assert_eq!(user, ids(1000, 1000, 1000));
    }

    #[test]
    fn a_saved_id_lets_root_come_back() {
        let mut user = Ids::default();
        user.set_three([UNCHANGED, 33, UNCHANGED], true).unwrap();
        assert_eq!(user, ids(0, 33, 0));
        user.set(0, false).unwrap();
        assert_eq!(user, ids(0, 0, 0));
    }

    #[test]
    fn setreuid_keeps_what_was_left() {
        let mut user = ids(1, 2, 3);
        user.set_two(UNCHANGED, 1, false).unwrap();
        assert_eq!(user, ids(1, 1, 3), "becoming the real user saves nothing");
        user.set_two(UNCHANGED, 3, false).unwrap();
        assert_eq!(user, ids(1, 3, 3));
        user.set_two(3, 1, false).unwrap();
        assert_eq!(user, ids(3, 1, 1));
        assert_eq!(user.set(UNCHANGED, true), Err(Errno::INVAL));
    }

    #[test]
    fn capabilities_outlive_the_user_only_where_they_are_kept() {
        let mut kept = Credentials { keeps_capabilities: true, ..Credentials::default() };
        kept.change_user(|user, privileged| user.set(7, privileged)).unwrap();
        assert!(kept.privileged(), "setpriv changes the group after the user");
        kept.execute(None, None);
        assert!(!kept.privileged());
        let mut given_up = Credentials::default();
        given_up.change_user(|user, privileged| user.set(7, privileged)).unwrap();
        assert!(!given_up.privileged());
        given_up.execute(Some(0), None);
        assert!(given_up.privileged(), "a program of root's with set-user-ID");
        assert_eq!(given_up.user, ids(7, 0, 0));
    }
}

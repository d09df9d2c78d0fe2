//! `chown` and its kin: the kernel gives the file to the one id there is, which copies it up and takes
//! set-id bits and file capabilities away as for anybody; whose it is meant to be gets recorded.

use rustix::fs::{AtFlags, Gid, Uid};
use rustix::io::Errno;

use super::credentials::{Credentials, UNCHANGED};
use super::supervisor::{Answered, Call, Outcome, Supervisor};
use crate::seccomp::HandedOver;

use plimsoll_sys::raw_stat::Shown;

impl Supervisor {
    pub(super) fn change_owner(&mut self, which: HandedOver, call: &Call) -> Answered {
        const NOFOLLOW: bool = false;
        let (fd, ids) = match which {
            HandedOver::Chown => (call.caller.resolve(&call.path(0)?, true)?, 1),
            HandedOver::Lchown => (call.caller.resolve(&call.path(0)?, NOFOLLOW)?, 1),
            HandedOver::Fchown => (call.caller.descriptor(call.descriptor(0))?, 1),
            _ => (call.resolve_at(0, 1, call.number(4))?, 2),
        };
        let (uid, gid) = (call.number(ids), call.number(ids + 1));
        let mut node = self.node(call, fd)?;
        let now = self.ledger.remarkable(&node).unwrap_or(Shown { uid: 0, gid: 0, device: None });
        if !may_change(self.marks.of(call.caller.thread), now, uid, gid) {
            return Ok(Outcome::Error(Errno::PERM));
        }
        let real = |id| (id != UNCHANGED).then_some(0);
        let (real_uid, real_gid) = (real(uid).map(Uid::from_raw), real(gid).map(Gid::from_raw));
        if let Err(errno) = rustix::fs::chownat(&node.fd, c"", real_uid, real_gid, AtFlags::EMPTY_PATH) {
            return Ok(Outcome::Error(errno));
        }
        // Copied up by now, and changed.
        node = self.node(call, node.fd)?;
        let pick = |id, old| if id == UNCHANGED { old } else { id };
        let shown = Shown { uid: pick(uid, now.uid), gid: pick(gid, now.gid), device: now.device };
        self.ledger.record(&node, shown);
        Ok(Outcome::Value(0))
    }
}

/// Who may give a file away (fs/attr.c, `chown_ok` and `chgrp_ok`).
fn may_change(credentials: &Credentials, now: Shown, uid: u32, gid: u32) -> bool {
    let owns = credentials.user.fs == now.uid;
    let same_user = uid == UNCHANGED || owns && uid == now.uid;
    let own_group = gid == UNCHANGED || owns && (gid == now.gid || credentials.in_group(gid));
    credentials.user.fs == 0 || same_user && own_group
}

#[cfg(test)]
mod tests {
    use super::super::credentials::Ids;
    use super::*;

    #[test]
    fn only_root_gives_files_away() {
        let user = Ids { real: 7, effective: 7, saved: 7, fs: 7 };
        let app = Credentials { user, group: user, groups: vec![50], ..Credentials::default() };
        let (mine, other) = (Shown { uid: 7, gid: 7, device: None }, Shown { uid: 0, gid: 0, device: None });
        assert!(may_change(&Credentials::default(), mine, 1, 2));
        assert!(may_change(&app, mine, 7, 50));
        assert!(may_change(&app, mine, UNCHANGED, UNCHANGED));
        assert!(!may_change(&app, mine, 0, UNCHANGED));
        assert!(!may_change(&app, mine, UNCHANGED, 51));
        assert!(!may_change(&app, other, UNCHANGED, 7));
    }
}

//! The ids of a process: changed and told as if every id existed.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;

use super::credentials::{Credentials, Ids, UNCHANGED};
use super::supervisor::{Answered, Call, Outcome, Supervisor};
use crate::seccomp::HandedOver;

/// More supplementary groups than any account has; the kernel's own limit is 65,536.
const MOST_GROUPS: u32 = 1024;

impl Supervisor {
    pub(super) fn id_call(&mut self, which: HandedOver, call: &Call) -> Answered {
        use HandedOver as H;
        let now = self.marks.of(call.caller.thread);
        let told = match which {
            H::Getuid => now.user.real,
            H::Geteuid => now.user.effective,
            H::Getgid => now.group.real,
            H::Getegid => now.group.effective,
            H::Getresuid => {
                return self.tell_three(call, [now.user.real, now.user.effective, now.user.saved]);
            }
            H::Getresgid => {
                return self.tell_three(call, [now.group.real, now.group.effective, now.group.saved]);
            }
            H::Getgroups => return self.tell_groups(call, &now.groups),
            _ => return self.change_ids(which, call, now.clone()),
        };
        Ok(Outcome::Value(told.into()))
    }

    fn change_ids(&mut self, which: HandedOver, call: &Call, mut next: Credentials) -> Answered {
        let three = || [0, 1, 2].map(|at| call.number(at));
        let (first, second, privileged) = (call.number(0), call.number(1), next.privileged());
        use HandedOver as H;
        let changed = match which {
            H::Setuid => next.change_user(|user, may| user.set(first, may)).map(|()| 0),
            H::Setgid => next.group.set(first, privileged).map(|()| 0),
            H::Setreuid => next.change_user(|user, may| user.set_two(first, second, may)).map(|()| 0),
            H::Setregid => next.group.set_two(first, second, privileged).map(|()| 0),
            H::Setresuid => next.change_user(|user, may| user.set_three(three(), may)).map(|()| 0),
            H::Setresgid => next.group.set_three(three(), privileged).map(|()| 0),
            H::Setfsuid => Ok(next.user.set_fs(first, privileged)),
            H::Setfsgid => Ok(next.group.set_fs(first, privileged)),
            H::Setgroups if !privileged => Err(Errno::PERM),
            H::Setgroups if first > MOST_GROUPS => Err(Errno::INVAL),
            H::Setgroups => {
                next.groups = call.caller.numbers(call.pointer(1), first as usize)?;
                if next.groups.contains(&UNCHANGED) { Err(Errno::INVAL) } else { Ok(0) }
            }
            _ => return Ok(Outcome::Continue),
        };
        let marked = changed.and_then(|value| self.marks.set(call.caller.thread, next).map(|()| value));
        Ok(marked.map_or_else(Outcome::Error, |value| Outcome::Value(value.into())))
    }

    /// `PR_SET_KEEPCAPS`, which the kernel then carries out as well.
    pub(super) fn keep_capabilities(&mut self, call: &Call) -> Answered {
        let mut next = self.marks.of(call.caller.thread).clone();
        next.keeps_capabilities = call.number(1) != 0;
        let marked = self.marks.set(call.caller.thread, next);
        Ok(marked.map_or_else(Outcome::Error, |()| Outcome::Continue))
    }

    /// A program executed by somebody who is not just root: its set-id bits count.
    pub(super) fn execute(&mut self, which: HandedOver, call: &Call) -> Answered {
        let now = self.marks.of(call.caller.thread);
        if !now.keeps_capabilities && now.user == Ids::default() && now.group == Ids::default() {
            return Ok(Outcome::Continue);
        }
        let mut next = now.clone();
        let program = match which {
            HandedOver::Execve => call.path(0).and_then(|path| call.caller.resolve(&path, true)),
            _ => call.resolve_at(0, 1, call.number(4)),
        };
        let (user, group) = self.set_ids_of(call, program)?;
        next.execute(user, group);
        let marked = self.marks.set(call.caller.thread, next);
        Ok(marked.map_or_else(Outcome::Error, |()| Outcome::Continue))
    }

    /// The ids that a program's set-id bits give.
    fn set_ids_of(
        &self,
        call: &Call,
        program: io::Result<OwnedFd>,
    ) -> io::Result<(Option<u32>, Option<u32>)> {
        const SET_USER_ID: u32 = 0o4000;
        const SET_GROUP_ID: u32 = 0o2010;
        let node = self.node(call, program?)?;
        let (uid, gid) = self.ledger.remarkable(&node).map_or((0, 0), |shown| (shown.uid, shown.gid));
        let gives = |bits, id| (node.mode() & bits == bits && !call.caller.gains_nothing()).then_some(id);
        Ok((gives(SET_USER_ID, uid), gives(SET_GROUP_ID, gid)))
    }

    fn tell_three(&self, call: &Call, ids: [u32; 3]) -> Answered {
        let ids = ids.map(u32::to_ne_bytes);
        let results = [0, 1, 2].map(|at| (call.pointer(at), ids[at].as_slice()));
        Ok(self.write(call, &results)?.map_or_else(Outcome::Error, |()| Outcome::Value(0)))
    }

    fn tell_groups(&self, call: &Call, groups: &[u32]) -> Answered {
        let (room, count) = (call.descriptor(0), groups.len());
        if room != 0 {
            if usize::try_from(room).map_or(true, |room| room < count) {
                return Ok(Outcome::Error(Errno::INVAL));
            }
            let bytes: Vec<u8> = groups.iter().flat_map(|group| group.to_ne_bytes()).collect();
            if let Err(errno) = self.write(call, &[(call.pointer(1), &bytes)])? {
                return Ok(Outcome::Error(errno));
            }
        }
        Ok(Outcome::Value(count as i64))
    }
}

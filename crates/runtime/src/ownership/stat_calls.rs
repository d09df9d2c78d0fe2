//! `stat` and its kin: what was recorded is shown, so that `tar`, `cp -a`, `ls` and package managers see
//! what they have set.

use plimsoll_sys::raw_stat::{stat_bytes, statx_bytes};

use super::ledger::Node;
use super::supervisor::{Answered, Call, Outcome, Supervisor};
use crate::seccomp::HandedOver;

impl Supervisor {
    pub(super) fn stat(&mut self, which: HandedOver, call: &Call) -> Answered {
        if self.ledger.is_plain() {
            return Ok(Outcome::Continue);
        }
        let (fd, buffer) = match which {
            HandedOver::Stat => (call.caller.resolve(&call.path(0)?, true)?, 1),
            HandedOver::Lstat => (call.caller.resolve(&call.path(0)?, false)?, 1),
            HandedOver::Fstat => (call.caller.descriptor(call.descriptor(0))?, 1),
            HandedOver::Newfstatat => (call.resolve_at(0, 1, call.number(3))?, 2),
            _ => (call.resolve_at(0, 1, call.number(2))?, 4),
        };
        // Whose file it really was is made sure of where it matters, before writing.
        let node = Node::of(fd)?;
        let Some(shown) = self.ledger.remarkable(&node) else { return Ok(Outcome::Continue) };
        let bytes = match which {
            HandedOver::Statx => statx_bytes(&node.fd, call.number(2) as i32, call.number(3), shown)?,
            _ => stat_bytes(&node.fd, shown)?,
        };
        Ok(match self.write(call, &[(call.pointer(buffer), &bytes)])? {
            Ok(()) => Outcome::Value(0),
            Err(errno) => Outcome::Error(errno),
        })
    }
}

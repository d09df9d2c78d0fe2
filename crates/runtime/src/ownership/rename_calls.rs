//! A new name for a file: whose it is was known by the path it had in the lower layers, and is recorded
//! before the path changes. The call itself is the kernel's.

use plimsoll_sys::raw_stat::Shown;
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid};

use super::caller::PathArgument;
use super::ledger::Node;
use super::supervisor::{Answered, Call, Outcome, Supervisor};
use crate::seccomp::HandedOver;

/// `AT_SYMLINK_FOLLOW` and `AT_EMPTY_PATH` of linkat (linux/fcntl.h).
const FOLLOW: u32 = 0x400;
const EMPTY_PATH: u32 = 0x1000;

impl Supervisor {
    pub(super) fn keep_owner_under_new_name(&mut self, which: HandedOver, call: &Call) -> Answered {
        use HandedOver as H;
        if self.ledger.is_plain() {
            return Ok(Outcome::Continue);
        }
        let (fd, to) = match which {
            H::Rename | H::Link => (call.caller.resolve(&call.path(0)?, false)?, call.path(1)?),
            H::Linkat => (self.source_of_link(call)?, call.path_at(2, 3)?),
            _ => (call.caller.resolve(&call.path_at(0, 1)?, false)?, call.path_at(2, 3)?),
        };
        let node = self.node(call, fd)?;
        self.keep_owner(call, node, &to)?;
        Ok(Outcome::Continue)
    }

    fn source_of_link(&self, call: &Call) -> std::io::Result<std::os::fd::OwnedFd> {
        let flags = call.number(4);
        let from = call.path_at(0, 1)?;
        match from.path.is_empty() && flags & EMPTY_PATH != 0 {
            true => call.caller.descriptor(from.directory),
            false => call.caller.resolve(&from, flags & FOLLOW != 0),
        }
    }

    /// Directories keep their owners by themselves: overlayfs renames only those that are new.
    fn keep_owner(&mut self, call: &Call, node: Node, to: &PathArgument) -> std::io::Result<()> {
        let kind = FileType::from_raw_mode(node.mode());
        if kind == FileType::Directory {
            return Ok(());
        }
        let owner = self.ledger.remarkable(&node);
        let (directory, name) = call.caller.resolve_parent(to)?;
        let below = self.ledger.below(&Node::of(directory)?, &name);
        if owner.is_none() && below.is_none_or(|below| below == (0, 0)) {
            return Ok(());
        }
        copy_up(&node, kind)?;
        let node = self.node(call, node.fd)?;
        self.ledger.record_for_good(&node, owner.unwrap_or(Shown { uid: 0, gid: 0, device: None }));
        Ok(())
    }
}

/// Bring a file into the upper directory and change nothing of it: a chown would take set-id bits away.
fn copy_up(node: &Node, kind: FileType) -> std::io::Result<()> {
    use std::os::fd::AsRawFd as _;
    if kind == FileType::RegularFile {
        let name = format!("/proc/self/fd/{}", node.fd.as_raw_fd());
        // Somebody's lease on the file must not hold us up.
        rustix::fs::open(name, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    } else {
        let (uid, gid) = (Some(Uid::ROOT), Some(Gid::ROOT));
        rustix::fs::chownat(&node.fd, c"", uid, gid, AtFlags::EMPTY_PATH)?;
    }
    Ok(())
}

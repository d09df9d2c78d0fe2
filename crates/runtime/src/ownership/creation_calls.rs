//! New files: they belong to who made them, and in a directory with set-group-ID to its group. Where the
//! one id says the same, the kernel makes them; else we do, and record whose they are.

use std::os::fd::OwnedFd;

use plimsoll_sys::raw_stat::{Device, Shown};
use rustix::fs::{FileType, Mode, OFlags, RawMode};
use rustix::io::Errno;

use super::caller::PathArgument;
use super::ledger::Node;
use super::supervisor::{Answered, Call, Outcome, Supervisor};
use crate::seccomp::HandedOver;

/// What is made.
enum New {
    File {
        flags: OFlags,
        mode: u32,
    },
    Directory {
        mode: u32,
    },
    Symlink {
        target: Vec<u8>,
    },
    /// A fifo, socket or plain file by `mknod`.
    Plain {
        kind: FileType,
        mode: u32,
    },
    Device {
        device: Device,
        mode: u32,
    },
}

const SET_GROUP_ID: u32 = 0o2000;

impl Supervisor {
    pub(super) fn create(&mut self, which: HandedOver, call: &Call) -> Answered {
        let open = |flags, mode| {
            let flags = OFlags::from_bits_retain(call.number(flags));
            New::File { flags, mode: call.number(mode) }
        };
        use HandedOver as H;
        let (at, new) = match which {
            H::Open => (call.path(0)?, open(1, 2)),
            H::Openat => (call.path_at(0, 1)?, open(2, 3)),
            H::Creat => {
                let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::TRUNC;
                (call.path(0)?, New::File { flags, mode: call.number(1) })
            }
            H::Mkdir => (call.path(0)?, New::Directory { mode: call.number(1) }),
            H::Mkdirat => (call.path_at(0, 1)?, New::Directory { mode: call.number(2) }),
            H::Symlink => (call.path(1)?, New::Symlink { target: call.path(0)?.path }),
            H::Symlinkat => (call.path_at(1, 2)?, New::Symlink { target: call.path(0)?.path }),
            H::Mknod => (call.path(0)?, special(call.number(1), call.number(2))),
            _ => (call.path_at(0, 1)?, special(call.number(2), call.number(3))),
        };
        self.create_at(call, &at, new)
    }

    fn create_at(&mut self, call: &Call, at: &PathArgument, new: New) -> Answered {
        let credentials = self.marks.of(call.caller.thread);
        let (uid, mut gid) = (credentials.user.fs, credentials.group.fs);
        let device = match new {
            New::Device { .. } if !credentials.privileged() => return Ok(Outcome::Error(Errno::PERM)),
            New::Device { device, .. } => Some(device),
            _ if (uid, gid) == (0, 0) && self.ledger.is_plain() => return Ok(Outcome::Continue),
            _ => None,
        };
        let (parent, name) = call.caller.resolve_parent(at)?;
        let parent = self.node(call, parent)?;
        if parent.mode() & SET_GROUP_ID != 0 {
            gid = self.ledger.remarkable(&parent).map_or(0, |shown| shown.gid);
        }
        let below = self.ledger.below(&parent, &name);
        if (uid, gid) == (0, 0) && device.is_none() && below.is_none_or(|below| below == (0, 0)) {
            return Ok(Outcome::Continue);
        }
        let made = match make(&parent.fd, &name, &new, call.caller.umask()) {
            Ok(made) => made,
            // It exists: opened as it is, by the kernel. All else fails there with the same error.
            Err(Errno::EXIST) if device.is_none() => return Ok(Outcome::Continue),
            Err(errno) if device.is_some() => return Ok(Outcome::Error(errno)),
            Err(errno) => return Err(errno.into()),
        };
        let node = Node::of(made.try_clone()?)?;
        self.ledger.record_for_good(&node, Shown { uid, gid, device });
        Ok(match new {
            New::File { flags, .. } => {
                Outcome::Opened { fd: made, close_on_exec: flags.contains(OFlags::CLOEXEC) }
            }
            _ => Outcome::Value(0),
        })
    }
}

/// What `mknod` is asked for. Device 0:0 is overlayfs' own mark for a removed file, which anybody may make.
fn special(mode: u32, number: u32) -> New {
    let kind = FileType::from_raw_mode(mode as RawMode);
    // linux/kdev_t.h, new_decode_dev
    let (major, minor) = (number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xf_ff00);
    match kind {
        FileType::CharacterDevice | FileType::BlockDevice if (major, minor) != (0, 0) => {
            let device = Device { block: kind == FileType::BlockDevice, major, minor };
            New::Device { device, mode }
        }
        kind => New::Plain { kind, mode },
    }
}

/// Make it where nothing stands yet. A device node becomes an empty file: the kernel makes none for us, and
/// could not be let open one.
fn make(parent: &OwnedFd, name: &[u8], new: &New, umask: u32) -> Result<OwnedFd, Errno> {
    let masked = |mode: u32| Mode::from_raw_mode((mode & 0o7777 & !umask) as RawMode);
    let fresh = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match new {
        New::File { flags, .. } if flags.intersects(OFlags::PATH | OFlags::DIRECTORY) => {
            return Err(Errno::INVAL);
        }
        New::File { flags, mode } => {
            return rustix::fs::openat(parent, name, *flags | fresh, masked(*mode));
        }
        New::Device { mode, .. } => {
            return rustix::fs::openat(parent, name, OFlags::WRONLY | fresh, masked(*mode));
        }
        New::Directory { mode } => rustix::fs::mkdirat(parent, name, masked(*mode))?,
        New::Symlink { target } => rustix::fs::symlinkat(target, parent, name)?,
        New::Plain { kind, mode } => {
            let kind = if *kind == FileType::Unknown { FileType::RegularFile } else { *kind };
            rustix::fs::mknodat(parent, name, kind, masked(*mode), 0)?;
        }
    }
    rustix::fs::openat(parent, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_numbers_are_decoded_as_the_kernel_does() {
        for (major, minor) in [(1, 3), (8, 300), (4095, 0xf_ffff)] {
            let number = rustix::fs::makedev(major, minor) as u32;
            let New::Device { device, .. } = special(0o20666, number) else { panic!("no device") };
            assert_eq!((device.block, device.major, device.minor), (false, major, minor));
        }
        assert!(matches!(special(0o20000, 0), New::Plain { .. }), "a whiteout");
        assert!(matches!(special(0o10644, 0), New::Plain { kind: FileType::Fifo, .. }));
    }
}

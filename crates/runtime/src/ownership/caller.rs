//! The process whose call waits: its memory, and its paths resolved as it would resolve them.
//!
//! Everything in its memory is hostile and can change at any moment, so that it is read once. Paths are
//! resolved from the caller's own root, working directory and descriptors, never above its root, and never
//! through the links of procfs that lead elsewhere; what is then done is done to the descriptor found.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::FileExt as _;

use plimsoll_sys::process;
use plimsoll_sys::root_dir::RootDir;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// A thread that waits for our answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) thread: u32,
}

/// A path argument of a call.
#[derive(Debug, Clone)]
pub(crate) struct PathArgument {
    /// The directory of a relative path, `AT_FDCWD` for the working directory.
    pub(crate) directory: i32,
    pub(crate) path: Vec<u8>,
}

/// `AT_FDCWD` (linux/fcntl.h).
pub(crate) const WORKING_DIRECTORY: i32 = -100;

/// Longest path with its zero byte.
const PATH_MAX: usize = 4096;
const PAGE: u64 = 4096;

impl Caller {
    /// A zero-terminated path in the caller's memory.
    pub(crate) fn path(self, address: u64) -> io::Result<Vec<u8>> {
        let mut text = vec![0; PATH_MAX];
        let mut known = 0;
        while known < PATH_MAX {
            let from = address.wrapping_add(known as u64);
            // Not over the end of a page: the next one may not exist.
            let end = PATH_MAX.min(known + (PAGE - from % PAGE) as usize);
            let length = process::read_memory(self.thread, from, &mut text[known..end])?;
            if let Some(zero) = text[known..known + length].iter().position(|byte| *byte == 0) {
                text.truncate(known + zero);
                return Ok(text);
            }
            if length == 0 {
                break;
            }
            known += length;
        }
        Err(Errno::NAMETOOLONG.into())
    }

    /// So many bytes of the caller's memory.
    pub(crate) fn bytes(self, address: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        if process::read_memory(self.thread, address, &mut bytes)? != bytes.len() {
            return Err(Errno::FAULT.into());
        }
        Ok(bytes)
    }

    /// 32-bit numbers in the caller's memory.
    pub(crate) fn numbers(self, address: u64, count: usize) -> io::Result<Vec<u32>> {
        let bytes = self.bytes(address, count * 4)?;
        Ok(bytes.as_chunks().0.iter().map(|number| u32::from_ne_bytes(*number)).collect())
    }

    /// The caller's memory, for writing. It stays this process' memory whatever becomes of its number.
    pub(super) fn memory(self) -> io::Result<Memory> {
        Ok(Memory(File::options().write(true).open(format!("/proc/{}/mem", self.thread))?))
    }

    /// What a descriptor of the caller names, `O_PATH`.
    pub(crate) fn descriptor(self, number: i32) -> io::Result<OwnedFd> {
        self.open_own(&format!("fd/{number}"))
    }

    /// What a path argument leads to, `O_PATH`.
    pub(crate) fn resolve(self, argument: &PathArgument, follow: bool) -> io::Result<OwnedFd> {
        let flags = if follow { OFlags::PATH } else { OFlags::PATH | OFlags::NOFOLLOW };
        let PathArgument { directory, path } = argument;
        if path.starts_with(b"/") {
            return self.root()?.open_with(path, flags, 0);
        }
        let base = match *directory {
            WORKING_DIRECTORY => self.open_own("cwd")?,
            number => self.descriptor(number)?,
        };
        let path: &[u8] = if path.is_empty() { b"." } else { path };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(&base, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // A link or `..` leads out of the directory: begin at the root.
            Err(Errno::XDEV | Errno::AGAIN) => {
                let base = self.below_root(&name_of(&base)?)?;
                self.root()?.open_with([&base, b"/" as &[u8], path].concat(), flags, 0)
            }
            result => Ok(result?),
        }
    }

    /// The directory a path argument's last name stands in, `O_PATH`, and that name.
    pub(crate) fn resolve_parent(self, argument: &PathArgument) -> io::Result<(OwnedFd, Vec<u8>)> {
        let slashes = argument.path.iter().rev().take_while(|byte| **byte == b'/').count();
        let trimmed = &argument.path[..argument.path.len() - slashes];
        let start = trimmed.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        let (parent, name) = trimmed.split_at(start);
        if matches!(name, b"" | b"." | b"..") {
            return Err(Errno::INVAL.into());
        }
        let parent = PathArgument { path: parent.to_vec(), directory: argument.directory };
        Ok((self.resolve(&parent, true)?, name.to_vec()))
    }

    /// The file mode mask of the caller.
    pub(super) fn umask(self) -> u32 {
        self.status("Umask:").and_then(|mask| u32::from_str_radix(&mask, 8).ok()).unwrap_or(0o022)
    }

    /// Whether set-id bits of programs mean nothing to the caller (no_new_privs).
    pub(super) fn gains_nothing(self) -> bool {
        self.status("NoNewPrivs:").is_none_or(|value| value != "0")
    }

    /// Everything the kernel tells of the caller.
    pub(crate) fn all_status(self) -> Option<String> {
        std::fs::read_to_string(format!("/proc/{}/status", self.thread)).ok()
    }

    /// The path of the caller's program, fit to be shown.
    pub(crate) fn program(self) -> Option<String> {
        let path = std::fs::read_link(format!("/proc/{}/exe", self.thread)).ok()?;
        Some(path.to_string_lossy().chars().filter(|c| !c.is_control()).collect())
    }

    fn status(self, field: &str) -> Option<String> {
        let status = self.all_status()?;
        status.lines().find_map(|line| line.strip_prefix(field)).map(|value| value.trim().to_string())
    }

    pub(crate) fn root(self) -> io::Result<RootDir> {
        Ok(RootDir::from_fd(self.open_own("root")?))
    }

    /// A path of the container as the caller sees it, which may have changed its root.
    pub(crate) fn below_root(self, path: &[u8]) -> io::Result<Vec<u8>> {
        let root = name_of(&self.open_own("root")?)?;
        let root = root.strip_suffix(b"/").unwrap_or(&root);
        Ok(path.strip_prefix(root).ok_or(Errno::XDEV)?.to_vec())
    }

    fn open_own(self, link: &str) -> io::Result<OwnedFd> {
        let path = format!("/proc/{}/{link}", self.thread);
        Ok(rustix::fs::openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?)
    }
}

/// The path of what a descriptor names, from the root of its mounts.
pub(crate) fn name_of(fd: &OwnedFd) -> io::Result<Vec<u8>> {
    let link = format!("/proc/self/fd/{}", fd.as_raw_fd());
    Ok(rustix::fs::readlink(link, Vec::new())?.into_bytes())
}

/// Memory of a process.
#[derive(Debug)]
pub(super) struct Memory(File);

impl Memory {
    /// Write to an address that the process gave.
    pub(super) fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.0.write_all_at(bytes, address).map_err(|_| Errno::FAULT)
    }
}

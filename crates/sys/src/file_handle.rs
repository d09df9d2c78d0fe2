//! Which inode it is, for ever: a name that no later inode of the file system gets.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

use crate::raw_stat::Shown;

/// Whose files are whatever their inode says, and which of them are device nodes.
pub type OwnerRecords = HashMap<FileHandle, Shown>;

/// What the file system calls an inode among all it ever had: its number and, because numbers are used
/// again, its generation (name_to_handle_at(2)).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileHandle {
    kind: i32,
    bytes: Box<[u8]>,
}

/// `MAX_HANDLE_SZ` (linux/exportfs.h).
const LONGEST: usize = 128;

/// `struct file_handle` (linux/fcntl.h).
#[repr(C)]
struct Wire {
    length: u32,
    kind: i32,
    bytes: [u8; LONGEST],
}

impl FileHandle {
    /// The handle of what a descriptor names, `O_PATH` included. An error where the file system has none.
    pub fn of(fd: impl AsFd) -> io::Result<FileHandle> {
        let mut wire = Wire { length: LONGEST as u32, kind: 0, bytes: [0; LONGEST] };
        let mut mount: libc::c_int = 0;
        // SAFETY: the path is a constant; the structure is laid out as the call demands, says how much room
        // it has, and lives through the call, as does the number of the mount.
        let result = unsafe {
            libc::syscall(
                libc::SYS_name_to_handle_at,
                fd.as_fd().as_raw_fd(),
                c"".as_ptr(),
                &raw mut wire,
                &raw mut mount,
                libc::AT_EMPTY_PATH,
            )
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let bytes = wire.bytes.get(..wire.length as usize).ok_or(io::ErrorKind::InvalidData)?;
        Ok(FileHandle { kind: wire.kind, bytes: bytes.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};

    #[test]
    fn a_handle_follows_the_inode_and_not_the_name() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("first"), dir.path().join("second"));
        fs::write(&first, "1").unwrap();
        let of = |path| FileHandle::of(File::open(path).unwrap()).unwrap();
        let before = of(&first);
        fs::hard_link(&first, &second).unwrap();
        assert_eq!(of(&second), before);
        fs::remove_file(&first).unwrap();
        fs::remove_file(&second).unwrap();
        // The file system is free to use the number again; not the handle.
        for _ in 0..50 {
            fs::write(&first, "2").unwrap();
            assert_ne!(of(&first), before);
            fs::remove_file(&first).unwrap();
        }
    }
}

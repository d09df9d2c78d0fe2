//! The last operation: exec.

use std::ffi::{CStr, CString};
use std::os::fd::RawFd;
use std::ptr;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::INHERITED_CHANNEL;
use super::descriptors::{duplicate_above, duplicate_to, last_errno};

/// A program to execute.
#[derive(Debug)]
pub struct Exec {
    /// Paths to try in order.
    candidates: Vec<CString>,
    /// Argument vector.
    argv: CStringArray,
    /// Environment.
    envp: CStringArray,
}

impl Exec {
    /// Prepare an `execve`.
    pub fn new(candidates: Vec<CString>, argv: Vec<CString>, env: Vec<CString>) -> Self {
        Exec { candidates, argv: CStringArray::new(argv), envp: CStringArray::new(env) }
    }
}

/// A null-terminated array of pointers to strings it owns.
#[derive(Debug)]
struct CStringArray {
    _strings: Vec<CString>,
    pointers: Vec<*const libc::c_char>,
}

impl CStringArray {
    fn new(strings: Vec<CString>) -> Self {
        let pointers = strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect();
        CStringArray { _strings: strings, pointers }
    }
}

/// Try the candidates in order, as `execvp` does. Returns the one that decided and its error.
pub(super) fn execute(exec: &Exec) -> (u32, Errno) {
    // What is found and refused says more than that later candidates do not exist.
    let mut refused = None;
    for (number, path) in (0..).zip(&exec.candidates) {
        let errno = match refuse_own_program(path) {
            Err(Errno::NOENT | Errno::NOTDIR) => continue,
            Err(errno) => errno,
            // SAFETY: path, argv and envp are zero-terminated and live; argv and envp end with null.
            Ok(()) => unsafe {
                libc::execve(path.as_ptr(), exec.argv.pointers.as_ptr(), exec.envp.pointers.as_ptr());
                last_errno()
            },
        };
        match errno {
            Errno::NOENT | Errno::NOTDIR if refused.is_none() && !exists(path) => {}
            Errno::ACCESS => refused = refused.or(Some((number, errno))),
            Errno::NOENT | Errno::NOTDIR if refused.is_some() => {}
            errno => return (number, errno),
        }
    }
    refused.unwrap_or((0, Errno::NOENT))
}

/// Whether the file of a failed exec is there: then its interpreter is what is missing, and the
/// search ends.
fn exists(path: &CStr) -> bool {
    rustix::fs::statat(CWD, path, rustix::fs::AtFlags::empty()).is_ok()
}

/// Depth of `#!` chains the kernel follows (BINPRM recursion limit 5).
const CHAIN: usize = 6;

/// Refuse a program or script interpreter that is reached through a link of procfs: `/proc/self/exe`
/// is our own binary until exec (CVE-2019-5736). A program that is not there is said to be so, and need not be tried.
fn refuse_own_program(path: &CStr) -> Result<(), Errno> {
    let mut interpreter;
    let mut next = path;
    for depth in 0..CHAIN {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat2(CWD, next, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS) {
            Err(Errno::LOOP) => return Err(Errno::LOOP),
            Err(errno @ (Errno::NOENT | Errno::NOTDIR)) if depth == 0 => return Err(errno),
            Err(_) => return Ok(()),
            Ok(file) => file,
        };
        let is_file = rustix::fs::fstat(&file)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
        let mut head = [0u8; 256];
        let Ok(length) = rustix::io::pread(&file, &mut head, 0) else { return Ok(()) };
        let Some(name) = head.get(..length).filter(|_| is_file).and_then(interpreter_of) else {
            return Ok(());
        };
        interpreter = [0u8; 256];
        let Some(place) = interpreter.get_mut(..name.len()) else { return Ok(()) };
        place.copy_from_slice(name);
        let Ok(name) = CStr::from_bytes_until_nul(&interpreter) else { return Ok(()) };
        next = name;
    }
    Ok(())
}

/// The interpreter a script's first line names.
fn interpreter_of(head: &[u8]) -> Option<&[u8]> {
    let line = head.strip_prefix(b"#!")?;
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = line.iter().position(|byte| !blank(byte))?;
    let rest = line.get(start..)?;
    let end = rest.iter().position(|byte| blank(byte) || matches!(byte, b'\n' | 0)).unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty())
}

/// Execute a file by descriptor and leave the channel open for it. Returns only on failure, with the
/// number the channel has now.
pub(super) fn execute_descriptor(program: RawFd, exec: &Exec, channel: RawFd) -> Result<RawFd, Errno> {
    let program = duplicate_above(program, INHERITED_CHANNEL + 1)?;
    let channel = duplicate_above(channel, INHERITED_CHANNEL + 1)?;
    duplicate_to(channel, INHERITED_CHANNEL, 0)?;
    // SAFETY: the strings are zero-terminated and live; argv and envp end with null.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            program,
            c"".as_ptr(),
            exec.argv.pointers.as_ptr(),
            exec.envp.pointers.as_ptr(),
            libc::AT_EMPTY_PATH,
        );
    }
    let errno = last_errno();
    // The inherited copy would keep the channel open although this process only waits.
    duplicate_to(channel, INHERITED_CHANNEL, libc::O_CLOEXEC)?;
    Err(errno)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters() {
        assert_eq!(interpreter_of(b"#!/bin/sh\n"), Some(&b"/bin/sh"[..]));
        assert_eq!(interpreter_of(b"#! \t/bin/sh -e\n"), Some(&b"/bin/sh"[..]));
        assert_eq!(interpreter_of(b"#!/bin/sh"), Some(&b"/bin/sh"[..]));
        assert_eq!(interpreter_of(b"#!/bin/sh\r\n"), Some(&b"/bin/sh\r"[..]));
        for none in [&b""[..], b"#", b"#!", b"#!\n", b"#! \n/x", b"\x7fELF"] {
            assert_eq!(interpreter_of(none), None, "{none:?}");
        }
    }
}

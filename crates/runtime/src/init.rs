//! The built-in init (`--init`): PID 1 that forwards signals, reaps zombies and ends with the exit
//! code of its one child. It is our own binary, started from a sealed memfd, so nothing of it is
//! mounted into the image and no process of the container can change the file on the host.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::process::exit;

use plimsoll_sys::child::{self, Exec, Op, Program, Spawned};
use plimsoll_sys::{process, signals};
use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags};
use rustix::io::Errno;
use rustix::process::{Signal, WaitOptions, WaitStatus};

use crate::plan::Command;

/// `argv[0]` under which the binary must call [`init_main`] and nothing else.
pub const INIT_ARGV0: &str = "plimsoll-init";

/// What the init ends with when it cannot do its work.
const FAILED: i32 = 125;

/// Be the init. `args` is the whole argument vector, `argv[0]` included. Must be called before any
/// thread is started.
pub fn init_main(args: Vec<OsString>) -> ! {
    exit(run(args).unwrap_or(FAILED))
}

fn run(args: Vec<OsString>) -> Option<i32> {
    let (candidates, argv) = read_arguments(args)?;
    let env = std::env::vars_os()
        .filter_map(|(name, value)| CString::new([name.into_vec(), value.into_vec()].join(&b'=')).ok());
    let mut program = Program::default();
    program.push(0, Op::ForegroundGroup);
    program.push(0, Op::CleanProcess);
    program.push(0, Op::Exec(Exec::new(candidates, argv, env.collect())));
    // The launcher listens until the program is executed, and hears from it if it cannot be.
    let channel = child::inherited_channel().ok()?;
    signals::block_all().ok()?;
    let main = child::spawn(&program, 0, None, &channel).ok()?;
    drop(channel);
    serve(&main).ok()
}

/// Forward and reap until the child ends; its code is the result.
fn serve(main: &Spawned) -> io::Result<i32> {
    const CHILD: i32 = Signal::CHILD.as_raw();
    // A process that is not in the foreground gets these from the terminal: they are meant for it alone.
    const TERMINAL: [i32; 2] = [Signal::TTIN.as_raw(), Signal::TTOU.as_raw()];
    loop {
        match signals::wait()? {
            CHILD => {
                if let Some(code) = reap(main.pid) {
                    return Ok(code);
                }
            }
            signal if TERMINAL.contains(&signal) => {}
            signal => {
                // It may have ended; then SIGCHLD is next.
                let _ = process::send_signal(main.pidfd.as_fd(), signal);
            }
        }
    }
}

/// Take all ended children; the code of the main one, if it is among them.
fn reap(main: u32) -> Option<i32> {
    let mut code = None;
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid.as_raw_pid() as u32 == main => code = exit_code(status).or(code),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) | Err(_) => return code,
        }
    }
}

fn exit_code(status: WaitStatus) -> Option<i32> {
    status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal))
}

/// The argument vector of the init for a command: the number of candidates, they, the command's own.
pub(crate) fn arguments(command: &Command) -> Vec<String> {
    let mut words = vec![INIT_ARGV0.to_string(), command.candidates.len().to_string()];
    words.extend(command.candidates.iter().cloned());
    words.extend(command.argv.iter().cloned());
    words
}

fn read_arguments(args: Vec<OsString>) -> Option<(Vec<CString>, Vec<CString>)> {
    let mut words = args.into_iter().skip(1).map(|word| CString::new(word.into_vec()).ok());
    let count = words.next()??.to_str().ok()?.parse::<usize>().ok()?;
    let rest = words.collect::<Option<Vec<CString>>>()?;
    let (candidates, argv) = rest.split_at_checked(count)?;
    Some((candidates.to_vec(), argv.to_vec()))
}

/// Our own binary in memory that nobody can change.
pub(crate) fn sealed_program() -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memory = match rustix::fs::memfd_create(INIT_ARGV0, flags | MemfdFlags::EXEC) {
        // Kernels before 6.3 know no such flag, and make all memory executable.
        Err(Errno::INVAL) => rustix::fs::memfd_create(INIT_ARGV0, flags)?,
        result => result?,
    };
    let mut memory = File::from(memory);
    io::copy(&mut File::open("/proc/self/exe")?, &mut memory)?;
    rustix::fs::fcntl_add_seals(
        &memory,
        SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE,
    )?;
    // What is open for writing cannot be executed: open it again for reading.
    let path = format!("/proc/self/fd/{}", memory.as_raw_fd());
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_come_back() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let command = Command {
            argv: words(&["sh", "-c", "exit"]),
            env: Vec::new(),
            candidates: words(&["/usr/bin/sh", "/bin/sh"]),
            init: true,
        };
        let args = arguments(&command).into_iter().map(OsString::from).collect();
        let text =
            |words: Vec<CString>| words.iter().map(|w| w.to_str().unwrap().to_string()).collect::<Vec<_>>();
        let (candidates, argv) = read_arguments(args).unwrap();
        assert_eq!((text(candidates), text(argv)), (command.candidates, command.argv));
        for bad in [&["x"][..], &["x", "a"], &["x", "3", "a"], &["x", "-1"]] {
            assert!(read_arguments(bad.iter().map(OsString::from).collect()).is_none(), "{bad:?}");
        }
    }
}

//! A running program that carries a container's traffic out.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plimsoll_model::{Signal, UserModeProgram};
use plimsoll_sys::child::{self, Channel, Exec, Op, Program, Report, Spawned};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;
use rustix::mount::UnmountFlags;

use super::arguments;
use crate::launch::Running;
use crate::process_id::once_visible;
use crate::words::{in_words, reason};

/// Both need some ten milliseconds; what is not there by then does not come.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often it is looked whether the way is open.
const PAUSE: Duration = Duration::from_millis(2);

/// How much of what it says is kept.
const SAID: u64 = 4096;

/// The program at work. Dropping it ends it; it also ends with this process, however that ends.
#[derive(Debug)]
pub(crate) struct Carrier {
    process: Running,
}

impl Drop for Carrier {
    fn drop(&mut self) {
        // Our own child: neither can fail while it has not been waited for.
        let _ = self.process.signal(Signal::KILL);
        let _ = self.process.wait(None);
    }
}

impl Carrier {
    /// Start it for the network namespace of a process, and wait until the way out is open.
    pub(super) fn start(
        program: UserModeProgram,
        path: &Path,
        pid: u32,
        directory: &Path,
    ) -> Result<Carrier, String> {
        let namespace = NamespaceFile::mount(pid, &directory.join("netns"))
            .map_err(|error| format!("its network namespace cannot be shown: {}", in_words(&error)))?;
        let said = what_it_says().map_err(|error| in_words(&error))?;
        let process = spawn(path, arguments::of(program, &namespace.path), &said)?;
        let carrier = Carrier { process };
        carrier.await_route(pid, &said)?;
        Ok(carrier)
    }

    fn await_route(&self, pid: u32, said: &File) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if has_default_route(pid) {
                return Ok(());
            }
            if let Ok(Some(_)) = self.process.wait(Some(PAUSE)) {
                return Err(last_words(said).unwrap_or_else(|| "it ended without a word".to_string()));
            }
        }
        Err(format!("it has opened no way out within {} seconds", PATIENCE.as_secs()))
    }
}

/// A network namespace as a file: pasta gives rights up before it opens it, and may not look into the
/// container's own /proc entry any more. The mount is our mount namespace's alone.
struct NamespaceFile {
    path: PathBuf,
}

impl NamespaceFile {
    fn mount(pid: u32, path: &Path) -> io::Result<NamespaceFile> {
        File::create(path)?;
        let file = NamespaceFile { path: path.to_path_buf() };
        once_visible(pid, || Ok(rustix::mount::mount_bind(format!("/proc/{pid}/ns/net"), path)?))?;
        Ok(file)
    }
}

impl Drop for NamespaceFile {
    fn drop(&mut self) {
        // Of a file that could not be mounted on, there is nothing to unmount.
        let _ = rustix::mount::unmount(&self.path, UnmountFlags::DETACH);
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Start it with nothing of ours but a place for what it says.
fn spawn(path: &Path, arguments: Vec<String>, said: &File) -> Result<Running, String> {
    let failed = |error: io::Error| in_words(&error);
    let text = |bytes: &[u8]| CString::new(bytes).map_err(|_| "its path has a zero byte".to_string());
    let program = text(path.as_os_str().as_bytes())?;
    let words: Result<Vec<_>, _> = arguments.iter().map(|word| text(word.as_bytes())).collect();
    let argv = [vec![program.clone()], words?].concat();
    let mut steps = Program::default();
    for op in [Op::Session, Op::DieWithParent, Op::CleanProcess] {
        steps.push(0, op);
    }
    steps.push(0, Op::Exec(Exec::new(vec![program], argv, Vec::new())));
    let null: OwnedFd = File::open("/dev/null").map_err(failed)?.into();
    let (channel, theirs) = Channel::new().map_err(failed)?;
    let fds = [null.as_fd(), said.as_fd(), said.as_fd()];
    let Spawned { pid, pidfd } = child::spawn(&steps, 0, Some(fds), &theirs).map_err(failed)?;
    drop(theirs);
    let process = Running { pid, pidfd, terminal: None };
    // The channel closes when the program is executed.
    while let Some(report) = channel.next().map_err(failed)? {
        match report {
            Report::Ready => channel.let_go().map_err(failed)?,
            Report::Failed { errno, .. } | Report::NotExecuted { errno, .. } => {
                drop(channel);
                let _ = process.wait(None);
                let why = reason(Errno::from_raw_os_error(errno));
                return Err(format!("{} does not start: {why}", path.display()));
            }
            _ => {}
        }
    }
    Ok(process)
}

/// Memory for what the program says: as much as fits, so that it neither waits for a reader nor fills a disk.
fn what_it_says() -> io::Result<File> {
    let memory = rustix::fs::memfd_create("said", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::fs::ftruncate(&memory, SAID)?;
    rustix::fs::fcntl_add_seals(&memory, SealFlags::SHRINK | SealFlags::GROW)?;
    Ok(memory.into())
}

/// The last line it has said. Without a system log pasta also says that there is none.
fn last_words(said: &File) -> Option<String> {
    let mut bytes = vec![0; SAID as usize];
    let length = said.read_at(&mut bytes, 0).ok()?;
    let text = String::from_utf8_lossy(&bytes[..length]);
    let mut lines = text.split(['\n', '\0']).map(str::trim);
    let last = lines.rfind(|line| !line.is_empty() && !line.contains("to syslog"))?;
    Some(last.chars().filter(|letter| !letter.is_control()).collect())
}

/// Whether the network of a process leads out (proc(5), `net/route`).
fn has_default_route(pid: u32) -> bool {
    let table = std::fs::read_to_string(format!("/proc/{pid}/net/route")).unwrap_or_default();
    table.lines().skip(1).any(|line| line.split_ascii_whitespace().nth(1) == Some("00000000"))
}

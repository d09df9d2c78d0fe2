//! What this machine allows, found out by trying, without lasting effects.
//!
//! What changes the process is tried in a copy of it that ends at once.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};
use rustix::process::{Pid, WaitOptions, waitpid};
use rustix::thread::UnshareFlags;

use crate::seccomp::{self, Instruction};
use crate::userns::Refusal;

/// Kernel release, `6.18.44`.
pub fn kernel_release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// Whether an ordinary user can make a user namespace and use it.
pub fn user_namespace() -> Result<(), Refusal> {
    in_copy(|| {
        enter_single()?;
        // Where a security module takes the capabilities away, this is what fails.
        let flags = rustix::mount::MountPropagationFlags::REC | rustix::mount::MountPropagationFlags::PRIVATE;
        rustix::mount::mount_change(c"/", flags)
    })
    .map_err(Refusal::of)
}

/// Whether an overlay can be mounted with its writable directory below `dir`: by root as it is, by an
/// ordinary user inside a user namespace. Makes a directory there and removes it.
pub fn overlay(dir: &Path) -> io::Result<()> {
    let place = Place::new(dir)?;
    let root = rustix::process::geteuid().is_root();
    in_copy(|| {
        if !root {
            enter_single()?;
        }
        mount_overlay(&place, !root)
    })?;
    Ok(())
}

/// Whether the kernel has system call filters.
pub fn seccomp_filter() -> bool {
    // A filter of one instruction: allow everything.
    let allow_all = [Instruction { code: 0x06, jt: 0, jf: 0, k: 0x7fff_0000 }];
    in_copy(|| {
        rustix::thread::set_no_new_privs(true)?;
        seccomp::load(&allow_all).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))
    })
    .is_ok()
}

/// Whether a filter can ask another process what to answer (`SECCOMP_RET_USER_NOTIF`, Linux 5.0).
pub fn seccomp_notify() -> bool {
    const SECCOMP_GET_ACTION_AVAIL: libc::c_long = 2;
    let action: u32 = 0x7fc0_0000;
    // SAFETY: the action is read only, and lives through the call.
    unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, ptr::from_ref(&action)) == 0 }
}

/// Whether this user can make network interfaces for user-mode networking.
pub fn tun() -> io::Result<()> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    Ok(rustix::fs::open(c"/dev/net/tun", flags, Mode::empty()).map(drop)?)
}

/// How control groups are mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CgroupVersion {
    /// Not at all.
    None,
    /// Version 1, one hierarchy a controller.
    V1,
    /// Version 1 for limits, version 2 beside it.
    Hybrid,
    /// Version 2.
    V2,
}

/// What can be done with control groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroups {
    /// How they are mounted.
    pub version: CgroupVersion,
    /// A version 2 group of ours in which this user may make more, with the controllers it has.
    pub delegated: Option<(PathBuf, Vec<String>)>,
}

/// What can be done with control groups.
pub fn cgroups() -> Cgroups {
    let version = cgroup_version(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default());
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = own.lines().find_map(|line| line.strip_prefix("0::/")).map(str::to_string);
    let own = own.filter(|_| version == CgroupVersion::V2).map(|path| Path::new("/sys/fs/cgroup").join(path));
    let delegated = own.filter(|path| is_writable(path) && is_writable(&path.join("cgroup.procs")));
    let delegated = delegated.map(|path| {
        let controllers = fs::read_to_string(path.join("cgroup.controllers")).unwrap_or_default();
        (path, controllers.split_whitespace().map(str::to_string).collect())
    });
    Cgroups { version, delegated }
}

fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

/// The file systems of the mounts below `/sys/fs/cgroup` tell (proc_pid_mountinfo(5)).
fn cgroup_version(mountinfo: &str) -> CgroupVersion {
    let of_cgroups = mountinfo.lines().filter_map(|line| {
        let (mount, fs) = line.split_once(" - ")?;
        let at = mount.split(' ').nth(4)?;
        at.starts_with("/sys/fs/cgroup").then(|| fs.split(' ').next()).flatten()
    });
    let (mut v1, mut v2) = (false, false);
    for kind in of_cgroups {
        v1 |= kind == "cgroup";
        v2 |= kind == "cgroup2";
    }
    match (v1, v2) {
        (false, false) => CgroupVersion::None,
        (true, false) => CgroupVersion::V1,
        (true, true) => CgroupVersion::Hybrid,
        (false, true) => CgroupVersion::V2,
    }
}

/// A user namespace with one id. Allocates nothing.
pub(crate) fn enter_single() -> Result<(), Errno> {
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    // SAFETY: a copy with one thread that ends after this; nothing else relies on what changes.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)? };
    write(c"/proc/self/setgroups", b"deny")?;
    write_map(c"/proc/self/gid_map", gid)?;
    write_map(c"/proc/self/uid_map", uid)
}

fn write(path: &std::ffi::CStr, bytes: &[u8]) -> Result<(), Errno> {
    let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, bytes).map(drop)
}

/// `0 ID 1`, written without allocating.
fn write_map(path: &std::ffi::CStr, id: u32) -> Result<(), Errno> {
    use std::io::Write as _;
    let mut line = [0u8; 32];
    let mut rest = &mut line[..];
    let _ = write!(rest, "0 {id} 1");
    let length = 32 - rest.len();
    write(path, &line[..length])
}

/// Directories for a trial mount, removed again.
struct Place {
    base: PathBuf,
    lower: CString,
    upper: CString,
    work: CString,
}

impl Place {
    fn new(dir: &Path) -> io::Result<Self> {
        let base = dir.join(format!(".probe-{}", std::process::id()));
        fs::create_dir(&base)?;
        let make = |name: &str| {
            let path = base.join(name);
            fs::create_dir(&path)?;
            CString::new(path.as_os_str().as_bytes())
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
        };
        let made = [make("lower"), make("upper"), make("work")];
        match made {
            [Ok(lower), Ok(upper), Ok(work)] => Ok(Place { base, lower, upper, work }),
            [lower, upper, work] => {
                let _ = fs::remove_dir_all(&base);
                Err(lower.err().or(upper.err()).or(work.err()).unwrap_or(io::ErrorKind::Other.into()))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The kernel leaves a directory in the work directory that its owner can remove, but not read.
        let _ = fs::remove_dir(self.base.join("work/work"));
        let _ = fs::remove_dir_all(&self.base);
    }
}

fn mount_overlay(place: &Place, user_xattr: bool) -> Result<(), Errno> {
    let context = rustix::mount::fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    let set = |key: &std::ffi::CStr, value: &CString| {
        rustix::mount::fsconfig_set_string(context.as_fd(), key, value.as_c_str())
    };
    set(c"lowerdir", &place.lower)?;
    set(c"upperdir", &place.upper)?;
    set(c"workdir", &place.work)?;
    if user_xattr {
        rustix::mount::fsconfig_set_flag(context.as_fd(), c"userxattr")?;
    }
    rustix::mount::fsconfig_create(context.as_fd())?;
    rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty()).map(drop)
}

/// Try something in a copy of this process. It must not allocate: the process may have threads.
pub(crate) fn in_copy(attempt: impl FnOnce() -> Result<(), Errno>) -> Result<(), Errno> {
    // SAFETY: the copy runs only the attempt, which by the rule above takes no lock, and leaves.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let code = attempt().err().map_or(0, |errno| errno.raw_os_error());
        // SAFETY: ends the copy without running the parent's exit handlers.
        unsafe { libc::_exit(code) }
    }
    let pid = Pid::from_raw(pid).filter(|_| pid > 0).ok_or(Errno::AGAIN)?;
    let status = loop {
        match waitpid(Some(pid), WaitOptions::empty()) {
            Err(Errno::INTR) => continue,
            result => break result?,
        }
    };
    match status.and_then(|(_, status)| status.exit_status()) {
        Some(0) => Ok(()),
        Some(code) => Err(Errno::from_raw_os_error(code)),
        None => Err(Errno::CANCELED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cgroup_mounts() {
        let line = |at: &str, kind: &str| format!("30 20 0:26 / {at} rw,nosuid - {kind} {kind} rw\n");
        let v1 = line("/sys/fs/cgroup", "tmpfs") + &line("/sys/fs/cgroup/memory", "cgroup");
        assert_eq!(cgroup_version(&v1), CgroupVersion::V1);
        let hybrid = v1 + &line("/sys/fs/cgroup/unified", "cgroup2");
        assert_eq!(cgroup_version(&hybrid), CgroupVersion::Hybrid);
        assert_eq!(cgroup_version(&line("/sys/fs/cgroup", "cgroup2")), CgroupVersion::V2);
        assert_eq!(cgroup_version(&line("/mnt", "cgroup2")), CgroupVersion::None);
    }

    #[test]
    fn probes_leave_nothing_behind() {
        let dir = std::env::temp_dir().join(format!("plimsoll-probe-test-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        let uid = rustix::process::getuid();
        let _ = (overlay(&dir), user_namespace(), seccomp_filter());
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        assert_eq!(rustix::process::getuid(), uid);
        assert!(!rustix::thread::no_new_privs().unwrap());
        fs::remove_dir(&dir).unwrap();
    }
}

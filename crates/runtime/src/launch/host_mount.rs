//! Files of the host that a container is shown, as mounts that are attached nowhere yet. A source is
//! resolved once, here; the descriptor is held until it is used.

use std::fs;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use plimsoll_model::launch::Propagation;
use plimsoll_sys::mount::set_propagation;
use plimsoll_sys::root_dir::RootDir;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, MountPropagationFlags, OpenTreeFlags};

use crate::words::{in_words, reason};

/// How much of what is mounted at a path is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What is mounted below it, too.
    Whole,
    /// The path's own file system only.
    Top,
}

pub(crate) fn is_directory(fd: BorrowedFd<'_>) -> Result<bool, String> {
    let stat = rustix::fs::fstat(fd).map_err(reason)?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

/// A mount of a host path, attached nowhere.
pub(crate) fn clone_of_host(path: &Path, part: Part) -> Result<OwnedFd, String> {
    rustix::mount::open_tree(CWD, path, clone_flags(part)).map_err(|errno| why_not_shown(path, part, errno))
}

fn find(path: &Path) -> Result<OwnedFd, String> {
    rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| format!("cannot show {}: {}", path.display(), reason(errno)))
}

fn clone_found(found: &OwnedFd, path: &Path, part: Part) -> Result<OwnedFd, String> {
    rustix::mount::open_tree(found, c"", clone_flags(part) | OpenTreeFlags::AT_EMPTY_PATH)
        .map_err(|errno| why_not_shown(path, part, errno))
}

fn clone_flags(part: Part) -> OpenTreeFlags {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if part == Part::Whole { flags | OpenTreeFlags::AT_RECURSIVE } else { flags }
}

fn why_not_shown(path: &Path, part: Part, errno: Errno) -> String {
    let why = match (errno, part) {
        (Errno::INVAL, Part::Top) => {
            "something is mounted below it, and an ordinary user cannot show the one without the other; \
             the propagations that begin with r show both"
                .to_string()
        }
        (errno, _) => reason(errno),
    };
    format!("cannot show {}: {why}", path.display())
}

/// A mount of a host path, with what it shall share of later mounts, and with rights taken from it.
pub(super) fn clone_with(
    path: &Path,
    propagation: Propagation,
    attributes: MountAttrFlags,
) -> Result<OwnedFd, String> {
    use Propagation as P;
    let part = match propagation {
        P::Private | P::Slave | P::Shared => Part::Top,
        P::RecursivePrivate | P::RecursiveSlave | P::RecursiveShared => Part::Whole,
    };
    let kind = match propagation {
        P::Private | P::RecursivePrivate => MountPropagationFlags::PRIVATE,
        P::Slave | P::RecursiveSlave => MountPropagationFlags::DOWNSTREAM,
        P::Shared | P::RecursiveShared => MountPropagationFlags::SHARED,
    };
    let tree = match kind {
        MountPropagationFlags::PRIVATE => clone_of_host(path, part)?,
        kind => {
            let found = find(path)?;
            demand_source(&found, path, propagation, kind)?;
            clone_found(&found, path, part)?
        }
    };
    set_propagation(&tree, kind, attributes.bits()).map_err(reason)?;
    Ok(tree)
}

/// A mount of a path in a volume (empty: all of it). What stands there was made by containers: it is found
/// inside the volume, whatever links say.
pub(crate) fn clone_in_volume(volume: &Path, subpath: &str) -> Result<OwnedFd, String> {
    let path = volume.join(subpath);
    let found = RootDir::open(volume).and_then(|volume| volume.open_path(subpath));
    let found =
        found.map_err(|error| format!("cannot show {} of a volume: {}", path.display(), in_words(&error)))?;
    clone_found(&found, &path, Part::Whole)
}

/// A mount can only share what the mount it is a copy of shares: docker refuses the rest, too.
fn demand_source(
    found: &OwnedFd,
    path: &Path,
    propagation: Propagation,
    kind: MountPropagationFlags,
) -> Result<(), String> {
    let (shared, slave) = propagation_of(found).unwrap_or_default();
    let fine = match kind {
        MountPropagationFlags::SHARED => shared,
        _ => shared || slave,
    };
    if fine {
        return Ok(());
    }
    let (path, word) = (path.display(), propagation.word());
    Err(format!(
        "{path} cannot be mounted {word}: on the host it lies on a private mount, of which nothing is passed \
         on; as root run `mount --make-rshared` on that mount"
    ))
}

/// Whether the mount of a descriptor is shared, and whether it is a slave (proc_pid_mountinfo(5)).
fn propagation_of(found: &OwnedFd) -> Option<(bool, bool)> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", found.as_raw_fd())).ok()?;
    let id = info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim();
    optional_fields(&fs::read_to_string("/proc/self/mountinfo").ok()?, id)
}

/// The optional fields stand between the mount's options and a lonely dash.
fn optional_fields(mountinfo: &str, id: &str) -> Option<(bool, bool)> {
    let line = mountinfo.lines().find(|line| line.split(' ').next() == Some(id))?;
    let mut fields = line.split(' ').skip(6).take_while(|field| *field != "-");
    let (mut shared, mut slave) = (false, false);
    fields.by_ref().for_each(|field| {
        shared |= field.starts_with("shared:");
        slave |= field.starts_with("master:");
    });
    Some((shared, slave))
}

/// Cut it and what is mounted below it off from later mounts, and take rights from them.
pub(crate) fn restrict(tree: &OwnedFd, attributes: MountAttrFlags) -> Result<(), String> {
    set_propagation(tree, MountPropagationFlags::PRIVATE, attributes.bits()).map_err(reason)
}

/// A mount of a device node of the host, verified: a hostile volume must not be taken for the null
/// device (CVE-2025-31133). It is read-only, which leaves the device itself as writable as it was, but
/// keeps the node's mode and owner, the host's, from being changed by root of a container.
pub(super) fn host_device(name: &str, major: u32, minor: u32) -> Result<OwnedFd, String> {
    let path = format!("/dev/{name}");
    let node = clone_of_host(Path::new(&path), Part::Top)?;
    let stat = rustix::fs::fstat(&node).map_err(reason)?;
    let is_device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
        && (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev)) == (major, minor);
    if !is_device {
        return Err(format!("the host's {path} is not the character device {major}:{minor}"));
    }
    restrict(&node, MountAttrFlags::MOUNT_ATTR_RDONLY)?;
    Ok(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mount_shares_stands_in_its_optional_fields() {
        let mountinfo = "20 1 0:5 / / rw - ext4 x rw\n\
                         21 20 0:6 / /a rw,nosuid shared:7 - tmpfs x rw\n\
                         22 20 0:7 / /b rw shared:8 master:9 - tmpfs shared:1 rw\n\
                         2 20 0:7 / /b rw master:9 - tmpfs x rw\n";
        assert_eq!(optional_fields(mountinfo, "20"), Some((false, false)));
        assert_eq!(optional_fields(mountinfo, "21"), Some((true, false)));
        assert_eq!(optional_fields(mountinfo, "22"), Some((true, true)));
        assert_eq!(optional_fields(mountinfo, "2"), Some((false, true)));
        assert_eq!(optional_fields(mountinfo, "23"), None);
    }
}

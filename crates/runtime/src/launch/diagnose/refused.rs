//! The program is there, and this process is not allowed to execute it.

use std::os::fd::AsFd as _;

use plimsoll_sys::root_dir::{Metadata, NodeKind, xattr_of};
use rustix::fs::StatVfsMountFlags;
use rustix::io::Errno;

use super::caller::Caller;
use super::chain::Chain;
use super::links::{Ending, Way};
use super::{BY_PROFILE, Scene, is_own_filter};
use crate::plan::capability_names;
use crate::words::reason;

/// Access is denied.
pub(super) fn why_denied(scene: &Scene<'_>, path: &str) -> String {
    let caller = Caller::look_at(scene.pid);
    let chain = Chain::follow(scene, path);
    let obstacle = chain.files().iter().find_map(|(path, subject)| {
        let way = Way::walk(&scene.root, path);
        closed_directory(scene, caller.as_ref(), &way).or_else(|| match way.ending {
            Ending::Found(entry) => refusing_file(scene, caller.as_ref(), &entry, &way.at, subject),
            _ => None,
        })
    });
    obstacle.unwrap_or_else(|| {
        let who = match scene.plan.steps.iter().any(is_own_filter) {
            true => BY_PROFILE,
            false => "a security module of the host (AppArmor, SELinux) or an access list may",
        };
        format!("its mode lets user {} execute {path}; {who}", scene.user())
    })
}

/// The first directory on the way that must not be entered.
fn closed_directory(scene: &Scene<'_>, caller: Option<&Caller>, way: &Way) -> Option<String> {
    let caller = caller?;
    way.directories.iter().find_map(|directory| {
        let entry = scene.root.metadata(directory).ok()?;
        (!caller.may_enter(&entry)).then(|| {
            let (user, mode) = (scene.user(), entry.mode);
            format!("user {user} cannot enter {directory} (mode {mode:04o}); `chmod o+x {directory}` lets it")
        })
    })
}

fn refusing_file(
    scene: &Scene<'_>,
    caller: Option<&Caller>,
    entry: &Metadata,
    at: &str,
    subject: &str,
) -> Option<String> {
    let mode = entry.mode;
    match entry.kind {
        NodeKind::Directory => return Some(format!("{subject} is a directory; name a program in it")),
        NodeKind::File => {}
        _ => return Some(format!("{subject} is no regular file")),
    }
    let cure = match scene.mount_above(at) {
        Some(mount) => format!("`chmod +x` it where it comes from: it is mounted on {mount}"),
        None => format!("use `COPY --chmod=0755` or `RUN chmod +x {at}`"),
    };
    if mode & 0o111 == 0 {
        return Some(format!("{subject} is not executable (mode {mode:04o}); {cure}"));
    }
    if let Some(mount) = mount_without_programs(scene, at) {
        return Some(format!(
            "{subject} lies on {mount}, which is mounted noexec; put it elsewhere, or mount that with exec \
             (`--tmpfs {mount}:exec`)"
        ));
    }
    if caller.is_some_and(|caller| !caller.may_execute(entry)) {
        let user = scene.user();
        return Some(format!("{subject} is not executable by user {user} (mode {mode:04o}); {cure}"));
    }
    None
}

/// The mount a file lies on, if no program can be executed there.
fn mount_without_programs(scene: &Scene<'_>, path: &str) -> Option<String> {
    let open = |path: &str| scene.root.open_path(path).ok();
    let flags = rustix::fs::fstatvfs(open(path)?.as_fd()).ok()?.f_flag;
    if !flags.contains(StatVfsMountFlags::NOEXEC) {
        return None;
    }
    // A mount begins where its device does.
    let device = scene.root.metadata(path).ok()?.dev;
    let above = path.match_indices('/').filter(|(at, _)| *at > 0).map(|(at, _)| &path[..at]);
    let is_there = |path: &&str| scene.root.metadata(path).is_ok_and(|entry| entry.dev == device);
    Some(above.into_iter().find(is_there).unwrap_or(path).to_string())
}

/// The operation is not permitted: file capabilities that the process cannot have are the kernel's own reason.
pub(super) fn why_not_permitted(scene: &Scene<'_>, path: &str) -> String {
    let chain = Chain::follow(scene, path);
    let wanted = scene.root.open_file(&chain.last).ok().and_then(|file| file_capabilities(&file));
    let missing = wanted.unwrap_or_default() & !scene.plan.promise.capabilities;
    if missing != 0 {
        let names = capability_names(missing);
        return format!(
            "{} has file capabilities that this container cannot have ({names}); start it with `--cap-add`, or \
             take them away with `RUN setcap -r {}`",
            chain.subject(),
            chain.last
        );
    }
    let reason = reason(Errno::PERM);
    match scene.plan.steps.iter().any(is_own_filter) {
        true => format!("{path}: {reason}; {BY_PROFILE}"),
        false => format!("{path}: {reason}; a security module of the host may refuse it"),
    }
}

/// What a file demands to be given (capabilities(7), `struct vfs_cap_data`); `None` if it can do without.
fn file_capabilities(file: &std::fs::File) -> Option<u64> {
    const EFFECTIVE: u32 = 1;
    let data = xattr_of(file, b"security.capability").ok()??;
    let word = |at: usize| data.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let permitted = u64::from(word(4)?) | u64::from(word(12).unwrap_or_default()) << 32;
    (word(0)? & EFFECTIVE != 0).then_some(permitted)
}

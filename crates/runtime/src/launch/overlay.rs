//! The root file system: layers laid over each other by the kernel.

use std::ffi::{CString, OsStr};
use std::io::Read as _;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use plimsoll_sys::child::{Fd, Op, Slot};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags};

use crate::rootfs::RootFs;
use crate::words::reason;

/// Mount the layers, attached nowhere yet. The error says why in words. Unless `devices` are to work, no
/// device of the image can be opened: there is no list of allowed devices behind it.
pub(crate) fn mount(rootfs: &RootFs, user_xattr: bool, devices: bool) -> Result<OwnedFd, String> {
    let layers = prepare(rootfs)?;
    let context = rustix::mount::fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC)
        .map_err(|errno| format!("the kernel has no overlay file system ({})", reason(errno)))?;
    configure(&context, rootfs, &layers, user_xattr).map_err(|errno| kernel_says(&context, errno))?;
    let attributes = if devices { MountAttrFlags::empty() } else { MountAttrFlags::MOUNT_ATTR_NODEV };
    rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
        .map_err(|errno| kernel_says(&context, errno))
}

/// The operation that does the same on kernels that take all layers as one text.
pub(super) fn mount_by_text(
    rootfs: &RootFs,
    user_xattr: bool,
    devices: bool,
    into: Slot,
) -> Result<(Op, Fd), String> {
    let AsText { over, base, data } = as_text(rootfs, user_xattr)?;
    Ok((Op::OldOverlay { over, base, data, devices, into }, Fd::Slot(into)))
}

/// The same for this process itself, without devices.
pub(crate) fn mount_over(rootfs: &RootFs, user_xattr: bool) -> Result<(), String> {
    let AsText { over, base, data } = as_text(rootfs, user_xattr)?;
    let here = rustix::fs::open(c".", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let here = here.map_err(reason)?;
    rustix::process::chdir(base.as_c_str()).map_err(reason)?;
    let flags = rustix::mount::MountFlags::NODEV;
    let mounted = rustix::mount::mount(c"overlay", over.as_c_str(), c"overlay", flags, data.as_c_str());
    rustix::process::fchdir(here).map_err(reason)?;
    mounted.map_err(reason)
}

/// A mount of layers in the old form.
struct AsText {
    /// Where it is mounted: over the directory its writable one lies in.
    over: CString,
    /// The layers are named from here.
    base: CString,
    data: CString,
}

fn as_text(rootfs: &RootFs, user_xattr: bool) -> Result<AsText, String> {
    prepare(rootfs)?;
    let lowers = lowers(rootfs);
    let base = common_directory(&lowers);
    let mut data = b"lowerdir=".to_vec();
    for (number, lower) in lowers.iter().rev().enumerate() {
        if number > 0 {
            data.push(b':');
        }
        data.extend(escape(lower.strip_prefix(&base).unwrap_or(lower)));
    }
    for (key, dir) in [("upperdir", rootfs.upper()), ("workdir", rootfs.work())] {
        data.extend(format!(",{key}=").bytes());
        data.extend(escape(&dir));
    }
    data.extend(options(user_xattr).iter().flat_map(|(key, value)| {
        let value = value.map_or(String::new(), |value| format!("={value}"));
        format!(",{key}{value}").into_bytes()
    }));
    if data.len() >= 4096 {
        let (count, length) = (lowers.len(), data.len());
        return Err(format!(
            "{count} layers need {length} bytes of mount options and this kernel takes 4095; \
             Linux 6.5 or newer has no such limit"
        ));
    }
    let text = |bytes: Vec<u8>| CString::new(bytes).map_err(|_| "a path contains a zero byte".to_string());
    let over = text(rootfs.scratch.as_os_str().as_bytes().to_vec())?;
    let base = text(base.as_os_str().as_bytes().to_vec())?;
    Ok(AsText { over, base, data: text(data)? })
}

/// Open the layers and make the writable directories.
fn prepare(rootfs: &RootFs) -> Result<Vec<OwnedFd>, String> {
    let (upper, work) = (rootfs.upper(), rootfs.work());
    make(&upper)?;
    if !make(&work)? {
        // A mark that an earlier, volatile mount of the same directories leaves; it protects against
        // losses in a crash of the machine, which a container's writable layer does not promise to survive.
        let mark = work.join("work/incompat/volatile");
        let _ = rustix::fs::unlink(mark.join("dirty"));
        let _ = rustix::fs::rmdir(mark);
    }
    if rootfs.lowers.is_empty() {
        make(&empty(rootfs))?;
    }
    let lowers = lowers(rootfs);
    let layers = lowers.iter().map(|lower| open_layer(lower)).collect::<Result<Vec<_>, _>>()?;
    if let Some(top) = layers.last() {
        copy_mode(top, &upper)
            .map_err(|errno| format!("cannot prepare {}: {}", upper.display(), reason(errno)))?;
    }
    Ok(layers)
}

/// Make a directory; false if it is there already.
fn make(directory: &Path) -> Result<bool, String> {
    match rustix::fs::mkdir(directory, Mode::from_raw_mode(0o755)) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(errno) => Err(format!("cannot make {}: {}", directory.display(), reason(errno))),
    }
}

/// The layers; an image without any gets an empty one, since an overlay needs at least one.
fn lowers(rootfs: &RootFs) -> Vec<PathBuf> {
    match rootfs.lowers.is_empty() {
        true => vec![empty(rootfs)],
        false => rootfs.lowers.clone(),
    }
}

fn empty(rootfs: &RootFs) -> PathBuf {
    rootfs.scratch.join("empty")
}

fn open_layer(path: &Path) -> Result<OwnedFd, String> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty())
        .map_err(|errno| format!("cannot open the layer {}: {}", path.display(), reason(errno)))
}

/// The merged root shows the mode of the upper directory: it must be that of the image's root.
fn copy_mode(from: &OwnedFd, to: &Path) -> Result<(), Errno> {
    let mode = rustix::fs::fstat(from)?.st_mode & 0o7777;
    if rustix::fs::stat(to)?.st_mode & 0o7777 == mode {
        return Ok(());
    }
    rustix::fs::chmod(to, Mode::from_raw_mode(mode))
}

fn configure(context: &OwnedFd, rootfs: &RootFs, layers: &[OwnedFd], user_xattr: bool) -> Result<(), Errno> {
    // By descriptor: a path may be longer than the 255 bytes an option takes, may contain what the
    // option's grammar reserves, and would be shown in the container's /proc/self/mountinfo.
    let by_descriptor = |key: &str, fd: &OwnedFd| {
        let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
        rustix::mount::fsconfig_set_string(context.as_fd(), key, path)
    };
    rustix::mount::fsconfig_set_string(context.as_fd(), c"source", c"overlay")?;
    for layer in layers.iter().rev() {
        by_descriptor("lowerdir+", layer)?;
    }
    for (key, dir) in [("upperdir", rootfs.upper()), ("workdir", rootfs.work())] {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        by_descriptor(key, &rustix::fs::open(&dir, flags, Mode::empty())?)?;
    }
    for (key, value) in options(user_xattr) {
        match value {
            Some(value) => rustix::mount::fsconfig_set_string(context.as_fd(), *key, *value)?,
            None => rustix::mount::fsconfig_set_flag(context.as_fd(), *key)?,
        }
    }
    rustix::mount::fsconfig_create(context.as_fd())
}

/// `volatile` saves a sync of the whole file system at the end. The other options keep the writable
/// directory free of what only this machine could read: a layer is made from it. With `userxattr` the
/// kernel switches them off by itself and refuses to be told so.
fn options(user_xattr: bool) -> &'static [(&'static str, Option<&'static str>)] {
    match user_xattr {
        true => &[("volatile", None), ("userxattr", None)],
        false => &[
            ("volatile", None),
            ("redirect_dir", Some("off")),
            ("metacopy", Some("off")),
            ("index", Some("off")),
        ],
    }
}

/// The kernel's own words about a refused mount, if it has any.
fn kernel_says(context: &OwnedFd, errno: Errno) -> String {
    let mut text = String::new();
    if let Ok(copy) = context.try_clone() {
        // One message a read; it ends with ENODATA.
        let mut file = std::fs::File::from(copy);
        let mut buffer = [0; 512];
        while let Ok(length @ 1..) = file.read(&mut buffer) {
            let message = String::from_utf8_lossy(&buffer[..length]);
            text.push_str("; ");
            text.push_str(message.trim_start_matches(['e', 'w', 'i', ' ']).trim_end());
        }
    }
    format!("{}{text}", reason(errno))
}

/// Backslash before what separates options and layers (fs/overlayfs/params.c).
fn escape(path: &Path) -> Vec<u8> {
    let mut escaped = Vec::new();
    for &byte in path.as_os_str().as_bytes() {
        if matches!(byte, b'\\' | b':' | b',') {
            escaped.push(b'\\');
        }
        escaped.push(byte);
    }
    escaped
}

fn common_directory(paths: &[PathBuf]) -> PathBuf {
    let mut common = paths.first().and_then(|path| path.parent()).unwrap_or(Path::new("/"));
    while !paths.iter().all(|path| path.starts_with(common) && path != common) {
        common = common.parent().unwrap_or(Path::new("/"));
        if common == OsStr::new("/") {
            break;
        }
    }
    common.to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_options() {
        assert_eq!(escape(Path::new("/a:b,c\\d")), b"/a\\:b\\,c\\\\d");
        let paths = ["/s/layers/a/fs", "/s/layers/b/fs"].map(PathBuf::from);
        assert_eq!(common_directory(&paths), Path::new("/s/layers"));
        assert_eq!(common_directory(&["/a".into(), "/b".into()]), Path::new("/"));
        assert_eq!(common_directory(&["/a/b".into(), "/a/b/c".into()]), Path::new("/a"));
    }
}

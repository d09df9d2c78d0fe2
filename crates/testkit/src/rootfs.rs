//! Tiny root file systems: busybox, users, and nothing else.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use plimsoll_image::Store;
use plimsoll_model::Digest;

use crate::skip::skip;

/// Debian's static busybox.
const BUSYBOX: &str = "/bin/busybox";

/// `/etc/passwd` of every tree made here.
pub const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n";

/// `/etc/group` of every tree made here.
pub const GROUP: &str = "root:x:0:\napp:x:1000:\nstaff:x:50:app\nnogroup:x:65534:\n";

/// Lay out directories and users below `root`, without any program.
///
/// # Panics
/// When `root` cannot be written.
pub fn bare(root: &Path) {
    for directory in ["bin", "dev", "etc", "home/app", "proc", "root", "sys", "tmp", "usr/bin", "var"] {
        fs::create_dir_all(root.join(directory)).expect("a test directory can be made");
    }
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)).expect("modes can be set");
    fs::write(root.join("etc/passwd"), PASSWD).expect("a test file can be written");
    fs::write(root.join("etc/group"), GROUP).expect("a test file can be written");
}

/// Copy a program that is executed soon. Not by this process: a child that another test starts meanwhile has the
/// copy open for writing until it executes, and `Text file busy` would be the answer.
///
/// # Panics
/// When it cannot be copied.
pub fn copy_program(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg(from).arg(to).status().expect("cp can be started");
    assert!(copied.success(), "{} cannot be copied to {}", from.display(), to.display());
}

/// Lay out a tree with busybox and a link for each of its applets. `false`, said aloud, when this
/// machine has no static busybox.
///
/// # Panics
/// When `root` cannot be written.
pub fn busybox(root: &Path) -> bool {
    if !is_static(Path::new(BUSYBOX)) {
        skip("/bin/busybox is missing or not static (Debian: busybox-static)");
        return false;
    }
    bare(root);
    copy_program(Path::new(BUSYBOX), &root.join("bin/busybox"));
    let applets = Command::new(BUSYBOX).arg("--list").output().expect("busybox lists its applets");
    for applet in String::from_utf8_lossy(&applets.stdout).lines().filter(|applet| *applet != "busybox") {
        symlink("busybox", root.join("bin").join(applet)).expect("a link can be made");
    }
    true
}

/// An image of that tree in a store, under a name; `None`, said aloud, without busybox.
///
/// # Panics
/// When the store cannot be written.
pub fn busybox_image(store: &Store, name: &str) -> Option<Digest> {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    if !busybox(directory.path()) {
        return None;
    }
    let mut tar = tar::Builder::new(Vec::new());
    tar.mode(tar::HeaderMode::Deterministic);
    tar.follow_symlinks(false);
    tar.append_dir_all("", directory.path()).expect("a tree fits into a tar");
    let tar = tar.into_inner().expect("a tar can be ended");
    Some(crate::image::image(store, name, &[tar]))
}

/// An ELF file without an interpreter (PT_INTERP, type 3) runs in an empty root.
fn is_static(path: &Path) -> bool {
    let Ok(bytes) = fs::read(path) else { return false };
    if bytes.get(..5) != Some(b"\x7fELF\x02") {
        return false;
    }
    let number = |at: usize, length: usize| -> usize {
        let raw = bytes.get(at..at + length).unwrap_or_default();
        raw.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let (table, entry, count) = (number(32, 8), number(54, 2), number(56, 2));
    (0..count).all(|index| number(table.saturating_add(index * entry), 4) != 3)
}

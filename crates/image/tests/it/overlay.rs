//! The kernel's own overlay as judge: mounted in a namespace of its own, gone with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Run a shell script with `$M` the merged view of these layers (lowest first). With a scratch
/// directory, what the script writes is in its `upper`. `None`, said aloud, where this machine cannot.
pub fn with_overlay(lowers: &[PathBuf], scratch: Option<&Path>, script: &str) -> Option<String> {
    let root = rustix::process::geteuid().is_root();
    let whole_machine = fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| map.contains("4294967295"));
    let point = tempfile::tempdir().unwrap();
    let mut options: Vec<String> = Vec::new();
    let list: Vec<String> = lowers.iter().rev().map(|lower| lower.display().to_string()).collect();
    // A read-only overlay wants two layers.
    let spare = tempfile::tempdir().unwrap();
    let filler = if scratch.is_none() && list.len() < 2 {
        format!(":{}", spare.path().display())
    } else {
        String::new()
    };
    options.push(format!("lowerdir={}{filler}", list.join(":")));
    if let Some(scratch) = scratch {
        fs::create_dir_all(scratch.join("upper")).unwrap();
        fs::create_dir_all(scratch.join("work")).unwrap();
        options.push(format!("upperdir={0}/upper,workdir={0}/work", scratch.display()));
    }
    if !(root && whole_machine) {
        options.push("userxattr".to_string());
    }
    let mut command = Command::new("unshare");
    command.arg(if root { "-m" } else { "-Urm" }).args(["sh", "-eu", "-c"]);
    command.arg(format!("mount -t overlay overlay -o \"$O\" \"$M\" || exit 77\n{script}"));
    command.env("O", options.join(",")).env("M", point.path());
    let output = command.output().ok()?;
    if output.status.code() == Some(77) || output.stderr.starts_with(b"unshare:") {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        plimsoll_testkit::skip(&format!("no overlay here: {why}"));
        return None;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

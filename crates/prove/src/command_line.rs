//! The `plimsoll run` command line that repeats an experiment by hand.

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{DEFAULT_CAPABILITIES, MountSource, Seccomp, Tmpfs};

use crate::subject::Subject;

/// The command for a launch, as it would be typed.
pub fn of(subject: &Subject<'_>, spec: &LaunchSpec) -> String {
    let mut words = vec!["plimsoll".to_string(), "run".to_string(), "--rm".to_string()];
    let own = subject.user().map(|user| (user.uid, user.gid));
    let same_user = own.is_ok_and(|own| own == (spec.user.uid, spec.user.gid));
    let given = subject.given.flags().into_iter().filter(|(flag, _)| flag != "--user" || same_user);
    words.extend(given.map(|(flag, value)| format!("{flag} {}", quoted(&value))));
    if !same_user {
        words.push(format!("--user {}:{}", spec.user.uid, spec.user.gid));
    }
    let security = &spec.security;
    if security.read_only_root {
        words.push("--read-only".to_string());
    }
    for mount in spec.mounts.iter().filter(|mount| !subject.mounts.contains(mount)) {
        if let MountSource::Tmpfs(tmpfs) = &mount.source {
            let options = tmpfs_options(tmpfs);
            words.push(format!("--tmpfs {}", quoted(&format!("{}{options}", mount.target))));
        }
    }
    if security.capabilities.len() < DEFAULT_CAPABILITIES.len() {
        words.push("--cap-drop ALL".to_string());
        words.extend(security.capabilities.iter().map(|name| format!("--cap-add {name}")));
    }
    if security.no_new_privileges {
        words.push("--security-opt no-new-privileges".to_string());
    }
    if let Seccomp::Profile(_) = security.seccomp {
        words.push("--security-opt seccomp=FILE".to_string());
    }
    let home = spec.env.iter().find(|(name, _)| name == "HOME");
    words.extend(home.map(|(_, home)| format!("--env {}", quoted(&format!("HOME={home}")))));
    words.extend(spec.sysctls.iter().map(|(name, value)| format!("--sysctl {name}={value}")));
    words.extend(spec.limits.memory.map(|bytes| format!("--memory {}m", bytes >> 20)));
    words.extend(spec.limits.pids.map(|count| format!("--pids-limit {count}")));
    // Any argv can be given this way, whatever ENTRYPOINT and CMD are.
    if let Some((program, arguments)) = spec.argv.split_first() {
        words.push(format!("--entrypoint {}", quoted(program)));
        words.push(subject.reference.clone());
        words.extend(arguments.iter().map(|argument| quoted(argument)));
    }
    words.join(" ")
}

/// What differs from docker's own.
fn tmpfs_options(tmpfs: &Tmpfs) -> String {
    let usual = Tmpfs::default();
    let exec = (tmpfs.exec && !usual.exec).then(|| "exec".to_string());
    let mode = (tmpfs.mode != usual.mode).then(|| format!("mode={:o}", tmpfs.mode));
    let options: Vec<String> = exec.into_iter().chain(mode).collect();
    if options.is_empty() { String::new() } else { format!(":{}", options.join(",")) }
}

/// A word as a shell needs it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

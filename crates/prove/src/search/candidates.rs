//! From what was refused to what could be given back: pure.

use plimsoll_contract::evidence::{Refused, Relaxation};
use plimsoll_model::launch::DEFAULT_CAPABILITIES;
use plimsoll_model::{EntryKind, FileTree};
use plimsoll_runtime::call_watch::{Refusal, Subject};

use crate::written;

/// What is known of the run in which it was refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'a> {
    /// It started as root, so that capabilities count.
    pub root: bool,
    pub home: &'a str,
}

/// Where a user without a home of its own gets one.
const OTHER_HOME: &str = "/tmp";

/// Error numbers of Linux.
const EPERM: i32 = 1;
const EACCES: i32 = 13;
const EROFS: i32 = 30;

/// What would have let this call pass; `None`: nothing that can be given.
pub(super) fn candidate(
    refusal: &Refusal,
    situation: Situation<'_>,
    image: &dyn FileTree,
) -> Option<Relaxation> {
    if let Some(name) = capability(refusal) {
        return can_be_given(name, refusal, situation).then(|| Relaxation::Capability(name.to_string()));
    }
    match (&refusal.on, refusal.errno) {
        (Subject::Port(_), EACCES) => Some(Relaxation::LowPorts),
        (Subject::Path(_), 0) => Some(Relaxation::PrivilegeEscalation),
        (Subject::Path(_), EACCES) if can_be_given("DAC_OVERRIDE", refusal, situation) => {
            Some(Relaxation::Capability("DAC_OVERRIDE".to_string()))
        }
        (Subject::Path(path), EROFS | EACCES) if refusal.writes => {
            let given = writable(path, refusal.call.starts_with("mkdir"), situation.home, image)?;
            // No root file system that can be written helps against its own permissions.
            (refusal.errno == EROFS || given != Relaxation::WritableRoot).then_some(given)
        }
        _ => None,
    }
}

/// Only root's processes hold capabilities, and only those that docker gives are missed.
fn can_be_given(name: &str, refusal: &Refusal, situation: Situation<'_>) -> bool {
    situation.root && refusal.uid == 0 && DEFAULT_CAPABILITIES.contains(&name)
}

/// The capability that this call takes (capabilities(7)).
fn capability(refusal: &Refusal) -> Option<&'static str> {
    if refusal.errno != EPERM {
        return None;
    }
    Some(match refusal.call {
        "chown" | "lchown" | "fchown" | "fchownat" => "CHOWN",
        "chmod" | "fchmod" | "fchmodat" | "fchmodat2" => "FOWNER",
        "unlink" | "unlinkat" | "rmdir" | "rename" | "renameat" | "renameat2" => "FOWNER",
        "setuid" | "setreuid" | "setresuid" | "setfsuid" => "SETUID",
        "setgid" | "setregid" | "setresgid" | "setfsgid" | "setgroups" => "SETGID",
        "kill" => "KILL",
        "chroot" => "SYS_CHROOT",
        "mknod" | "mknodat" => "MKNOD",
        "prctl" => "SETPCAP",
        _ => return None,
    })
}

/// Where something must be mounted for a path to be written; for a directory that is to be made it may be
/// that directory.
fn writable(path: &str, directory: bool, home: &str, image: &dyn FileTree) -> Option<Relaxation> {
    if ["/proc", "/sys", "/dev"].iter().any(|kernels| written::is_at_or_below(path, kernels)) {
        return None;
    }
    let is_directory = image.lookup(path).is_some_and(|entry| entry.kind == EntryKind::Directory);
    let parent = match is_directory {
        true => path.trim_end_matches('/'),
        false => written::parent(path),
    };
    match written::place_for(parent, image) {
        Some(place) => Some(Relaxation::WritableMount(place)),
        None if directory && image.lookup(path).is_none() => {
            written::place_for(path, image).map(Relaxation::WritableMount)
        }
        // The home of a user that nobody knows is `/`.
        None if parent.is_empty() && home == "/" => Some(Relaxation::Home(OTHER_HOME.to_string())),
        None => Some(Relaxation::WritableRoot),
    }
}

/// The candidates of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Candidates {
    /// What it most likely failed of, first what is most likely of all.
    pub likely: Vec<Relaxation>,
    /// Paths whose refusal it went on after: Python's `__pycache__`.
    pub survived: Vec<Relaxation>,
}

/// All candidates: what was refused last is most likely what it failed of, and what its output names.
pub(super) fn candidates(
    refused: &[Refusal],
    log: &[String],
    situation: Situation<'_>,
    image: &dyn FileTree,
) -> Candidates {
    let named: Vec<String> = named_paths(log);
    let is_named = |refusal: &&Refusal| matches!(&refusal.on, Subject::Path(path) if named.contains(path));
    let (first, last): (Vec<&Refusal>, Vec<&Refusal>) = refused.iter().rev().partition(is_named);
    let seen = |some: &[&Refusal]| -> Vec<Relaxation> {
        some.iter().filter_map(|refusal| candidate(refusal, situation, image)).collect()
    };
    let mut found = Candidates { likely: seen(&first), survived: Vec::new() };
    for one in seen(&last) {
        let is_place = matches!(one, Relaxation::WritableMount(_) | Relaxation::WritableRoot);
        match found.likely.is_empty() || !is_place {
            true => found.likely.push(one),
            false => found.survived.push(one),
        }
    }
    // Nobody can be sure that a path in the output was to be written.
    let said = named.iter().filter_map(|path| writable(path, false, situation.home, image));
    found.likely.extend(said.filter(|relaxation| matches!(relaxation, Relaxation::WritableMount(_))));
    // Another home is of use only if it can be written.
    if found.likely.iter().any(|one| matches!(one, Relaxation::Home(_))) {
        found.likely.push(Relaxation::WritableMount(OTHER_HOME.to_string()));
    }
    let mut once: Vec<Relaxation> = Vec::new();
    for list in [&mut found.likely, &mut found.survived] {
        list.retain(|one| {
            let new = !once.contains(one);
            once.extend(new.then(|| one.clone()));
            new
        });
    }
    found
}

/// A refusal for the record.
pub(super) fn told(refusal: &Refusal) -> Refused {
    let subject = match &refusal.on {
        Subject::Path(path) => path.clone(),
        Subject::Id(id) => id.clone(),
        Subject::Port(port) => port.to_string(),
        Subject::Process(pid) => format!("process {pid}"),
        Subject::Nothing => String::new(),
    };
    let why = match refusal.errno {
        _ if refusal.filtered => "refused by the seccomp profile",
        EROFS => "read-only file system",
        EACCES => "permission denied",
        EPERM => "operation not permitted",
        _ => "its set-id bits give nothing under no_new_privs",
    };
    Refused {
        call: refusal.call.to_string(),
        subject,
        why: why.to_string(),
        program: refusal.program.clone(),
    }
}

/// Paths in lines about refused writes: a second source, for calls that could not be seen.
fn named_paths(log: &[String]) -> Vec<String> {
    let refused = |line: &&String| {
        let lower = line.to_ascii_lowercase();
        ["read-only file system", "permission denied", "os error 13", "os error 30", "eacces", "erofs"]
            .iter()
            .any(|word| lower.contains(word))
    };
    log.iter().filter(refused).flat_map(|line| absolute_paths(line)).collect()
}

fn absolute_paths(line: &str) -> Vec<String> {
    let boundary = |c: char| c.is_whitespace() || "\"'`(),;<>[]".contains(c);
    let words = line.split(boundary).map(|word| word.trim_end_matches([':', '.']));
    words
        .filter(|word| word.starts_with('/') && word.len() > 1 && !word.contains("//"))
        .map(str::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use plimsoll_model::MemoryTree;

    use super::*;

    fn refusal(call: &'static str, on: Subject, errno: i32) -> Refusal {
        let writes = matches!(on, Subject::Path(_));
        Refusal { call, on, errno, writes, filtered: false, uid: 0, program: "/bin/x".to_string() }
    }

    fn image() -> MemoryTree {
        let mut image = MemoryTree::default();
        for directory in ["/run", "/etc", "/var", "/var/lib", "/var/lib/app", "/root"] {
            image.directory(directory);
        }
        image.file("/etc/passwd", "");
        image.file("/var/lib/status", "");
        image
    }

    const ROOT: Situation<'_> = Situation { root: true, home: "/root" };

    #[test]
    fn a_refused_path_becomes_a_mount_where_it_hides_nothing() {
        let at = |path: &str| {
            candidate(&refusal("openat", Subject::Path(path.to_string()), EROFS), ROOT, &image())
        };
        let mount = |path: &str| Some(Relaxation::WritableMount(path.to_string()));
        assert_eq!(at("/run/app/x.pid"), mount("/run"));
        assert_eq!(at("/var/lib/app/db"), mount("/var/lib/app"));
        assert_eq!(at("/new/deep/file"), mount("/new"));
        assert_eq!(at("/var/lib/app/db/f"), mount("/var/lib/app"));
        assert_eq!(at("/root/.cache"), mount("/root"));
        assert_eq!(at("/etc/motd"), Some(Relaxation::WritableRoot), "a mount would hide the passwords");
        assert_eq!(at("/top"), Some(Relaxation::WritableRoot));
        assert_eq!(at("/proc/self/oom_score_adj"), None);
        assert_eq!(at("/var/lib/app"), mount("/var/lib/app"), "asked for, changed, or listed as writable");
        let made = refusal("mkdir", Subject::Path("/data".into()), EROFS);
        assert_eq!(candidate(&made, ROOT, &image()), mount("/data"));
        let denied = Refusal {
            errno: EACCES,
            uid: 33,
            ..refusal("openat", Subject::Path("/etc/motd".into()), EACCES)
        };
        assert_eq!(candidate(&denied, ROOT, &image()), None);
        let nobodys = Situation { root: false, home: "/" };
        let cache = refusal("mkdir", Subject::Path("/.cache".to_string()), EACCES);
        assert_eq!(candidate(&cache, nobodys, &image()), mount("/.cache"));
        let history = refusal("openat", Subject::Path("/.history".to_string()), EROFS);
        assert_eq!(candidate(&history, nobodys, &image()), Some(Relaxation::Home("/tmp".to_string())));
        let both = candidates(&[history], &[], nobodys, &image()).likely;
        assert_eq!(both, [Relaxation::Home("/tmp".to_string()), Relaxation::WritableMount("/tmp".into())]);
    }

    #[test]
    fn a_refused_right_becomes_a_capability_of_roots() {
        let of = |call, on, errno| candidate(&refusal(call, on, errno), ROOT, &image());
        let capability = |name: &str| Some(Relaxation::Capability(name.to_string()));
        assert_eq!(of("setgroups", Subject::Id("33".into()), EPERM), capability("SETGID"));
        assert_eq!(of("fchownat", Subject::Path("/x".into()), EPERM), capability("CHOWN"));
        assert_eq!(of("chroot", Subject::Nothing, EPERM), capability("SYS_CHROOT"));
        assert_eq!(of("openat", Subject::Path("/data/x".into()), EACCES), capability("DAC_OVERRIDE"));
        assert_eq!(of("bind", Subject::Port(80), EACCES), Some(Relaxation::LowPorts));
        assert_eq!(of("execve", Subject::Path("/bin/su".into()), 0), Some(Relaxation::PrivilegeEscalation));
        assert_eq!(of("mount", Subject::Nothing, EPERM), None, "docker gives nobody SYS_ADMIN");
        let user = Situation { root: false, home: "/" };
        assert_eq!(candidate(&refusal("setuid", Subject::Id("0".into()), EPERM), user, &image()), None);
    }

    #[test]
    fn the_last_refusal_is_the_most_likely_and_the_output_knows_more() {
        let refused = [
            refusal("mkdir", Subject::Path("/run/a".into()), EROFS),
            refusal("openat", Subject::Path("/var/lib/app/b".into()), EROFS),
        ];
        let log = ["open /new/app.pid: Read-only file system".to_string(), "GET /x 200".to_string()];
        let mount = |path: &str| Relaxation::WritableMount(path.to_string());
        let found = candidates(&refused, &log, ROOT, &image());
        assert_eq!(found.likely, [mount("/var/lib/app"), mount("/new")]);
        assert_eq!(found.survived, [mount("/run")], "it went on after that one");
        let log = ["mkdir() \"/run/a\" failed (30: Read-only file system)".to_string()];
        assert_eq!(candidates(&refused, &log, ROOT, &image()).likely, [mount("/run")]);
    }

    #[test]
    fn a_refusal_in_words() {
        let told = told(&refusal("setgid", Subject::Id("33".into()), EPERM));
        assert_eq!((told.subject.as_str(), told.why.as_str()), ("33", "operation not permitted"));
    }
}

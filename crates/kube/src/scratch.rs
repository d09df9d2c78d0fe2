//! Directories that must be writable, as emptyDir volumes.

use plimsoll_contract::evidence::{Written, WrittenPath};
use plimsoll_contract::judge::Proof;
use plimsoll_model::quantity::human_bytes;
use plimsoll_model::{Because, file_tree::clean_path};

use crate::hardening::{Hardening, Setting};
use crate::name::ObjectName;
use crate::object::Node;
use crate::run::Run;
use crate::sizing::mebibytes;

/// One volume and where it is mounted.
pub struct Scratch {
    /// Name of the volume.
    pub name: String,
    /// Where.
    pub path: String,
    /// Why it is mounted.
    pub because: Because,
    /// Size limit in MiB with its reason; data volumes have none.
    pub size_limit: Option<(u64, Because)>,
    /// Holds data of an image VOLUME.
    pub keeps_data: bool,
}

/// Decide the volumes.
pub fn scratch(proof: &Proof, run: &Run, hardening: &Hardening) -> Vec<Scratch> {
    let written = &proof.evidence.written;
    let mut found: Vec<Scratch> = Vec::new();
    for volume in &proof.contract.volumes {
        let because = Because::Derived(format!(
            "VOLUME ({}), {} written; its data ends with the pod: a PersistentVolumeClaim keeps it",
            volume.because.phrase(),
            human_bytes(bytes_below(written, &clean_path("/", &volume.value))),
        ));
        add(&mut found, &volume.value, because, true);
    }
    for (flag, value) in &proof.evidence.given.mounts {
        if flag == "--tmpfs" {
            let path = value.split(':').next().unwrap_or_default();
            add(&mut found, path, Because::Asked("--tmpfs given to prove".to_string()), false);
        }
    }
    let mut writable = hardening.writable.clone();
    if !hardening.writable_is_all && writable.is_empty() && matches!(hardening.read_only_root, Setting::On(_))
    {
        let guess = |path| (path, Because::Assumed("written as built; not tried as a mount".to_string()));
        writable = directories(written).into_iter().map(guess).collect();
    }
    for (path, because) in writable {
        add(&mut found, &path, because, false);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    for at in 0..found.len() {
        found[at].name = volume_name(&found[at].path, &found[..at]);
        if !found[at].keeps_data {
            found[at].size_limit = Some(size_limit(run, bytes_below(written, &found[at].path)));
        }
    }
    found
}

/// Add a path once; one that cannot be a mount path (the root, or with the `:` that the API refuses) never.
fn add(found: &mut Vec<Scratch>, path: &str, because: Because, keeps_data: bool) {
    let path = clean_path("/", path);
    let known = found.iter().any(|volume| volume.path == path);
    if !known && path != "/" && !path.contains(':') {
        found.push(Scratch { name: String::new(), path, because, size_limit: None, keeps_data });
    }
}

/// A label made from the path, numbered where another path gave the same.
fn volume_name(path: &str, taken: &[Scratch]) -> String {
    let label: String = ObjectName::from_words(path).as_str().chars().take(LONGEST_NAME).collect();
    let label = label.trim_end_matches('-').to_string();
    let free = |name: &String| taken.iter().all(|volume| volume.name != *name);
    let numbered = (2..).map(|number| format!("{label}-{number}"));
    std::iter::once(label.clone()).chain(numbered).find(free).unwrap_or(label)
}

/// Volume names are labels of at most 63 characters; this leaves room for a number.
const LONGEST_NAME: usize = 50;

/// Rule: four times what was seen, in steps of 16Mi.
fn size_limit(run: &Run, bytes: u64) -> (u64, Because) {
    let limit = mebibytes(bytes.saturating_mul(4), 16);
    let fact =
        format!("{} written; 4 x that, in steps of 16Mi. A pod that fills it is evicted", human_bytes(bytes));
    (limit, run.because(fact))
}

fn bytes_below(written: &[WrittenPath], directory: &str) -> u64 {
    let below = |path: &str| {
        path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    written
        .iter()
        .filter(|written| below(&written.path))
        .fold(0, |sum, written| sum.saturating_add(written.bytes))
}

/// Why there is no volume.
pub fn none_because(proof: &Proof, run: &Run) -> Because {
    let directories = directories(&proof.evidence.written);
    match (run.observed(), directories.is_empty()) {
        (None, _) => Because::Assumed(run.why_unseen()),
        (Some(_), true) => run.because("nothing was written"),
        (Some(_), false) => run.because(format!(
            "what is written below {} stays in the container's own layer and ends with it",
            directories.join(", ")
        )),
    }
}

/// Sensible directories for written paths: scratch directories as a whole, the program's own one
/// below /var/lib and its like, otherwise the directory a file lies in. What cannot be mounted over
/// (the root, /etc, the kernel's file systems) is not among them.
fn directories(written: &[WrittenPath]) -> Vec<String> {
    let left = written.iter().filter(|written| written.what != Written::Deleted);
    let mut found: Vec<String> = left.filter_map(directory_of).collect();
    found.sort_unstable();
    found.dedup();
    let all = found.clone();
    found.retain(|path| !all.iter().any(|other| path.starts_with(&format!("{other}/"))));
    found
}

fn directory_of(written: &WrittenPath) -> Option<String> {
    let parts: Vec<&str> = written.path.split('/').filter(|part| !part.is_empty()).collect();
    let whole = |depth: usize| Some(format!("/{}", parts[..depth.min(parts.len())].join("/")));
    match parts.as_slice() {
        [] | ["etc" | "dev" | "proc" | "sys", ..] => None,
        ["tmp" | "run" | "root", ..] => whole(1),
        ["var", "run", ..] => Some("/run".to_string()),
        ["var", "tmp", ..] | ["home", _, ..] => whole(2),
        ["var", "cache" | "lib" | "log" | "spool", _, _, ..] => whole(3),
        [_] if written.what != Written::Directory => None,
        all if written.what == Written::Directory => whole(all.len()),
        all => whole(all.len() - 1),
    }
}

/// The item of `volumeMounts`.
pub fn mount_node(volume: &Scratch) -> Node {
    Node::map([
        ("name", Node::text(&volume.name)),
        ("mountPath", Node::text(&volume.path).why(volume.because.clone())),
    ])
}

/// The item of `volumes`.
pub fn volume_node(volume: &Scratch) -> Node {
    let limit = volume
        .size_limit
        .as_ref()
        .map(|(mebibytes, because)| Node::text(format!("{mebibytes}Mi")).why(because.clone()));
    let growth = || Because::Assumed("how far the data grows is not known".to_string());
    let limit = limit.unwrap_or_else(|| Node::unset(growth()));
    Node::map([("name", Node::text(&volume.name)), ("emptyDir", Node::map([("sizeLimit", limit)]))])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(path: &str, what: Written) -> Option<String> {
        directory_of(&WrittenPath { path: path.to_string(), bytes: 1, what })
    }

    #[test]
    fn written_paths_are_grouped_to_directories_one_would_mount() {
        for (path, expected) in [
            ("/tmp/a/b", "/tmp"),
            ("/run/nginx.pid", "/run"),
            ("/var/run/x/y.sock", "/run"),
            ("/var/cache/nginx/proxy/1", "/var/cache/nginx"),
            ("/var/log/app.log", "/var/log"),
            ("/home/me/.cache/x", "/home/me"),
            ("/srv/app/data/1.db", "/srv/app/data"),
        ] {
            assert_eq!(directory(path, Written::File).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(directory("/srv/data", Written::Directory).as_deref(), Some("/srv/data"));
        for none in ["/etc/hosts", "/dev/shm/x", "/x", "/"] {
            assert_eq!(directory(none, Written::File), None, "{none}");
        }
    }

    #[test]
    fn a_directory_inside_another_is_not_mounted_twice() {
        let file = |path: &str| WrittenPath { path: path.to_string(), bytes: 1, what: Written::File };
        let written = [file("/srv/a/1"), file("/srv/a/b/2"), file("/srv/ab/3"), file("/tmp/x")];
        assert_eq!(directories(&written), ["/srv/a", "/srv/ab", "/tmp"]);
        assert_eq!(bytes_below(&written, "/srv/a"), 2);
    }

    #[test]
    fn volume_names_are_labels_and_differ() {
        let mut taken: Vec<Scratch> = Vec::new();
        let long = format!("/{}/b", "a".repeat(LONGEST_NAME - 1));
        for path in ["/var/cache/nginx", "/var/cache-nginx", "/VAR/cache/nginx", "/...", long.as_str()] {
            let because = Because::Assumed(String::new());
            add(&mut taken, path, because, false);
            let at = taken.len() - 1;
            taken[at].name = volume_name(path, &taken[..at]);
        }
        let names: Vec<&str> = taken.iter().map(|volume| volume.name.as_str()).collect();
        assert_eq!(names[..4], ["var-cache-nginx", "var-cache-nginx-2", "var-cache-nginx-3", "app"]);
        assert_eq!(names[4], "a".repeat(LONGEST_NAME - 1));
    }
}

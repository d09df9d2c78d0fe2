//! What a program keeps: its volumes, and what it writes when it is stopped. A program that cannot write that
//! may say so in its output alone and end with success: mosquitto loses its data base so.

use std::collections::BTreeSet;

use plimsoll_contract::evidence::WrittenPath;
use plimsoll_runtime::call_watch::{Refusal, Subject};

use crate::written;

/// Directories; the root is the empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept(BTreeSet<String>);

impl Kept {
    /// The volumes, and where files came only with the stop: a run that was killed had written nothing there.
    pub(crate) fn of<'a>(
        volumes: impl Iterator<Item = &'a str>,
        killed: &[WrittenPath],
        stopped: &[WrittenPath],
    ) -> Self {
        let volumes = volumes.map(|volume| volume.trim_end_matches('/').to_string());
        let before: BTreeSet<&str> = killed.iter().map(|entry| written::parent(&entry.path)).collect();
        let at_stop = stopped.iter().map(|entry| written::parent(&entry.path));
        let at_stop = at_stop.filter(|place| !before.contains(place) && !is_made_again(place));
        Kept(volumes.chain(at_stop.map(str::to_string)).collect())
    }

    /// The first refused write of what is kept.
    pub(crate) fn lost<'a>(&self, refused: &'a [Refusal]) -> Option<&'a str> {
        refused.iter().filter(|refusal| refusal.writes).find_map(|refusal| match &refusal.on {
            Subject::Path(path) => (self.holds(path) && !is_made_again(path)).then_some(path.as_str()),
            _ => None,
        })
    }

    fn holds(&self, path: &str) -> bool {
        self.0.iter().any(|place| match place.is_empty() {
            // Not everything below the root: what it writes into the root itself.
            true => written::parent(path).is_empty(),
            false => written::is_at_or_below(path, place),
        })
    }
}

/// Nobody misses it: Python's compiled modules, and what lies where everything is gone after a restart.
fn is_made_again(path: &str) -> bool {
    path.split('/').any(|name| name == "__pycache__") || written::is_in_scratch(path)
}

#[cfg(test)]
mod tests {
    use plimsoll_contract::evidence::Written;

    use super::*;

    fn written(paths: &[&str]) -> Vec<WrittenPath> {
        let entry = |path: &&str| WrittenPath { path: path.to_string(), bytes: 1, what: Written::File };
        paths.iter().map(entry).collect()
    }

    fn kept(volumes: &[&str], killed: &[&str], stopped: &[&str]) -> Kept {
        Kept::of(volumes.iter().copied(), &written(killed), &written(stopped))
    }

    fn loses(kept: &Kept, path: &str) -> bool {
        let on = Subject::Path(path.to_string());
        let program = "/bin/x".to_string();
        let refusal =
            Refusal { call: "openat", on, errno: 30, writes: true, filtered: false, uid: 1, program };
        let read = Refusal { writes: false, ..refusal.clone() };
        assert_eq!(kept.lost(&[read]), None, "what is read is not kept");
        kept.lost(&[refusal]).is_some()
    }

    #[test]
    fn volumes_and_what_is_saved_at_the_stop() {
        let data = kept(&["/data/"], &[], &[]);
        assert!(loses(&data, "/data/a/b") && loses(&data, "/data") && !loses(&data, "/database"));
        let saved = kept(&[], &["/srv/log"], &["/srv/log", "/srv/old", "/var/lib/app/db"]);
        assert!(loses(&saved, "/var/lib/app/db.new") && !loses(&saved, "/var/lib/other"));
        assert!(!loses(&saved, "/srv/old"), "it wrote there all the time");
    }

    #[test]
    fn what_is_made_again_is_not_kept() {
        let none = kept(&[], &[], &["/run/app.pid", "/tmp/x", "/usr/lib/python3/__pycache__/a.pyc"]);
        assert_eq!(none, Kept::default());
        assert!(!loses(&kept(&["/usr"], &[], &[]), "/usr/lib/__pycache__/a.pyc"));
        let root = kept(&[], &[], &["/dump.rdb"]);
        assert!(loses(&root, "/dump.new") && !loses(&root, "/etc/passwd"));
    }
}

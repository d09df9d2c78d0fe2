//! Where it writes. Names that a program makes up anew at every start are levelled.

use std::collections::BTreeMap;

use super::{Comparison, Part};
use crate::evidence::{Written, WrittenPath};
use crate::judge::Proof;

/// Directories made for names that are made up: what is in them is not told apart.
const SCRATCH: [&str; 4] = ["/tmp", "/var/tmp", "/run", "/dev/shm"];

pub(super) fn compare(found: &mut Comparison, before: &Proof, after: &Proof) {
    let all = |proof: &Proof| {
        let paths = proof.evidence.written.iter().map(levelled);
        paths.collect::<BTreeMap<String, &'static str>>()
    };
    found.named(Part::Written, (all(before), all(after)), |what| (*what).to_string());
}

/// A path as it will be the next time, and what is done there.
fn levelled(entry: &WrittenPath) -> (String, &'static str) {
    let what = match entry.what {
        Written::Deleted => "deleted",
        _ => "written",
    };
    let scratch = SCRATCH.iter().find(|scratch| {
        entry.path.strip_prefix(**scratch).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    if let Some(scratch) = scratch {
        return ((*scratch).to_string(), "written");
    }
    let parts: Vec<String> = entry.path.split('/').map(level).collect();
    (parts.join("/"), what)
}

/// One name without its numbers: a pid, a date, a counter.
fn level(name: &str) -> String {
    let mut levelled = String::with_capacity(name.len());
    for c in name.chars() {
        match c.is_ascii_digit() {
            true if levelled.ends_with('#') => {}
            true => levelled.push('#'),
            false => levelled.push(c),
        }
    }
    levelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_made_up_are_levelled() {
        let at = |path: &str| levelled(&WrittenPath { path: path.into(), bytes: 1, what: Written::File }).0;
        assert_eq!(at("/tmp/tmpab3x/y"), "/tmp");
        assert_eq!(at("/tmpfile"), "/tmpfile");
        assert_eq!(at("/var/log/app-20261129.1.log"), "/var/log/app-#.#.log");
        assert_eq!(at("/var/log/app-20261130.12.log"), "/var/log/app-#.#.log");
    }
}

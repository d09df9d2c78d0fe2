//! What was seen of a container's calls.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// Different refusals that are kept: a container can ask for as many as it likes.
const MOST: usize = 2000;

/// Everything seen of one container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// What was refused, each once, in the order of the last time.
    pub refused: Vec<Refusal>,
    /// Addresses outside of the container that it tried to send to, where its filter shows such calls.
    pub sent_to: BTreeSet<SocketAddr>,
    /// Names of the calls used, if all were watched.
    pub calls: BTreeSet<&'static str>,
    /// Those between the filter and the program: ours.
    pub launch: BTreeSet<&'static str>,
    /// Programs of the machine's other architecture were among its processes.
    pub foreign: bool,
}

/// A call that the kernel or the filter refuses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// Name of the call.
    pub call: &'static str,
    /// What it was about.
    pub on: Subject,
    /// The error number: `EROFS`, `EACCES`, `EPERM`; 0 for a program that is executed without the rights it
    /// would give.
    pub errno: i32,
    /// It would have changed a file or directory.
    pub writes: bool,
    /// The filter refuses it, whatever the caller's rights.
    pub filtered: bool,
    /// Effective user id of the caller, as we see it.
    pub uid: u32,
    /// Path of the caller's program.
    pub program: String,
}

/// What a call was about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A path inside the container.
    Path(String),
    /// A user or group, or both.
    Id(String),
    /// A port to be listened on.
    Port(u16),
    /// Another process.
    Process(i32),
    /// Nothing that could be named.
    Nothing,
}

/// Refusals on their way into a [`Seen`].
#[derive(Debug, Default)]
pub(super) struct Refusals {
    last: BTreeMap<Refusal, u64>,
    count: u64,
}

impl Refusals {
    pub(super) fn add(&mut self, refusal: Refusal) {
        self.count += 1;
        if self.last.len() < MOST || self.last.contains_key(&refusal) {
            self.last.insert(refusal, self.count);
        }
    }

    pub(super) fn in_order(self) -> Vec<Refusal> {
        let mut all: Vec<(Refusal, u64)> = self.last.into_iter().collect();
        all.sort_by_key(|(_, last)| *last);
        all.into_iter().map(|(refusal, _)| refusal).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_once_in_the_order_of_the_last_time() {
        let refusal = |path: &str| Refusal {
            call: "mkdir",
            on: Subject::Path(path.to_string()),
            errno: 30,
            writes: true,
            filtered: false,
            uid: 0,
            program: "/bin/a".to_string(),
        };
        let mut refusals = Refusals::default();
        for path in ["/a", "/b", "/a"] {
            refusals.add(refusal(path));
        }
        assert_eq!(refusals.in_order(), [refusal("/b"), refusal("/a")]);
    }
}

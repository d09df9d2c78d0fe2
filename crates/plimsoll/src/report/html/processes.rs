//! Processes as a tree, and what the stop signal did to each.

use std::collections::BTreeMap;

use plimsoll_contract::evidence::{Outcome, ProcessFact, StopRecord};
use plimsoll_contract::judge::{Proof, command_text};
use plimsoll_kube::Manifest;

use super::Shown;
use super::limits::Limits;
use crate::report::conclusion::{median, moment};

/// A process, with its place in the tree.
pub struct Process {
    pub pid: u32,
    /// Lines of the tree before it.
    pub branch: String,
    pub argv: String,
    pub ids: String,
    pub capabilities: String,
    pub handles: String,
    pub zombie: bool,
    /// What the stop did to it; empty where nothing was stopped.
    pub at_stop: String,
}

/// The stop test in words.
pub struct Stop {
    pub signal: String,
    pub grace: String,
    pub runs: Vec<String>,
    pub median: String,
    pub end: String,
    pub killed: bool,
    pub zombies: u32,
    pub left: Shown<String>,
    pub log: Shown<String>,
    /// What the manifest makes of it.
    pub proposals: Vec<(String, String)>,
}

/// The stop test.
pub fn stop(proof: &Proof, manifest: Option<&Manifest>, limits: Limits) -> Option<Stop> {
    let stop = proof.evidence.stop.as_ref()?;
    let wanted = |path: &str| {
        path.ends_with("terminationGracePeriodSeconds") || path.ends_with("preStop.sleep.seconds")
    };
    let fields = manifest.into_iter().flat_map(|manifest| &manifest.fields);
    let name = |path: &str| path.rsplit("spec.").next().unwrap_or(path).replace("containers[0].", "");
    Some(Stop {
        signal: stop.signal.to_string(),
        grace: format!("{} s", stop.grace.as_secs()),
        runs: stop.times.iter().take(20).map(|time| moment(*time)).collect(),
        median: median(stop).map_or("-".to_string(), moment),
        end: if stop.killed { format!("SIGKILL, exit {}", stop.code) } else { format!("exit {}", stop.code) },
        killed: stop.killed,
        zombies: stop.zombies,
        left: limits.few(&stop.killed_with_namespace, |process| limits.text(process)),
        log: limits.log_lines(&stop.log),
        proposals: fields
            .filter(|field| wanted(&field.path))
            .map(|field| {
                (
                    format!("{}: {}", name(&field.path), limits.name(&field.value)),
                    limits.text(&field.phrase()),
                )
            })
            .collect(),
    })
}

/// The processes of the image as built, with their fate at the stop.
pub fn as_built(proof: &Proof, limits: Limits) -> Vec<Process> {
    let Some(Outcome::Running(seen)) = proof.evidence.as_built().map(|record| &record.outcome) else {
        return Vec::new();
    };
    let mut rows = tree(&seen.processes, limits);
    for row in &mut rows {
        let fact = seen.processes.iter().find(|process| process.pid == row.pid);
        if let (Some(stop), Some(fact)) = (&proof.evidence.stop, fact) {
            row.at_stop = at_stop(fact, stop);
        }
    }
    rows
}

/// Only PID 1 gets the signal; what becomes of the others is its business.
fn at_stop(process: &ProcessFact, stop: &StopRecord) -> String {
    let argv = process.argv.join(" ");
    match process.pid {
        1 if stop.killed && !process.handles.contains(&stop.signal) => {
            format!("got {}, has no handler for it, was killed", stop.signal)
        }
        1 if stop.killed => format!("got {}, did not end, was killed", stop.signal),
        1 => format!("got {}, ended with {}", stop.signal, stop.code),
        _ if process.zombie => "was dead already, nobody waited for it".to_string(),
        _ if stop.killed => "got no signal, was killed with PID 1".to_string(),
        _ if stop.killed_with_namespace.iter().any(|left| left.contains(&argv)) => {
            "was still running when PID 1 ended, and died with it".to_string()
        }
        _ => "ended before PID 1".to_string(),
    }
}

/// Processes in the order of a tree, children below their parents.
pub fn tree(processes: &[ProcessFact], limits: Limits) -> Vec<Process> {
    let shown = limits.few(processes, |process| process).rows;
    let mut children: BTreeMap<u32, Vec<&ProcessFact>> = BTreeMap::new();
    let known = |pid: u32| shown.iter().any(|process| process.pid == pid);
    for process in &shown {
        // A parent that is not there or is the process itself would hide it.
        let parent = if known(process.parent) && process.parent < process.pid { process.parent } else { 0 };
        children.entry(parent).or_default().push(process);
    }
    let mut rows = Vec::new();
    grow(&children, 0, "", &mut rows, limits);
    rows
}

/// A parent's pid is smaller than its children's here, so that this ends.
fn grow(
    children: &BTreeMap<u32, Vec<&ProcessFact>>,
    parent: u32,
    before: &str,
    rows: &mut Vec<Process>,
    limits: Limits,
) {
    let own = children.get(&parent).map_or(&[][..], Vec::as_slice);
    for (at, process) in own.iter().enumerate() {
        let last = at + 1 == own.len();
        let (branch, below) = match (parent, last) {
            (0, _) => (String::new(), String::new()),
            (_, true) => (format!("{before}└─ "), format!("{before}   ")),
            (_, false) => (format!("{before}├─ "), format!("{before}│  ")),
        };
        rows.push(row(process, branch, limits));
        grow(children, process.pid, &below, rows, limits);
    }
}

fn row(process: &ProcessFact, branch: String, limits: Limits) -> Process {
    let argv = if process.argv.is_empty() { &process.exe } else { &command_text(&process.argv) };
    let signals: Vec<String> = process.handles.iter().take(12).map(ToString::to_string).collect();
    Process {
        pid: process.pid,
        branch,
        argv: limits.text(argv),
        ids: format!("{}:{}", process.uid, process.gid),
        capabilities: match process.capabilities.as_slice() {
            [] => "none".to_string(),
            names => limits.text(&names.join(" ")),
        },
        handles: if signals.is_empty() { "none".to_string() } else { signals.join(" ") },
        zombie: process.zombie,
        at_stop: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::demo;

    fn fact(pid: u32, parent: u32) -> ProcessFact {
        ProcessFact {
            pid,
            parent,
            argv: vec![format!("p{pid}")],
            exe: String::new(),
            uid: 0,
            gid: 0,
            capabilities: Vec::new(),
            zombie: false,
            handles: Vec::new(),
        }
    }

    #[test]
    fn children_stand_below_their_parents_and_nobody_is_lost() {
        let processes = [fact(1, 0), fact(5, 1), fact(6, 5), fact(7, 1), fact(9, 44), fact(10, 10)];
        let lines: Vec<String> = tree(&processes, Limits::most())
            .iter()
            .map(|row| format!("{}{}", row.branch, row.argv))
            .collect();
        assert_eq!(lines, ["p1", "├─ p5", "│  └─ p6", "└─ p7", "p9", "p10"]);
    }

    #[test]
    fn who_got_the_signal_is_said() {
        let proof = demo::shell_form().proof.unwrap();
        let fates: Vec<String> =
            as_built(&proof, Limits::most()).into_iter().map(|row| row.at_stop).collect();
        assert_eq!(
            fates,
            [
                "got SIGTERM, has no handler for it, was killed",
                "got no signal, was killed with PID 1",
                "was dead already, nobody waited for it"
            ]
        );
    }
}

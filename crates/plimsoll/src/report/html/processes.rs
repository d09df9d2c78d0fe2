//! Processes as a tree, and what the stop signal did to each.

use plimsoll_contract::evidence::{Outcome, ProcessFact};
use plimsoll_contract::judge::{Proof, command_text};
use plimsoll_kube::Manifest;

use super::limits::Limits;
use super::{Shown, stops};
use crate::report::conclusion::{median, moment};
use crate::report::process_tree;

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
    /// Every stop tried, and what was not.
    pub all: Shown<stops::Row>,
    pub undelivered: String,
    pub untried: Shown<String>,
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
        all: stops::rows(stop, limits),
        undelivered: stop.undelivered.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        untried: limits.few(&stop.untried, |why| limits.text(why)),
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
            row.at_stop = process_tree::at_stop(fact, stop);
        }
    }
    rows
}

/// Processes in the order of a tree, children below their parents.
pub fn tree(processes: &[ProcessFact], limits: Limits) -> Vec<Process> {
    let shown = limits.few(processes, |process| process).rows;
    process_tree::tree(&shown).into_iter().map(|node| row(node.process, node.branch, limits)).collect()
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

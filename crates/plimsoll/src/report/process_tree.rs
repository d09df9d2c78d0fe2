//! Processes as a tree, and what the stop did to each. Pure.

use std::collections::BTreeMap;

use plimsoll_contract::evidence::{End, ProcessEnd, ProcessFact, StopCondition, StopRecord};

/// What has a place in a tree of processes.
pub trait Placed {
    /// Its pid inside the container.
    fn pid(&self) -> u32;
    /// Its parent's.
    fn parent(&self) -> u32;
}

impl Placed for ProcessFact {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn parent(&self) -> u32 {
        self.parent
    }
}

impl Placed for ProcessEnd {
    fn pid(&self) -> u32 {
        self.pid
    }

    fn parent(&self) -> u32 {
        self.parent
    }
}

/// A process in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'a, P> {
    /// The tree's lines before it.
    pub branch: String,
    /// The process.
    pub process: &'a P,
}

/// Processes in the order of a tree, children below their parents.
pub fn tree<'a, P: Placed>(processes: &[&'a P]) -> Vec<Node<'a, P>> {
    let mut children: BTreeMap<u32, Vec<&P>> = BTreeMap::new();
    let known: std::collections::HashSet<u32> = processes.iter().map(|process| process.pid()).collect();
    for process in processes {
        // A parent that is not there or is the process itself would hide it.
        let has_parent = known.contains(&process.parent()) && process.parent() < process.pid();
        children.entry(if has_parent { process.parent() } else { 0 }).or_default().push(process);
    }
    let mut nodes = Vec::new();
    grow(&children, 0, "", &mut nodes);
    nodes
}

/// A parent's pid is smaller than its children's here, so that this ends.
fn grow<'a, P: Placed>(
    children: &BTreeMap<u32, Vec<&'a P>>,
    parent: u32,
    before: &str,
    nodes: &mut Vec<Node<'a, P>>,
) {
    let own = children.get(&parent).map_or(&[][..], Vec::as_slice);
    for (at, process) in own.iter().enumerate() {
        let last = at + 1 == own.len();
        let (branch, below) = match (parent, last) {
            (0, _) => (String::new(), String::new()),
            (_, true) => (format!("{before}└─ "), format!("{before}   ")),
            (_, false) => (format!("{before}├─ "), format!("{before}│  ")),
        };
        nodes.push(Node { branch, process });
        grow(children, process.pid(), &below, nodes);
    }
}

/// Only PID 1 gets the signal; what becomes of the others is its business.
pub fn at_stop(process: &ProcessFact, stop: &StopRecord) -> String {
    let argv = process.argv.join(" ");
    match process.pid {
        1 if stop.killed && !process.handles.contains(&stop.signal) => {
            format!("got {}, has no handler for it, was killed", stop.signal)
        }
        1 if stop.killed => format!("got {}, did not end, was killed", stop.signal),
        1 => format!("got {}, ended with {}", stop.signal, stop.code),
        _ if process.zombie => "was dead already, nobody waited for it".to_string(),
        _ if stop.killed => "got no signal, was killed with PID 1".to_string(),
        _ => match recorded_end(process.pid, &argv, stop) {
            Some(End::Exit(code)) => format!("ended before PID 1, with {code}"),
            Some(End::Signal(signal)) => format!("got {signal}, which ended it"),
            _ if stop.killed_with_namespace.iter().any(|left| left.contains(&argv)) => {
                "was still running when PID 1 ended, and died with it".to_string()
            }
            _ => "ended before PID 1".to_string(),
        },
    }
}

/// How the same process ended when it was stopped and nobody talked to it. That was another start: pids may
/// differ, and then nothing is known.
fn recorded_end(pid: u32, argv: &str, stop: &StopRecord) -> Option<End> {
    let quiet = stop.run(|condition| *condition == StopCondition::Quiet)?;
    let same = |end: &&ProcessEnd| end.pid == pid && end.command == argv;
    quiet.processes.iter().find(same).map(|process| process.end)
}

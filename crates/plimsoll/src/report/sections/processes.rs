//! PROCESSES: the image as built when it was ready, and what the stop did to each.

use plimsoll_contract::evidence::Outcome;
use plimsoll_contract::judge::{Proof, command_text};

use super::LINES;
use crate::report::columns::{Extent, Section, pad};
use crate::report::process_tree::{at_stop, tree};
use crate::terminal::MAX_WIDTH;

/// Columns of the tree.
const TREE: usize = 44;
/// Columns of the user.
const USER: usize = 12;

/// The tree; nothing where a single process ended as it should.
pub fn processes(proof: &Proof, extent: Extent) -> Option<String> {
    let Outcome::Running(seen) = &proof.evidence.as_built()?.outcome else { return None };
    let stop = proof.evidence.stop.as_ref();
    if seen.processes.len() < 2 && !stop.is_some_and(|stop| stop.killed) {
        return None;
    }
    let heading = format!("{} {} at stop", pad("PROCESSES    when ready", TREE + 8), pad("user", USER));
    let mut section = Section::new(&heading);
    let all: Vec<_> = seen.processes.iter().collect();
    for node in tree(&all) {
        let process = node.process;
        let argv = if process.argv.is_empty() { process.exe.clone() } else { command_text(&process.argv) };
        let zombie = if process.zombie { "zombie " } else { "" };
        let fate = stop.map_or(String::new(), |stop| at_stop(process, stop));
        let ids = format!("{}:{}", process.uid, process.gid);
        section.add(
            process.pid == 1 || process.zombie,
            [format!(
                "  {:>5} {} {} {fate}",
                process.pid,
                pad(&format!("{}{zombie}{argv}", node.branch), TREE),
                pad(&ids, USER)
            )],
        );
    }
    Some(section.render(LINES, MAX_WIDTH, extent))
}

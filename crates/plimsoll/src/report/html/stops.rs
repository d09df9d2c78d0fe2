//! The runs of the stop test: a row each, opened to every process with its signal and its end.

use plimsoll_contract::evidence::{StopCondition, StopRecord, StopRun};
use plimsoll_contract::judge::{Manner, manner};

use super::Shown;
use super::limits::Limits;
use crate::report::conclusion::moment;
use crate::report::process_tree::{Node, tree};
use crate::report::{seconds, stop_runs};

/// A stop.
pub struct Row {
    pub id: String,
    /// `ok`, `note`, `no`, `?`.
    pub word: &'static str,
    pub name: String,
    /// What became of the requests.
    pub requests: String,
    pub end: String,
    /// Why it was not graceful, or why that cannot be told.
    pub note: String,
    pub signal: String,
    pub grace: String,
    pub closed: String,
    pub answer: String,
    pub processes: Shown<Ended>,
}

/// A process at its end.
pub struct Ended {
    pub pid: u32,
    /// Lines of the tree before it.
    pub branch: String,
    pub command: String,
    pub listens: bool,
    pub handles: bool,
    pub signals: String,
    pub end: String,
}

/// Every stop, in the order tried.
pub fn rows(stop: &StopRecord, limits: Limits) -> Shown<Row> {
    limits.few(&stop.runs, |run| row(run, limits))
}

fn row(run: &StopRun, limits: Limits) -> Row {
    let (word, note) = judged(run);
    let when = |time: Option<std::time::Duration>| time.map_or(String::new(), moment);
    let all: Vec<_> = run.processes.iter().collect();
    Row {
        id: limits.name(&run.id),
        word,
        name: stop_runs::name(run),
        requests: stop_runs::connections(run).join("; "),
        end: stop_runs::end(run),
        note: limits.text(&note),
        signal: run.signal.to_string(),
        grace: seconds(run.grace),
        closed: when(run.listener_closed),
        answer: when(run.last_answer),
        processes: limits.few(tree(&all), |Node { branch, process }| Ended {
            pid: process.pid,
            branch: limits.text(&branch),
            command: limits.text(&process.command),
            listens: process.listens,
            handles: process.handles,
            signals: stop_runs::signals(process, run),
            end: stop_runs::process_end(process.end),
        }),
    }
}

/// The state in a word. A SIGKILL in time too short for it, or after a signal that the image does not promise
/// to end on, breaks nothing.
fn judged(run: &StopRun) -> (&'static str, String) {
    let promised = matches!(
        run.condition,
        StopCondition::Quiet | StopCondition::Requests | StopCondition::Held | StopCondition::Init
    );
    match manner(run) {
        Manner::Killed if promised => ("no", String::new()),
        _ if stop_runs::lost(run) > 0 && promised => ("no", String::new()),
        Manner::Killed => ("note", String::new()),
        Manner::Quick(why) => ("note", why),
        Manner::Open(why) => ("?", why),
        Manner::Graceful => ("ok", String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Report, demo};

    fn told(report: Report) -> Vec<String> {
        let stop = report.proof.unwrap().evidence.stop.unwrap();
        let rows = rows(&stop, Limits::most()).rows;
        rows.iter().map(|row| format!("{} {}: {} {}", row.word, row.name, row.end, row.note)).collect()
    }

    #[test]
    fn every_stop_has_a_row_that_says_how_it_went() {
        assert_eq!(
            told(demo::shell_form()),
            [
                "no quiet: SIGKILL after 10.00 s ",
                "note with an init: exit 143 in 0.03 s, not graceful ./server --port 3000 died with PID 1, its \
                 handler never ran",
            ]
        );
        let healthy = told(demo::healthy());
        assert_eq!(healthy.iter().filter(|row| row.starts_with("ok ")).count(), 6, "{healthy:#?}");
        assert!(healthy.last().unwrap().starts_with("note only 0.4"), "{healthy:#?}");
    }

    #[test]
    fn the_tree_at_the_stop_says_who_got_which_signal() {
        let stop = demo::shell_form().proof.unwrap().evidence.stop.unwrap();
        let processes = |at: usize| {
            let ended = &rows(&stop, Limits::most()).rows[at].processes.rows;
            let line = |one: &Ended| format!("{}{} | {} | {}", one.branch, one.pid, one.signals, one.end);
            ended.iter().map(line).collect::<Vec<_>>()
        };
        assert_eq!(
            processes(0),
            ["1 | SIGTERM, SIGKILL | SIGKILL after the grace", "└─ 7 | SIGKILL | SIGKILL after the grace"]
        );
        assert_eq!(
            processes(1),
            [
                "1 | SIGTERM | exit 143",
                "└─ 2 | SIGTERM | ended by SIGTERM",
                "   └─ 7 | SIGKILL | SIGKILL, because PID 1 had ended",
            ]
        );
    }
}

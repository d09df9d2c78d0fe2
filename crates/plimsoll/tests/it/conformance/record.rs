//! What docker and podman did when each case was last tried with them: `docker.recorded` and
//! `podman.recorded`, a line a case: its digest, its name, the steps that differed.
//!
//! An ordinary run tries only a share of the cases with them. With the record a case that was changed and
//! not tried since is found out all the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll_model::Digest;

use super::accepted::{Machine, entries};
use super::case::Case;
use super::engine::Name;
use super::judge::Outcome;
use crate::harness::checkout;

/// The record of one engine.
pub struct Record {
    engine: Name,
    lines: BTreeMap<String, Line>,
}

/// What is known of a case.
struct Line {
    digest: String,
    differed: Vec<usize>,
}

impl Record {
    /// The record in the checkout.
    pub fn of(engine: Name) -> Record {
        let text = std::fs::read_to_string(path(engine)).expect("the checkout can be read");
        let lines = text.lines().map(|line| {
            let mut words = line.split(' ').map(str::to_string);
            let (digest, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let differed = words.map(|word| word.parse().expect("a step has a number")).collect();
            (name, Line { digest, differed })
        });
        Record { engine, lines: lines.collect() }
    }

    /// The case was tried as it is now.
    pub fn knows(&self, case: &Case) -> bool {
        self.lines.get(case.name).is_some_and(|line| line.digest == digest(case))
    }

    /// Write it down with these outcomes; what is no case any more is forgotten.
    pub fn write(mut self, outcomes: &[Outcome<'_>], cases: &[Case]) {
        for (case, differences) in outcomes {
            let differed = differences.iter().map(|(number, _)| *number).collect();
            self.lines.insert(case.name.to_string(), Line { digest: digest(case), differed });
        }
        self.lines.retain(|name, _| cases.iter().any(|case| case.name == name));
        let lines = self.lines.iter().map(|(name, line)| {
            let numbers: String = line.differed.iter().map(|number| format!(" {number}")).collect();
            format!("{} {name}{numbers}\n", line.digest)
        });
        std::fs::write(path(self.engine), lines.collect::<String>()).expect("the checkout can be written");
    }

    /// What does not fit between the record, the cases, and the list of differences.
    pub fn complaints(&self, cases: &[Case]) -> Vec<String> {
        let engine = self.engine;
        let of_cases = cases.iter().flat_map(|case| match self.lines.get(case.name) {
            Some(line) if self.knows(case) => misfits(engine, case, &line.differed),
            _ => vec![format!("{}: was never tried with {engine} as it is now", case.name)],
        });
        let gone = self.lines.keys().filter(|name| !cases.iter().any(|case| case.name == *name));
        of_cases.chain(gone.map(|name| format!("{name}: is recorded of {engine}, but no case"))).collect()
    }
}

fn path(engine: Name) -> PathBuf {
    checkout(&format!("crates/plimsoll/tests/it/conformance/{engine}.recorded"))
}

/// Enough of a digest to tell a case from what it was.
fn digest(case: &Case) -> String {
    Digest::of(format!("{case:?}").as_bytes()).hex()[..12].to_string()
}

/// Steps that differed and are not listed, or are listed and did not differ.
fn misfits(engine: Name, case: &Case, differed: &[usize]) -> Vec<String> {
    let misfit = |number: &usize| {
        let mut listed = entries(engine, case, *number).peekable();
        match differed.contains(number) {
            true => listed.peek().is_none(),
            // Elsewhere it may not differ.
            false => listed.any(|entry| entry.machine == Machine::Any),
        }
    };
    let numbers = (1..=case.steps.len()).filter(misfit);
    numbers
        .map(|number| format!("{}/{number}: the record of {engine} and its list differ", case.name))
        .collect()
}

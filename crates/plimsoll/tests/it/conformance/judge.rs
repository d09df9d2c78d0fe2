//! What the differences of all cases mean: which are listed, which are not, which lists are stale.

use std::collections::BTreeSet;

use super::accepted::{Machine, entries, shown_here};
use super::case::Case;
use super::engine::Name;
use super::perform::Difference;

/// A case and where it differed.
pub type Outcome<'a> = (&'a Case, Vec<Difference>);

/// What has to be said about the outcomes; nothing if all is as documented or listed.
pub fn complaints(engine: Name, outcomes: &[Outcome<'_>]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (case, differences) in outcomes {
        complaints.extend(unlisted(engine, case, differences));
        complaints.extend(stale(engine, case, differences));
    }
    complaints
}

fn unlisted(engine: Name, case: &Case, differences: &[Difference]) -> Vec<String> {
    let unlisted =
        differences.iter().filter(|(number, _)| shown_here(engine, case, *number).next().is_none());
    unlisted
        .map(|(number, why)| {
            let words = case.steps[number - 1].words;
            format!("{}/{number}: {words}\n    {why}\n    {}", case.name, case.rule)
        })
        .collect()
}

fn stale(engine: Name, case: &Case, differences: &[Difference]) -> Vec<String> {
    let seen: BTreeSet<usize> = differences.iter().map(|(number, _)| *number).collect();
    let steps = (1..=case.steps.len()).filter(|number| !seen.contains(number));
    let listed = steps.flat_map(|number| shown_here(engine, case, number).map(move |entry| (number, entry)));
    listed
        .map(|(number, entry)| format!("{}/{number}: does not differ any more: {}", case.name, entry.reason))
        .collect()
}

/// Steps in which neither docker nor podman does what the case says: then it is no documented rule.
pub fn doubtful(cases: &[Case]) -> Vec<String> {
    let steps = cases.iter().flat_map(|case| (1..=case.steps.len()).map(move |number| (case, number)));
    let lists =
        |engine, case, number| entries(engine, case, number).any(|entry| entry.machine == Machine::Any);
    let both = steps.filter(|(case, number)| {
        [Name::Docker, Name::Podman].iter().all(|engine| lists(*engine, case, *number))
    });
    both.map(|(case, number)| format!("{}/{number}: docker and podman differ from it", case.name)).collect()
}

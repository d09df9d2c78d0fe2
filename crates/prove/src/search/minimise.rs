//! The search itself, as a pure function over an oracle that starts the program: from the strict end, giving
//! back only what a failure names, and then taking away what was not needed after all.
//!
//! One restriction at a time gives wrong answers: nginx fails as another user alone, and works as that user
//! with a read-only root and two writable directories. So all restrictions hold together from the first
//! start on.

use std::collections::BTreeSet;

use plimsoll_contract::evidence::Relaxation;

/// All that is given back in a run.
pub(super) type Given = BTreeSet<Relaxation>;

/// What came of one start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    /// It works.
    pub works: bool,
    /// What its refused calls and its output name, the most likely first.
    pub named: Vec<Relaxation>,
    /// What was refused, too, and it went on.
    pub survived: Vec<Relaxation>,
}

impl Answer {
    /// What to give back next: what is likely before what it went on after, and all that is small before
    /// anything that makes a restriction worthless.
    fn next(&self, given: &Given) -> Option<Vec<Relaxation>> {
        let new = |list: &[Relaxation], heavy: bool| -> Vec<Relaxation> {
            list.iter().filter(|one| !given.contains(one) && is_heavy(one) == heavy).cloned().collect()
        };
        let light = [new(&self.named, false), new(&self.survived, false)];
        let heavy = [&self.named, &self.survived].into_iter().flat_map(|list| new(list, true));
        let heavy = heavy.take(1).collect();
        light.into_iter().chain([heavy]).find(|some| !some.is_empty())
    }

    fn names(&self, relaxation: &Relaxation) -> bool {
        self.named.contains(relaxation) || self.survived.contains(relaxation)
    }
}

/// What the search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The smallest set that works; `None`: none was found.
    pub given: Option<Given>,
    /// Every start with what was given in it, in order.
    pub runs: Vec<(Given, Answer)>,
}

/// More failures in a row than this name nothing useful.
const MOST_FAILURES: usize = 8;

/// Above this, what is less suspicious is tried to be taken away all at once.
const FEW: usize = 6;

/// What makes a restriction worthless as a whole is given back only when nothing smaller is named.
pub(super) fn is_heavy(relaxation: &Relaxation) -> bool {
    matches!(relaxation, Relaxation::WritableRoot | Relaxation::PrivilegeEscalation | Relaxation::RunAsRoot)
}

fn temporary_files() -> Relaxation {
    Relaxation::WritableMount("/tmp".to_string())
}

struct Search<'a, E> {
    oracle: &'a mut dyn FnMut(&Given) -> Result<Answer, E>,
    runs: Vec<(Given, Answer)>,
}

/// Search. `learned` is what an earlier search, as another user, was told; `last_resorts` are given back one
/// after the other when a failure names nothing new.
pub(super) fn search<E>(
    learned: Given,
    last_resorts: &[Vec<Relaxation>],
    oracle: &mut dyn FnMut(&Given) -> Result<Answer, E>,
) -> Result<Found, E> {
    let mut search = Search { oracle, runs: Vec::new() };
    let given = match search.grow(learned, last_resorts)? {
        Some(given) => Some(search.shrink(given)?),
        None => None,
    };
    Ok(Found { given, runs: search.runs })
}

impl<E> Search<'_, E> {
    fn ask(&mut self, given: &Given) -> Result<Answer, E> {
        let answer = (self.oracle)(given)?;
        self.runs.push((given.clone(), answer.clone()));
        Ok(answer)
    }

    /// Give back until it works.
    fn grow(&mut self, mut given: Given, last_resorts: &[Vec<Relaxation>]) -> Result<Option<Given>, E> {
        let mut resorts = last_resorts.iter();
        for _ in 0..MOST_FAILURES {
            let answer = self.ask(&given)?;
            if answer.works {
                return Ok(Some(given));
            }
            let more = answer
                .next(&given)
                .or_else(|| resorts.find(|resort| resort.iter().any(|one| !given.contains(one))).cloned());
            match more {
                Some(more) => given.extend(more),
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Take away what is not needed: the heaviest first, then what no failure was most suspicious of, then
    /// one by one, the place for temporary files last: what does with any of several is to keep that one.
    fn shrink(&mut self, mut given: Given) -> Result<Given, E> {
        let (heavy, light): (Vec<Relaxation>, Vec<Relaxation>) = given.iter().cloned().partition(is_heavy);
        for one in heavy {
            self.try_without(&mut given, &[one])?;
        }
        let suspects = self.suspects();
        let (suspected, others): (Vec<Relaxation>, Vec<Relaxation>) =
            light.into_iter().partition(|one| suspects.contains(one));
        let mut rest = others;
        if rest.len() > FEW && self.try_without(&mut given, &rest)? {
            rest.clear();
        }
        let (temporary, others): (Vec<Relaxation>, Vec<Relaxation>) =
            rest.into_iter().chain(suspected).partition(|one| *one == temporary_files());
        for one in others.into_iter().chain(temporary) {
            self.try_without(&mut given, &[one])?;
        }
        Ok(given)
    }

    /// What each failure names first.
    fn suspects(&self) -> Given {
        let failed = self.runs.iter().filter(|(_, answer)| !answer.works);
        failed.filter_map(|(_, answer)| answer.named.first().cloned()).collect()
    }

    /// Take these away if it works without them. A failure counts only when it names what is missing and is
    /// not the first one without it, or else when it is repeated: a slow start on a busy machine must not
    /// become a requirement.
    fn try_without(&mut self, given: &mut Given, taken: &[Relaxation]) -> Result<bool, E> {
        let smaller: Given = given.iter().filter(|one| !taken.contains(one)).cloned().collect();
        loop {
            let answer = self.ask(&smaller)?;
            if answer.works {
                *given = smaller;
                return Ok(true);
            }
            if taken.len() > 1 || self.is_confirmed(&smaller, answer.names(&taken[0])) {
                return Ok(false);
            }
        }
    }

    fn is_confirmed(&self, without: &Given, named: bool) -> bool {
        let failures = self.runs.iter().filter(|(given, answer)| !answer.works && given.is_subset(without));
        let same = self.runs.iter().filter(|(given, answer)| !answer.works && given == without);
        named && failures.count() >= 2 || same.count() >= 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(path: &str) -> Relaxation {
        Relaxation::WritableMount(path.to_string())
    }

    fn capability(name: &str) -> Relaxation {
        Relaxation::Capability(name.to_string())
    }

    /// A program that needs these, in this order: a failure names the first that is missing, and it goes on
    /// after `noise`.
    fn program(needs: Vec<Relaxation>, noise: Vec<Relaxation>) -> impl FnMut(&Given) -> Result<Answer, ()> {
        move |given| {
            let missing = needs.iter().find(|need| !given.contains(need));
            let named = missing.into_iter().cloned().collect();
            Ok(Answer { works: missing.is_none(), named, survived: noise.clone() })
        }
    }

    fn starts(needs: Vec<Relaxation>, noise: Vec<Relaxation>) -> (Option<Given>, usize) {
        let found = search(Given::new(), &[], &mut program(needs, noise)).unwrap();
        (found.given, found.runs.len())
    }

    #[test]
    fn what_works_strictly_is_started_once() {
        assert_eq!(starts(Vec::new(), vec![mount("/tmp")]), (Some(Given::new()), 1));
    }

    #[test]
    fn every_relaxation_is_confirmed_by_a_repeat() {
        let needs = vec![mount("/run")];
        assert_eq!(starts(needs.clone(), Vec::new()), (Some(needs.into_iter().collect()), 3));
    }

    #[test]
    fn what_was_named_and_is_not_needed_is_taken_away() {
        let needs = vec![mount("/run"), capability("SETUID")];
        let noise = vec![mount("/a"), mount("/b"), mount("/c"), mount("/d"), Relaxation::WritableRoot];
        let (given, starts) = starts(needs.clone(), noise);
        assert_eq!(given, Some(needs.into_iter().collect()));
        assert!(starts <= 8, "{starts}");
    }

    #[test]
    fn a_program_with_five_needs_takes_at_most_twelve_starts() {
        let needs = vec![mount("/run"), mount("/tmp"), mount("/var/lib/x"), Relaxation::LowPorts];
        let (given, starts) = starts(needs.clone(), Vec::new());
        assert_eq!((given, starts <= 10), (Some(needs.into_iter().collect()), true), "{starts}");
    }

    #[test]
    fn of_several_places_for_temporary_files_the_usual_one_stays() {
        let places = vec![mount("/var/tmp"), mount("/tmp"), mount("/srv")];
        let found = search::<()>(Given::new(), &[], &mut |given| {
            let works = places.iter().any(|place| given.contains(place));
            Ok(Answer { works, named: places.clone(), ..Answer::default() })
        });
        assert_eq!(found.unwrap().given, Some([mount("/tmp")].into()));
    }

    #[test]
    fn a_slow_start_is_no_need() {
        let mut count = 0;
        let found = search::<()>(Given::new(), &[], &mut |given| {
            count += 1;
            // The third start fails for a reason of its own.
            let works = given.contains(&mount("/run")) && count != 3;
            let named =
                if given.contains(&mount("/run")) { Vec::new() } else { vec![mount("/run"), mount("/x")] };
            Ok(Answer { works, named, ..Answer::default() })
        });
        assert_eq!(found.unwrap().given, Some([mount("/run")].into()));
    }

    #[test]
    fn the_last_resort_comes_when_nothing_is_named() {
        let resorts = [vec![capability("CHOWN"), capability("KILL")], vec![Relaxation::WritableRoot]];
        let found = search::<()>(Given::new(), &resorts, &mut |given| {
            Ok(Answer { works: given.contains(&capability("KILL")), named: Vec::new(), ..Answer::default() })
        })
        .unwrap();
        assert_eq!(found.given, Some([capability("KILL")].into()));
        let never = search::<()>(Given::new(), &resorts, &mut |_| Ok(Answer::default())).unwrap();
        assert_eq!((never.given, never.runs.len()), (None, 3));
    }

    #[test]
    fn an_endless_list_of_complaints_ends() {
        let mut count = 0;
        let found = search::<()>(Given::new(), &[], &mut |_| {
            count += 1;
            Ok(Answer { named: vec![mount(&format!("/{count}"))], ..Answer::default() })
        });
        assert_eq!(found.unwrap(), Found { given: None, runs: found_runs(count) });
    }

    fn found_runs(count: usize) -> Vec<(Given, Answer)> {
        let named = |at: usize| mount(&format!("/{at}"));
        let run = |at: usize| {
            let given = (1..at).map(named).collect();
            (given, Answer { named: vec![named(at)], ..Answer::default() })
        };
        (1..=count).map(run).collect()
    }
}

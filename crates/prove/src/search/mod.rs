//! The joint search: all restrictions at once from the first start on, relaxed only by what a failure names.
//!
//! What failed is seen, not guessed: every start of the search shows its refusable calls to
//! [`CallWatch`](plimsoll_runtime::call_watch::CallWatch). Lines of output are a second source.

mod candidates;
mod context;
mod limits;
mod minimise;
mod rungs;
mod seccomp;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use plimsoll_contract::evidence::{Hardening, Relaxation, RungRecord};
use plimsoll_model::launch::DEFAULT_CAPABILITIES;
use plimsoll_model::{LaunchSpec, PortSpec, ProcessUser, UserSpec};
use plimsoll_runtime::call_watch::{Refusal, Seen};
use plimsoll_runtime::host::IdMap;
use plimsoll_runtime::seccomp::Watched;

use crate::command_line;
use crate::exercise::Baseline;
use crate::stop;
use crate::subject::{ProveError, Subject};
use crate::trial::{self, Awaited, Beside, Ending, Trial};
use crate::written;
use candidates::{Candidates, Situation};
use minimise::{Answer, Given};

/// The uid an image without a user of its own is tried as: no distribution gives it out.
const SOME_UID: u32 = 10001;

/// What the search brought.
pub(crate) struct Searched {
    pub(crate) rungs: Vec<RungRecord>,
    pub(crate) hardening: Hardening,
}

/// Search.
pub(crate) fn run(subject: &Subject<'_>, baseline: &Baseline) -> Result<Searched, ProveError> {
    let searcher = Searcher::new(subject, baseline)?;
    let candidates = searcher.users();
    let mut failed: Option<AsUser> = None;
    let mut learned = Given::new();
    for (at, user) in candidates.iter().enumerate() {
        let found = searcher.as_user(user, learned, at + 1 == candidates.len())?;
        learned = found.light();
        match found.given {
            Some(_) => return rungs::record(&searcher, failed, found),
            // The first one is the one the image itself would choose: its failure tells most.
            None => failed = failed.or(Some(found)),
        }
    }
    rungs::record_nothing_found(&searcher, failed)
}

/// One start and what was seen of it.
struct Attempt {
    given: Given,
    result: Result<String, String>,
    command: String,
    seen: Seen,
    trial: Trial,
}

/// All starts as one user.
struct AsUser {
    user: ProcessUser,
    given: Option<Given>,
    attempts: Vec<Attempt>,
}

impl AsUser {
    /// What was given back last, but for what makes a restriction worthless.
    fn light(&self) -> Given {
        let last = self.attempts.last().map(|attempt| attempt.given.clone());
        last.unwrap_or_default().into_iter().filter(|one| !minimise::is_heavy(one)).collect()
    }

    /// What was refused in all these starts, each once, the last first.
    fn refused(&self) -> Vec<&Refusal> {
        let mut all: Vec<&Refusal> = Vec::new();
        for refusal in self.attempts.iter().rev().flat_map(|attempt| attempt.seen.refused.iter().rev()) {
            if !all.contains(&refusal) {
                all.push(refusal);
            }
        }
        all
    }
}

struct Searcher<'a> {
    subject: &'a Subject<'a>,
    baseline: &'a Baseline,
    image_user: ProcessUser,
    ports: Vec<PortSpec>,
    /// Where the image is known to write, and that it listens below 1024.
    known: Vec<Relaxation>,
    starts: Cell<u32>,
    sent_to: RefCell<BTreeSet<String>>,
}

impl<'a> Searcher<'a> {
    fn new(subject: &'a Subject<'a>, baseline: &'a Baseline) -> Result<Self, ProveError> {
        let directories = written::directories(&baseline.written, subject.tree);
        let volumes = subject.volumes().map(str::to_string);
        let places = directories.iter().chain(&baseline.touched);
        let places = places.filter_map(|directory| written::place_for(directory, subject.tree));
        let ports: Vec<PortSpec> = baseline.listening.iter().map(|listener| listener.port).collect();
        let low = ports.iter().any(|port| port.number < context::FIRST_FREE_PORT);
        let low = low.then_some(Relaxation::LowPorts);
        Ok(Searcher {
            subject,
            baseline,
            image_user: subject.user()?,
            ports,
            known: places.chain(volumes).map(Relaxation::WritableMount).chain(low).collect(),
            starts: Cell::new(0),
            sent_to: RefCell::default(),
        })
    }

    /// The image's own user; of an image that starts as root those its workers run as, a uid nobody has, and
    /// root at last.
    fn users(&self) -> Vec<ProcessUser> {
        // With one mapped id another user could not be told from this one by any file.
        if self.image_user.uid != 0 || self.one_id() {
            return vec![self.image_user.clone()];
        }
        let workers = self.baseline.users.iter().filter(|(uid, _)| *uid != 0);
        let others = workers.copied().chain([(SOME_UID, SOME_UID)]);
        let others = others.map(|(uid, gid)| self.user(uid, gid));
        others.chain([self.image_user.clone()]).collect()
    }

    /// Only one id exists on this machine: files have no owners.
    fn one_id(&self) -> bool {
        self.subject.host.ids == IdMap::Single
    }

    /// With the home directory and name that the image knows, as kubelet's runtimes do.
    fn user(&self, uid: u32, gid: u32) -> ProcessUser {
        let known = UserSpec::parse(&format!("{uid}:{gid}"));
        let known = known.and_then(|spec| spec.resolve(self.subject.tree));
        let unknown = ProcessUser { uid, gid, extra_groups: Vec::new(), home: "/".to_string(), name: None };
        ProcessUser { uid, gid, ..known.unwrap_or(unknown) }
    }

    /// Search as this user. The last one is not given up before everything has been given back.
    fn as_user(&self, user: &ProcessUser, learned: Given, last: bool) -> Result<AsUser, ProveError> {
        let mut attempts = Vec::new();
        let resorts = if last { last_resorts(user) } else { Vec::new() };
        let found = minimise::search(learned, &resorts, &mut |given: &Given| {
            let mut attempt = self.attempt(&self.spec(user, given)?, Some(Watched::Refusable))?;
            attempt.given = given.clone();
            let answer = self.answer(user, &attempt);
            attempts.push(attempt);
            Ok::<Answer, ProveError>(answer)
        })?;
        Ok(AsUser { user: user.clone(), given: found.given, attempts })
    }

    fn answer(&self, user: &ProcessUser, attempt: &Attempt) -> Answer {
        let works = attempt.result.is_ok();
        if works {
            return Answer { works, ..Answer::default() };
        }
        let situation = Situation { root: user.uid == 0, home: &user.home };
        let mut log = attempt.trial.log.clone();
        log.extend(attempt.trial.stop.iter().flat_map(|stop| stop.log.clone()));
        let mut found = candidates::candidates(&attempt.seen.refused, &log, situation, self.subject.tree);
        let can_be_given =
            |one: &Relaxation| context::mount(one).is_none_or(|place| !self.subject.is_given(&place));
        found.likely.retain(can_be_given);
        found.survived.retain(can_be_given);
        let next = self.next(&found);
        Answer { works, named: [found.likely, next].concat(), survived: found.survived }
    }

    /// What would be refused next, so that it need not be found out one start after the other: whether it is
    /// needed is tried in any case.
    fn next(&self, found: &Candidates) -> Vec<Relaxation> {
        let capability = |name: &str| Relaxation::Capability(name.to_string());
        let ids = [capability("SETGID"), capability("SETUID")];
        let changes_ids = found.likely.iter().any(|one| ids.contains(one));
        let ids = ids.into_iter().filter(|_| changes_ids);
        let places = self.known.iter().filter(|_| !found.likely.is_empty()).cloned();
        let new = |one: &Relaxation| !found.likely.contains(one) && !found.survived.contains(one);
        places.chain(ids).filter(new).collect()
    }

    fn spec(&self, user: &ProcessUser, given: &Given) -> Result<LaunchSpec, ProveError> {
        let mut spec = self.subject.spec_as(stop::as_built(self.subject), user.clone());
        spec.stop.grace = match self.baseline.killed {
            // Waiting the whole grace every time would tell nothing new.
            true => std::time::Duration::from_millis(500),
            false => spec.stop.grace.max(self.baseline.stop_time * 2),
        };
        Ok(context::restrict(spec, given, self.listens_low()))
    }

    fn listens_low(&self) -> bool {
        self.ports.iter().any(|port| port.number < context::FIRST_FREE_PORT)
    }

    fn attempt(&self, spec: &LaunchSpec, watched: Option<Watched>) -> Result<Attempt, ProveError> {
        self.attempt_beside(spec, Beside { watched, cgroup: None })
    }

    fn attempt_beside(&self, spec: &LaunchSpec, beside: Beside) -> Result<Attempt, ProveError> {
        let command = command_line::of(self.subject, spec);
        self.subject.tell(command.clone());
        self.starts.set(self.starts.get() + 1);
        let awaited = Awaited { ports: &self.ports, watch: self.subject.settings.watch };
        let mut trial = trial::run_with(self.subject, spec, awaited, Ending::Stop, beside)?;
        let seen = trial.seen.take().unwrap_or_default();
        self.sent_to.borrow_mut().extend(seen.sent_to.iter().map(ToString::to_string));
        // Another user than the image's is what is wanted there.
        let result = self.baseline.compare(&trial, spec.user.uid == self.image_user.uid);
        let result = result.and_then(|fact| match self.baseline.kept.lost(&seen.refused) {
            Some(path) => Err(format!("it could not write {path}, which it keeps")),
            None => Ok(fact),
        });
        Ok(Attempt { given: Given::new(), result, command, seen, trial })
    }
}

/// What is given back when nothing is named: what docker gives root, then what makes a restriction worthless.
fn last_resorts(user: &ProcessUser) -> Vec<Vec<Relaxation>> {
    let capabilities = DEFAULT_CAPABILITIES.map(|name| Relaxation::Capability(name.to_string())).to_vec();
    let root = (user.uid == 0).then_some(capabilities);
    let heavy = [Relaxation::WritableRoot, Relaxation::PrivilegeEscalation].map(|one| vec![one]);
    root.into_iter().chain(heavy).collect()
}

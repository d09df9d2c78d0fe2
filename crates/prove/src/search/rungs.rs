//! From the search to the ladder that people read: each rung holds if the strictest way that works has it.

use plimsoll_contract::evidence::{Hardening, Refused, Relaxation, Rung, RungRecord, Verdict};
use plimsoll_model::launch::DEFAULT_CAPABILITIES;
use plimsoll_runtime::call_watch::Refusal;
use plimsoll_runtime::seccomp::Watched;

use super::candidates::{self, Situation};
use super::minimise::Given;
use super::{AsUser, Attempt, SOME_UID, Searched, Searcher, context, limits, seccomp};
use crate::subject::ProveError;
use crate::written;

/// Refusals shown with one rung.
const SHOWN: usize = 10;

/// A uid that no image knows, inside of the ids that an ordinary user has.
const NOBODYS_UID: u32 = 60321;

/// With one mapped id.
const FILES_UNTESTED: &str = "it started and stopped, but with one mapped id every file belongs to the \
                              user, so file permissions were not tested";

/// The same for what changes users and owners.
const IDS_UNTESTED: &str = "with one mapped id no process can change its user and no file its owner, so what \
                            that takes was not tested";

/// The ladder of a search that found something.
pub(super) fn record(
    searcher: &Searcher<'_>,
    failed: Option<AsUser>,
    found: AsUser,
) -> Result<Searched, ProveError> {
    let given = found.given.clone().unwrap_or_default();
    let spec = searcher.spec(&found.user, &given)?;
    // Nobody looks on this time: what looking on may have changed does not count.
    let mut joint = searcher.attempt(&spec, None)?;
    if joint.result.is_err() {
        joint = searcher.attempt(&spec, None)?;
    }
    let ladder = Ladder { searcher, failed, found, given, joint };
    let mut rungs = vec![
        ladder.non_root(),
        ladder.no_new_privileges(),
        ladder.drop_capabilities(),
        ladder.read_only(),
        ladder.default_seccomp(),
    ];
    rungs.extend(ladder.low_ports());
    rungs.push(ladder.home());
    rungs.push(ladder.no_egress());
    if ladder.joint.result.is_ok() {
        rungs.push(ladder.arbitrary_user()?);
        rungs.extend(limits::rungs(searcher, &spec, &ladder.joint.trial)?);
    }
    rungs.push(ladder.together());
    let works = ladder.joint.result.is_ok();
    let recorded = match works && searcher.subject.settings.record_seccomp {
        true => Some(seccomp::record(searcher, &spec)?),
        false => None,
    };
    let hardening = Hardening {
        user: works.then_some((ladder.found.user.uid, ladder.found.user.gid)),
        relaxations: ladder.given.iter().cloned().collect(),
        starts: searcher.starts.get(),
        sent_to: searcher.sent_to.borrow().iter().cloned().collect(),
        seccomp: recorded,
    };
    Ok(Searched { rungs, hardening })
}

/// The ladder of a search that came to nothing: the image works as built and in no restricted way.
pub(super) fn record_nothing_found(
    searcher: &Searcher<'_>,
    failed: Option<AsUser>,
) -> Result<Searched, ProveError> {
    let last = failed.as_ref().and_then(|failed| failed.attempts.last());
    let why = last.and_then(|attempt| attempt.result.clone().err());
    let why = why.unwrap_or_else(|| "no way was found".to_string());
    let refused = failed.as_ref().map_or(Vec::new(), |failed| shown(failed.refused().into_iter()));
    let rung = RungRecord {
        id: "rung-all-together".to_string(),
        rung: Rung::AllTogether,
        verdict: Verdict::Refuted(why.clone()),
        fact: why,
        relaxations: Vec::new(),
        refused,
        command: last.map_or(String::new(), |attempt| attempt.command.clone()),
    };
    let hardening = Hardening {
        starts: searcher.starts.get(),
        sent_to: searcher.sent_to.borrow().iter().cloned().collect(),
        ..Hardening::default()
    };
    Ok(Searched { rungs: vec![rung], hardening })
}

fn shown<'a>(refused: impl Iterator<Item = &'a Refusal>) -> Vec<Refused> {
    refused.take(SHOWN).map(candidates::told).collect()
}

struct Ladder<'a> {
    searcher: &'a Searcher<'a>,
    /// The first user as whom nothing was found.
    failed: Option<AsUser>,
    found: AsUser,
    given: Given,
    /// The run with all that holds, unwatched.
    joint: Attempt,
}

impl Ladder<'_> {
    /// A rung that holds if the joint run does, with these relaxations.
    fn held(&self, id: &str, rung: Rung, which: impl Fn(&Relaxation) -> bool) -> RungRecord {
        let relaxations: Vec<Relaxation> = self.given.iter().filter(|one| which(one)).cloned().collect();
        let (verdict, fact) = match &self.joint.result {
            Ok(fact) => (Verdict::Proven, [fact.clone(), self.hidden_streams(&relaxations)].concat()),
            Err(why) => (Verdict::Refuted(why.clone()), why.clone()),
        };
        let refused = self.refused_for(|candidate| relaxations.contains(candidate));
        let (id, command) = (id.to_string(), self.joint.command.clone());
        RungRecord { id, rung, verdict, fact, relaxations, refused, command }
    }

    /// Logs that a mount takes from the container's output, as an addition to a fact.
    fn hidden_streams(&self, relaxations: &[Relaxation]) -> String {
        let tree = self.searcher.subject.tree;
        let hidden = relaxations.iter().filter_map(context::mount).flat_map(|place| {
            let names = written::links_to_streams(&place, tree).into_iter();
            names.map(move |name| format!("{place}/{name}"))
        });
        match hidden.collect::<Vec<_>>() {
            none if none.is_empty() => String::new(),
            some => format!("; no output of the container any more: {}", some.join(", ")),
        }
    }

    /// A rung that had to be given up as a whole.
    fn broken(&self, record: RungRecord, by: Relaxation) -> RungRecord {
        let refused = self.refused_for(|candidate| *candidate == by);
        let failure = self.failure_without(&by);
        let why = match (&failure, refused.first()) {
            (Some((why, _)), _) => why.clone(),
            (None, Some(refused)) => format!("{} {}: {}", refused.call, refused.subject, refused.why),
            (None, None) => "it did not work without".to_string(),
        };
        let command = failure.map_or(record.command, |(_, command)| command);
        let verdict = Verdict::Refuted(why.clone());
        RungRecord { verdict, fact: why, relaxations: vec![by], refused, command, ..record }
    }

    /// The last start that failed and was not given this: what it failed of, and its command.
    fn failure_without(&self, missing: &Relaxation) -> Option<(String, String)> {
        let lacks = |attempt: &&Attempt| attempt.result.is_err() && !attempt.given.contains(missing);
        let attempt = self.found.attempts.iter().rev().find(lacks)?;
        Some((attempt.result.clone().err()?, attempt.command.clone()))
    }

    fn refused_for(&self, which: impl Fn(&Relaxation) -> bool) -> Vec<Refused> {
        let user = &self.found.user;
        let situation = Situation { root: user.uid == 0, home: &user.home };
        let tree = self.searcher.subject.tree;
        let caused = |refusal: &&Refusal| {
            candidates::candidate(refusal, situation, tree).is_some_and(|one| which(&one))
        };
        shown(self.found.refused().into_iter().filter(caused))
    }

    fn non_root(&self) -> RungRecord {
        let (uid, gid) = (self.found.user.uid, self.found.user.gid);
        if uid == 0 && !self.searcher.one_id() {
            return self.only_root();
        }
        let tree = self.searcher.subject.tree;
        let mut record = self.held("rung-non-root", Rung::NonRoot { uid, gid }, |one| match one {
            // What this user could write in the image itself is needed for the read-only root alone.
            Relaxation::WritableMount(path) => !written::may_write(path, (uid, gid), tree),
            Relaxation::Home(_) => true,
            _ => false,
        });
        if record.verdict == Verdict::Proven && self.searcher.one_id() {
            let rung = Rung::NonRoot { uid: if uid == 0 { SOME_UID } else { uid }, gid };
            record = RungRecord { rung, verdict: Verdict::Unproven(FILES_UNTESTED.to_string()), ..record };
        }
        record
    }

    fn only_root(&self) -> RungRecord {
        let failed = self.failed.as_ref();
        let last = failed.and_then(|failed| failed.attempts.last());
        let why = last.and_then(|attempt| attempt.result.clone().err()).unwrap_or_default();
        let (uid, gid) = failed.map_or((0, 0), |failed| (failed.user.uid, failed.user.gid));
        let verdict = Verdict::Refuted(why.clone());
        let refused = last.map_or(Vec::new(), |attempt| shown(attempt.seen.refused.iter().rev()));
        RungRecord {
            id: "rung-non-root".to_string(),
            rung: Rung::NonRoot { uid, gid },
            verdict,
            fact: why,
            relaxations: vec![Relaxation::RunAsRoot],
            refused,
            command: last.map_or(String::new(), |attempt| attempt.command.clone()),
        }
    }

    fn no_new_privileges(&self) -> RungRecord {
        let record = self.held("rung-no-new-privileges", Rung::NoNewPrivileges, |_| false);
        match self.given.contains(&Relaxation::PrivilegeEscalation) {
            true => self.broken(record, Relaxation::PrivilegeEscalation),
            false => record,
        }
    }

    /// Where ids and owners cannot be changed whatever the capabilities are, nothing was learned about those
    /// that this takes.
    fn ids_untested(&self) -> bool {
        let takes = ["CHOWN", "SETGID", "SETUID"].map(|name| Relaxation::Capability(name.to_string()));
        self.searcher.one_id() && !self.refused_for(|one| takes.contains(one)).is_empty()
    }

    fn drop_capabilities(&self) -> RungRecord {
        let is_capability = |one: &Relaxation| matches!(one, Relaxation::Capability(_));
        let mut record = self.held("rung-drop-capabilities", Rung::DropAllCapabilities, is_capability);
        let (uid, gid) = (self.found.user.uid, self.found.user.gid);
        if record.verdict == Verdict::Proven && uid != self.searcher.image_user.uid {
            // Root may need some: what is proven is about this user.
            record.fact = format!("{} as {uid}:{gid}", record.fact);
        }
        if self.ids_untested() {
            return RungRecord { verdict: Verdict::Unproven(IDS_UNTESTED.to_string()), ..record };
        }
        if record.relaxations.len() < DEFAULT_CAPABILITIES.len() {
            return record;
        }
        let why = "it needs all that docker gives".to_string();
        RungRecord { verdict: Verdict::Refuted(why.clone()), fact: why, ..record }
    }

    fn read_only(&self) -> RungRecord {
        let is_mount = |one: &Relaxation| matches!(one, Relaxation::WritableMount(_) | Relaxation::Home(_));
        let record = self.held("rung-read-only", Rung::ReadOnlyRoot, is_mount);
        match self.given.contains(&Relaxation::WritableRoot) {
            true => self.broken(record, Relaxation::WritableRoot),
            false => record,
        }
    }

    fn default_seccomp(&self) -> RungRecord {
        let record = self.held("rung-seccomp", Rung::DefaultSeccomp, |_| false);
        let refused = shown(self.found.refused().into_iter().filter(|refusal| refusal.filtered));
        let fact = match (&record.verdict, refused.as_slice()) {
            (Verdict::Proven, []) => format!("{}; no call was refused", record.fact),
            (Verdict::Proven, some) => {
                let names: Vec<&str> = some.iter().map(|refused| refused.call.as_str()).collect();
                format!("{}; does without {}", record.fact, names.join(", "))
            }
            _ => record.fact.clone(),
        };
        RungRecord { fact, refused, ..record }
    }

    /// Only of a program that listens below 1024.
    fn low_ports(&self) -> Option<RungRecord> {
        let record = self.held("rung-low-ports", Rung::LowPorts, |_| false);
        self.searcher.listens_low().then(|| match self.given.contains(&Relaxation::LowPorts) {
            true => self.broken(record, Relaxation::LowPorts),
            false => record,
        })
    }

    fn home(&self) -> RungRecord {
        let home = &self.found.user.home;
        let in_mount = |path: &String| {
            let inside = written::is_at_or_below(home, path) || written::is_at_or_below(path, home);
            inside && home != "/"
        };
        let gives = |one: &Relaxation| match one {
            Relaxation::Home(_) => true,
            Relaxation::WritableMount(path) => in_mount(path),
            _ => false,
        };
        let record = self.held("rung-home", Rung::HomeNotWritable, |_| false);
        match self.given.iter().find(|one| gives(one)).cloned() {
            Some(by) => self.broken(record, by),
            None => record,
        }
    }

    /// No start of an experiment has a way out of the container.
    fn no_egress(&self) -> RungRecord {
        let record = self.held("rung-no-egress", Rung::NoEgress, |_| false);
        let sent_to = self.searcher.sent_to.borrow();
        let some: Vec<&str> = sent_to.iter().take(SHOWN).map(String::as_str).collect();
        match record.verdict == Verdict::Proven && !some.is_empty() {
            true => RungRecord { fact: format!("{}; tried {}", record.fact, some.join(", ")), ..record },
            false => record,
        }
    }

    /// As OpenShift runs images (restricted-v2): any uid, group 0.
    fn arbitrary_user(&self) -> Result<RungRecord, ProveError> {
        let user = self.searcher.user(NOBODYS_UID, 0);
        let spec = self.searcher.spec(&user, &self.given)?;
        let attempt = self.searcher.attempt(&spec, Some(Watched::Refusable))?;
        let (mut verdict, fact) = match attempt.result {
            Ok(fact) => (Verdict::Proven, fact),
            Err(why) => (Verdict::Refuted(why.clone()), why),
        };
        if self.searcher.one_id() {
            verdict = Verdict::Unproven(FILES_UNTESTED.to_string());
        }
        let broke = matches!(verdict, Verdict::Refuted(_));
        Ok(RungRecord {
            id: "rung-arbitrary-user".to_string(),
            rung: Rung::ArbitraryUser { uid: NOBODYS_UID },
            refused: if broke { shown(attempt.seen.refused.iter().rev()) } else { Vec::new() },
            verdict,
            fact,
            relaxations: Vec::new(),
            command: attempt.command,
        })
    }

    fn together(&self) -> RungRecord {
        let mut record = self.held("rung-all-together", Rung::AllTogether, |_| true);
        if self.found.user.uid == 0 {
            record.relaxations.insert(0, Relaxation::RunAsRoot);
        }
        if record.verdict == Verdict::Proven && self.ids_untested() {
            record.verdict = Verdict::Unproven(IDS_UNTESTED.to_string());
        }
        record
    }
}

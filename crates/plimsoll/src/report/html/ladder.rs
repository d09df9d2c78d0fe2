//! The hardening ladder.

use plimsoll_contract::evidence::{RungRecord, Verdict};
use plimsoll_contract::judge::Proof;

use super::Shown;
use super::limits::Limits;
use crate::report::sections::relaxation;
use crate::report::{rung_name, verdict_word};

/// A restriction.
pub struct Rung {
    pub id: String,
    pub word: &'static str,
    pub name: String,
    pub fact: String,
    /// What had to be given back.
    pub relaxations: Shown<String>,
    /// What the kernel refused while it had to do without.
    pub refused: Shown<Refusal>,
    pub command: String,
}

/// A call that was refused.
pub struct Refusal {
    pub call: String,
    /// A path, an id, a port; empty if nothing could be named.
    pub subject: String,
    pub why: String,
    pub program: String,
}

/// The restrictions in the order they were tried.
pub fn rungs(proof: &Proof, limits: Limits) -> Vec<Rung> {
    limits.shown(&proof.evidence.rungs, |record| rung(record, limits)).rows
}

fn rung(record: &RungRecord, limits: Limits) -> Rung {
    let fact = match &record.verdict {
        Verdict::Proven => &record.fact,
        Verdict::Refuted(why) | Verdict::Unproven(why) => why,
    };
    Rung {
        id: limits.name(&record.id),
        word: verdict_word(&record.verdict),
        name: rung_name(&record.rung),
        fact: limits.text(fact),
        relaxations: limits.few(&record.relaxations, |given| limits.text(&relaxation(given))),
        refused: limits.few(&record.refused, |refused| Refusal {
            call: limits.name(&refused.call),
            subject: limits.text(&refused.subject),
            why: limits.text(&refused.why),
            program: limits.text(&refused.program),
        }),
        command: limits.text(&record.command),
    }
}

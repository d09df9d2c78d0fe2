//! A rehearsed rollout as a page of its own.

use askama::Template;
use plimsoll_contract::evidence::{RolloutPass, RolloutRecord};
use plimsoll_contract::judge::{Proof, rollout_command};

use super::prove_page::judged;
use super::{Shown, evidence, small_enough};
use crate::report::conclusion::{State, moment};
use crate::report::html::limits::Limits;
use crate::report::picture::{self, Picture};
use crate::report::redaction::Redaction;
use crate::report::rollout::{asking, event, loss, outcome, sleep};
use crate::report::seconds;

/// The most passes shown: a rehearsal has two, with and without the sleep.
const PASSES: usize = 2;

/// The page of one rehearsal.
pub fn rollout_page(proof: &Proof, record: &RolloutRecord) -> String {
    let redaction = Redaction::of_proof(proof);
    small_enough(&redaction, |limits| RolloutPage::new(proof, record, &redaction, limits))
}

/// All that the template shows, cut to size.
#[derive(Template)]
#[template(path = "rollout.html", whitespace = "minimize")]
struct RolloutPage {
    verb: &'static str,
    image: String,
    digest: String,
    facts: Vec<(&'static str, String)>,
    verdict: &'static str,
    state: State,
    exit_code: u8,
    command: String,
    passes: Vec<Pass>,
    claims: Shown<evidence::ClaimRow>,
    evidence: evidence::Embedded,
}

/// One whole rollout.
struct Pass {
    name: String,
    outcome: String,
    stuck: Option<String>,
    pods: Picture,
    /// When it was sent, what became of it.
    lost: Shown<(String, String)>,
    /// When, to which pod, what.
    events: Shown<(String, String, String)>,
}

impl RolloutPage {
    fn new(proof: &Proof, record: &RolloutRecord, redaction: &Redaction, limits: Limits) -> Self {
        let (state, verdict, exit_code) = judged(proof);
        RolloutPage {
            verb: "plimsoll prove --rollout",
            image: limits.name(&format!("{} → {}", record.old, record.new)),
            digest: limits.name(&proof.evidence.digest),
            facts: facts(proof, record, limits),
            verdict,
            state,
            exit_code,
            command: limits.text(&rollout_command(record)),
            passes: record.passes.iter().take(PASSES).map(|pass| self::pass(pass, limits)).collect(),
            claims: evidence::claims(Some(proof), limits),
            evidence: evidence::embedded(Some(proof), redaction, limits),
        }
    }
}

fn pass(pass: &RolloutPass, limits: Limits) -> Pass {
    Pass {
        name: sleep(pass),
        outcome: limits.text(&outcome(pass)),
        stuck: pass.stuck.as_ref().map(|why| limits.text(why)),
        pods: picture::pods(pass),
        lost: limits.shown(&pass.lost, |lost| (moment(lost.at), limits.text(&loss(lost)))),
        events: limits
            .shown(&pass.events, |seen| (moment(seen.at), limits.name(&seen.pod), event(seen.what))),
    }
}

/// How it was rehearsed.
fn facts(proof: &Proof, record: &RolloutRecord, limits: Limits) -> Vec<(&'static str, String)> {
    let bounds = format!("surge {}, unavailable {}", record.max_surge, record.max_unavailable);
    let mut facts = vec![
        ("Machine", limits.name(&proof.evidence.machine.join(", "))),
        ("Replicas", format!("{}, {bounds}", record.replicas)),
        ("Requests", limits.name(&asking(record))),
        ("Endpoints", format!("change {} late", seconds(record.lag))),
    ];
    facts.retain(|(_, fact)| !fact.is_empty());
    facts
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plimsoll_contract::evidence::LostRequest;
    use plimsoll_contract::judge;

    use super::super::prove_page;
    use super::*;
    use crate::report::columns::is_hostile;
    use crate::report::demo;
    use crate::report::html::LARGEST;
    use crate::report::snapshot::compare;

    #[test]
    fn it_reads_as_it_should() {
        let page = prove_page(&demo::rollout());
        compare("rollout.html", &page);
        assert!(!page.contains("id=\"launches\""), "nothing is shown of what was not tried");
        for id in ["rollout", "claims", "evidence"] {
            assert!(page.contains(&format!("href=\"#{id}\"")), "{id}");
            assert_eq!(page.matches(&format!("<section id=\"{id}\">")).count(), 1, "{id}");
        }
    }

    #[test]
    fn an_enemy_brings_nothing_into_the_page_and_does_not_make_it_large() {
        let evil = "</script><script>alert(1)</script><img src=x>\u{1b}[31m\u{202e}\"'".repeat(40);
        let Proof { contract, mut evidence, .. } = demo::rollout();
        let record = evidence.rollout.as_mut().unwrap();
        (record.old, record.new, record.probe) = (evil.clone(), evil.clone(), evil.clone());
        for pass in &mut record.passes {
            pass.stuck = Some(evil.clone());
            pass.lost = pass.lost.iter().cycle().take(pass.lost.len() * 500).cloned().collect();
            let spread = |(at, lost): (usize, &mut LostRequest)| {
                (lost.at, lost.pod) = (Duration::from_millis(at as u64), format!("{evil}{}", at % 60));
            };
            pass.lost.iter_mut().enumerate().for_each(spread);
            pass.events = pass.events.iter().cycle().take(5_000).cloned().collect();
            pass.events
                .iter_mut()
                .enumerate()
                .for_each(|(at, event)| event.pod = format!("{evil}{}", at / 9));
        }
        let page = prove_page(&judge(contract, evidence));
        assert!(page.len() <= LARGEST, "{}", page.len());
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!page.contains("<img") && !page.contains(|c: char| c != '\n' && is_hostile(c)));
    }
}

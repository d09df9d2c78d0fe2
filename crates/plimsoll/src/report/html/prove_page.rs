//! What was proven as a page of its own: the report's part about experiments.

use askama::Template;
use plimsoll_contract::evidence::Verdict;
use plimsoll_contract::judge::Proof;

use super::rollout_page::rollout_page;
use super::{Shown, evidence, files, ladder, launches, manifest, processes, readiness, small_enough, times};
use crate::command_error::ErrorKind;
use crate::report::conclusion::{State, counted};
use crate::report::html::limits::Limits;
use crate::report::picture::{self, Picture};
use crate::report::redaction::Redaction;

/// The page of one proof.
pub fn prove_page(proof: &Proof) -> String {
    if let Some(record) = &proof.evidence.rollout {
        // A rehearsal is all there is then.
        return rollout_page(proof, record);
    }
    let redaction = Redaction::of_proof(proof);
    small_enough(&redaction, |limits| ProvePage::new(proof, &redaction, limits))
}

/// All that the template shows, cut to size.
#[derive(Template)]
#[template(path = "prove.html", whitespace = "minimize")]
struct ProvePage {
    verb: &'static str,
    image: String,
    digest: String,
    facts: Vec<(&'static str, String)>,
    verdict: &'static str,
    state: State,
    exit_code: u8,
    launches: Option<launches::Launches>,
    readiness: Option<readiness::Readiness>,
    timeline: Option<Picture>,
    stop: Option<processes::Stop>,
    times: Vec<times::TimeRow>,
    processes: Vec<processes::Process>,
    ladder: Vec<ladder::Rung>,
    written: Shown<files::Path>,
    contract: Shown<manifest::Promise>,
    claims: Shown<evidence::ClaimRow>,
    evidence: evidence::Embedded,
}

impl ProvePage {
    fn new(proof: &Proof, redaction: &Redaction, limits: Limits) -> Self {
        let (state, verdict, exit_code) = judged(proof);
        ProvePage {
            verb: "plimsoll prove",
            image: limits.name(&proof.evidence.image),
            digest: limits.name(&proof.evidence.digest),
            facts: facts(proof, limits),
            verdict,
            state,
            exit_code,
            launches: Some(launches::launches(proof, limits)),
            readiness: readiness::readiness(proof, limits),
            timeline: picture::timeline(&proof.evidence),
            stop: processes::stop(proof, None, limits),
            times: times::times(Some(proof)),
            processes: processes::as_built(proof, limits),
            ladder: ladder::rungs(proof, limits),
            written: files::written(proof, limits),
            contract: manifest::contract(Some(&proof.contract), limits),
            claims: evidence::claims(Some(proof), limits),
            evidence: evidence::embedded(Some(proof), redaction, limits),
        }
    }
}

/// The page's first sentence, and the exit code.
pub fn judged(proof: &Proof) -> (State, &'static str, u8) {
    let refuted = proof.claims.iter().any(|claim| matches!(claim.verdict, Verdict::Refuted(_)));
    match (proof.holds(), refuted) {
        (false, _) => (State::Bad, "Breaks what it promises", ErrorKind::Contradiction.exit_code()),
        (true, true) => (State::Note, "Does what it promises, with remarks", 0),
        (true, false) => (State::Good, "Does what it promises", 0),
    }
}

/// Where it was proven, and how much.
fn facts(proof: &Proof, limits: Limits) -> Vec<(&'static str, String)> {
    let proven = proof.claims.iter().filter(|claim| claim.verdict == Verdict::Proven).count();
    let held = proof.evidence.rungs.iter().filter(|record| record.verdict == Verdict::Proven).count();
    let mut facts = vec![
        ("Machine", limits.name(&proof.evidence.machine.join(", "))),
        ("Claims", format!("{proven} of {} proven", proof.claims.len())),
        ("Launches", proof.evidence.launches.len().to_string()),
        ("Restrictions", format!("{held} of {} hold", counted(proof.evidence.rungs.len(), "rung"))),
    ];
    facts.retain(|(_, fact)| !fact.is_empty());
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::columns::is_hostile;
    use crate::report::demo;
    use crate::report::html::LARGEST;

    #[test]
    fn every_section_stands_on_the_page() {
        let page = prove_page(&demo::healthy().proof.unwrap());
        for id in [
            "launches",
            "readiness",
            "timeline",
            "processes",
            "hardening",
            "written",
            "contract",
            "claims",
            "evidence",
        ] {
            assert_eq!(page.matches(&format!("<section id=\"{id}\">")).count(), 1, "{id}");
            assert!(page.contains(&format!("href=\"#{id}\"")), "{id}");
        }
        assert!(page.contains("Does what it promises"));
        assert!(prove_page(&demo::shell_form().proof.unwrap()).len() < 150_000);
    }

    #[test]
    fn an_enemy_brings_nothing_into_the_page_and_does_not_make_it_large() {
        let page = prove_page(&demo::hostile().proof.unwrap());
        assert!(page.len() <= LARGEST, "{}", page.len());
        assert_eq!(page.matches("<script").count(), 1);
        assert!(!page.contains("<img") && !page.contains(|c: char| c != '\n' && is_hostile(c)));
    }

    #[test]
    fn the_embedded_record_is_judged_as_it_was() {
        let proof = demo::healthy().proof.unwrap();
        let page = prove_page(&proof);
        let text =
            page.split("id=\"plimsoll-evidence\">").nth(1).and_then(|rest| rest.split("</script>").next());
        let value = serde_json::from_str(text.unwrap()).unwrap();
        let (contract, evidence) = plimsoll_contract::wire::record_from_json(&value).unwrap();
        assert_eq!(plimsoll_contract::judge(contract, evidence), proof);
    }
}

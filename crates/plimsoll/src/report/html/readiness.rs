//! Where the program listens and what it answers, a user's own checks, what it uses.

use plimsoll_contract::evidence::{Answer, PortFact};
use plimsoll_contract::judge::Proof;

use super::Shown;
use super::limits::Limits;
use crate::report::readiness::{addresses, check, doubt, failures, passed, remarks, speaks, times, uses};

/// What was seen of the image as built once it ran.
pub struct Readiness {
    /// How long it took, over all timed starts.
    pub times: String,
    pub ports: Shown<Port>,
    /// The user's own check and the structure tests that failed: whether it was good, and how it went.
    pub checks: Shown<(bool, String)>,
    pub facts: Vec<(&'static str, String)>,
    /// Why the times are no measure.
    pub doubt: Option<String>,
}

/// A port listened on.
pub struct Port {
    pub port: String,
    pub addresses: String,
    pub speaks: String,
    pub remarks: Vec<String>,
}

/// What was seen; nothing where nothing ran.
pub fn readiness(proof: &Proof, limits: Limits) -> Option<Readiness> {
    let readiness = proof.evidence.readiness.as_ref()?;
    let amounts = proof.evidence.amounts.as_ref();
    let own = match &readiness.answer {
        Answer::Check(fact) => Some((fact.good, check(fact))),
        _ => None,
    };
    let checks = own.into_iter().chain(failures(readiness).map(|failure| (false, failure)));
    let facts = [("Uses", amounts.map(uses)), ("Structure", passed(readiness))];
    Some(Readiness {
        times: times(readiness, amounts),
        ports: limits.few(&readiness.ports, |fact| port(fact, limits)),
        checks: limits.few(checks, |(good, text)| (good, limits.text(&text))),
        facts: facts.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect(),
        doubt: amounts.and_then(doubt).map(|doubt| limits.text(&doubt)),
    })
}

fn port(fact: &PortFact, limits: Limits) -> Port {
    Port {
        port: fact.port.to_string(),
        addresses: limits.text(&addresses(fact)),
        speaks: limits.text(&speaks(fact)),
        remarks: remarks(fact).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::columns::width;
    use crate::report::demo;

    #[test]
    fn what_was_seen_is_cut_to_size() {
        let mut proof = demo::hostile().proof.unwrap();
        let shown = readiness(&proof, Limits::most()).unwrap();
        assert_eq!((shown.ports.rows.len(), shown.ports.more), (30, 30));
        assert_eq!(shown.ports.rows[0].remarks, ["IPv6 only", "loopback only", "not in EXPOSE"]);
        assert_eq!((shown.checks.rows.len(), shown.checks.more), (30, 11));
        assert!(shown.checks.rows.iter().all(|(good, text)| !good && width(text) <= 1_000));
        assert_eq!(shown.facts.last(), Some(&("Structure", "0 of 40 structure tests passed".to_string())));
        assert!(shown.doubt.is_some_and(|doubt| doubt.starts_with("times are not to be relied on: ")));
        proof.evidence.readiness = None;
        assert!(readiness(&proof, Limits::most()).is_none());
    }
}

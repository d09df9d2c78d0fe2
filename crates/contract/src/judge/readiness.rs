//! Claims about what a user asked for: a check, a file of structure tests; and how far times count.

use super::Claim;
use crate::evidence::{Answer, Evidence, Verdict};

/// All of them.
pub(super) fn claims(evidence: &Evidence) -> Vec<Claim> {
    let mut claims: Vec<Claim> = check(evidence).into_iter().collect();
    claims.extend(structure(evidence));
    claims.extend(timing(evidence));
    claims
}

fn check(evidence: &Evidence) -> Option<Claim> {
    let readiness = evidence.readiness.as_ref()?;
    let Answer::Check(check) = &readiness.answer else { return None };
    let verdict = match (check.good, check.tries) {
        (true, _) => Verdict::Proven,
        (false, 0) => Verdict::Unproven(check.said.clone()),
        (false, tries) => Verdict::Refuted(format!("not good in {tries} tries: {}", check.said)),
    };
    Some(Claim {
        id: "check".to_string(),
        statement: format!("it passes {}", check.words),
        required: true,
        verdict,
        experiment: Some(readiness.experiment.clone()).filter(|id| !id.is_empty()),
    })
}

fn structure(evidence: &Evidence) -> Vec<Claim> {
    let Some(readiness) = &evidence.readiness else { return Vec::new() };
    let claim = |(at, test): (usize, &crate::evidence::StructureTest)| Claim {
        id: format!("structure-{}", at + 1),
        statement: format!("{}: {}", test.kind, test.name),
        required: true,
        verdict: match test.failures.is_empty() {
            true => Verdict::Proven,
            false => Verdict::Refuted(test.failures.join("; ")),
        },
        experiment: None,
    };
    readiness.structure.iter().enumerate().map(claim).collect()
}

fn timing(evidence: &Evidence) -> Option<Claim> {
    let amounts = evidence.amounts.as_ref()?;
    Some(Claim {
        id: "timing".to_string(),
        statement: "its times are those of a machine that had time for it".to_string(),
        required: false,
        verdict: amounts.timing.clone()?,
        experiment: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Amounts, CheckFact, Readiness, StructureTest};

    #[test]
    fn a_failing_check_or_test_breaks_a_required_claim() {
        let check = CheckFact {
            words: "--check 'redis-cli ping'".into(),
            argv: Vec::new(),
            http: None,
            good: false,
            tries: 3,
            said: "exit code 1: refused".into(),
        };
        let test = |name: &str, failures: &[&str]| StructureTest {
            kind: "commandTests".into(),
            name: name.into(),
            failures: failures.iter().map(ToString::to_string).collect(),
        };
        let mut evidence = Evidence {
            readiness: Some(Readiness {
                answer: Answer::Check(check.clone()),
                structure: vec![test("a", &[]), test("b", &["exit code 1", "no output"])],
                ..Readiness::default()
            }),
            amounts: Some(Amounts { timing: Some(Verdict::Unproven("busy".into())), ..Amounts::default() }),
            ..Evidence::default()
        };
        let words: Vec<_> =
            claims(&evidence).into_iter().map(|claim| (claim.id, claim.required, claim.verdict)).collect();
        assert_eq!(
            words,
            [
                ("check".into(), true, Verdict::Refuted("not good in 3 tries: exit code 1: refused".into())),
                ("structure-1".into(), true, Verdict::Proven),
                ("structure-2".into(), true, Verdict::Refuted("exit code 1; no output".into())),
                ("timing".into(), false, Verdict::Unproven("busy".into())),
            ]
        );
        let readiness = evidence.readiness.as_mut().unwrap();
        readiness.answer = Answer::Check(CheckFact { good: true, ..check });
        assert_eq!(claims(&evidence)[0].verdict, Verdict::Proven);
    }
}

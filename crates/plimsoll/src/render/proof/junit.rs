//! JUnit's XML: a case a launch, a rung and a claim, those of a rehearsed rollout too. Only what makes the exit
//! code 5 is a failure; what is open is skipped, and what broke although nobody promised it is a passed case with
//! an output.

use std::collections::HashSet;

use plimsoll_contract::evidence::{Evidence, Verdict};
use plimsoll_contract::expect::Answer;
use plimsoll_contract::judge::{Claim, rollout_command};

use super::Judged;
use crate::render::xml::escape;

/// A test case.
struct Case {
    name: String,
    /// Seconds.
    took: Option<f64>,
    body: String,
    kind: Kind,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Passed,
    Failed,
    Skipped,
}

pub fn render(judged: &Judged) -> String {
    let proof = &judged.proof;
    let rungs: HashSet<&str> = proof.evidence.rungs.iter().map(|record| record.id.as_str()).collect();
    let is_rung = |claim: &Claim| claim.experiment.as_deref().is_some_and(|id| rungs.contains(id));
    let is_launch = |claim: &Claim| claim.id.starts_with("launch-");
    let chosen = |wanted: &dyn Fn(&Claim) -> bool| {
        let claims = proof.claims.iter().filter(|claim| wanted(claim));
        claims.map(|claim| case(claim, &proof.evidence)).collect::<Vec<_>>()
    };
    let mut suites = vec![
        ("launches", chosen(&is_launch)),
        ("hardening", chosen(&is_rung)),
        ("claims", chosen(&|claim| !is_launch(claim) && !is_rung(claim))),
    ];
    if judged.expected.is_some() {
        let answers = judged.answers().iter();
        suites.push(("expectations", answers.map(|answer| expectation(answer, &proof.evidence)).collect()));
    }
    // A rehearsed rollout has neither launches nor restrictions.
    suites.retain(|(_, cases)| !cases.is_empty());
    let all = || suites.iter().flat_map(|(_, cases)| cases);
    let image = escape(&proof.evidence.image);
    let written: String = suites.iter().map(|(name, cases)| suite(&image, name, cases)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"plimsoll prove {image}\" {}>\n{written}</testsuites>\n",
        counts(all())
    )
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case> + Clone) -> String {
    let of = |kind: Kind| cases.clone().filter(|case| case.kind == kind).count();
    let (failures, skipped) = (of(Kind::Failed), of(Kind::Skipped));
    format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"", cases.count())
}

fn suite(image: &str, name: &str, cases: &[Case]) -> String {
    let written: String = cases
        .iter()
        .map(|case| {
            let time = case.took.map_or(String::new(), |took| format!(" time=\"{took:.3}\""));
            format!(
                "    <testcase classname=\"{image}.{name}\" name=\"{}\"{time}>{}</testcase>\n",
                case.name, case.body
            )
        })
        .collect();
    format!("  <testsuite name=\"{name}\" {}>\n{written}  </testsuite>\n", counts(cases.iter()))
}

fn case(claim: &Claim, evidence: &Evidence) -> Case {
    let launch = evidence.launches.iter().find(|record| Some(&record.id) == claim.experiment.as_ref());
    let (kind, body) = body(&claim.verdict, claim.required, claim.experiment.as_deref(), evidence);
    Case {
        name: escape(&format!("{}: {}", claim.id, claim.statement)),
        took: launch.filter(|_| claim.id.starts_with("launch-")).map(|record| record.took.as_secs_f64()),
        body,
        kind,
    }
}

fn expectation(answer: &Answer, evidence: &Evidence) -> Case {
    let wanted = &answer.expectation.wanted;
    let (kind, body) = body(&answer.verdict, true, answer.experiment.as_deref(), evidence);
    let value = crate::render::contract_table::value(&wanted.value);
    let name = format!("{} = {value} ({})", answer.expectation.key, wanted.because.phrase());
    Case { name: escape(&name), took: None, body, kind }
}

/// What a verdict makes of a case, with the command that repeats its experiment.
fn body(verdict: &Verdict, required: bool, experiment: Option<&str>, evidence: &Evidence) -> (Kind, String) {
    let launch = evidence.launches.iter().find(|record| Some(record.id.as_str()) == experiment);
    let rung = evidence.rungs.iter().find(|record| Some(record.id.as_str()) == experiment);
    let rollout = evidence.rollout.as_ref().filter(|record| Some(record.id.as_str()) == experiment);
    let known = launch.map(|record| record.command.clone());
    let known = known.or(rung.map(|record| record.command.clone())).or(rollout.map(rollout_command));
    let again = |id: &str| format!("plimsoll prove {} --case {id}", evidence.image);
    let command = known.or(experiment.map(again));
    let told = |why: &str| {
        let mut text = why.to_string();
        text.extend(command.iter().map(|command| format!("\nrepeat: {command}")));
        text.extend(experiment.map(|id| format!("\nrecord: {id}")));
        text.extend(launch.iter().flat_map(|record| &record.log).map(|line| format!("\n| {line}")));
        escape(&text)
    };
    match verdict {
        Verdict::Proven => (Kind::Passed, String::new()),
        Verdict::Refuted(why) if required => (
            Kind::Failed,
            format!("<failure type=\"refuted\" message=\"{}\">{}</failure>", escape(why), told(why)),
        ),
        Verdict::Refuted(why) => {
            (Kind::Passed, format!("<system-out>{}</system-out>", told(&format!("no: {why}"))))
        }
        Verdict::Unproven(why) => (Kind::Skipped, format!("<skipped message=\"{}\"/>", escape(why))),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_contract::expect::check;
    use plimsoll_model::Source;

    use super::*;
    use crate::report::snapshot::compare;
    use crate::report::{Report, demo};
    use crate::work::contract_file;

    fn judged(report: Report) -> Judged {
        let source =
            Source::new("plimsoll.toml", "[contract]\nuser = 5\nzombies = 9\nrungs.all-together = true\n");
        let proof = report.proof.expect("the demo has a proof");
        let answers = check(&contract_file::read(&source).unwrap(), &proof);
        Judged { proof, expected: Some(("plimsoll.toml".to_string(), answers)) }
    }

    #[test]
    fn it_reads_as_it_should() {
        compare("shell_form.junit.xml", &render(&judged(demo::shell_form())));
    }

    #[test]
    fn a_rollout_has_a_case_for_each_claim() {
        let proof = demo::rollout();
        let claims = proof.claims.len();
        let text = render(&Judged { proof, expected: None });
        assert_eq!((text.matches("<testsuite ").count(), text.matches("<testcase ").count()), (1, claims));
        assert!(text.contains("repeat: plimsoll prove --rollout app:1 app:dev"), "{text}");
        compare("rollout.junit.xml", &text);
    }

    #[test]
    fn an_enemy_brings_no_element() {
        let text = render(&judged(demo::hostile()));
        assert!(!text.contains("<script") && !text.contains("<img"));
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }
}

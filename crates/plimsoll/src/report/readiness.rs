//! READINESS: where the program listens and what it answers, a user's own checks, times and amounts; for the
//! terminal, and the words for the page. Pure.

use plimsoll_contract::evidence::{
    Amounts, Answer, CheckFact, PortFact, Readiness, Speaks, Spread, StructureTest, Verdict,
};
use plimsoll_contract::judge::Proof;
use plimsoll_model::quantity::human_bytes;

use super::columns::{Extent, Section, pad, wrap};
use super::conclusion::counted;
use super::seconds;
use crate::terminal::MAX_WIDTH;

/// Lines of the section.
const LINES: usize = 12;

/// The section; `None` if nothing of it was seen.
pub fn section(proof: &Proof, extent: Extent) -> Option<String> {
    let readiness = proof.evidence.readiness.as_ref()?;
    let mut section =
        Section::new(&format!("READINESS  {}", times(readiness, proof.evidence.amounts.as_ref())));
    for fact in &readiness.ports {
        let reach: Vec<String> = std::iter::once(addresses(fact)).chain(remarks(fact)).collect();
        section.add(
            fact.loopback_only,
            [format!("  {} {} {}", pad(&fact.port.to_string(), 10), pad(&reach.join(" "), 28), speaks(fact))],
        );
    }
    if let Answer::Check(fact) = &readiness.answer {
        section.add(!fact.good, lines(&check(fact)));
    }
    for failure in failures(readiness) {
        section.add(true, lines(&failure));
    }
    if let Some(passed) = passed(readiness) {
        section.add(false, lines(&passed));
    }
    if let Some(amounts) = &proof.evidence.amounts {
        section.add(false, lines(&format!("uses {}", uses(amounts))));
        if let Some(doubt) = doubt(amounts) {
            section.add(true, lines(&doubt));
        }
    }
    Some(section.render(LINES, MAX_WIDTH, extent))
}

fn lines(text: &str) -> Vec<String> {
    wrap(text, MAX_WIDTH - 2).iter().map(|line| format!("  {line}")).collect()
}

/// The median of the timed starts, else the one start there was.
pub fn times(readiness: &Readiness, amounts: Option<&Amounts>) -> String {
    let spread = |word: &str, spread: Spread| {
        format!(
            "{word} after {} ({:.2}-{:.2})",
            seconds(spread.median),
            spread.least.as_secs_f64(),
            spread.most.as_secs_f64()
        )
    };
    let timed = amounts.map(|amounts| {
        let listened = amounts.listen().map(|times| spread("listened", times));
        let answered = amounts.answer().map(|times| spread("answered", times));
        let runs = counted(amounts.runs.len(), "run");
        let parts: Vec<String> = listened.into_iter().chain(answered).collect();
        if parts.is_empty() { String::new() } else { format!("{}, {runs}", parts.join(", ")) }
    });
    match (timed.filter(|text| !text.is_empty()), readiness.first_answer) {
        (Some(timed), _) => timed,
        (None, Some(answer)) => format!("answered after {}", seconds(answer)),
        (None, None) if readiness.ports.is_empty() => "nothing is listened on".to_string(),
        (None, None) => "no answer".to_string(),
    }
}

/// Where a port is bound.
pub fn addresses(fact: &PortFact) -> String {
    fact.addresses.join(" ")
}

/// Who cannot come to a port, or was not told of it.
pub fn remarks(fact: &PortFact) -> impl Iterator<Item = String> {
    let remarks = [
        (fact.ipv6 && !fact.ipv4, "IPv6 only"),
        (fact.loopback_only, "loopback only"),
        (!fact.exposed, "not in EXPOSE"),
    ];
    remarks.into_iter().filter(|(holds, _)| *holds).map(|(_, remark)| remark.to_string())
}

/// What a port was heard to speak.
pub fn speaks(fact: &PortFact) -> String {
    match &fact.speaks {
        Speaks::Http { path, status } => format!("HTTP, {path} answers {status}"),
        Speaks::Tls => "TLS".to_string(),
        Speaks::Greeting { protocol: Some(protocol), line } => format!("{protocol}: {line}"),
        Speaks::Greeting { protocol: None, line } => format!("greets: {line}"),
        Speaks::Other { line } => format!("no HTTP: {line}"),
        Speaks::Silent => "takes connections and waits".to_string(),
        Speaks::Unreachable { why } => why.clone(),
        Speaks::Datagrams => "takes datagrams".to_string(),
    }
}

/// A user's own check and how it went.
pub fn check(check: &CheckFact) -> String {
    let word = if check.good { "good" } else { "failed" };
    let said = if check.said.is_empty() { String::new() } else { format!(": {}", check.said) };
    format!("{} {word} after {}{said}", check.words, counted(check.tries as usize, "attempt"))
}

/// The structure tests that failed, each with why.
pub fn failures(readiness: &Readiness) -> impl Iterator<Item = String> {
    let told = |test: &StructureTest| format!("{} {}: {}", test.kind, test.name, test.failures.join("; "));
    readiness.structure.iter().filter(|test| !test.failures.is_empty()).map(told)
}

/// How many structure tests passed; `None` if there are none.
pub fn passed(readiness: &Readiness) -> Option<String> {
    let all = readiness.structure.len();
    (all > 0).then(|| format!("{} of {all} structure tests passed", all - failures(readiness).count()))
}

/// What it takes of the machine when it is left alone.
pub fn uses(amounts: &Amounts) -> String {
    let memory = amounts.memory_idle.map_or(String::new(), |bytes| format!("{} idle, ", human_bytes(bytes)));
    let count = |number: u64, noun: &str| counted(usize::try_from(number).unwrap_or(usize::MAX), noun);
    format!(
        "{memory}{}, {}, {}",
        count(amounts.processes, "process"),
        count(amounts.threads, "thread"),
        count(amounts.descriptors, "descriptor")
    )
}

/// Why the times are no measure, if they are not.
pub fn doubt(amounts: &Amounts) -> Option<String> {
    match &amounts.timing {
        Some(Verdict::Unproven(why)) => Some(format!("times are not to be relied on: {why}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plimsoll_contract::evidence::StartTimes;

    use super::*;
    use crate::report::demo;

    #[test]
    fn all_that_was_seen_stands_in_few_narrow_lines() {
        let mut proof = demo::healthy().proof.unwrap();
        let port = |speaks: Speaks| PortFact {
            addresses: vec!["::".into()],
            ipv4: false,
            ..demo::port("2525", false, speaks)
        };
        let greeting = Speaks::Greeting { protocol: Some("SMTP".into()), line: "220 x".into() };
        proof.evidence.readiness = Some(Readiness {
            ports: vec![port(greeting), port(Speaks::Other { line: "漢".repeat(200) })],
            answer: Answer::Check(demo::failed_check("--check 'x'", "exit code 1")),
            structure: vec![StructureTest {
                kind: "commandTests".into(),
                name: "a".into(),
                failures: vec!["no".into()],
            }],
            ..Readiness::default()
        });
        let run = |millis| StartTimes { listen: Some(Duration::from_millis(millis)), answer: None };
        proof.evidence.amounts = Some(Amounts {
            runs: vec![run(20), run(30), run(500)],
            processes: 1,
            timing: Some(Verdict::Unproven("busy".into())),
            ..Amounts::default()
        });
        let text = section(&proof, Extent::All).unwrap();
        for words in [
            "READINESS  listened after 0.03 s (0.02-0.50), 3 runs",
            ":: IPv6 only not in EXPOSE",
            "SMTP: 220 x",
            "--check 'x' failed after 2 attempts: exit code 1",
            "0 of 1 structure tests passed",
            "not to be relied on: busy",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= MAX_WIDTH), "{text}");
        proof.evidence.readiness = None;
        assert_eq!(section(&proof, Extent::All), None);
    }
}

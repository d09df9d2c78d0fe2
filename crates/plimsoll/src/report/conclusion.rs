//! What it all comes to: exit code, the line that says it all, seven counts, surprises, what to do next.

use std::collections::HashSet;
use std::time::Duration;

use plimsoll_contract::evidence::{Outcome, Rung, Spread, StopRecord, Verdict};
use plimsoll_contract::judge::{Claim, Proof, command_text};
use plimsoll_model::{Protocol, Severity};
use plimsoll_scan::{Rating, findings};

use super::sections::place;
use super::{Report, launch_word, seconds};
use crate::command_error::ErrorKind;

/// How something stands, for the reader: a word first, a colour second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Broken: it does not do what it promises, or must not go out like this.
    Bad,
    /// Worth a look.
    Note,
    /// As it should be.
    Good,
    /// Nobody knows.
    Open,
}

impl State {
    /// The word for it, also the name of its style.
    pub fn word(self) -> &'static str {
        match self {
            State::Bad => "bad",
            State::Note => "note",
            State::Good => "good",
            State::Open => "open",
        }
    }
}

/// One of the numbers at the head of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// What is counted.
    pub label: &'static str,
    /// The number.
    pub value: String,
    /// A few words about it.
    pub detail: String,
    /// How it stands.
    pub state: State,
    /// The section that has more.
    pub section: &'static str,
}

/// Something the reader did not expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surprise {
    /// How bad it is.
    pub state: State,
    /// What kind, in two or three words.
    pub kind: String,
    /// One sentence.
    pub text: String,
    /// The section that has more.
    pub section: &'static str,
}

/// The exit code of `ship`: a broken promise weighs more than a finding, and that more than not
/// having been able to try.
pub fn exit_code(report: &Report) -> u8 {
    match report {
        _ if report.broken_promises() > 0 => ErrorKind::Contradiction.exit_code(),
        _ if report.count(Severity::Error) > 0 => ErrorKind::Findings.exit_code(),
        _ if report.proof.is_none() => ErrorKind::Machine.exit_code(),
        _ => 0,
    }
}

/// `2 warnings, 1 note, all 9 launches proven, in 14.4 s`.
pub fn last_line(report: &Report) -> String {
    let mut parts = Vec::new();
    let mut some = |count: usize, noun: &str| {
        if count > 0 {
            parts.push(counted(count, noun));
        }
    };
    some(report.count(Severity::Error), "error");
    some(report.count(Severity::Warning), "warning");
    some(report.count(Severity::Info), "advice");
    match &report.proof {
        None => parts.push("nothing proven: this machine cannot run experiments".to_string()),
        Some(proof) => {
            some(report.broken_promises(), "broken promise");
            some(
                proof.evidence.launches.iter().filter(|record| launch_word(record, proof) == "note").count(),
                "note",
            );
            parts.push(launches_proven(proof));
        }
    }
    parts.push(format!("in {:.1} s", report.took.as_secs_f64()));
    parts.join(", ")
}

/// `all 9 launches proven`.
fn launches_proven(proof: &Proof) -> String {
    match share(launch_claims(proof)) {
        (_, 0) => "no launch tried".to_string(),
        (proven, all) if proven == all => format!("all {} proven", counted(all, "launch")),
        (proven, all) => format!("{proven} of {} proven", counted(all, "launch")),
    }
}

fn launch_claims(proof: &Proof) -> impl Iterator<Item = &Claim> {
    proof.claims.iter().filter(|claim| claim.id.starts_with("launch"))
}

fn share<'a>(claims: impl Iterator<Item = &'a Claim>) -> (usize, usize) {
    claims.fold((0, 0), |(proven, all), claim| {
        (proven + usize::from(claim.verdict == Verdict::Proven), all + 1)
    })
}

/// The seven numbers of the head.
pub fn counts(report: &Report) -> [Count; 7] {
    let [promises, launches, stop, restrictions] = proof_counts(report);
    [promises, finding_count(report), launches, stop, restrictions, flaw_count(report), secret_count(report)]
}

fn finding_count(report: &Report) -> Count {
    let by_severity =
        [Severity::Error, Severity::Warning, Severity::Info].map(|severity| report.count(severity));
    let state = match by_severity {
        [0, 0, _] => State::Good,
        [0, ..] => State::Note,
        _ => State::Bad,
    };
    let [errors, warnings, advice] = by_severity;
    let words = [(errors, "error"), (warnings, "warning"), (advice, "advice")];
    let detail: Vec<String> =
        words.into_iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(count, noun)).collect();
    Count {
        label: "Findings",
        value: report.findings.len().to_string(),
        detail: or_else(detail.join(", "), "in the Dockerfile"),
        state,
        section: "findings",
    }
}

/// Promises, launches, stop, restrictions: what only experiments tell.
fn proof_counts(report: &Report) -> [Count; 4] {
    let Some(proof) = &report.proof else {
        let open = |label, section| Count {
            label,
            value: "?".to_string(),
            detail: "not tried on this machine".to_string(),
            state: State::Open,
            section,
        };
        return [
            open("Promises", "claims"),
            open("Launches", "launches"),
            open("Stop", "timeline"),
            open("Restrictions", "hardening"),
        ];
    };
    let broken = report.broken_promises();
    let promises = Count {
        label: "Promises",
        value: format!("{broken} broken"),
        detail: {
            let (proven, all) = share(proof.claims.iter());
            format!("{proven} of {} proven", counted(all, "claim"))
        },
        state: if broken > 0 { State::Bad } else { State::Good },
        section: "claims",
    };
    let (proven, all) = share(launch_claims(proof));
    let words: HashSet<&str> =
        proof.evidence.launches.iter().map(|record| launch_word(record, proof)).collect();
    let launches = Count {
        label: "Launches",
        value: format!("{proven}/{all}"),
        detail: "were as explained".to_string(),
        state: match () {
            () if words.contains("no") => State::Bad,
            () if words.contains("note") || proven < all => State::Note,
            () => State::Good,
        },
        section: "launches",
    };
    [promises, launches, stop_count(proof.evidence.stop.as_ref()), restriction_count(proof)]
}

fn stop_count(stop: Option<&StopRecord>) -> Count {
    let (value, detail, state) = match stop {
        None => ("-".to_string(), "not tried: nothing kept running".to_string(), State::Open),
        Some(stop) => match median(stop) {
            None => ("-".to_string(), "no run ended".to_string(), State::Open),
            Some(_) if stop.killed => (
                "SIGKILL".to_string(),
                format!("{} s after {}", stop.grace.as_secs(), stop.signal),
                State::Bad,
            ),
            Some(time) => {
                let lost = !stop.killed_with_namespace.is_empty() || stop.zombies > 0;
                let state = if lost { State::Note } else { State::Good };
                (moment(time), format!("after {}, exit {}", stop.signal, stop.code), state)
            }
        },
    };
    Count { label: "Stop", value, detail, state, section: "timeline" }
}

fn restriction_count(proof: &Proof) -> Count {
    let rungs = &proof.evidence.rungs;
    let held = rungs.iter().filter(|record| record.verdict == Verdict::Proven).count();
    let together = rungs.iter().find(|record| record.rung == Rung::AllTogether);
    let detail = match together.map(|record| &record.verdict) {
        Some(Verdict::Proven) => "hold, all together too",
        Some(_) => "hold, not all together",
        None => "hold",
    };
    Count {
        label: "Restrictions",
        value: format!("{held}/{}", rungs.len()),
        detail: detail.to_string(),
        state: match () {
            () if rungs.is_empty() => State::Open,
            () if held == rungs.len() => State::Good,
            () => State::Note,
        },
        section: "hardening",
    }
}

fn flaw_count(report: &Report) -> Count {
    let flaws = &report.scan.vulnerabilities;
    let worst = flaws.iter().map(|flaw| flaw.rating).max();
    // Nothing installed is nothing to match.
    let matched = report.scan.inventory.packages.is_empty()
        || report.scan.coverage.as_ref().is_some_and(|coverage| !coverage.is_empty());
    let by_rating: Vec<String> = findings(&report.scan)
        .iter()
        .take(3)
        .map(|(rating, count)| format!("{count} {}", rating.word()))
        .collect();
    let packages = counted(report.scan.inventory.packages.len(), "package");
    Count {
        label: "Known flaws",
        value: if matched { flaws.len().to_string() } else { "?".to_string() },
        detail: match matched {
            true => or_else(by_rating.join(", "), &format!("in {packages}")),
            false => format!("{packages} not matched"),
        },
        state: match worst {
            Some(Rating::Critical | Rating::High) => State::Bad,
            Some(_) => State::Note,
            None if matched => State::Good,
            None => State::Open,
        },
        section: "packages",
    }
}

fn secret_count(report: &Report) -> Count {
    let secrets = report.scan.secrets.len();
    Count {
        label: "Secrets",
        value: secrets.to_string(),
        detail: if secrets == 0 { "in files, environment, history" } else { "travel with the image" }
            .to_string(),
        state: if secrets == 0 { State::Good } else { State::Bad },
        section: "packages",
    }
}

/// What the reader did not expect, worst first.
pub fn surprises(report: &Report) -> Vec<Surprise> {
    let mut found = Vec::new();
    let mut add = |state, kind: &str, text: String, section| {
        found.push(Surprise { state, kind: kind.to_string(), text, section });
    };
    for claim in report.proof.iter().flat_map(|proof| &proof.claims) {
        match &claim.verdict {
            Verdict::Refuted(why) if claim.required => {
                add(State::Bad, "broken promise", format!("{}: {why}", claim.statement), section_of(claim));
            }
            Verdict::Refuted(why) if !claim.id.starts_with("rung-") => {
                let state = if claim.id.starts_with("stop") { State::Bad } else { State::Note };
                add(state, "not so", format!("{}: {why}", claim.statement), section_of(claim));
            }
            _ => {}
        }
    }
    for secret in &report.scan.secrets {
        add(State::Bad, "secret", format!("{} in {}", secret.kind, place(&secret.place)), "packages");
    }
    for finding in report.findings.iter().filter(|finding| finding.severity >= Severity::Warning) {
        let state = if finding.severity == Severity::Error { State::Bad } else { State::Note };
        add(state, finding.code.as_str(), finding.message.clone(), "findings");
    }
    for (rating, count) in findings(&report.scan).into_iter().filter(|(rating, _)| *rating >= Rating::High) {
        add(State::Bad, "known flaws", format!("{count} rated {}", rating.word()), "packages");
    }
    let open = report.proof.iter().flat_map(|proof| &proof.claims);
    let open = open.filter(|claim| matches!(claim.verdict, Verdict::Unproven(_))).count();
    if open > 0 {
        add(
            State::Open,
            "not decided",
            format!("{} could not be decided on this machine", counted(open, "claim")),
            "claims",
        );
    }
    found.sort_by_key(|surprise| surprise.state);
    found
}

fn section_of(claim: &Claim) -> &'static str {
    match claim.id.split('-').next() {
        Some("launch" | "port" | "unexposed" | "user") => "launches",
        Some("stop") => "timeline",
        Some("zombies") => "processes",
        Some("rung") => "hardening",
        _ => "claims",
    }
}

/// Commands that fit the state things are in, each with what it does.
pub fn next(report: &Report) -> Vec<(String, String)> {
    let words =
        |words: &[&str]| command_text(&words.iter().map(|word| (*word).to_string()).collect::<Vec<_>>());
    let image = report.image.as_str();
    let mut next = Vec::new();
    if report.findings.iter().any(|finding| finding.severity >= Severity::Warning) {
        let edits = report.findings.iter().filter(|finding| finding.fix.is_some()).count();
        let what = match edits {
            0 => "every finding with its place".to_string(),
            edits => format!("{edits} of {} come with an edit", counted(report.findings.len(), "finding")),
        };
        next.push((words(&["plimsoll", "explain", &report.subject]), what));
    }
    let Some(proof) = &report.proof else {
        next.push(("plimsoll doctor".to_string(), "what this machine lacks, and the remedy".to_string()));
        return next;
    };
    if let Some(case) = worst_case(proof) {
        next.push((words(&["plimsoll", "prove", image, "--case", case]), "what was seen there".to_string()));
    }
    let publish = port_to_try(proof).map(|port| format!("{port}:{port}"));
    let run = match &publish {
        Some(publish) => words(&["plimsoll", "run", "--rm", "-p", publish, image]),
        None => words(&["plimsoll", "run", "--rm", image]),
    };
    next.push((run, "try it".to_string()));
    if exit_code(report) == 0 {
        next.push((
            format!("{} REGISTRY/NAME:TAG", words(&["plimsoll", "push", image])),
            "where the cluster pulls it".to_string(),
        ));
        let manifest =
            report.wrote.iter().find(|(path, _)| path.extension().is_some_and(|end| end == "yaml"));
        if let Some((path, _)) = manifest {
            next.push((
                words(&["kubectl", "apply", "-f", &path.to_string_lossy()]),
                "start it there".to_string(),
            ));
        }
    }
    next
}

/// The experiment that refuted what matters most: a promise, else how it stops, else anything.
fn worst_case(proof: &Proof) -> Option<&str> {
    let refuted = proof.claims.iter().filter(|claim| matches!(claim.verdict, Verdict::Refuted(_)));
    let mut refuted: Vec<&Claim> = refuted.filter(|claim| !claim.id.starts_with("rung-")).collect();
    refuted.sort_by_key(|claim| (!claim.required, !claim.id.starts_with("stop")));
    refuted.into_iter().find_map(|claim| claim.experiment.as_deref())
}

/// The TCP port really listened on, else the one promised.
fn port_to_try(proof: &Proof) -> Option<u16> {
    let seen = proof.evidence.as_built().and_then(|record| match &record.outcome {
        Outcome::Running(seen) => Some(&seen.listening),
        _ => None,
    });
    let open =
        seen.into_iter().flatten().filter(|listener| !listener.loopback_only).map(|listener| listener.port);
    let mut ports = open.chain(proof.contract.ports.iter().map(|port| port.value));
    ports.find(|port| port.protocol == Protocol::Tcp).map(|port| port.number)
}

/// The middle one of the stop times.
pub fn median(stop: &StopRecord) -> Option<Duration> {
    Spread::of(stop.times.iter().copied()).map(|spread| spread.median)
}

/// A time in the unit that shows it.
pub fn moment(time: Duration) -> String {
    match time.as_millis() {
        0 if time.is_zero() => "0 s".to_string(),
        0 => "under 1 ms".to_string(),
        1..100 => format!("{} ms", time.as_millis()),
        _ => seconds(time),
    }
}

/// `1 launch`, `2 launches`, `3 advice`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = match noun {
        _ if count == 1 || noun == "advice" => "",
        _ if noun.ends_with("ch") || noun.ends_with("ss") => "es",
        _ => "s",
    };
    format!("{count} {noun}{plural}")
}

fn or_else(text: String, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::demo;

    #[test]
    fn a_broken_promise_weighs_more_than_a_finding_and_that_more_than_not_having_tried() {
        assert_eq!(exit_code(&demo::healthy()), 0);
        assert_eq!(exit_code(&demo::shell_form()), 5);
        let untried = Report { proof: None, ..demo::shell_form() };
        assert_eq!(exit_code(&untried), 1);
        assert_eq!(exit_code(&Report { findings: Vec::new(), ..untried }), 6);
    }

    #[test]
    fn what_to_try_is_what_really_listens() {
        let report = demo::shell_form();
        let commands: Vec<String> = next(&report).into_iter().map(|(command, _)| command).collect();
        assert_eq!(
            commands,
            [
                "plimsoll explain ./shop",
                "plimsoll prove registry.example/shop:1.4 --case launch-1",
                "plimsoll run --rm -p 3000:3000 registry.example/shop:1.4",
            ]
        );
    }

    #[test]
    fn the_worst_surprise_stands_first() {
        let found = surprises(&demo::shell_form());
        assert_eq!(found[0].kind, "broken promise");
        assert!(found.windows(2).all(|pair| pair[0].state <= pair[1].state));
        assert!(surprises(&demo::healthy()).iter().all(|surprise| surprise.state == State::Open));
    }
}

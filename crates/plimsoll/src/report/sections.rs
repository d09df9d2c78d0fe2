//! The sections of the terminal report: at most twelve lines each, no line over 100 columns.

mod expected;
mod processes;
mod times;
mod written;

use std::collections::HashSet;

use plimsoll_contract::evidence::{
    LaunchRecord, Outcome, Refused, Relaxation, RungRecord, StopCondition, StopRecord, StopRun, Verdict,
};
use plimsoll_contract::judge::{Proof, rollout_command};
use plimsoll_kube::Manifest;
use plimsoll_model::Signal;
use plimsoll_model::quantity::human_bytes;
use plimsoll_scan::{LayerSize, Rating, ScanReport, SecretPlace, findings, savings, summary};

use super::columns::{Extent, Section, fit, pad, plain, wrap};
use super::conclusion::{counted, median};
use super::process_tree::{Node, tree};
use super::rollout::rollout;
use super::{
    launch_pid1, launch_result, launch_word, rung_name, seconds, stop_runs, surprises_by_dropping,
    verdict_word,
};
use crate::terminal::MAX_WIDTH;

pub use expected::expected;
pub use processes::processes;
pub use times::times;
pub use written::written;

/// Lines of one section.
const LINES: usize = 12;
/// Where the launch matrix' first column ends.
const MODE_END: usize = 49;
/// Width of its second column.
const PID1: usize = 33;
/// Where the evidence of a rung begins.
const RUNG_END: usize = 41;

/// The flag of `scan` and `ship` that shows what a section does not.
pub const DOCUMENT: &str = "--format json";

/// Everything proven, as `prove` prints it.
pub fn proof(proof: &Proof, extent: Extent) -> String {
    if let Some(record) = &proof.evidence.rollout {
        // A rehearsal is all there is then.
        return format!("{}\n{}", rollout(record, extent), claims(proof, extent));
    }
    let mut text = launches(proof, extent);
    if let Some(readiness) = super::readiness::section(proof, extent) {
        text.push_str(&format!("\n{readiness}"));
    }
    if let Some(stop) = &proof.evidence.stop {
        text.push_str(&format!("\n{}", self::stop(stop, extent)));
    }
    for section in [processes(proof, extent), times(proof, extent)].into_iter().flatten() {
        text.push_str(&format!("\n{section}"));
    }
    if !proof.evidence.rungs.is_empty() {
        text.push_str(&format!("\n{}", hardening(&proof.evidence.rungs, extent)));
    }
    text.push_str(&format!("\n{}", written(proof, extent)));
    text.push_str(&format!("\n{}", claims(proof, extent)));
    text
}

/// LAUNCH MATRIX
pub fn launches(proof: &Proof, extent: Extent) -> String {
    let heading =
        format!("{} {} result", pad("LAUNCH MATRIX    started as", MODE_END), pad("PID 1 really was", PID1));
    let mut section = Section::new(&heading);
    let mut told = HashSet::new();
    for record in &proof.evidence.launches {
        let word = launch_word(record, proof);
        let row = format!(
            "  {word:4} {} {} {}",
            pad(&record.predicted.mode.phrase(), MODE_END - 7),
            pad(&launch_pid1(record), PID1),
            launch_result(record)
        );
        // The same remark beside several rows is said once.
        let note = launch_note(record, proof).filter(|note| told.insert(note.clone()));
        section.add(word != "ok", std::iter::once(row).chain(note.map(|note| format!("         {note}"))));
    }
    section.render(LINES, MAX_WIDTH, extent)
}

/// What there is to say about a launch beside its result.
pub fn launch_note(record: &LaunchRecord, proof: &Proof) -> Option<String> {
    let refuted = proof.claims.iter().find_map(|claim| match &claim.verdict {
        Verdict::Refuted(why)
            if claim.id.starts_with("launch") && claim.experiment.as_deref() == Some(record.id.as_str()) =>
        {
            Some(why)
        }
        _ => None,
    });
    if let Some(why) = refuted {
        return Some(format!("not as explained: {why}"));
    }
    match &record.outcome {
        Outcome::NotStarted { why, .. } | Outcome::Undecided { why } => Some(why.clone()),
        _ if surprises_by_dropping(record) => {
            Some("this also removes the image's CMD: give its words too".to_string())
        }
        _ if !record.predicted.ignored_args.is_empty() => {
            Some(format!("no program sees {}", record.predicted.ignored_args.join(" ")))
        }
        Outcome::Exited { code: 1.., .. } => record.log.last().cloned(),
        _ => None,
    }
}

/// STOP TEST
pub fn stop(stop: &StopRecord, extent: Extent) -> String {
    let runs = counted(stop.times.len(), "run");
    let mut section =
        Section::new(&format!("STOP TEST    {}, grace {} s, {runs}", stop.signal, stop.grace.as_secs()));
    section.add(true, [format!("  {:>7} |{} to PID 1", "0.00 s", stop.signal)]);
    if let Some(closed) = stop.listener_closed {
        section.add(true, [format!("  {:>7} |listener closed", seconds(closed))]);
    }
    if let (Some(first), Some(middle), Some(last)) =
        (stop.times.iter().min(), median(stop), stop.times.iter().max())
    {
        let end =
            if stop.killed { "SIGKILL after the grace".to_string() } else { format!("exit {}", stop.code) };
        let spread = match stop.times.len() {
            1 => String::new(),
            _ => format!(
                "median {} ({:.2}-{:.2})   ",
                seconds(middle),
                first.as_secs_f64(),
                last.as_secs_f64()
            ),
        };
        section.add(
            true,
            [format!("  {:>7} |{} {spread}zombies {}", seconds(middle), pad(&end, 26), stop.zombies)],
        );
    }
    if stop.killed {
        section.add(
            true,
            [format!(
                "          {} does not end PID 1: requests under way are lost at every stop",
                stop.signal
            )],
        );
    }
    for process in &stop.killed_with_namespace {
        section.add(false, [format!("          died with PID 1, its handlers never ran: {process}")]);
    }
    // Of a quiet one the lines above have told.
    for run in stop.runs.iter().filter(|run| run.condition != StopCondition::Quiet) {
        section.add(stop_runs::lost(run) > 0, [format!("          {}", stop_run(run))]);
    }
    if !stop.undelivered.is_empty() {
        let names: Vec<String> = stop.undelivered.iter().map(Signal::to_string).collect();
        section.add(
            false,
            [format!("          never reaches PID 1, which has no handler: {}", names.join(", "))],
        );
    }
    // One line is left for what the manifest makes of it.
    section.render(LINES - 1, MAX_WIDTH, extent)
}

/// One run of the stop test with the end of every process and every request.
fn stop_case(run: &StopRun) -> String {
    let mut text = format!("{}: {}, grace {}\n  {}\n", run.id, run.signal, seconds(run.grace), stop_run(run));
    let all: Vec<_> = run.processes.iter().collect();
    for Node { branch, process } in tree(&all) {
        let handler = if process.handles { "handles it" } else { "no handler" };
        let command = pad(&format!("{branch}{}", process.command), 50);
        let end = stop_runs::process_end(process.end);
        text.push_str(&format!("  {:>5} {command} {handler}, {end}\n", process.pid));
    }
    text
}

/// One run of the stop test.
fn stop_run(run: &StopRun) -> String {
    let counts = stop_runs::connections(run).into_iter().map(|text| format!("; {text}"));
    format!("{}: {}{}", stop_runs::name(run), stop_runs::end(run), counts.collect::<String>())
}

/// The line below the stop test: what the manifest makes of it.
pub fn proposals(manifest: &Manifest) -> Option<String> {
    let value =
        |end: &str| manifest.fields.iter().find(|field| field.path.ends_with(end)).map(|field| &field.value);
    let grace = value("terminationGracePeriodSeconds")?;
    let sleep =
        value("preStop.sleep.seconds").map_or(String::new(), |seconds| format!("  preStop sleep: {seconds}"));
    Some(format!(
        "{}\n",
        fit(&format!("         `- proposes  terminationGracePeriodSeconds: {grace}{sleep}"), MAX_WIDTH)
    ))
}

/// HARDENING
pub fn hardening(rungs: &[RungRecord], extent: Extent) -> String {
    let mut section = Section::new("HARDENING    held?                       evidence");
    for record in rungs {
        let evidence = match &record.verdict {
            Verdict::Proven => format!("{}{}", record.fact, relaxed(&record.relaxations)),
            Verdict::Refuted(why) | Verdict::Unproven(why) => why.clone(),
        };
        let word = verdict_word(&record.verdict);
        section.add(word != "yes", rung_rows(word, &rung_name(&record.rung), &evidence));
    }
    section.render(LINES - 1, MAX_WIDTH, extent)
}

/// The line below the ladder: a limit follows from a measurement, and was not itself tried.
pub fn memory_limit(manifest: &Manifest) -> Option<String> {
    let field = manifest.fields.iter().find(|field| field.path.ends_with("resources.limits.memory"))?;
    let rows =
        rung_rows("-", &format!("memory limit {}", field.value), &format!("not tried; {}", field.phrase()));
    Some(rows.iter().map(|row| format!("{}\n", row.trim_end())).collect())
}

/// One rung: what was seen stands beside it, on as many as two lines.
fn rung_rows(word: &str, name: &str, evidence: &str) -> Vec<String> {
    let mut lines = wrap(evidence, MAX_WIDTH - RUNG_END).into_iter();
    let first = format!("  {word:4} {} {}", pad(name, RUNG_END - 8), lines.next().unwrap_or_default());
    let rest: Vec<String> = lines.collect();
    let second = (!rest.is_empty()).then(|| format!("{}{}", " ".repeat(RUNG_END), rest.join(" ")));
    [Some(first), second].into_iter().flatten().map(|row| fit(&row, MAX_WIDTH)).collect()
}

/// What had to be given for a rung to hold.
pub fn relaxed(relaxations: &[Relaxation]) -> String {
    let words: Vec<String> = relaxations.iter().map(relaxation).collect();
    if words.is_empty() { String::new() } else { format!("  with {}", words.join(", ")) }
}

/// Something given back, in the words of a manifest.
pub fn relaxation(relaxation: &Relaxation) -> String {
    match relaxation {
        Relaxation::WritableMount(path) => format!("emptyDir {path}"),
        Relaxation::Capability(name) => format!("capability {name}"),
        Relaxation::RunAsRoot => "as root".to_string(),
        Relaxation::WritableRoot => "root writable".to_string(),
        Relaxation::PrivilegeEscalation => "may gain privileges".to_string(),
        Relaxation::LowPorts => "ports < 1024 for all".to_string(),
        Relaxation::Home(path) => format!("HOME={path}"),
    }
}

/// CLAIMS that do not stand.
pub fn claims(proof: &Proof, extent: Extent) -> String {
    let proven = proof.claims.iter().filter(|claim| claim.verdict == Verdict::Proven).count();
    let mut section = Section::new(&format!("CLAIMS     {proven} of {} proven", proof.claims.len()));
    for claim in &proof.claims {
        let (word, why) = match &claim.verdict {
            Verdict::Refuted(why) => (if claim.required { "broken" } else { "no" }, why),
            Verdict::Unproven(why) => ("open", why),
            Verdict::Proven => continue,
        };
        section.add(word == "broken", [format!("  {word:6} {}", claim.statement), format!("         {why}")]);
    }
    section.render(LINES, MAX_WIDTH, extent)
}

/// One experiment of the record.
pub fn case(proof: &Proof, id: &str) -> Option<String> {
    let log =
        |lines: &[String]| lines.iter().map(|line| format!("  | {}\n", plain(line))).collect::<String>();
    if let Some(record) = proof.evidence.launches.iter().find(|record| record.id == id) {
        let result = launch_result(record);
        return Some(format!(
            "{id}: {}\n  {}\n  {result}\n{}",
            record.predicted.mode.phrase(),
            record.command,
            log(&record.log)
        ));
    }
    if let Some(stop) = proof.evidence.stop.as_ref().filter(|stop| stop.id == id) {
        return Some(format!("{}{}", self::stop(stop, Extent::All), log(&stop.log)));
    }
    let mut stops = proof.evidence.stop.iter().flat_map(|stop| &stop.runs);
    if let Some(run) = stops.find(|run| run.id == id) {
        return Some(stop_case(run));
    }
    if let Some(record) = proof.evidence.rollout.as_ref().filter(|record| record.id == id) {
        return Some(format!("{}  {}\n", rollout(record, Extent::All), rollout_command(record)));
    }
    let record = proof.evidence.rungs.iter().find(|record| record.id == id)?;
    let relaxed = relaxed(&record.relaxations);
    let refused = record.refused.iter().map(refusal).collect::<String>();
    Some(format!(
        "{id}: {} {}\n  {}{relaxed}\n  {}\n{refused}",
        verdict_word(&record.verdict),
        rung_name(&record.rung),
        record.fact,
        record.command
    ))
}

/// A call that the kernel refused, on a line of its own.
fn refusal(refused: &Refused) -> String {
    let Refused { call, subject, why, program } = refused;
    let about = if subject.is_empty() { String::new() } else { format!(" {subject}") };
    format!("  refused: {}\n", plain(&format!("{call}{about} by {program}: {why}")))
}

/// What a scan found.
pub fn scan(report: &ScanReport) -> String {
    let mut parts = vec![format!("{}\n", fit(&summary(report), MAX_WIDTH)), size(report)];
    parts.extend([flaws(report), secrets(report)].into_iter().filter(|part| !part.is_empty()));
    for note in &report.notes {
        let lines = wrap(&format!("note: {note}"), MAX_WIDTH);
        parts.push(lines.iter().map(|line| format!("{line}\n")).collect());
    }
    parts.join("\n")
}

/// SIZE by layer with the line that made it, and what edits would save.
pub fn size(report: &ScanReport) -> String {
    let size = &report.size;
    let (base, own) = (human_bytes(size.shown_bytes(true)), human_bytes(size.shown_bytes(false)));
    let mut section = Section::new(&format!(
        "SIZE   {}  base {base}  own {own}  wasted {}   in {}",
        human_bytes(size.total),
        human_bytes(size.wasted),
        counted(size.layers.len(), "layer")
    ));
    let largest = size.layers.iter().map(|layer| layer.bytes).max().unwrap_or(0).max(1);
    for (index, layer) in size.layers.iter().enumerate() {
        // A share of twenty by u128: the bytes come from an image and may be any number.
        let bar = usize::try_from(u128::from(layer.bytes) * 20 / u128::from(largest)).unwrap_or(20);
        let line = format!(
            "  {index:>2} {:>7} {} {}",
            human_bytes(layer.bytes),
            pad(&"#".repeat(bar), 20),
            origin(layer)
        );
        section.add(layer.wasted > 0, [line]);
    }
    for saving in savings(size).iter().take(3) {
        let line = saving
            .line
            .as_ref()
            .map_or(format!("layer {}", saving.layer), |(line, _)| format!("line {line}"));
        section.add(true, [format!("  save {:>6}  {line}: {}", human_bytes(saving.bytes), saving.remedy)]);
    }
    section.render(LINES, MAX_WIDTH, Extent::Short(DOCUMENT))
}

/// Where a layer comes from: the line of the Dockerfile, else what the history says.
pub fn origin(layer: &LayerSize) -> String {
    let base = if layer.from_base { "base: " } else { "" };
    match (&layer.line, &layer.created_by) {
        (Some((line, text)), _) => format!(":{line} {text}"),
        (None, Some(text)) => format!("{base}{text}"),
        (None, None) => format!("{base}no history"),
    }
}

/// VULN; empty if none is known.
pub fn flaws(report: &ScanReport) -> String {
    let counts: Vec<String> =
        findings(report).iter().map(|(rating, count)| format!("{count} {}", rating.word())).collect();
    if counts.is_empty() {
        return String::new();
    }
    let mut section = Section::new(&format!("VULN   {}", counts.join(", ")));
    for flaw in &report.vulnerabilities {
        let package = flaw.packages.first().map_or(flaw.source.as_str(), String::as_str);
        let fixed = flaw.fixed.as_deref().map_or("no fix".to_string(), |fixed| format!("-> {fixed}"));
        let line = format!(
            "  {} {} {} {} {fixed}   {}",
            pad(flaw.rating.word(), 11),
            pad(&flaw.id, 19),
            pad(package, 20),
            flaw.installed,
            flaw.layer.map_or(String::new(), |layer| flaw_layer(layer, report))
        );
        section.add(flaw.rating >= Rating::High, [line]);
    }
    section.render(LINES, MAX_WIDTH, Extent::Short(DOCUMENT))
}

fn flaw_layer(layer: usize, report: &ScanReport) -> String {
    match report.size.layers.get(layer) {
        Some(LayerSize { from_base: true, .. }) => format!("layer {layer} (base)"),
        Some(LayerSize { line: Some((line, _)), .. }) => format!("layer {layer} (line {line})"),
        _ => format!("layer {layer}"),
    }
}

/// SECRETS; empty if none was found.
pub fn secrets(report: &ScanReport) -> String {
    if report.secrets.is_empty() {
        return String::new();
    }
    let mut section = Section::new(&format!("SECRETS   {}", report.secrets.len()));
    for secret in &report.secrets {
        section.add(true, [format!("  {} {}  {}", pad(secret.kind, 18), place(&secret.place), secret.shown)]);
    }
    section.render(LINES, MAX_WIDTH, Extent::Short(DOCUMENT))
}

/// Where a secret lies, in words.
pub fn place(place: &SecretPlace) -> String {
    match place {
        SecretPlace::File { path, line, layer, deleted_in } => {
            let line = if *line == 0 { String::new() } else { format!(":{line}") };
            let deleted = deleted_in.map_or(String::new(), |by| format!(", deleted in vain in layer {by}"));
            format!("{path}{line} in layer {layer}{deleted}")
        }
        SecretPlace::Environment { name } => format!("environment {name}"),
        SecretPlace::Label { key } => format!("label {key}"),
        SecretPlace::History { step } => format!("history, step {step}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::columns::{is_hostile, width};
    use crate::report::demo;
    use crate::report::snapshot::compare;

    #[test]
    fn a_proof_reads_as_it_should() {
        compare("healthy.prove.txt", &proof(&demo::healthy().proof.unwrap(), Extent::Short("--all")));
        compare("shell_form.prove.txt", &proof(&demo::shell_form().proof.unwrap(), Extent::All));
    }

    #[test]
    fn no_line_is_wide_no_section_long_and_nothing_is_obeyed() {
        for report in [demo::healthy(), demo::shell_form(), demo::hostile()] {
            let known = report.proof.unwrap();
            let short = proof(&known, Extent::Short("--all"));
            for line in short.lines().chain(proof(&known, Extent::All).lines()) {
                assert!(width(line) <= MAX_WIDTH, "{} columns", width(line));
                assert!(line == line.trim_end() && !line.contains(is_hostile));
            }
            for section in short.split("\n\n") {
                assert!(section.lines().count() <= LINES, "{} lines", section.lines().count());
            }
        }
    }
}

//! The report for a terminal: at most a hundred columns, no colours, state in words.

use plimsoll_contract::evidence::Rung;

use super::columns::{Extent, Section, apart, pad, width};
use super::conclusion::{exit_code, last_line, next};
use super::redaction::Redaction;
use super::{Report, seconds, sections};
use crate::terminal::MAX_WIDTH;

/// Lines of a short section: WROTE, NEXT.
const SHORT: usize = 8;
/// The widest left column that still leaves room for a few words beside it.
const LEFT_MOST: usize = 68;

/// The whole report; the diagnostics of the findings stand before it.
pub fn render(report: &Report) -> String {
    let extent = Extent::Short(sections::DOCUMENT);
    let mut parts = vec![head(report)];
    if let Some(proof) = &report.proof {
        parts.push(sections::launches(proof, extent));
        if let Some(stop) = &proof.evidence.stop {
            let proposals = report.manifest.as_ref().and_then(sections::proposals);
            parts.push(format!("{}{}", sections::stop(stop, extent), proposals.unwrap_or_default()));
        }
        if !proof.evidence.rungs.is_empty() {
            let rungs = &proof.evidence.rungs;
            let untried = !rungs.iter().any(|record| matches!(record.rung, Rung::MemoryLimit { .. }));
            let manifest = report.manifest.as_ref().filter(|_| untried);
            let limit = manifest.and_then(sections::memory_limit);
            parts.push(format!("{}{}", sections::hardening(rungs, extent), limit.unwrap_or_default()));
        }
        parts.push(sections::written(proof, extent));
        parts.push(sections::claims(proof, extent));
    }
    parts.push(sections::size(&report.scan));
    parts.extend(
        [sections::flaws(&report.scan), sections::secrets(&report.scan)]
            .into_iter()
            .filter(|part| !part.is_empty()),
    );
    parts.push(format!("{}{}", wrote(report), commands(report)));
    let last =
        apart(&format!("ship: {}", last_line(report)), &format!("exit {}", exit_code(report)), MAX_WIDTH);
    Redaction::of(report).text(format!("{}\n{last}\n", parts.join("\n")), str::to_string)
}

/// What was shipped, and a line a stage.
fn head(report: &Report) -> String {
    let lines = report.dockerfile.line_count();
    let name = report.dockerfile.name().rsplit('/').next().unwrap_or("Dockerfile");
    let mut about = format!("{name}, {lines} lines · {}", report.platform);
    let machine = report.proof.iter().flat_map(|proof| &proof.evidence.machine);
    if let Some(who) = machine.into_iter().find(|phrase| phrase.starts_with("as ")) {
        about = format!("{about} · {who}");
    }
    let mut text = format!("{}\n\n", apart(&format!("plimsoll ship {}", report.subject), &about, MAX_WIDTH));
    for stage in &report.stages {
        // Less than a hundredth of a second is no news.
        let took = if stage.took.as_millis() < 10 { String::new() } else { seconds(stage.took) };
        text.push_str(&format!(
            "{}\n",
            apart(&format!(" {} {}", pad(stage.name, 8), stage.text), &format!("  {took}"), MAX_WIDTH)
        ));
    }
    text
}

fn wrote(report: &Report) -> String {
    if report.wrote.is_empty() {
        return String::new();
    }
    let rows = report.wrote.iter().map(|(path, about)| (path.to_string_lossy().into_owned(), about.clone()));
    labelled("WROTE", rows.collect())
}

fn commands(report: &Report) -> String {
    labelled("NEXT", next(report))
}

/// Rows of two columns, the section's name beside the first. A command is never cut to make room for
/// the words about it.
fn labelled(label: &str, rows: Vec<(String, String)>) -> String {
    let widest =
        rows.iter().map(|(left, _)| width(left)).filter(|width| *width <= LEFT_MOST).max().unwrap_or(0);
    let mut rows = rows.into_iter().enumerate().map(|(at, (left, right))| {
        let label = pad(if at == 0 { label } else { "" }, 6);
        match width(&left) <= LEFT_MOST {
            true => format!("{label} {}   {right}", pad(&left, widest)),
            false => format!("{label} {left}"),
        }
    });
    let mut section = Section::new(&rows.next().unwrap_or_default());
    rows.for_each(|row| section.add(false, [row]));
    section.render(SHORT, MAX_WIDTH, Extent::Short(sections::DOCUMENT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::columns::is_hostile;
    use crate::report::demo;
    use crate::report::snapshot::compare;

    #[test]
    fn the_reports_read_as_they_should() {
        compare("healthy.txt", &render(&demo::healthy()));
        compare("shell_form.txt", &render(&demo::shell_form()));
    }

    #[test]
    fn no_line_is_wide_no_section_long_and_nothing_is_obeyed() {
        for report in [demo::healthy(), demo::shell_form(), demo::hostile()] {
            let text = render(&report);
            for line in text.lines() {
                assert!(width(line) <= MAX_WIDTH, "{} columns: {line}", width(line));
                assert_eq!(line, line.trim_end());
                assert!(!line.contains(is_hostile), "{line:?}");
            }
            for section in text.split("\n\n") {
                assert!(section.lines().count() <= 14, "{section}");
            }
        }
    }

    #[test]
    fn a_machine_without_experiments_is_told_what_to_do() {
        let report = Report { proof: None, manifest: None, findings: Vec::new(), ..demo::healthy() };
        let text = render(&report);
        assert!(text.contains("plimsoll doctor"), "{text}");
        assert!(text.ends_with("exit 6\n"), "{text}");
        assert!(!text.contains("LAUNCH MATRIX"), "{text}");
    }
}

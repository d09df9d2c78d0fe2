//! For people: each finding as rustc would show it, and one line that says it all.

use plimsoll_lint::{Fixes, Identity};
use plimsoll_model::Severity;

use crate::render::contract::shorten;
use crate::render::diagnostic;
use crate::terminal;
use crate::work::linting::{LintReport, LintedFile};

/// Entries of a baseline that are listed.
const SHOWN: usize = 10;

pub fn render(report: &LintReport, colour: bool) -> String {
    let findings: String =
        report.findings().map(|(_, found)| format!("{}\n", diagnostic::render(found, colour))).collect();
    format!("{findings}{}{}", gone(&report.gone), summary(report))
}

/// What the baseline need not know any more.
fn gone(gone: &[(Identity, usize)]) -> String {
    if gone.is_empty() {
        return String::new();
    }
    let mut text = "gone from the baseline, --write-baseline removes it:\n".to_string();
    for (identity, count) in gone.iter().take(SHOWN) {
        let times = if *count > 1 { format!(" ({count} times)") } else { String::new() };
        let entry = format!("  {} {}: {}{times}", identity.code, identity.file, identity.line);
        text.push_str(&format!("{}\n", shorten(&entry, terminal::width())));
    }
    if gone.len() > SHOWN {
        text.push_str(&format!("  ... {} more\n", gone.len() - SHOWN));
    }
    text + "\n"
}

/// The last line.
pub fn summary(report: &LintReport) -> String {
    let counted = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let weights = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "info")];
    let counts = weights.map(|(severity, word)| (report.count(severity), word));
    let found: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| counted(*count, word)).collect();
    let found = if found.is_empty() { "nothing found".to_string() } else { found.join(", ") };
    let mut parts = vec![format!("lint: {}, {found}", counted(report.files.len(), "file"))];
    let sum = |of: fn(&LintedFile) -> usize| report.files.iter().map(of).sum::<usize>();
    for (count, what) in [
        (sum(LintedFile::fixed), "fixed"),
        (sum(|file| file.ignored), "ignored by comments"),
        (sum(|file| file.known), "in the baseline"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let (safe, all) = (report.fixable(Fixes::Safe), report.fixable(Fixes::All));
    if safe > 0 {
        parts.push(format!("--fix repairs {safe}"));
    }
    if all > safe {
        parts.push(format!("--fix=all {all}"));
    }
    let mut text = String::new();
    let mut column = 0;
    for (at, part) in parts.iter().enumerate() {
        let separator = match at {
            0 => "",
            _ if column + part.len() + 3 > terminal::width() => ";\n      ",
            _ => "; ",
        };
        column = if separator.contains('\n') { 6 } else { column + separator.len() } + part.len();
        text.push_str(separator);
        text.push_str(part);
    }
    text + "\n"
}

//! Markdown, for the summary of a CI job.

use plimsoll_model::{Diagnostic, Severity};

use super::place::{file, line};
use crate::work::linting::LintReport;

pub fn render(report: &LintReport) -> String {
    let mut text = format!(
        "### plimsoll lint\n\n{} errors, {} warnings, {} infos in {} files\n",
        report.count(Severity::Error),
        report.count(Severity::Warning),
        report.count(Severity::Info),
        report.files.len()
    );
    if report.findings().next().is_some() {
        text.push_str("\n| weight | place | finding | rule |\n|---|---|---|---|\n");
    }
    for (dockerfile, found) in report.findings() {
        let place = format!("{}:{}", file(found, dockerfile.name()), line(found));
        let rule = format!("{} {}", found.code, found.name);
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            found.severity.word(),
            code(&place),
            cell(&whole(found)),
            cell(rule.trim())
        ));
    }
    text
}

fn whole(found: &Diagnostic) -> String {
    let fix = found.fix.as_ref().map(|fix| format!("fix: {}", fix.title));
    std::iter::once(found.message.clone())
        .chain(found.notes.iter().cloned())
        .chain(fix)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A cell of a table that shows its text and nothing else.
fn cell(text: &str) -> String {
    text.chars().fold(String::new(), |mut cell, c| {
        match c {
            '\n' => cell.push_str("<br>"),
            '\r' => {}
            '<' => cell.push_str("&lt;"),
            '&' => cell.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '$' | '@' => cell.extend(['\\', c]),
            c => cell.push(c),
        }
        cell
    })
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace(['`', '\n'], "'").replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one() {
        assert_eq!(cell("a|b\n<c> `d`"), "a\\|b<br>&lt;c> \\`d\\`");
        assert_eq!(code("a|b`c"), "`a\\|b'c`");
    }
}

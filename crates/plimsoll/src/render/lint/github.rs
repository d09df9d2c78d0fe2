//! Workflow commands of GitHub Actions, which become annotations of the lines.

use plimsoll_model::{Diagnostic, Severity};

use super::place::place;
use crate::work::linting::LintReport;

pub fn render(report: &LintReport) -> String {
    report.findings().map(|(file, found)| command(file.name(), found)).collect()
}

fn command(dockerfile: &str, found: &Diagnostic) -> String {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let place = match place(found) {
        Some((source, at)) => {
            // Columns count only within one line.
            let columns = match at.line == at.end_line {
                true => format!(",col={},endColumn={}", at.column, at.end_column),
                false => String::new(),
            };
            format!("file={},line={},endLine={}{columns}", property(source.name()), at.line, at.end_line)
        }
        None => format!("file={}", property(dockerfile)),
    };
    let title = format!("{} {}", found.code, found.name);
    let text = std::iter::once(found.message.as_str()).chain(found.notes.iter().map(String::as_str));
    let text = text.collect::<Vec<_>>().join("\n");
    format!("::{level} {place},title={}::{}\n", property(title.trim()), data(&text))
}

/// The text of a command (`@actions/core`, `command.ts`).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command() {
        assert_eq!(data("50%\nb::c"), "50%25%0Ab::c");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }
}

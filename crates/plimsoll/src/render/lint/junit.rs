//! JUnit's XML: a suite a file, a case a finding. Findings that fail nothing are passed cases with an output.

use plimsoll_model::Diagnostic;

use super::Fails;
use super::place::line;
use crate::render::diagnostic;
use crate::render::xml::escape;
use crate::work::linting::{LintReport, LintedFile};

pub fn render(report: &LintReport, fails: Fails<'_>) -> String {
    let suites: String = report.files.iter().map(|file| suite(file, fails)).collect();
    let tests: usize = report.files.iter().map(|file| file.findings.len().max(1)).sum();
    let failures = report.findings().filter(|(_, found)| fails(found.severity)).count();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"plimsoll lint\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n{suites}</testsuites>\n"
    )
}

fn suite(file: &LintedFile, fails: Fails<'_>) -> String {
    let name = escape(file.name());
    let failures = file.findings.iter().filter(|found| fails(found.severity)).count();
    let cases: String = match file.findings.is_empty() {
        true => format!("    <testcase classname=\"{name}\" name=\"nothing found\" file=\"{name}\"/>\n"),
        false => file.findings.iter().map(|found| case(&name, found, fails)).collect(),
    };
    let tests = file.findings.len().max(1);
    format!(
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">\n{cases}  </testsuite>\n"
    )
}

fn case(file: &str, found: &Diagnostic, fails: Fails<'_>) -> String {
    let title = escape(&format!("{} {} line {}", found.code, found.name, line(found)).replace("  ", " "));
    let text = escape(&diagnostic::render(found, false));
    let message = escape(&found.message);
    let body = match fails(found.severity) {
        true => format!("<failure type=\"{}\" message=\"{message}\">{text}</failure>", found.severity.word()),
        false => format!("<system-out>{text}</system-out>"),
    };
    format!(
        "    <testcase classname=\"{file}\" name=\"{title}\" file=\"{file}\" line=\"{}\">{body}</testcase>\n",
        line(found)
    )
}

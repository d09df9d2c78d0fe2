//! What `lint` found, in the forms that people and other programs read: one file a form.

use clap::ValueEnum;
use plimsoll_lint::{RULES, Rule};
use plimsoll_model::{Diagnostic, Severity};

use crate::work::linting::LintReport;

mod buildkit;
mod github;
mod gitlab;
mod hadolint_json;
mod json;
mod junit;
mod md;
mod place;
mod sarif;
mod text;

/// The forms. A comment on a variant would be part of the help.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    Text,
    Json,
    Sarif,
    Junit,
    Md,
    Github,
    Gitlab,
    HadolintJson,
    Buildkit,
}

/// Which weights fail: some forms show that, too.
pub type Fails<'a> = &'a dyn Fn(Severity) -> bool;

/// The whole report in a form, ending in a newline if it is not empty.
pub fn render(report: &LintReport, format: LintFormat, fails: Fails<'_>, colour: bool) -> String {
    match format {
        LintFormat::Text => text::render(report, colour),
        LintFormat::Json => lines(&json::render(report)),
        LintFormat::Sarif => lines(&sarif::render(report)),
        LintFormat::Junit => junit::render(report, fails),
        LintFormat::Md => md::render(report),
        LintFormat::Github => github::render(report),
        LintFormat::Gitlab => lines(&gitlab::render(report)),
        LintFormat::HadolintJson => lines(&hadolint_json::render(report)),
        LintFormat::Buildkit => lines(&buildkit::render(report)),
    }
}

/// The last line of the text, for where the report goes elsewhere.
pub fn summary(report: &LintReport) -> String {
    text::summary(report)
}

fn lines(document: &serde_json::Value) -> String {
    format!("{document:#}\n")
}

/// The rule a finding comes from; what the parser says comes from none.
fn rule_of(found: &Diagnostic) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == found.code)
}

/// What another linter calls the rule of a finding; ours if it does not know it.
fn name_elsewhere(found: &Diagnostic, is_theirs: fn(&str) -> bool) -> Option<&'static str> {
    let rule = rule_of(found)?;
    let names = [rule.code, rule.name].into_iter().chain(rule.aliases.iter().copied());
    names.into_iter().find(|name| is_theirs(name))
}

//! One Dockerfile through everything: the parser, the stages, all wanted rules, the ignore comments.

use plimsoll_contract::{Question, from_dockerfile};
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_model::{Diagnostic, Severity, Source};

use crate::buildkit::Build;
use crate::check_directive::CheckComments;
use crate::day::Day;
use crate::file::{ContextFiles, File};
use crate::findings::{build_findings, file_findings, findings, sort};
use crate::hiding;
use crate::one_fault;
use crate::selection::Selection;
use crate::settings::Settings;
use crate::subject::Subject;

/// What stays the same while a file is examined, changed and examined again.
#[derive(Clone, Copy)]
pub struct Examination<'e, 'q> {
    /// What the stages are evaluated with.
    pub question: &'e Question<'q>,
    /// The build context, if it is at hand.
    pub files: Option<&'e dyn ContextFiles>,
    /// The ignore file of the build context, if that is at hand.
    pub ignore: Option<&'e Ignore>,
    /// The rules that are wanted.
    pub selection: &'e Selection,
    /// What some rules compare with, and which weigh something else.
    pub settings: &'e Settings,
    /// Decides whether an ignore comment still counts.
    pub today: Day,
}

/// What is wrong with a Dockerfile.
#[derive(Debug, Clone)]
pub struct Examined {
    /// What was found and not kept back, worst first.
    pub findings: Vec<Diagnostic>,
    /// The builder would take the file.
    pub parses: bool,
    /// Findings that comments in the file keep back.
    pub ignored: usize,
}

impl Examination<'_, '_> {
    /// Examine a Dockerfile.
    pub fn examine(&self, source: &Source) -> Examined {
        let parsed = plimsoll_dockerfile::parse(source.clone());
        let mut found = parsed.diagnostics.clone();
        let checks = CheckComments::of(&parsed.dockerfile).unwrap_or_else(|refused| {
            found.push(refused);
            CheckComments::default()
        });
        let prediction = match from_dockerfile(&parsed.dockerfile, self.question) {
            Ok(prediction) => {
                found.extend(prediction.diagnostics.iter().cloned());
                Some(prediction)
            }
            Err(mut fatal) => {
                // The parser has said it already where it knows the place.
                fatal.retain(|fatal| found.iter().all(|known| known.code != fatal.code));
                found.extend(fatal);
                None
            }
        };
        let parses = found.iter().all(|found| found.severity != Severity::Error);
        found.retain(|found| hiding::is_refusal(found) || self.selection.wants(&found.code));
        let wanted = |rule: &crate::Rule| self.selection.wants(rule.code);
        if let Some(prediction) = &prediction {
            let subject = Subject {
                contract: &prediction.contract,
                written: Some((&parsed.dockerfile, prediction)),
                tree: None,
                context: self.question.context,
            };
            found.extend(findings(&subject, wanted));
        }
        let prediction = prediction.as_ref();
        let file =
            File { dockerfile: &parsed.dockerfile, prediction, context: self.files, settings: self.settings };
        found.extend(file_findings(&file, wanted));
        let build = Build { parsed: &parsed, question: self.question, ignore: self.ignore };
        found.extend(build_findings(&build, wanted).into_iter().map(
            |found| match checks.findings_are_errors() {
                true => Diagnostic { severity: Severity::Error, ..found },
                false => found,
            },
        ));
        one_fault::keep_the_best(&mut found);
        sort(&mut found);
        let sure = prediction.filter(|_| parses);
        let ignored = hiding::hide(&mut found, &parsed.dockerfile, sure, self.selection, self.today);
        for found in found.iter_mut().filter(|found| !hiding::is_refusal(found)) {
            found.severity = self.settings.severity_of(&found.code).unwrap_or(found.severity);
        }
        if !self.settings.severities.is_empty() {
            sort(&mut found);
        }
        if self.selection.strict {
            found.iter_mut().for_each(|found| found.severity = Severity::Error);
        }
        Examined { findings: found, parses, ignored }
    }
}

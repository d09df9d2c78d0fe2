//! BuildKit's way through a Dockerfile with `--check`: every stage is evaluated, and the first error
//! ends it (BuildKit `dockerfile2llb/convert.go` toDispatchState).
//!
//! 1. The lines are read: an error there leaves no finding at all.
//! 2. Instructions are read in order, up to the first that is refused.
//! 3. Stage names and the case of words are looked at.
//! 4. FROM lines are expanded, first with the defaults of all ARGs.
//! 5. Sources of COPY and mounts are looked up, base images resolved.
//! 6. Every stage is evaluated in order.

use plimsoll_contract::Question;
use plimsoll_contract::stage::{Applied, Scope};
use plimsoll_dockerfile::Parsed;
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_dockerfile::syntax::{Dockerfile, Stage, Statement};
use plimsoll_model::{Diagnostic, Edit, Fix, Platform, Reference, Severity, Source, Span};

use super::Step;
use super::from_line::FromLine;
use crate::check_directive::CheckComments;

/// A Dockerfile, and what a build of it would know: what BuildKit's checks look at.
pub struct Build<'a, 'q> {
    /// The text, parsed, with what is wrong with it.
    pub parsed: &'a Parsed,
    /// Build arguments, platforms and base images. BuildKit checks all stages, whatever the target.
    pub question: &'a Question<'q>,
    /// The ignore file of the build context, if there is one.
    pub ignore: Option<&'a Ignore>,
}

/// What was met on the way.
pub(crate) struct Walk<'a> {
    pub dockerfile: &'a Dockerfile,
    pub ignore: Option<&'a Ignore>,
    /// Instructions that begin behind this place are not read any more; `None`: no line is.
    read_until: Option<usize>,
    /// All instructions were read.
    pub is_read: bool,
    /// Empty lines inside continued instructions.
    pub empty_lines: Vec<Span>,
    /// What the bases are called if no build argument is given; of the first stages, in order.
    pub default_bases: Vec<String>,
    /// FROM lines expanded, up to the first that is refused.
    pub from_lines: Vec<FromLine>,
    /// Global variables of FROM lines, once they are known.
    pub scope: Option<Scope>,
    /// Base images that are for another platform.
    pub foreign: Vec<Foreign>,
    /// Instructions of all stages, up to the first that is refused.
    pub steps: Vec<Step<'a>>,
}

/// A base image for another platform than the one it is used for.
pub(crate) struct Foreign {
    /// The FROM line.
    pub stage: usize,
    pub image: Reference,
    pub wanted: Platform,
    pub found: Platform,
}

/// What errors of the first phase are called. PL007 is one, but for ARG.
const OF_THE_LINES: [&str; 4] = ["PL007", "PL008", "PL010", "PL011"];

impl<'a> Walk<'a> {
    /// Go the way.
    pub fn through(build: &Build<'a, '_>) -> Walk<'a> {
        let dockerfile = &build.parsed.dockerfile;
        let mut walk = Walk {
            dockerfile,
            ignore: build.ignore,
            read_until: None,
            is_read: false,
            empty_lines: Vec::new(),
            default_bases: Vec::new(),
            from_lines: Vec::new(),
            scope: None,
            foreign: Vec::new(),
            steps: Vec::new(),
        };
        let errors: Vec<&Diagnostic> =
            build.parsed.diagnostics.iter().filter(|found| is_met(found)).collect();
        if errors.iter().any(|found| is_about_lines(found)) || CheckComments::of(dockerfile).is_err() {
            return walk;
        }
        let empty = build.parsed.diagnostics.iter().filter(|found| found.code == "PL017");
        walk.empty_lines = empty.filter_map(|found| Some(found.place()?.span)).collect();
        let refused = errors.iter().filter_map(|found| Some(found.place()?.span.start)).min();
        walk.read_until = Some(refused.unwrap_or(usize::MAX));
        walk.is_read = errors.is_empty() && !dockerfile.stages.is_empty();
        if walk.is_read {
            // What was met before an error stays.
            let _ = walk.evaluate(build.question);
        }
        walk
    }

    pub fn source(&self) -> &'a Source {
        &self.dockerfile.source
    }

    /// The stages whose FROM was read.
    pub fn stages(&self) -> impl Iterator<Item = &'a Stage> {
        let until = self.read_until;
        self.dockerfile
            .stages
            .iter()
            .filter(move |stage| until.is_some_and(|until| stage.span.start <= until))
    }

    /// The instructions that were read, in order, without FROM.
    pub fn statements(&self) -> impl Iterator<Item = &'a Statement> {
        let until = self.read_until;
        let stages = self.dockerfile.stages.iter().flat_map(|stage| &stage.statements);
        let all = self.dockerfile.global_args.iter().chain(stages);
        all.filter(move |statement| until.is_some_and(|until| statement.span.start <= until))
    }

    /// The instructions that were carried out.
    pub fn done(&self) -> impl Iterator<Item = (&Step<'a>, &Applied)> {
        self.steps.iter().filter_map(|step| Some((step, step.applied.as_ref()?)))
    }

    /// Point at a word of the instruction at `place`. The main label lies in the line that BuildKit
    /// reports, where the instruction begins.
    pub fn point(&self, found: Diagnostic, place: Span, word: Span, text: &str) -> Diagnostic {
        let source = self.source();
        if source.line(word.start) == source.line(place.start) {
            return found.at(source, word, text);
        }
        found.at(source, self.first_line(place), "").context(source, word, text)
    }

    /// What an instruction has of its first line.
    pub fn first_line(&self, place: Span) -> Span {
        let line = self.source().line_span(self.source().line(place.start));
        Span::new(place.start, line.map_or(place.end, |line| line.end.min(place.end)))
    }

    /// A fix in this file.
    pub fn fix(&self, title: impl Into<String>, edits: Vec<Edit>, safe: bool) -> Fix {
        Fix { title: title.into(), source: self.source().clone(), edits, safe }
    }
}

/// An error of the first two phases. An unknown signal (PL016) is met in the evaluation.
fn is_met(found: &Diagnostic) -> bool {
    found.severity == Severity::Error && found.code != "PL016"
}

/// The first phase reads lines; ARG is taken apart in the second.
fn is_about_lines(found: &Diagnostic) -> bool {
    OF_THE_LINES.contains(&found.code.as_str())
        && !(found.code == "PL007" && found.message.starts_with("ARG"))
}

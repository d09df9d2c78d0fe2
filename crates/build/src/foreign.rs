//! RUN instructions of stages for another processor: known, and refused, before anything is built.

use std::collections::BTreeMap;

use plimsoll_dockerfile::syntax::{Dockerfile, Instruction, Statement};
use plimsoll_model::{Diagnostic, Platform, Severity};

use crate::error::BuildError;
use crate::plan::{Base, BuildPlan, first_line};

/// The platforms whose programs this machine runs.
#[derive(Debug, Clone)]
pub struct Runnable {
    /// Its own.
    pub own: Platform,
    /// Architectures an emulator runs.
    pub emulated: Vec<String>,
}

impl Runnable {
    fn runs(&self, platform: &Platform) -> bool {
        // 64-bit kernels of these processors run their 32-bit programs.
        let narrow = matches!(
            (self.own.architecture.as_str(), platform.architecture.as_str()),
            ("amd64", "386") | ("arm64", "arm")
        );
        platform.runs_on(&self.own)
            || (platform.os == self.own.os && (narrow || self.emulated.contains(&platform.architecture)))
    }
}

/// Refuse every RUN of a planned stage that this machine cannot run.
pub(crate) fn refuse_runs(
    dockerfile: &Dockerfile,
    plan: &BuildPlan,
    target: &Platform,
    runnable: &Runnable,
) -> Result<(), BuildError> {
    let mut platforms: BTreeMap<usize, Platform> = BTreeMap::new();
    let mut found = Vec::new();
    for stage in &plan.stages {
        let inherited = match stage.base {
            Base::Stage(earlier) => platforms.get(&earlier),
            _ => None,
        };
        let platform = stage.platform.as_ref().or(inherited).unwrap_or(target).clone();
        if !runnable.runs(&platform) {
            let statements = &dockerfile.stages[stage.index].statements;
            let runs = statements.iter().filter(|statement| is_run(statement));
            found.extend(runs.map(|statement| refusal(dockerfile, statement, &platform, &runnable.own)));
        }
        platforms.insert(stage.index, platform);
    }
    if found.is_empty() { Ok(()) } else { Err(BuildError::Foreign(found)) }
}

fn is_run(statement: &Statement) -> bool {
    matches!(statement.instruction, Instruction::Run { .. })
}

fn refusal(dockerfile: &Dockerfile, statement: &Statement, foreign: &Platform, own: &Platform) -> Diagnostic {
    let source = &dockerfile.source;
    let text = first_line(source.slice(statement.span));
    let message = format!("this machine ({own}) cannot run '{text}' for {foreign}");
    let end = statement.span.start + text.len();
    Diagnostic::new("PL026", "foreign-run", Severity::Error, message)
        .at(
            source,
            plimsoll_model::Span::new(statement.span.start, end),
            format!("runs programs of {foreign}"),
        )
        .note(
            "cross-build instead: FROM --platform=$BUILDPLATFORM for the stage with this RUN, and COPY \
             --from it into a stage that runs nothing",
        )
        .note(format!(
            "or register an emulator for {} with binfmt_misc, with flag F (qemu-user-static does)",
            foreign.architecture
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_where() {
        let own = Platform::parse("linux/amd64").unwrap();
        let machine = Runnable { own, emulated: vec!["s390x".to_string()] };
        let runs = |text: &str| machine.runs(&Platform::parse(text).unwrap());
        assert!(runs("linux/amd64") && runs("linux/386") && runs("linux/s390x"));
        assert!(!runs("linux/arm64") && !runs("windows/amd64") && !runs("freebsd/s390x"));
    }
}

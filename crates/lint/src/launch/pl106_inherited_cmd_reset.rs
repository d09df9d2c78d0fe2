//! # PL106 inherited-cmd-reset
//!
//! An ENTRYPOINT empties the CMD that comes from the base image or base stage; only a CMD of the
//! same stage survives, before or after it. The image starts without the arguments the base had.
//!
//! ```Dockerfile
//! FROM postgres:16                 # CMD ["postgres"]
//! ENTRYPOINT ["my-entrypoint.sh"]  # runs my-entrypoint.sh without arguments
//! ```
//!
//! Repeat the CMD in this stage.
//!
//! Nothing is said when the lost CMD is only the shell or prompt of a system or language image, or
//! when the new ENTRYPOINT starts that program itself.

use plimsoll_model::{Because, Diagnostic, Span};

use super::exec_form;
use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::pid1::words::base_name;

/// The prompts that base images have as CMD and nobody misses.
const PROMPTS: [&str; 18] = [
    "sh", "bash", "ash", "dash", "zsh", "fish", "python", "python3", "pypy3", "node", "irb", "iex", "erl",
    "ghci", "julia", "R", "jshell", "perl",
];

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some((_, prediction)) = subject.written else { return Vec::new() };
    let Some(lost) = &prediction.lost_cmd else { return Vec::new() };
    if !subject.words(Part::Cmd).is_empty() || is_not_missed(subject, &lost.value) {
        return Vec::new();
    }
    let array = exec_form::json_array(&lost.value);
    let entrypoint = subject.words(Part::Entrypoint);
    let whose = match &lost.because {
        Because::Written { .. } => "of the base stage".to_string(),
        _ => format!("of {}", subject.image_name()),
    };
    let found = report.warning(format!("this ENTRYPOINT empties the CMD {whose}"));
    let now = match entrypoint.is_empty() {
        true => "nothing is left to start".to_string(),
        false => format!("the image starts {} without arguments", exec_form::json_array(entrypoint)),
    };
    let found = subject.at(found, Part::Entrypoint, &now);
    let found = subject.label(found, &lost.because, "this CMD is lost", false);
    let mut found = found.note(format!("lost: CMD {array}"));
    if let Some((source, statement, _)) = subject.command(Part::Entrypoint) {
        let end = Span::new(statement.span.end, statement.span.end);
        let title = "repeat the CMD in this stage".to_string();
        found.fix = Some(exec_form::replace(source, end, format!("\nCMD {array}"), title));
    }
    vec![found]
}

fn is_not_missed(subject: &Subject<'_>, lost: &[String]) -> bool {
    let Some(program) = lost.first().map(|word| base_name(word)) else { return true };
    let prompt = lost.len() == 1 && PROMPTS.contains(&program);
    let started_anyway = subject.words(Part::Entrypoint).iter().any(|word| base_name(word) == program);
    let script = subject.script(Part::Entrypoint);
    prompt || started_anyway || script.is_some_and(|script| script.source.text().contains(program))
}

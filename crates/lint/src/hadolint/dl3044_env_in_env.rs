//! # DL3044 env-in-env
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL318 knows what the base sets and which line comes first.

use plimsoll_dockerfile::syntax::{Instruction, Pair};
use plimsoll_model::Diagnostic;

use super::words::{at_spans, lines, unquoted};
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut known: Vec<&str> = Vec::new();
    let mut spans = Vec::new();
    for line in lines(file) {
        let Some(instruction) = line.instruction() else { continue };
        if let Instruction::Env(pairs) = instruction {
            let refers = |pair: &Pair| {
                let name = pair.name.text.as_str();
                let others = pairs.iter().filter(|other| !std::ptr::eq(*other, pair));
                !known.contains(&name)
                    && others.filter_map(|other| other.value.as_ref()).any(|value| uses(&value.text, name))
            };
            if pairs.iter().any(refers) {
                spans.push(line.span());
            }
        }
        if let Instruction::Env(pairs) | Instruction::Arg(pairs) = instruction {
            known.extend(pairs.iter().map(|pair| pair.name.text.as_str()));
        }
    }
    at_spans(&file.dockerfile.source, spans.into_iter(), || {
        report.error("ENV uses a variable that it sets itself")
    })
}

/// hadolint looks at what stands between the variables, the text before the first included.
fn uses(value: &str, name: &str) -> bool {
    let value = unquoted(value);
    let bare = format!("${name}");
    let ends = |part: &str| part.starts_with(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    value.contains(&format!("${{{name}}}")) || (value.contains(&bare) && value.split(&bare).any(ends))
}

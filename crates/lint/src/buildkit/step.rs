//! One instruction on BuildKit's way.

use std::borrow::Cow;

use plimsoll_contract::stage::{Applied, Scope, StageState};
use plimsoll_dockerfile::expand;
use plimsoll_dockerfile::syntax::{Instruction, Statement, Text};
use plimsoll_model::{Diagnostic, Source, Span};

use super::Walk;
use super::undefined::Undefined;

/// An instruction met in the evaluation.
pub(crate) struct Step<'a> {
    /// The index of its stage.
    pub stage: usize,
    pub statement: Cow<'a, Statement>,
    /// Where BuildKit reports what it finds: the instruction, or the FROM that brought a trigger.
    pub place: Span,
    /// It is a trigger of the base, and not written here.
    pub is_trigger: bool,
    /// Variables that nothing defines.
    pub undefined: Vec<Undefined>,
    /// Variables that are defined; only looked up where one is not.
    pub known: Vec<String>,
    /// What its stage stands on is at hand.
    pub base_known: bool,
    /// A shell was set before, here or by the base.
    pub shell_set: bool,
    /// A WORKDIR of this file stands before.
    pub workdir_set: bool,
    /// The system of the stage.
    pub os: String,
    /// Names of ENV and ARG, path of WORKDIR, ports of EXPOSE: expanded.
    pub words: Vec<Text>,
    /// What it did; `None` if it is refused.
    pub applied: Option<Applied>,
}

impl Step<'_> {
    /// Point at a word of the instruction; of a trigger only the FROM that brought it is written here.
    pub fn point(&self, walk: &Walk<'_>, found: Diagnostic, word: Span, text: &str) -> Diagnostic {
        match self.is_trigger {
            true => found.at(walk.source(), walk.first_line(self.place), "by a trigger of the base"),
            false => walk.point(found, self.place, word, text),
        }
    }
}

/// What an instruction names, expanded; nothing where it cannot be.
pub(super) fn words(
    state: &StageState,
    source: &Source,
    instruction: &Instruction,
    scope: &Scope,
) -> Vec<Text> {
    let expanded = |text: &Text| {
        let span = text.span;
        state.expand(source, text).ok().map(|text| Text { text, span })
    };
    match instruction {
        Instruction::Env(pairs) => pairs.iter().filter_map(|pair| expanded(&pair.name)).collect(),
        Instruction::Arg(pairs) => pairs.iter().map(|pair| pair.name.clone()).collect(),
        Instruction::Workdir(path) => expanded(path).into_iter().collect(),
        Instruction::Expose(ports) => ports
            .iter()
            .flat_map(|port| {
                let words = expand::expand_words(&port.text, scope.escape(), &|name| state.variable(name));
                words.unwrap_or_default().into_iter().map(|text| Text { text, span: port.span })
            })
            .collect(),
        _ => Vec::new(),
    }
}

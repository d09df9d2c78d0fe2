//! COPY and ADD.

use super::{Context, Head};
use crate::heredoc;
use crate::lines::Fragment;
use crate::syntax::{Heredoc, Instruction, Text};

impl Context<'_> {
    pub(super) fn copy(&mut self, head: Head<'_>, heredocs: Vec<Heredoc>) -> Option<Instruction> {
        let list = self.string_list(&head.name, head.arguments).ok()?;
        let json = list.is_some();
        let words = || head.arguments.words().into_iter().map(Fragment::text).collect();
        let mut sources: Vec<Text> = list.unwrap_or_else(words);
        let Some(destination) = sources.pop().filter(|_| !sources.is_empty()) else {
            self.missing(&head.name, "at least one source and a destination");
            return None;
        };
        if !json && heredoc::marker(&destination.text).is_some() {
            let message =
                format!("{} cannot write to a heredoc: the last word is the destination", head.name);
            self.problems.error("PL019", destination.span, message);
            return None;
        }
        let is_add = head.name == "ADD";
        Some(Instruction::Copy { is_add, flags: head.flags, sources, destination, heredocs })
    }
}

//! ONBUILD.

use plimsoll_model::Severity;

use super::{Context, Head, INSTRUCTIONS, Parsed};
use crate::syntax::{Heredoc, Instruction, Statement, Text};

/// What the builder refuses while it reads the file, in triggers too. Everything else about a
/// trigger is refused only when a child image runs it.
const REFUSED_AT_ONCE: &[&str] = &["PL007", "PL008", "PL010", "PL013"];

impl Context<'_> {
    pub(super) fn onbuild(&mut self, head: Head<'_>, heredocs: Vec<Heredoc>) -> Option<Instruction> {
        if head.arguments.is_empty() {
            self.missing("ONBUILD", "an instruction");
            return None;
        }
        let trigger = Head::split(head.arguments);
        if matches!(trigger.name.as_str(), "ONBUILD" | "FROM" | "MAINTAINER") {
            let message = format!("{} cannot be a trigger of ONBUILD", trigger.name);
            self.problems.error("PL013", trigger.keyword.span(), message);
            return None;
        }
        let mut text = head.arguments.as_str().to_string();
        for heredoc in &heredocs {
            text = format!("{text}\n{}{}", heredoc.body, heredoc.name);
        }
        let text = Text { text, span: head.arguments.span() };
        let trigger = Box::new(self.trigger(trigger, heredocs));
        Some(Instruction::Onbuild { text, trigger })
    }

    fn trigger(&mut self, head: Head<'_>, heredocs: Vec<Heredoc>) -> Statement {
        let first_problem = self.problems.list.len();
        let keyword = head.keyword.text();
        let span = plimsoll_model::Span::new(keyword.span.start, self.whole.end);
        let known = INSTRUCTIONS.contains(&head.name.as_str());
        let instruction = match self.parse(head, heredocs) {
            Parsed::Instruction(instruction) if known => instruction,
            _ => Instruction::Broken,
        };
        for problem in &mut self.problems.list[first_problem..] {
            if !REFUSED_AT_ONCE.contains(&problem.code.as_str()) {
                problem.severity = problem.severity.min(Severity::Warning);
                problem.notes.push("every build from this image will be refused".to_string());
            }
        }
        Statement { keyword, span, instruction }
    }
}

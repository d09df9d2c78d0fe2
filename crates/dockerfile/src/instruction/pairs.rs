//! ENV, LABEL and ARG.

use super::{Context, Head};
use crate::lines::{Fragment, is_blank};
use crate::syntax::{Instruction, Pair};
use crate::words;

impl Context<'_> {
    pub(super) fn pairs(&mut self, head: &Head<'_>) -> Option<Instruction> {
        let words = words::split(head.arguments, self.escape);
        let Some(first) = words.first() else {
            self.missing(&head.name, "at least one name=value");
            return None;
        };
        if head.name == "ARG" {
            return self.each_pair(&head.name, &words, true).map(Instruction::Arg);
        }
        let pairs = match first.as_str().contains('=') {
            true => self.each_pair(&head.name, &words, false)?,
            false => vec![self.legacy_pair(&head.name, head.arguments)?],
        };
        Some(match head.name.as_str() {
            "ENV" => Instruction::Env(pairs),
            _ => Instruction::Label(pairs),
        })
    }

    /// `ENV name the whole rest`.
    fn legacy_pair(&mut self, instruction: &str, arguments: Fragment<'_>) -> Option<Pair> {
        let text = arguments.as_str();
        let Some(end) = text.find(is_blank) else {
            let message = format!("{instruction} {text} has no value");
            self.problems.error("PL007", arguments.span(), message).replace(
                format!("write {text}="),
                arguments.span(),
                format!("{text}="),
            );
            return None;
        };
        let rest = text[end..].trim_start_matches(is_blank);
        let value = arguments.from(text.len() - rest.len());
        Some(Pair { name: arguments.part(0, end).text(), value: Some(value.text()), legacy: true })
    }

    fn each_pair(&mut self, instruction: &str, words: &[Fragment<'_>], bare: bool) -> Option<Vec<Pair>> {
        let mut pairs = Vec::new();
        let mut refused = false;
        for (index, word) in words.iter().enumerate() {
            match self.pair(*word, bare) {
                Ok(pair) => pairs.push(pair),
                Err(PairError::NoName) => {
                    refused = true;
                    let message = format!("{instruction} has no name before '='");
                    self.problems.error("PL007", word.span(), message);
                }
                Err(PairError::NoValue) => {
                    refused = true;
                    self.no_equals(instruction, words, index);
                }
            }
        }
        (!refused).then_some(pairs)
    }

    fn pair(&self, word: Fragment<'_>, bare: bool) -> Result<Pair, PairError> {
        match word.as_str().find('=') {
            Some(0) => Err(PairError::NoName),
            Some(at) => {
                let value = Some(word.from(at + 1).text());
                Ok(Pair { name: word.part(0, at).text(), value, legacy: false })
            }
            None if bare => Ok(Pair { name: word.text(), value: None, legacy: false }),
            None => Err(PairError::NoValue),
        }
    }

    fn no_equals(&mut self, instruction: &str, words: &[Fragment<'_>], index: usize) {
        let word = words[index];
        let message = format!("'{}' is no name=value", word.as_str());
        let report = self.problems.error("PL007", word.span(), message);
        let before = words[..index].last().and_then(|before| before.as_str().split_once('='));
        if let Some((name, value)) = before.filter(|(_, value)| !value.contains(['"', '\''])) {
            report.note(format!(
                "a value with blanks needs quotes: {instruction} {name}=\"{value} {}\"",
                word.as_str()
            ));
        }
    }
}

enum PairError {
    NoName,
    NoValue,
}

//! RUN, CMD, ENTRYPOINT, SHELL, HEALTHCHECK: instructions with a command.

use plimsoll_model::quantity::parse_go_duration;

use super::{Context, Head};
use crate::json_form::{self, JsonForm};
use crate::lines::Fragment;
use crate::problems::{did_you_mean, nearest};
use crate::syntax::{Command, Flag, Heredoc, Instruction, Text};

/// Docker refuses intervals below this (moby `container.MinimumDuration`).
const SHORTEST_INTERVAL_MS: u128 = 1;

impl Context<'_> {
    /// Exec form, shell form, or almost JSON; `None` if the builder refuses it.
    fn command(&mut self, arguments: Fragment<'_>) -> Option<Command> {
        let span = arguments.span();
        let text = Text { text: arguments.as_str().to_string(), span };
        match json_form::read(arguments.as_str()) {
            JsonForm::Strings(strings) => {
                let argv = strings.into_iter().map(|(string, _)| string).collect();
                Some(Command::Exec { argv, span })
            }
            JsonForm::NotStrings(place) => {
                self.not_strings(arguments, place);
                None
            }
            JsonForm::Broken(place, why) if !json_form::is_test_command(arguments.as_str()) => {
                let broken_at = arguments.part(place.start, place.end).span();
                Some(Command::AlmostJson { text, broken_at, why })
            }
            _ => Some(Command::Shell(text)),
        }
    }

    /// The command of an instruction that the builder takes without one, too.
    fn command_or_nothing(&mut self, head: &Head<'_>) -> Option<Command> {
        if head.arguments.is_empty() {
            let message = format!("{} has no command: the builder takes an empty one", head.name);
            self.problems.warning("PL004", self.whole, message);
        }
        self.command(head.arguments)
    }

    pub(super) fn run(&mut self, head: Head<'_>, heredocs: Vec<Heredoc>) -> Option<Instruction> {
        let command = self.command_or_nothing(&head)?;
        Some(Instruction::Run { flags: head.flags, command, heredocs })
    }

    pub(super) fn launch(&mut self, head: &Head<'_>) -> Option<Instruction> {
        let command = self.command_or_nothing(head)?;
        Some(match head.name.as_str() {
            "CMD" => Instruction::Cmd(command),
            _ => Instruction::Entrypoint(command),
        })
    }

    pub(super) fn shell(&mut self, head: &Head<'_>) -> Option<Instruction> {
        if head.arguments.is_empty() {
            self.missing("SHELL", "a JSON array: SHELL [\"/bin/sh\", \"-c\"]");
            return None;
        }
        match self.command(head.arguments)? {
            Command::Exec { argv, span } if !argv.is_empty() => Some(Instruction::Shell { argv, span }),
            Command::Exec { .. } => {
                self.missing("SHELL", "at least one element in its array");
                None
            }
            Command::AlmostJson { broken_at, why, .. } => {
                self.problems.error(
                    "PL009",
                    broken_at,
                    format!("SHELL needs a JSON array; this is none: {why}"),
                );
                None
            }
            Command::Shell(text) => {
                let words: Vec<String> =
                    text.text.split_whitespace().map(|word| format!("{word:?}")).collect();
                let array = format!("[{}]", words.join(", "));
                self.problems.error("PL009", text.span, "SHELL needs a JSON array").replace(
                    format!("write {array}"),
                    text.span,
                    array,
                );
                None
            }
        }
    }

    pub(super) fn healthcheck(&mut self, head: Head<'_>) -> Option<Instruction> {
        let (kind, rest) = split_kind(head.arguments);
        match kind.as_str().to_uppercase().as_str() {
            "" => {
                self.missing("HEALTHCHECK", "CMD and a command, or NONE");
                None
            }
            "NONE" if rest.is_empty() => Some(Instruction::HealthcheckNone),
            "NONE" => {
                self.problems.error("PL014", rest.span(), "HEALTHCHECK NONE takes no arguments");
                None
            }
            "CMD" => {
                self.check_health_flags(&head.flags);
                let command = self.command(rest)?;
                if rest.is_empty() || matches!(&command, Command::Exec { argv, .. } if argv.is_empty()) {
                    self.missing("HEALTHCHECK CMD", "a command");
                    return None;
                }
                Some(Instruction::Healthcheck { flags: head.flags, command })
            }
            other => {
                let near = did_you_mean(&nearest(other, &["CMD", "NONE"]));
                let message = format!("HEALTHCHECK takes CMD or NONE, not '{}'{near}", kind.as_str());
                self.problems.error("PL014", kind.span(), message);
                None
            }
        }
    }

    fn check_health_flags(&mut self, flags: &[Flag]) {
        for flag in flags {
            let Some(value) = flag.value.as_ref().filter(|value| !value.text.is_empty()) else { continue };
            let message = match flag.name.as_str() {
                "retries" => match value.text.parse::<i32>() {
                    Ok(retries) if retries >= 0 => continue,
                    _ => format!("--retries is a number from 0 on, not '{}'", value.text),
                },
                "interval" | "timeout" | "start-period" | "start-interval" => {
                    match parse_go_duration(&value.text) {
                        Some(time) if time.is_zero() || time.as_millis() >= SHORTEST_INTERVAL_MS => continue,
                        Some(_) => format!("--{} is shorter than 1ms", flag.name),
                        None => format!("'{}' is no duration such as 30s, 1m30s or 500ms", value.text),
                    }
                }
                _ => continue,
            };
            self.problems.error("PL014", value.span, message);
        }
    }
}

/// The first word, ended by any Unicode blank, and the rest.
fn split_kind(arguments: Fragment<'_>) -> (Fragment<'_>, Fragment<'_>) {
    let text = arguments.as_str();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (arguments.part(0, end), arguments.from(end).trim())
}

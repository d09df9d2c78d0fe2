//! Instructions whose arguments are plain texts: one (WORKDIR, USER, STOPSIGNAL, MAINTAINER) or a
//! list (EXPOSE, VOLUME).

use plimsoll_model::Signal;

use super::{Context, Head};
use crate::lines::Fragment;
use crate::problems::{did_you_mean, nearest};
use crate::syntax::{Instruction, Text};

impl Context<'_> {
    pub(super) fn one_text(&mut self, head: &Head<'_>) -> Option<Instruction> {
        if head.arguments.is_empty() {
            let wanted = match head.name.as_str() {
                "WORKDIR" => "a path",
                "USER" => "a user",
                "STOPSIGNAL" => "a signal",
                _ => "a name",
            };
            self.missing(&head.name, wanted);
            return None;
        }
        let text = head.arguments.text();
        Some(match head.name.as_str() {
            "WORKDIR" => Instruction::Workdir(text),
            "USER" => Instruction::User(text),
            "STOPSIGNAL" => {
                self.check_signal(&text);
                Instruction::Stopsignal(text)
            }
            _ => Instruction::Maintainer(text),
        })
    }

    /// Signals without variables and quotes are checked here; the others after expansion.
    fn check_signal(&mut self, text: &Text) {
        if text.text.contains(['$', '"', '\'', self.escape]) || Signal::parse(&text.text).is_some() {
            return;
        }
        const COMMON: &[&str] = &["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"];
        let near = did_you_mean(&nearest(&text.text.to_uppercase(), COMMON));
        self.problems.error("PL016", text.span, format!("unknown signal '{}'{near}", text.text));
    }

    pub(super) fn words(&mut self, head: &Head<'_>) -> Option<Instruction> {
        let plain = || head.arguments.words().into_iter().map(Fragment::text).collect();
        if head.name == "EXPOSE" {
            let ports: Vec<Text> = plain();
            if ports.is_empty() {
                self.missing("EXPOSE", "at least one port");
                return None;
            }
            return Some(Instruction::Expose(ports));
        }
        let volumes: Vec<Text> = self.string_list("VOLUME", head.arguments).ok()?.unwrap_or_else(plain);
        if volumes.is_empty() {
            self.missing("VOLUME", "at least one path");
            return None;
        }
        if let Some(empty) = volumes.iter().find(|volume| volume.text.trim().is_empty()) {
            self.problems.error("PL004", empty.span, "the path of a VOLUME is empty");
            return None;
        }
        Some(Instruction::Volume(volumes))
    }
}

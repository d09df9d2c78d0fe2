//! A plan as a lesson: what a container is made of, in the order in which it is made.

use std::fmt;

use plimsoll_model::launch::Share;

use super::step_words::words;
use super::{Namespace, SandboxPlan, Step};
use crate::host::IdMap;

/// Columns of a line.
const COLUMNS: usize = 100;
/// Columns of a step's number and the blank after it.
const NUMBER: usize = 4;

/// What a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chapter {
    Namespaces,
    Files,
    Limits,
    Ids,
    Capabilities,
    SystemCalls,
    Process,
}

impl Chapter {
    fn heading(self) -> &'static str {
        match self {
            Chapter::Namespaces => "namespaces: what it has for itself",
            Chapter::Files => "root and mounts: which files it sees",
            Chapter::Limits => "limits: what it may use",
            Chapter::Ids => "ids: who it is",
            Chapter::Capabilities => "capabilities: what of root's power it has",
            Chapter::SystemCalls => "system calls: what it may ask of the kernel",
            Chapter::Process => "process: what is started",
        }
    }

    fn of(step: &Step) -> Chapter {
        match step {
            Step::JoinCgroup
            | Step::Session
            | Step::Hide
            | Step::Join
            | Step::JoinContainer { .. }
            | Step::OwnCgroups
            | Step::Hostname(_)
            | Step::DomainName(_)
            | Step::Networks(_)
            | Step::Loopback => Chapter::Namespaces,
            Step::Limit(_) | Step::OomScore { .. } => Chapter::Limits,
            Step::MapUser { .. } | Step::Ids { .. } => Chapter::Ids,
            Step::BoundCapabilities(_) | Step::Capabilities(_) | Step::NoNewPrivileges => {
                Chapter::Capabilities
            }
            Step::Filter { .. }
            | Step::WatchedFilter { .. }
            | Step::ProfileFilter { .. }
            | Step::HandOverIdCalls => Chapter::SystemCalls,
            Step::EnterProcesses | Step::ControlTerminal | Step::CleanProcess | Step::Execute(_) => {
                Chapter::Process
            }
            _ => Chapter::Files,
        }
    }
}

impl fmt::Display for SandboxPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chapter = None;
        for (number, step) in (1..).zip(&self.steps) {
            // A session of its own belongs to wherever it is started.
            let next = match (step, chapter) {
                (Step::Session, Some(current)) => current,
                _ => Chapter::of(step),
            };
            if chapter != Some(next) {
                writeln!(f, "{}", next.heading())?;
                for fact in self.facts(next) {
                    entry(f, "", &fact)?;
                }
                chapter = Some(next);
            }
            entry(f, &number.to_string(), &step.to_string())?;
        }
        Ok(())
    }
}

/// How a launch ends, whatever the plan (`launch::verify`).
const LOOKED_AT: &str = "before it is executed, plimsoll looks from outside whether it is as is written here";

impl SandboxPlan {
    /// What a chapter begins with: what is so before its steps are done.
    fn facts(&self, chapter: Chapter) -> Vec<String> {
        match chapter {
            Chapter::Namespaces => self.namespace_facts(),
            Chapter::Ids => self.ids.iter().map(|ids| id_fact(ids).to_string()).collect(),
            Chapter::Process => vec![LOOKED_AT.to_string()],
            _ => Vec::new(),
        }
    }

    fn namespace_facts(&self) -> Vec<String> {
        let of = |wanted: &Share| -> Vec<Namespace> {
            // A user namespace is no fact but a step, and whose ids it has is said where they are set.
            let others = self.namespaces.iter().filter(|(namespace, _)| *namespace != Namespace::User);
            others.filter(|(_, share)| share == wanted).map(|(namespace, _)| *namespace).collect()
        };
        let (own, hosts) = (of(&Share::Own), of(&Share::Host));
        let mut facts = Vec::new();
        if !own.is_empty() {
            facts.push(format!("clone a process into namespaces of its own: {}", words(&own)));
        }
        if !hosts.is_empty() {
            facts.push(format!("it shares with the host: {}", words(&hosts)));
        }
        facts
    }
}

fn id_fact(ids: &IdMap) -> &'static str {
    match ids {
        IdMap::Host => "there is no user namespace: every id inside is the same id on the host",
        IdMap::Range => {
            "user 0 inside is the user who starts it; ids from 1 are those that /etc/subuid and /etc/subgid \
             lend"
        }
        IdMap::Single => "there is one id: whoever it is inside, it is the user who starts it on the host",
    }
}

/// A number and text, broken at blanks. What comes from an image cannot steer a terminal.
fn entry(f: &mut fmt::Formatter<'_>, number: &str, text: &str) -> fmt::Result {
    let mut line = format!("{number:>width$} ", width = NUMBER - 1);
    let mut used = NUMBER;
    for word in harmless(text).split(' ').filter(|word| !word.is_empty()) {
        for (part, piece) in pieces(word).into_iter().enumerate() {
            let blank = usize::from(used > NUMBER && part == 0);
            let length = piece.chars().count();
            if used + blank + length > COLUMNS {
                writeln!(f, "{}", line.trim_end())?;
                line = " ".repeat(NUMBER);
                used = NUMBER;
            }
            if used > NUMBER && part == 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(&piece);
            used += length;
        }
    }
    writeln!(f, "{}", line.trim_end())
}

/// A word wider than a line is cut.
fn pieces(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(COLUMNS - NUMBER).map(|chunk| chunk.iter().collect()).collect()
}

fn harmless(text: &str) -> String {
    let mut shown = String::new();
    for letter in text.chars() {
        match letter.is_control() {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    shown
}

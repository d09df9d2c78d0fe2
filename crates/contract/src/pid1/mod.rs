//! Which program stays as PID 1, told from argv, the shell and the script.
//!
//! The table was measured in a PID namespace with dash 0.5.12, bash 5.2.15 and busybox 1.35:
//!
//! | `sh -c '...'` | dash | bash | busybox ash |
//! |---|---|---|---|
//! | `prog` | sh | prog | prog |
//! | `exec prog` | prog | prog | prog |
//! | `a && prog`, `a; prog`, `X=1 prog` | sh | prog | prog |
//! | `prog \| tee log`, `trap x TERM; prog` | sh | sh | sh |
//! | `prog > file`, `a & prog` | sh | sh | prog |
//! | `if a; then prog; fi`, `{ prog; }`, `(prog)` | sh | sh | prog |
//!
//! A script file keeps its shell, whichever it is, unless it says `exec`. What cannot be told is
//! [`Pid1::Unknown`]: this module may not know, but it must not be wrong.

mod parameters;
mod script;
pub mod words;

use std::cell::Cell;

use plimsoll_dockerfile::shell::{self, Join, Node, SimpleCommand};

pub use parameters::argv as argv_of;

use crate::contract::{Contract, Pid1, ShellKind};
use words::{Started, base_name};

/// Nested `sh -c 'exec sh -c ...'` deeper than this is not followed.
const DEPTH_LIMIT: usize = 8;

/// Commands looked at before giving up: scripts can call themselves from many places.
const BUDGET: usize = 5_000;

/// What is known while an argv is followed.
struct World<'c> {
    contract: &'c Contract,
    budget: Cell<usize>,
}

impl World<'_> {
    /// Account for one more command; `false` when enough were looked at.
    fn spend(&self) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(1));
        left > 0
    }
}

/// Commands that are part of the shell or end at once: not the program an image is made for.
const BUILTINS: [&str; 24] = [
    ":", ".", "[", "alias", "cd", "command", "echo", "eval", "exit", "export", "false", "getopts", "printf",
    "read", "return", "set", "shift", "source", "test", "trap", "true", "umask", "unset", "wait",
];

/// Whether a text for a shell starts any program: one that only prints, tests and sets does its work itself.
pub fn starts_a_program(script: &shell::Script) -> bool {
    let mut commands = script.simple_commands().into_iter().filter(|command| !command.words.is_empty());
    commands.any(|command| command.program().is_none_or(|name| !BUILTINS.contains(&name)))
}

/// Predict PID 1 of a process started with `argv` in an image with this contract.
pub fn predict(argv: &[String], contract: &Contract) -> Pid1 {
    follow(argv, &World { contract, budget: Cell::new(BUDGET) }, 0)
}

/// Which shell a word of argv means: `sh` is the image's, other names speak for themselves.
pub fn kind_of(shell: &str, contract: &Contract) -> ShellKind {
    match base_name(shell) {
        "sh" => contract.shell,
        "bash" | "rbash" => ShellKind::Bash,
        "dash" => ShellKind::Dash,
        "ash" => ShellKind::Busybox,
        "mksh" => ShellKind::Mksh,
        _ => ShellKind::Unknown,
    }
}

/// Whether a shell text uses what stands after it: `$0`, `$1`, `"$@"`, `shift`, `getopts`.
pub fn uses_positional(text: &str) -> bool {
    let after_dollar = |at: usize| text[at + 1..].trim_start_matches('{').chars().next();
    let parameter = |c: char| c.is_ascii_digit() || matches!(c, '@' | '*' | '#');
    // `${#NAME}` is a length: `$#` counts only when nothing like a name follows.
    let named_length = |at: usize| {
        text[at + 1..].strip_prefix("{#").is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    let found =
        text.match_indices('$').any(|(at, _)| after_dollar(at).is_some_and(parameter) && !named_length(at));
    found || text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "shift" || word == "getopts")
}

fn follow(argv: &[String], world: &World<'_>, depth: usize) -> Pid1 {
    if depth > DEPTH_LIMIT || !world.spend() {
        return Pid1::Unknown("shells start shells without an end".to_string());
    }
    match words::unwrap(argv) {
        Started::Unclear(wrapper) => Pid1::Unknown(format!("what {wrapper} starts is not followed")),
        Started::Shell => program(&argv[0], world.contract),
        Started::ShellText { shell, text, args } => shell_text(&shell, &text, &args, world, depth),
        Started::ShellScript { shell, script, args } => match script_named(&script, world.contract) {
            Some(source) => script::predict(&shell, source, &args, world, depth),
            None => Pid1::Unknown(format!("the text of {script} is not at hand")),
        },
        Started::Program(rest) => match rest.first() {
            None => Pid1::Nothing,
            Some(first) => started_program(first, &rest[1..], world, depth),
        },
    }
}

fn started_program(first: &str, args: &[String], world: &World<'_>, depth: usize) -> Pid1 {
    let Some(source) = script_named(first, world.contract) else {
        return match first.ends_with(".sh") || first.contains("entrypoint") {
            true => Pid1::Unknown(format!("the text of {first} is not at hand")),
            false => program(first, world.contract),
        };
    };
    let read = shell::read(source.text());
    match &read.shebang {
        // The kernel has no interpreter to start.
        None => Pid1::Nothing,
        Some(shebang) if crate::origin::is_shell_script(&read) => {
            script::predict(crate::origin::interpreter(shebang), source, args, world, depth)
        }
        Some(_) => Pid1::Program(first.to_string()),
    }
}

fn script_named<'c>(word: &str, contract: &'c Contract) -> Option<&'c plimsoll_model::Source> {
    contract.script.as_ref().filter(|script| script.word == word).map(|script| &script.source)
}

/// A program that is started as it is; the image's shell may be missing.
fn program(word: &str, contract: &Contract) -> Pid1 {
    let is_sh = matches!(word, "sh" | "/bin/sh" | "/usr/bin/sh");
    match is_sh && contract.shell == ShellKind::Missing {
        true => Pid1::Nothing,
        false => Pid1::Program(word.to_string()),
    }
}

fn shell_text(shell: &str, text: &str, args: &[String], world: &World<'_>, depth: usize) -> Pid1 {
    let kind = kind_of(shell, world.contract);
    if kind == ShellKind::Missing {
        return Pid1::Nothing;
    }
    let script = shell::read(text);
    if script.unclear.is_some() || script.commands.is_empty() {
        return Pid1::Unknown("the shell text is not understood".to_string());
    }
    // In `-c` the first word after the text is $0.
    let positional = args.get(1..).unwrap_or_default();
    let of_something = |command: &&SimpleCommand| !argv_of(command, positional).is_empty();
    if let Some(command) = final_exec(&script).filter(of_something) {
        return exec(command, positional, world, depth);
    }
    let execs_by_chance = script.commands.split_last().is_some_and(|(last, before)| {
        matches!(&last.node, Node::Simple(command) if command.exec && !command.words.is_empty())
            && comes_by_chance(before)
    });
    if execs_by_chance {
        return Pid1::Unknown("what comes before || decides whether exec is reached".to_string());
    }
    let stays = |child: Option<String>| Pid1::Shell { shell: shell.to_string(), child };
    let child = script::child(&script, positional);
    if replaced_by_last(kind, &script) == Some(false) {
        return stays(child);
    }
    match (replaced_by_last(kind, &script), shell::last_command(&script).map(|last| &last.node)) {
        (Some(true), Some(Node::Simple(command))) => exec(command, positional, world, depth),
        _ => Pid1::Unknown(format!("whether {} stays is not known for this text", kind.word())),
    }
}

/// The `exec` a text surely ends with: every shell obeys it.
fn final_exec(script: &shell::Script) -> Option<&SimpleCommand> {
    let (last, before) = script.commands.split_last()?;
    let Node::Simple(command) = &last.node else { return None };
    let piped = before.last().is_some_and(|command| command.join == Join::Pipe);
    let own = !piped && !comes_by_chance(before) && last.join != Join::Background;
    (own && command.exec && !command.words.is_empty()).then_some(command)
}

/// Whether it depends on an `||` if the command after these is reached: one of its own list, which begins
/// after the last `;` or `&`.
fn comes_by_chance(before: &[shell::Command]) -> bool {
    let own_list =
        before.iter().rev().take_while(|command| matches!(command.join, Join::And | Join::Or | Join::Pipe));
    own_list.into_iter().any(|command| command.join == Join::Or)
}

/// Whether this shell becomes the last command of a `-c` text: the table above.
fn replaced_by_last(kind: ShellKind, script: &shell::Script) -> Option<bool> {
    let (last, before) = script.commands.split_last()?;
    let background = before.iter().any(|command| command.join == Join::Background);
    let piped = before.last().is_some_and(|command| command.join == Join::Pipe);
    if piped || last.join == Join::Background || kind == ShellKind::Dash || !script.traps.is_empty() {
        return Some(false);
    }
    match (kind, &last.node) {
        (ShellKind::Bash, Node::Compound(_)) => Some(false),
        (ShellKind::Bash | ShellKind::Busybox, Node::Simple(command)) if command.negated => Some(false),
        (ShellKind::Bash | ShellKind::Busybox, Node::Simple(command)) => match command.program() {
            // What these run in the end is not looked at.
            Some("command" | "eval" | "." | "source" | "time") => None,
            Some(name) if script.function(name).is_some() => None,
            Some(name) if BUILTINS.contains(&name) => Some(false),
            // Who runs depends on what came before.
            _ if before.iter().any(|command| command.join == Join::Or) => None,
            _ if kind == ShellKind::Bash => Some(command.redirects.is_empty() && !background),
            _ => Some(true),
        },
        // A loop goes on after its last command.
        (_, Node::Compound(compound)) => {
            matches!(compound.keyword.as_str(), "while" | "until" | "for").then_some(false)
        }
        _ => None,
    }
}

/// What a command becomes that replaces its shell. `args` is what `"$@"` means.
fn exec(command: &SimpleCommand, args: &[String], world: &World<'_>, depth: usize) -> Pid1 {
    let argv = argv_of(command, args);
    match words::unwrap(&argv) {
        Started::Program(rest) if rest.first().is_some_and(|word| word.contains(['$', '`'])) => {
            Pid1::Unknown(format!("the program is the value of {}", rest[0]))
        }
        _ => follow(&argv, world, depth + 1),
    }
}

#[cfg(test)]
mod tests;

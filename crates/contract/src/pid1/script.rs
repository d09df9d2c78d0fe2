//! PID 1 of an entrypoint script: the script is followed from top to bottom for what it `exec`s.
//!
//! Conditions are decided only where they are about the arguments (`[ "$1" = nginx ]`,
//! `[ "${1#-}" != "$1" ]`). An `exec` under any other condition must agree with what comes after it,
//! or the answer is unknown.

use plimsoll_dockerfile::shell::{self, Branch, Command, Compound, Join, Node, Script, SimpleCommand};
use plimsoll_model::Source;

use super::parameters::{argv, value};
use super::words::base_name;
use super::{BUILTINS, DEPTH_LIMIT, World, exec};
use crate::contract::Pid1;

/// Functions that call functions deeper than this are not followed.
const CALL_LIMIT: usize = 16;

/// Predict PID 1 of `interpreter script args...`.
pub(super) fn predict(
    interpreter: &str,
    source: &Source,
    args: &[String],
    world: &World<'_>,
    depth: usize,
) -> Pid1 {
    if depth > DEPTH_LIMIT {
        return Pid1::Unknown(format!("{} starts itself again and again", source.name()));
    }
    let script = shell::read(source.text());
    if script.unclear.is_some() {
        return Pid1::Unknown(format!("not all of {} is understood", source.name()));
    }
    let mut walk =
        Walk { script: &script, args: Some(args.to_vec()), perhaps: Vec::new(), world, depth, calls: 0 };
    let answer = match walk.list(&script.commands, true) {
        Flow::Becomes(answer) => answer,
        Flow::Ends | Flow::GoesOn => {
            Pid1::Shell { shell: interpreter.to_string(), child: child(&script, args) }
        }
    };
    match walk.perhaps.iter().all(|other| *other == answer) {
        true => answer,
        false => Pid1::Unknown(format!("{} decides by a condition what it becomes", source.name())),
    }
}

/// The program that runs below a shell that stays: the last one that is no builtin.
pub(super) fn child(script: &Script, args: &[String]) -> Option<String> {
    for command in script.commands.iter().rev() {
        // In a loop or branch it is not clear which one is meant.
        let Node::Simple(simple) = &command.node else { return None };
        let Some(name) = argv(simple, args).into_iter().next() else { continue };
        if BUILTINS.contains(&name.as_str()) {
            continue;
        }
        let clear = script.function(&name).is_none() && !name.contains(['$', '`']);
        return clear.then_some(name);
    }
    None
}

/// What becomes of the script after some commands.
enum Flow {
    /// It surely becomes this.
    Becomes(Pid1),
    /// It surely ends, or the function returns.
    Ends,
    /// The next command runs.
    GoesOn,
}

struct Walk<'w, 'c> {
    script: &'w Script,
    /// What `"$@"` is at this point; `None` when it can no longer be told.
    args: Option<Vec<String>>,
    /// What the script becomes under conditions that cannot be decided.
    perhaps: Vec<Pid1>,
    world: &'w World<'c>,
    depth: usize,
    calls: usize,
}

impl Walk<'_, '_> {
    /// Follow a list. `sure`: these commands run for sure.
    fn list(&mut self, commands: &[Command], sure: bool) -> Flow {
        let mut condition = Some(true);
        for (at, command) in commands.iter().enumerate() {
            if !self.world.spend() {
                self.perhaps.push(Pid1::Unknown("the script is too long to follow".to_string()));
                return Flow::Ends;
            }
            let piped = command.join == Join::Pipe || at > 0 && commands[at - 1].join == Join::Pipe;
            // A part of a pipe and a background job have a process of their own.
            let aside = piped || command.join == Join::Background;
            let mut outcome = None;
            if !aside && condition != Some(false) {
                outcome = self.outcome(&command.node);
                match self.command(&command.node, sure && condition == Some(true)) {
                    Flow::GoesOn => {}
                    other => return other,
                }
            }
            condition = match command.join {
                Join::And => both(condition, outcome),
                Join::Or => both(condition, outcome.map(|value| !value)),
                _ => Some(true),
            };
        }
        Flow::GoesOn
    }

    fn command(&mut self, node: &Node, sure: bool) -> Flow {
        match node {
            Node::Simple(simple) => self.simple(simple, sure),
            Node::Compound(compound) => match compound.keyword.as_str() {
                "if" => self.branches(compound, sure),
                "{" => compound
                    .branches
                    .iter()
                    .map(|branch| self.list(&branch.body, sure))
                    .next_back()
                    .unwrap_or(Flow::GoesOn),
                // A process of its own, or only a definition.
                "(" | "function" | "((" => Flow::GoesOn,
                _ => {
                    for branch in &compound.branches {
                        self.perhaps_list(&branch.body);
                    }
                    Flow::GoesOn
                }
            },
        }
    }

    fn branches(&mut self, compound: &Compound, sure: bool) -> Flow {
        let mut sure = sure;
        for branch in &compound.branches {
            match self.test_of(branch) {
                Some(true) => return self.list(&branch.body, sure),
                Some(false) => {}
                None => {
                    self.perhaps_list(&branch.body);
                    sure = false;
                }
            }
        }
        Flow::GoesOn
    }

    /// Commands that may or may not run.
    fn perhaps_list(&mut self, commands: &[Command]) {
        let before = self.args.clone();
        self.list(commands, false);
        let program = |args: &Option<Vec<String>>| Some(base_name(args.as_ref()?.first()?).to_string());
        // Whether or not it ran, the same program is meant.
        self.args = match before.is_some() && program(&before) == program(&self.args) {
            true => before,
            false if before == self.args => before,
            false => None,
        };
    }

    fn simple(&mut self, command: &SimpleCommand, sure: bool) -> Flow {
        if command.exec && !command.words.is_empty() {
            return self.exec(command, sure);
        }
        match command.words.first().and_then(|word| word.literal.as_deref()) {
            Some("set") => self.set(command),
            Some("shift") => {
                let one = command.words.len() == 1;
                let args = self.args.take().filter(|args| one && !args.is_empty());
                self.args = args.map(|args| args[1..].to_vec());
            }
            Some("exit" | "return") if sure => return Flow::Ends,
            Some(name) => return self.call(name, command, sure),
            None => {}
        }
        Flow::GoesOn
    }

    fn exec(&mut self, command: &SimpleCommand, sure: bool) -> Flow {
        if starts_itself(command) {
            return Flow::GoesOn;
        }
        // Of nothing it is no exec: the shell goes on (`exec "$@"` without an argument).
        if self.args.as_ref().is_some_and(|args| argv(command, args).is_empty()) {
            return Flow::GoesOn;
        }
        let first_is_args = command.words.first().is_some_and(|word| word.literal.is_none());
        let answer = match &self.args {
            None if first_is_args => Pid1::Unknown("the script changes its arguments".to_string()),
            args => exec(command, args.as_deref().unwrap_or_default(), self.world, self.depth + 1),
        };
        if sure {
            return Flow::Becomes(answer);
        }
        self.perhaps.push(answer);
        Flow::GoesOn
    }

    /// A function runs with arguments of its own.
    fn call(&mut self, name: &str, command: &SimpleCommand, sure: bool) -> Flow {
        let Some(function) = self.script.function(name) else { return Flow::GoesOn };
        if self.calls >= CALL_LIMIT {
            self.perhaps.push(Pid1::Unknown("its functions call each other".to_string()));
            return Flow::GoesOn;
        }
        let own = self.args.take();
        self.args = own.as_ref().map(|own| argv(command, own)[1..].to_vec());
        self.calls += 1;
        let mut flow = Flow::GoesOn;
        for branch in &function.branches {
            flow = self.list(&branch.body, sure);
        }
        self.calls -= 1;
        self.args = own;
        match flow {
            Flow::Becomes(answer) => Flow::Becomes(answer),
            _ => Flow::GoesOn,
        }
    }

    /// `set -- ...` gives the script new arguments.
    fn set(&mut self, command: &SimpleCommand) {
        if command.words.get(1).and_then(|word| word.literal.as_deref()) == Some("--") {
            self.args = self.args.as_ref().map(|args| argv(command, args)[2..].to_vec());
        }
    }

    /// Whether a branch of an `if` is taken; `else` has no test.
    fn test_of(&self, branch: &Branch) -> Option<bool> {
        let mut condition = Some(true);
        let mut result = Some(true);
        for command in &branch.test {
            // `a && b || c`: what is skipped leaves the result as it is.
            result = match condition {
                Some(true) => self.outcome(&command.node),
                Some(false) => result,
                None => match (result, self.outcome(&command.node)) {
                    (known, other) if known == other => known,
                    _ => None,
                },
            };
            condition = match command.join {
                Join::And => result,
                Join::Or => result.map(|value| !value),
                Join::Then => Some(true),
                Join::Pipe | Join::Background => return None,
                Join::End => Some(true),
            };
        }
        result
    }

    /// Whether a command succeeds.
    fn outcome(&self, node: &Node) -> Option<bool> {
        let Node::Simple(command) = node else { return None };
        let value = match command.words.first()?.literal.as_deref()? {
            "true" | ":" | "set" => Some(true),
            "false" => Some(false),
            // The idiom of docker-library's scripts: they are not sourced when they are started.
            "_is_sourced" => Some(false),
            "[" => self.test(command.words.get(1..command.words.len() - 1)?),
            "test" => self.test(command.words.get(1..)?),
            _ => None,
        };
        value.map(|value| value != command.negated)
    }

    /// The value of `a op b` when both sides are known.
    fn test(&self, words: &[shell::Word]) -> Option<bool> {
        let args = self.args.as_ref()?;
        let number = |word| value(word, args)?.parse::<i64>().ok();
        match words {
            [left, operator, right] => match operator.literal.as_deref()? {
                "=" | "==" => Some(value(left, args)? == value(right, args)?),
                "!=" => Some(value(left, args)? != value(right, args)?),
                "-eq" => Some(number(left)? == number(right)?),
                "-ne" => Some(number(left)? != number(right)?),
                "-gt" => Some(number(left)? > number(right)?),
                "-lt" => Some(number(left)? < number(right)?),
                "-ge" => Some(number(left)? >= number(right)?),
                "-le" => Some(number(left)? <= number(right)?),
                _ => None,
            },
            [operator, operand] => match operator.literal.as_deref()? {
                "-z" => Some(value(operand, args)?.is_empty()),
                "-n" => Some(!value(operand, args)?.is_empty()),
                _ => None,
            },
            _ => None,
        }
    }
}

/// `exec gosu app "$0" "$@"`: the script again, as another user; it ends as if it went on.
fn starts_itself(command: &SimpleCommand) -> bool {
    command.words.iter().any(|word| {
        let raw = word.raw.trim_matches('"');
        matches!(raw, "$0" | "${0}" | "$BASH_SOURCE" | "${BASH_SOURCE}" | "${BASH_SOURCE[0]}")
    })
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

//! A small reader of POSIX shell text, for what the launch contract asks of entrypoint scripts and
//! of `sh -c` one-liners. What it does not understand it says so ([`Script::unclear`]), and claims
//! nothing about.

mod compound;
mod lexer;
mod reader;
mod shape;
mod skip;
mod substitutions;

use plimsoll_model::Span;

pub use reader::{read, read_bash};
pub use shape::{Shape, shape};
pub use substitutions::{substitution_end, substitutions};

/// How a command is joined to the one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Join {
    /// Nothing follows in this list.
    End,
    /// `;` or a newline
    Then,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
    /// `&`
    Background,
}

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As written.
    pub raw: String,
    /// Quotes removed, if nothing in it expands; else `None`.
    pub literal: Option<String>,
    /// `$@` or `$*` expands in it.
    pub holds_args: bool,
    /// Where it stands.
    pub span: Span,
}

/// A simple command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimpleCommand {
    /// `X=1` before the words.
    pub assignments: Vec<Word>,
    /// Program and arguments; a leading `exec` and its options removed.
    pub words: Vec<Word>,
    /// Redirections as written.
    pub redirects: Vec<Word>,
    /// Begins with `exec`.
    pub exec: bool,
    /// Stands behind `!`; in [`Compound::commands`] also if a construct around it does.
    pub negated: bool,
    /// The whole command.
    pub span: Span,
}

impl SimpleCommand {
    /// The program whose outcome is the command's, if it is a literal word; `None` behind `!`, where
    /// the outcome is the opposite.
    pub fn program(&self) -> Option<&str> {
        self.words.first().filter(|_| !self.negated)?.literal.as_deref()
    }

    /// Passes all arguments on, each as a word of its own.
    pub fn passes_args(&self) -> bool {
        let all = ["\"$@\"", "$@", "\"${@}\"", "${@}", "$*", "${*}", "${1+\"$@\"}"];
        self.words.iter().any(|word| all.contains(&word.raw.as_str()))
    }

    /// Uses `$@` or `$*` anywhere.
    pub fn uses_args(&self) -> bool {
        self.assignments.iter().chain(&self.words).chain(&self.redirects).any(|word| word.holds_args)
    }
}

/// One way through a compound command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// What is run to decide: after `if`, `elif`, `while`, `until`; else empty.
    pub test: Vec<Command>,
    /// The patterns of a `case` clause, or the words a `for` runs over.
    pub words: Vec<Word>,
    /// What is run then.
    pub body: Vec<Command>,
}

/// A compound command or the definition of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compound {
    /// The word it begins with: `if`, `while`, `until`, `for`, `select`, `case`, `{`, `(`, `((`,
    /// `function` (however that is written).
    pub keyword: String,
    /// The name of a function.
    pub name: Option<String>,
    /// Ways through it, in order; an `else` has no test. A function has one.
    pub branches: Vec<Branch>,
    /// An `if` with `else`, or a `case` with `*)`: one branch is taken for sure.
    pub has_else: bool,
    /// Stands behind `!`.
    pub negated: bool,
    /// Redirections behind it, as written.
    pub redirects: Vec<Word>,
    /// The whole construct.
    pub span: Span,
    /// All simple commands inside, at any depth, in the order of the text; those in the bodies of
    /// functions defined inside left out, unless this is the function.
    pub commands: Vec<SimpleCommand>,
}

impl Compound {
    /// Whether this only defines a function.
    pub fn is_function(&self) -> bool {
        self.keyword == "function"
    }
}

/// A command of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A simple command.
    Simple(SimpleCommand),
    /// A compound command.
    Compound(Compound),
}

/// A command and what joins it to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The command.
    pub node: Node,
    /// What joins it to the next.
    pub join: Join,
}

/// The first line, if it begins with `#!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shebang {
    /// The program.
    pub interpreter: String,
    /// The one argument the kernel passes on.
    pub argument: Option<String>,
    /// The line.
    pub span: Span,
    /// Ends in a carriage return: the kernel looks for a program of that name.
    pub carriage_return: bool,
}

/// A script as far as it was understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The first line, if `#!`.
    pub shebang: Option<Shebang>,
    /// Commands at the top, in order.
    pub commands: Vec<Command>,
    /// Words after `trap`, for each `trap` anywhere.
    pub traps: Vec<Vec<Word>>,
    /// The text has CRLF line ends; they are read as plain line ends.
    pub crlf: bool,
    /// From where on reading was not sure, if it was not sure of everything.
    pub unclear: Option<Span>,
}

impl Script {
    /// All simple commands, also inside compounds and functions, in the order of the text.
    pub fn simple_commands(&self) -> Vec<&SimpleCommand> {
        let mut found = Vec::new();
        collect(&self.commands, true, &mut found);
        found
    }

    /// Whether `$@` or `$*` is used anywhere outside of functions, whose own arguments it would be.
    pub fn uses_args(&self) -> bool {
        let mut found = Vec::new();
        collect(&self.commands, false, &mut found);
        let in_loops = compounds(&self.commands).into_iter().filter(|compound| !compound.is_function());
        let loop_words = in_loops.flat_map(|compound| &compound.branches).flat_map(|branch| &branch.words);
        found.iter().any(|command| command.uses_args()) || loop_words.into_iter().any(|word| word.holds_args)
    }

    /// The function of this name that is defined last.
    pub fn function(&self, name: &str) -> Option<&Compound> {
        let named = |compound: &&Compound| compound.name.as_deref() == Some(name);
        compounds(&self.commands).into_iter().rev().find(named)
    }
}

/// The command at the end of a script that decides what stays: the last at the top.
pub fn last_command(script: &Script) -> Option<&Command> {
    script.commands.last()
}

/// Simple commands of a list at any depth; those of functions only if wanted.
fn collect<'a>(commands: &'a [Command], functions: bool, found: &mut Vec<&'a SimpleCommand>) {
    for command in commands {
        match &command.node {
            Node::Simple(simple) => found.push(simple),
            Node::Compound(compound) if compound.is_function() && !functions => {}
            Node::Compound(compound) => {
                for branch in &compound.branches {
                    collect(&branch.test, functions, found);
                    collect(&branch.body, functions, found);
                }
            }
        }
    }
}

/// Compound commands of a list at any depth, the outer before the inner.
fn compounds(commands: &[Command]) -> Vec<&Compound> {
    let mut found = Vec::new();
    for command in commands {
        if let Node::Compound(compound) = &command.node {
            found.push(compound);
            for branch in &compound.branches {
                found.extend(compounds(&branch.test));
                found.extend(compounds(&branch.body));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;

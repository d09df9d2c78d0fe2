//! The shape of a `sh -c` text, by which shells decide whether they stay as PID 1.

use super::{Command, Join, Node, SimpleCommand, read};

/// What a shell text is, seen from the outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `prog args`
    Simple,
    /// `exec prog args`
    Exec,
    /// `a && b`, `a || b`
    AndOr,
    /// `a; b`, several lines
    Sequence,
    /// Ends in `a | b`
    Pipe,
    /// `prog > file`
    Redirect,
    /// `X=1 prog`
    Assignment,
    /// `prog &`, `a & b`
    Background,
    /// Has `if`, `while`, `for`, `case`, `{ }`, `( )`, a function
    Compound,
    /// Empty, or not understood.
    Unknown,
}

/// The shape of a `sh -c` text.
pub fn shape(text: &str) -> Shape {
    let script = read(text);
    match script.commands.as_slice() {
        _ if script.unclear.is_some() => Shape::Unknown,
        [] => Shape::Unknown,
        commands if commands.iter().any(|command| matches!(command.node, Node::Compound(_))) => {
            Shape::Compound
        }
        commands if commands.iter().any(|command| command.join == Join::Background) => Shape::Background,
        [Command { node: Node::Simple(command), .. }] => simple(command),
        commands => several(commands),
    }
}

fn simple(command: &SimpleCommand) -> Shape {
    match command {
        _ if command.negated || command.words.is_empty() => Shape::Unknown,
        _ if command.exec => Shape::Exec,
        _ if !command.redirects.is_empty() => Shape::Redirect,
        _ if !command.assignments.is_empty() => Shape::Assignment,
        _ => Shape::Simple,
    }
}

fn several(commands: &[Command]) -> Shape {
    let joins = || commands.iter().map(|command| command.join);
    let last_is_piped = commands.iter().rev().nth(1).is_some_and(|command| command.join == Join::Pipe);
    match () {
        () if last_is_piped => Shape::Pipe,
        // `a | b && prog`: not measured.
        () if joins().any(|join| join == Join::Pipe) => Shape::Unknown,
        () if joins().any(|join| join == Join::Then) => Shape::Sequence,
        () => Shape::AndOr,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (text, expected) in [
            ("prog", Shape::Simple),
            ("  prog \"$A\" 'b c'  ", Shape::Simple),
            ("exec prog", Shape::Exec),
            ("X=1 exec prog > log", Shape::Exec),
            ("a && prog", Shape::AndOr),
            ("a || b", Shape::AndOr),
            ("a; prog", Shape::Sequence),
            ("a\nprog\n", Shape::Sequence),
            ("cd / && prog; b", Shape::Sequence),
            ("X=1 prog", Shape::Assignment),
            ("prog | tee log", Shape::Pipe),
            ("a && prog | tee log", Shape::Pipe),
            ("prog > file", Shape::Redirect),
            ("prog 2>&1", Shape::Redirect),
            ("prog &", Shape::Background),
            ("a & b", Shape::Background),
            ("(prog)", Shape::Compound),
            ("if a; then b; fi", Shape::Compound),
            ("f() { a; }; f", Shape::Compound),
            ("", Shape::Unknown),
            ("# only a comment", Shape::Unknown),
            ("X=1", Shape::Unknown),
            ("! prog", Shape::Unknown),
            ("a | b && prog", Shape::Unknown),
            ("prog &> log", Shape::Unknown),
            ("echo \"", Shape::Unknown),
            ("a &&", Shape::Unknown),
            ("if a; then b", Shape::Unknown),
            ("a ;; b", Shape::Unknown),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
    }
}

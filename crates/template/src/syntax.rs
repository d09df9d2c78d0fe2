//! The tree of a template (Go's `text/template/parse`, `node.go`).

use crate::functions::Function;

/// Something at the level of text.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Text(String),
    Action(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    Break,
    Continue,
}

/// A pipeline that decides between two bodies.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub pipeline: Pipeline,
    pub body: Vec<Node>,
    pub otherwise: Vec<Node>,
}

/// Commands joined by `|`, and the variables their value goes to.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub variables: Vec<String>,
    /// `=` sets a variable that is there, `:=` makes one.
    pub assigns: bool,
    pub commands: Vec<Command>,
}

/// Operands beside each other: a function or field and its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub operands: Vec<Operand>,
}

/// An operand and its place in the template.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    pub at: usize,
    pub term: Term,
    /// `.A.B` after it.
    pub fields: Vec<String>,
}

/// What an operand begins with.
#[derive(Debug, Clone)]
pub(crate) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Function(&'static Function),
    Variable(String),
    Pipeline(Pipeline),
}

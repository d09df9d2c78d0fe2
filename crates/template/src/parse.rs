//! Tokens to a tree (Go's `text/template/parse`, `parse.go`). What Go has and this has not
//! (`define`, `template`, `block`) is refused by name.

use crate::error::{Mistake, proposing};
use crate::functions;
use crate::lex::{Kind, Token, lex};
use crate::syntax::{Branch, Command, Node, Operand, Pipeline, Term};

/// Blocks and parentheses inside each other; more is refused, since reading and rendering recurse.
pub const MOST_NESTING: usize = 100;

const KEYWORDS: [&str; 10] =
    ["if", "else", "end", "range", "with", "break", "continue", "define", "template", "block"];

/// Read a template.
pub(crate) fn parse(source: &str) -> Result<Vec<Node>, Mistake> {
    let tokens = lex(source)?;
    let mut parser =
        Parser { tokens, next: 0, end: source.len(), variables: vec!["$".to_string()], nesting: 0, loops: 0 };
    match parser.nodes()? {
        (nodes, Ending::Source) => Ok(nodes),
        (_, Ending::End(at)) => Err(Mistake::new(at, "'end' without a block that it ends")),
        (_, Ending::Else(at)) => Err(Mistake::new(at, "'else' without an 'if', 'with' or 'range' before it")),
    }
}

/// What ended a list of nodes.
enum Ending {
    Source,
    End(usize),
    /// Read up to the word itself.
    Else(usize),
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    /// Length of the source: the place of what is missing at its end.
    end: usize,
    variables: Vec<String>,
    nesting: usize,
    loops: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |token| token.at)
    }

    fn skip_blanks(&mut self) {
        while self.peek() == Some(&Kind::Space) {
            self.next += 1;
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Mistake>) -> Result<T, Mistake> {
        if self.nesting == MOST_NESTING {
            return Err(Mistake::new(
                self.at(),
                format!("more than {MOST_NESTING} blocks inside each other"),
            ));
        }
        self.nesting += 1;
        let result = read(self);
        self.nesting -= 1;
        result
    }

    fn nodes(&mut self) -> Result<(Vec<Node>, Ending), Mistake> {
        let mut nodes = Vec::new();
        loop {
            let at = self.at();
            match self.peek().cloned() {
                None => return Ok((nodes, Ending::Source)),
                Some(Kind::Text(text)) => {
                    self.next += 1;
                    nodes.push(Node::Text(text));
                }
                Some(_) => {
                    // Between actions there is nothing but text: this is `{{`.
                    self.next += 1;
                    match self.keyword().as_deref() {
                        Some("end") => {
                            self.expect_right("end")?;
                            return Ok((nodes, Ending::End(at)));
                        }
                        Some("else") => return Ok((nodes, Ending::Else(at))),
                        Some(word) => nodes.push(self.statement(word, at)?),
                        None => nodes.push(Node::Action(self.whole_pipeline(at, "this action", 1)?)),
                    }
                }
            }
        }
    }

    /// The keyword an action begins with, read over.
    fn keyword(&mut self) -> Option<String> {
        self.skip_blanks();
        match self.peek() {
            Some(Kind::Word(word)) if KEYWORDS.contains(&word.as_str()) => {
                let word = word.clone();
                self.next += 1;
                Some(word)
            }
            _ => None,
        }
    }

    fn statement(&mut self, word: &str, at: usize) -> Result<Node, Mistake> {
        match word {
            "if" => self.deeper(|parser| parser.branch("if", at)).map(Node::If),
            "with" => self.deeper(|parser| parser.branch("with", at)).map(Node::With),
            "range" => self.deeper(|parser| parser.branch("range", at)).map(Node::Range),
            "break" | "continue" => {
                self.expect_right(word)?;
                match (self.loops, word) {
                    (0, _) => Err(Mistake::new(at, format!("'{word}' outside of a 'range'"))),
                    (_, "break") => Ok(Node::Break),
                    _ => Ok(Node::Continue),
                }
            }
            word => Err(Mistake::new(at, format!("'{word}' is not offered here: templates are one text"))),
        }
    }

    /// `if`, `with` or `range` up to its `end`.
    fn branch(&mut self, word: &str, at: usize) -> Result<Branch, Mistake> {
        let outside = self.variables.len();
        let most = if word == "range" { 2 } else { 1 };
        let pipeline = self.whole_pipeline(at, &format!("'{word}'"), most)?;
        let inside = self.variables.len();
        self.loops += usize::from(word == "range");
        let read = self.nodes();
        self.loops -= usize::from(word == "range");
        let (body, ending) = read?;
        self.variables.truncate(inside);
        let otherwise = match ending {
            Ending::End(_) => Vec::new(),
            Ending::Else(at) => self.otherwise(word, at)?,
            Ending::Source => return Err(unended(word, at)),
        };
        self.variables.truncate(outside);
        Ok(Branch { pipeline, body, otherwise })
    }

    /// What follows the word `else`, up to the block's `end`.
    fn otherwise(&mut self, word: &str, at: usize) -> Result<Vec<Node>, Mistake> {
        self.skip_blanks();
        if word == "if" && self.peek() == Some(&Kind::Word("if".to_string())) {
            self.next += 1;
            let node = self.statement("if", at)?;
            return Ok(vec![node]);
        }
        self.expect_right("else")?;
        match self.nodes()? {
            (nodes, Ending::End(_)) => Ok(nodes),
            (_, Ending::Else(at)) => Err(Mistake::new(at, format!("a second 'else' of one '{word}'"))),
            (_, Ending::Source) => Err(unended(word, at)),
        }
    }

    fn expect_right(&mut self, word: &str) -> Result<(), Mistake> {
        self.skip_blanks();
        if self.peek() != Some(&Kind::Right) {
            return Err(Mistake::new(self.at(), format!("nothing may follow '{word}' before '}}}}'")));
        }
        self.next += 1;
        Ok(())
    }

    /// A pipeline up to and with `}}`.
    fn whole_pipeline(&mut self, at: usize, what: &str, most_variables: usize) -> Result<Pipeline, Mistake> {
        let pipeline = self.pipeline(at, what, most_variables)?;
        match self.peek() {
            Some(Kind::Right) => {
                self.next += 1;
                Ok(pipeline)
            }
            _ => Err(Mistake::new(self.at(), "a parenthesis is closed that was never opened")),
        }
    }

    /// Variables and commands up to `}}` or `)`.
    fn pipeline(&mut self, at: usize, what: &str, most_variables: usize) -> Result<Pipeline, Mistake> {
        let (variables, assigns) = self.declaration(most_variables)?;
        let mut commands = Vec::new();
        loop {
            self.skip_blanks();
            if matches!(self.peek(), Some(Kind::Right | Kind::Close)) {
                break;
            }
            let command = self.command()?;
            if let (Some(first), false) = (command.operands.first(), commands.is_empty())
                && !is_executable(first)
            {
                return Err(Mistake::new(first.at, "only a function or field can stand behind '|'"));
            }
            commands.push(command);
            if self.peek() != Some(&Kind::Pipe) {
                break;
            }
            self.next += 1;
            self.skip_blanks();
            if matches!(self.peek(), Some(Kind::Right | Kind::Close)) {
                return Err(Mistake::new(self.at(), "nothing stands behind '|'"));
            }
        }
        if commands.is_empty() {
            return Err(Mistake::new(at, format!("{what} has no value")));
        }
        if !assigns {
            self.variables.extend(variables.iter().cloned());
        }
        Ok(Pipeline { variables, assigns, commands })
    }

    /// `$x :=`, `$x =` or `$i, $x :=` at the beginning of a pipeline.
    fn declaration(&mut self, most: usize) -> Result<(Vec<String>, bool), Mistake> {
        self.skip_blanks();
        let begin = self.next;
        let mut names = Vec::new();
        while let Some(Kind::Variable(name)) = self.peek().cloned() {
            let at = self.at();
            names.push((at, name));
            self.next += 1;
            self.skip_blanks();
            match self.peek() {
                Some(Kind::Comma) if names.len() < most => {
                    self.next += 1;
                    self.skip_blanks();
                }
                Some(Kind::Comma) => {
                    return Err(Mistake::new(at, format!("at most {most} can be set here")));
                }
                Some(kind @ (Kind::Declare | Kind::Assign)) => {
                    let assigns = *kind == Kind::Assign;
                    self.next += 1;
                    for (at, name) in names.iter().filter(|_| assigns) {
                        self.known(name, *at)?;
                    }
                    return Ok((names.into_iter().map(|(_, name)| name).collect(), assigns));
                }
                _ => break,
            }
        }
        self.next = begin;
        Ok((Vec::new(), false))
    }

    fn known(&self, name: &str, at: usize) -> Result<(), Mistake> {
        if self.variables.iter().any(|known| known == name) {
            return Ok(());
        }
        let why = format!("there is no variable '{name}' here");
        Err(Mistake::new(at, proposing(why, name, self.variables.iter().map(String::as_str))))
    }

    fn command(&mut self) -> Result<Command, Mistake> {
        let mut operands = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek() {
                None | Some(Kind::Right | Kind::Close | Kind::Pipe) => break,
                Some(_) => operands.push(self.operand()?),
            }
            match self.peek() {
                None | Some(Kind::Space | Kind::Right | Kind::Close | Kind::Pipe) => {}
                Some(_) => return Err(Mistake::new(self.at(), "a blank is missing between two values")),
            }
        }
        if operands.is_empty() {
            Err(Mistake::new(self.at(), "nothing stands before '|'"))
        } else {
            Ok(Command { operands })
        }
    }

    fn operand(&mut self) -> Result<Operand, Mistake> {
        let at = self.at();
        let mut fields = Vec::new();
        let kind = self.peek().cloned();
        self.next += 1;
        let term = match kind {
            Some(Kind::Dot) => Term::Dot,
            Some(Kind::Field(name)) => {
                fields.push(name);
                Term::Dot
            }
            Some(Kind::Quoted(text)) => Term::Text(text),
            Some(Kind::Int(value)) => Term::Int(value),
            Some(Kind::Float(value)) => Term::Float(value),
            Some(Kind::Word(word)) => word_term(&word, at)?,
            Some(Kind::Variable(name)) => {
                self.known(&name, at)?;
                Term::Variable(name)
            }
            Some(Kind::Open) => Term::Pipeline(self.deeper(|parser| parser.parenthesis(at))?),
            _ => return Err(Mistake::new(at, "a value is missing here")),
        };
        while let Some(Kind::Field(name)) = self.peek().cloned() {
            if matches!(term, Term::Text(_) | Term::Int(_) | Term::Float(_) | Term::Bool(_) | Term::Nil)
                || (matches!(term, Term::Dot) && fields.is_empty())
            {
                return Err(Mistake::new(self.at(), format!("'.{name}' cannot follow this value")));
            }
            fields.push(name);
            self.next += 1;
        }
        Ok(Operand { at, term, fields })
    }

    fn parenthesis(&mut self, at: usize) -> Result<Pipeline, Mistake> {
        let pipeline = self.pipeline(at, "this parenthesis", 1)?;
        match self.peek() {
            Some(Kind::Close) => {
                self.next += 1;
                Ok(pipeline)
            }
            _ => Err(Mistake::new(at, "this parenthesis is not closed")),
        }
    }
}

fn unended(word: &str, at: usize) -> Mistake {
    Mistake::new(at, format!("this '{word}' has no '{{{{end}}}}'"))
}

/// What a value can be piped into.
fn is_executable(operand: &Operand) -> bool {
    match operand.term {
        Term::Bool(_) | Term::Nil | Term::Int(_) | Term::Float(_) | Term::Text(_) => false,
        Term::Dot => !operand.fields.is_empty(),
        Term::Function(_) | Term::Variable(_) | Term::Pipeline(_) => true,
    }
}

fn word_term(word: &str, at: usize) -> Result<Term, Mistake> {
    match word {
        "true" => return Ok(Term::Bool(true)),
        "false" => return Ok(Term::Bool(false)),
        "nil" => return Ok(Term::Nil),
        _ => {}
    }
    if let Some(function) = functions::find(word) {
        return Ok(Term::Function(function));
    }
    let why = format!("there is no function '{word}'");
    if word.starts_with(char::is_uppercase) {
        return Err(Mistake::new(at, format!("{why}: a field is written with a dot, '.{word}'")));
    }
    let words = functions::names().chain(KEYWORDS);
    Err(Mistake::new(at, proposing(why, word, words)))
}

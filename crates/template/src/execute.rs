//! A template over a value (Go's `text/template`, `exec.go`).

use std::collections::BTreeMap;

use crate::error::Mistake;
use crate::evaluated::Evaluated;
use crate::functions::{Body, Function};
use crate::print;
use crate::syntax::{Branch, Command, Node, Operand, Pipeline, Term};
use crate::value::Value;

/// Nodes and operands looked at before giving up.
const MOST_STEPS: usize = 2_000_000;
/// Bytes of text and of values made before giving up.
const MOST_BYTES: usize = 8 << 20;

/// Render nodes over a value. In the heading of a table the functions that shape a value leave it.
pub(crate) fn execute(nodes: &[Node], value: &Value, heading: bool) -> Result<String, Mistake> {
    let dot = Evaluated::Data(value).unwrapped();
    let variables = vec![("$".to_string(), dot.clone())];
    let mut run = Run { variables, out: String::new(), steps: 0, bytes: 0, heading };
    run.nodes(nodes, &dot)?;
    Ok(run.out)
}

/// How a list of nodes was left.
#[derive(PartialEq)]
enum Flow {
    Next,
    Break,
    Continue,
}

struct Run<'a> {
    variables: Vec<(String, Evaluated<'a>)>,
    out: String,
    steps: usize,
    bytes: usize,
    heading: bool,
}

impl<'a> Run<'a> {
    fn step(&mut self, at: usize) -> Result<(), Mistake> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(Mistake::new(at, format!("more than {MOST_STEPS} steps are needed")));
        }
        Ok(())
    }

    fn charge(&mut self, bytes: usize, at: usize) -> Result<(), Mistake> {
        self.bytes += bytes;
        if self.bytes > MOST_BYTES {
            return Err(Mistake::new(at, format!("more than {} MiB are made", MOST_BYTES >> 20)));
        }
        Ok(())
    }

    fn nodes(&mut self, nodes: &[Node], dot: &Evaluated<'a>) -> Result<Flow, Mistake> {
        for node in nodes {
            self.step(0)?;
            let flow = match node {
                Node::Text(text) => {
                    self.charge(text.len(), 0)?;
                    self.out.push_str(text);
                    Flow::Next
                }
                Node::Action(pipeline) => self.action(pipeline, dot)?,
                Node::If(branch) => self.branch(branch, dot, false)?,
                Node::With(branch) => self.branch(branch, dot, true)?,
                Node::Range(branch) => self.range(branch, dot)?,
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn action(&mut self, pipeline: &Pipeline, dot: &Evaluated<'a>) -> Result<Flow, Mistake> {
        let value = self.pipeline(pipeline, dot)?;
        if pipeline.variables.is_empty() {
            let before = self.out.len();
            match value.value() {
                None => self.out.push_str("<no value>"),
                value => print::write(value, &mut self.out),
            }
            self.charge(self.out.len() - before, pipeline.at())?;
        }
        Ok(Flow::Next)
    }

    fn branch(&mut self, branch: &Branch, dot: &Evaluated<'a>, with: bool) -> Result<Flow, Mistake> {
        let outside = self.variables.len();
        let value = self.pipeline(&branch.pipeline, dot)?;
        let flow = match (value.is_true(), with) {
            (true, true) => self.nodes(&branch.body, &value),
            (true, false) => self.nodes(&branch.body, dot),
            (false, _) => self.nodes(&branch.otherwise, dot),
        };
        self.variables.truncate(outside);
        flow
    }

    fn range(&mut self, branch: &Branch, dot: &Evaluated<'a>) -> Result<Flow, Mistake> {
        let outside = self.variables.len();
        let over = self.pipeline(&branch.pipeline, dot)?;
        let inside = self.variables.len();
        let keys = keys(&over).map_err(|why| Mistake::new(branch.pipeline.at(), why))?;
        let mut flow = Flow::Next;
        if keys.is_empty() {
            flow = self.nodes(&branch.otherwise, dot)?;
        }
        for key in keys {
            self.step(branch.pipeline.at())?;
            let item = match &key {
                Value::Text(key) => over.in_map(key).unwrap_or(Evaluated::Missing),
                Value::Int(at) => over.item(*at as usize).unwrap_or(Evaluated::Missing),
                _ => Evaluated::Missing,
            };
            self.bind_item(&branch.pipeline, key, &item);
            let left = self.nodes(&branch.body, &item)?;
            self.variables.truncate(inside);
            if left == Flow::Break {
                break;
            }
        }
        self.variables.truncate(outside);
        Ok(flow)
    }

    /// Give the variables of a `range` their values for one round: the last one is the item.
    fn bind_item(&mut self, pipeline: &Pipeline, key: Value, item: &Evaluated<'a>) {
        let mut names = pipeline.variables.iter().rev();
        if let Some(name) = names.next() {
            self.assign(name, item.clone());
        }
        if let Some(name) = names.next() {
            self.assign(name, key.into());
        }
    }

    fn assign(&mut self, name: &str, value: Evaluated<'a>) {
        if let Some((_, old)) = self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            *old = value;
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Evaluated<'a>) -> Result<Evaluated<'a>, Mistake> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, dot, value)?.unwrapped());
        }
        let value = value.unwrap_or(Evaluated::Missing);
        for name in &pipeline.variables {
            match pipeline.assigns {
                true => self.assign(name, value.clone()),
                false => self.variables.push((name.clone(), value.clone())),
            }
        }
        Ok(value)
    }

    /// A command; `last` is what was piped into it.
    fn command(
        &mut self,
        command: &Command,
        dot: &Evaluated<'a>,
        last: Option<Evaluated<'a>>,
    ) -> Result<Evaluated<'a>, Mistake> {
        let Some((first, rest)) = command.operands.split_first() else { return Ok(Evaluated::Missing) };
        if let Term::Function(function) = &first.term
            && first.fields.is_empty()
        {
            return self.call(function, first.at, rest, dot, last);
        }
        if matches!(first.term, Term::Nil) {
            return Err(Mistake::new(first.at, "nil is no command"));
        }
        let value = self.operand(first, dot)?;
        if let Some(Value::Method(answers)) = value.value() {
            let argument = match rest {
                [one] if last.is_none() => Some(self.operand(one, dot)?),
                [] => last,
                _ => None,
            };
            return self.ask(answers, argument).map_err(|why| Mistake::new(first.at, why));
        }
        if !rest.is_empty() || last.is_some() {
            return Err(Mistake::new(first.at, "this is no function: it takes no arguments"));
        }
        Ok(value)
    }

    /// What a method gives; in the heading of a table the last part of the text in words, as docker has it.
    fn ask(
        &self,
        answers: &BTreeMap<String, String>,
        argument: Option<Evaluated<'a>>,
    ) -> Result<Evaluated<'a>, &'static str> {
        let argument = argument.ok_or("this takes one text")?;
        let Some(Value::Text(asked)) = argument.value() else { return Err("this takes one text") };
        let answer = match self.heading {
            true => asked.rsplit('.').next().unwrap_or_default().replace(['-', '_'], " "),
            false => answers.get(asked).cloned().unwrap_or_default(),
        };
        Ok(Value::Text(answer).into())
    }

    fn operand(&mut self, operand: &Operand, dot: &Evaluated<'a>) -> Result<Evaluated<'a>, Mistake> {
        self.step(operand.at)?;
        let mut value = match &operand.term {
            Term::Dot => dot.clone(),
            Term::Nil => Evaluated::Missing,
            Term::Bool(value) => Value::Bool(*value).into(),
            Term::Int(value) => Value::Int(*value).into(),
            Term::Float(value) => Value::Float(*value).into(),
            Term::Text(text) => Value::Text(text.clone()).into(),
            Term::Function(function) => self.call(function, operand.at, &[], dot, None)?,
            Term::Variable(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                known.map_or(Evaluated::Missing, |(_, value)| value.clone())
            }
            Term::Pipeline(pipeline) => self.pipeline(pipeline, dot)?,
        };
        for name in &operand.fields {
            value = value.field(name).map_err(|why| Mistake::new(operand.at, why))?;
        }
        Ok(value)
    }

    fn call(
        &mut self,
        function: &Function,
        at: usize,
        operands: &[Operand],
        dot: &Evaluated<'a>,
        last: Option<Evaluated<'a>>,
    ) -> Result<Evaluated<'a>, Mistake> {
        let count = operands.len() + usize::from(last.is_some());
        check_count(function, count).map_err(|why| Mistake::new(at, why))?;
        let (call, shapes) = match function.body {
            Body::And => return self.first(operands, dot, last, false),
            Body::Or => return self.first(operands, dot, last, true),
            Body::Call(call) => (call, false),
            Body::Shape(call) => (call, true),
        };
        let mut arguments = Vec::with_capacity(count);
        for operand in operands {
            arguments.push(self.operand(operand, dot)?);
        }
        arguments.extend(last);
        if shapes && self.heading {
            return Ok(arguments.swap_remove(0));
        }
        let answer = call(&arguments).map_err(|why| Mistake::new(at, format!("{}: {why}", function.name)))?;
        if let Evaluated::Made(value) = &answer {
            self.charge(value.weight(), at)?;
        }
        Ok(answer)
    }

    /// The first operand that is (or is not) true, else the last one.
    fn first(
        &mut self,
        operands: &[Operand],
        dot: &Evaluated<'a>,
        last: Option<Evaluated<'a>>,
        wanted: bool,
    ) -> Result<Evaluated<'a>, Mistake> {
        let mut value = Evaluated::Missing;
        for operand in operands {
            value = self.operand(operand, dot)?;
            if value.is_true() == wanted {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }
}

/// The keys a `range` walks over: positions of a list, keys of a map in sorted order.
fn keys(over: &Evaluated<'_>) -> Result<Vec<Value>, String> {
    match over.value() {
        None | Some(Value::Nil) => Ok(Vec::new()),
        Some(Value::List(items)) => {
            Ok((0..items.as_ref().map_or(0, Vec::len)).map(|at| Value::Int(at as i64)).collect())
        }
        Some(Value::Map(map)) => {
            Ok(map.entries.iter().flatten().map(|(key, _)| Value::Text(key.clone())).collect())
        }
        Some(other) => Err(format!("'range' cannot walk over {}", other.kind())),
    }
}

fn check_count(function: &Function, count: usize) -> Result<(), String> {
    let (least, most) = function.arguments;
    if (least..=most).contains(&count) {
        return Ok(());
    }
    let wanted = match (least, most) {
        (least, usize::MAX) => format!("at least {least}"),
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least} to {most}"),
    };
    Err(format!("{} takes {wanted} arguments, but {count} are given", function.name))
}

impl Pipeline {
    /// Its place: that of its first operand.
    fn at(&self) -> usize {
        self.commands.first().and_then(|command| command.operands.first()).map_or(0, |first| first.at)
    }
}

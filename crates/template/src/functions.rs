//! The functions of a template: Go's own (`text/template`, `funcs.go`) and docker's
//! (`templates.go`: json, split, join, title, lower, upper, pad, truncate).

use std::cmp::Ordering;

use crate::compare::{equals_any, order};
use crate::evaluated::Evaluated;
use crate::value::Value;
use crate::{json, print, printf};

/// A function under its name.
#[derive(Debug)]
pub(crate) struct Function {
    pub name: &'static str,
    /// How many arguments it takes at least and at most.
    pub arguments: (usize, usize),
    pub body: Body,
}

/// How a function is called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    /// The first argument that is empty, else the last; the others are not looked at.
    And,
    /// The first argument that is not empty, else the last.
    Or,
    /// All arguments are needed.
    Call(for<'a> fn(&[Evaluated<'a>]) -> Result<Evaluated<'a>, String>),
    /// The same, but the heading of a table shows its first argument as it is.
    Shape(for<'a> fn(&[Evaluated<'a>]) -> Result<Evaluated<'a>, String>),
}

/// A text with more pieces is not split, a field with more blanks not padded: a template must not
/// make much out of little.
const MOST_PIECES: usize = 1 << 17;

const ANY: usize = usize::MAX;

static FUNCTIONS: [Function; 23] = [
    function("and", (1, ANY), Body::And),
    function("or", (1, ANY), Body::Or),
    function("not", (1, 1), Body::Call(|args| Ok(Value::Bool(!args[0].is_true()).into()))),
    function("eq", (2, ANY), Body::Call(|args| equals(args).map(|equal| Value::Bool(equal).into()))),
    function("ne", (2, 2), Body::Call(|args| equals(args).map(|equal| Value::Bool(!equal).into()))),
    function("lt", (2, 2), Body::Call(|args| compares(args, Ordering::is_lt))),
    function("le", (2, 2), Body::Call(|args| compares(args, Ordering::is_le))),
    function("gt", (2, 2), Body::Call(|args| compares(args, Ordering::is_gt))),
    function("ge", (2, 2), Body::Call(|args| compares(args, Ordering::is_ge))),
    function("index", (1, ANY), Body::Call(index)),
    function("slice", (1, 3), Body::Call(slice)),
    function("len", (1, 1), Body::Call(len)),
    function("print", (0, ANY), Body::Call(|args| made(print::sprint(&values(args))))),
    function("println", (0, ANY), Body::Call(|args| made(print::sprintln(&values(args))))),
    function("printf", (1, ANY), Body::Call(format)),
    function("json", (1, 1), Body::Shape(to_json)),
    function("split", (2, 2), Body::Call(split)),
    function("join", (2, 2), Body::Call(join)),
    function("title", (1, 1), Body::Shape(|args| made(title(text(args, 0)?)))),
    function("lower", (1, 1), Body::Shape(|args| made(lower(text(args, 0)?)))),
    function("upper", (1, 1), Body::Shape(|args| made(upper(text(args, 0)?)))),
    function("pad", (3, 3), Body::Call(pad)),
    function("truncate", (2, 2), Body::Shape(truncate)),
];

const fn function(name: &'static str, arguments: (usize, usize), body: Body) -> Function {
    Function { name, arguments, body }
}

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// The names of all functions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name)
}

type Arguments<'s, 'a> = &'s [Evaluated<'a>];
type Answer<'a> = Result<Evaluated<'a>, String>;

fn made<'a>(text: String) -> Answer<'a> {
    Ok(Value::Text(text).into())
}

fn values<'s>(args: Arguments<'s, '_>) -> Vec<Option<&'s Value>> {
    args.iter().map(Evaluated::value).collect()
}

fn described(value: Option<&Value>) -> &'static str {
    value.map_or("nil", Value::kind)
}

fn text<'s>(args: Arguments<'s, '_>, at: usize) -> Result<&'s str, String> {
    match args[at].value() {
        Some(Value::Text(text)) => Ok(text),
        other => Err(format!("argument {} must be a text, but it is {}", at + 1, described(other))),
    }
}

fn whole(args: Arguments<'_, '_>, at: usize) -> Result<usize, String> {
    match args[at].value() {
        Some(Value::Int(value)) => {
            usize::try_from(*value).map_err(|_| format!("argument {} must not be negative", at + 1))
        }
        other => Err(format!("argument {} must be a whole number, but it is {}", at + 1, described(other))),
    }
}

fn equals(args: Arguments<'_, '_>) -> Result<bool, String> {
    let values = values(args);
    equals_any(values[0], &values[1..])
}

fn compares<'a>(args: Arguments<'_, '_>, wanted: fn(Ordering) -> bool) -> Answer<'a> {
    let order = order(args[0].value(), args[1].value())?;
    Ok(Value::Bool(order.is_some_and(wanted)).into())
}

/// `index VALUE KEY...`: of maps by text, of lists by number, one after the other.
fn index<'a>(args: Arguments<'_, 'a>) -> Answer<'a> {
    let mut at = args[0].clone();
    for key in 1..args.len() {
        at = match at.value() {
            Some(Value::Map(_)) => at.in_map(text(args, key)?).unwrap_or_else(|absent| absent),
            Some(Value::List(items)) => {
                let (position, length) = (whole(args, key)?, items.as_ref().map_or(0, Vec::len));
                at.item(position)
                    .ok_or_else(|| format!("there is no item {position}: the list has {length}"))?
            }
            Some(Value::Text(text)) => {
                let byte = text.as_bytes().get(whole(args, key)?).copied();
                Value::Int(i64::from(byte.ok_or("the text is shorter than that")?)).into()
            }
            other => return Err(format!("{} cannot be indexed", described(other))),
        };
    }
    Ok(at)
}

/// `slice VALUE FROM TO` of a list or a text, in bytes.
fn slice<'a>(args: Arguments<'_, 'a>) -> Answer<'a> {
    let value = args[0].value();
    let length = match value {
        Some(Value::List(items)) => items.as_ref().map_or(0, Vec::len),
        Some(Value::Text(text)) => text.len(),
        other => return Err(format!("{} cannot be sliced", described(other))),
    };
    let from = if args.len() > 1 { whole(args, 1)? } else { 0 };
    let to = if args.len() > 2 { whole(args, 2)? } else { length };
    if from > to || to > length {
        return Err(format!("there is no slice from {from} to {to}: the length is {length}"));
    }
    match value {
        Some(Value::Text(text)) => made(String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned()),
        Some(Value::List(Some(items))) => Ok(Value::List(Some(items[from..to].to_vec())).into()),
        _ => Ok(Value::List(None).into()),
    }
}

fn len<'a>(args: Arguments<'_, '_>) -> Answer<'a> {
    let length = match args[0].value() {
        Some(Value::Text(text)) => text.len(),
        Some(Value::List(items)) => items.as_ref().map_or(0, Vec::len),
        Some(Value::Map(map)) => map.entries.as_ref().map_or(0, std::collections::BTreeMap::len),
        other => return Err(format!("{} has no length", described(other))),
    };
    Ok(Value::Int(length as i64).into())
}

fn format<'a>(args: Arguments<'_, '_>) -> Answer<'a> {
    made(printf::sprintf(text(args, 0)?, &values(&args[1..]))?)
}

fn to_json<'a>(args: Arguments<'_, '_>) -> Answer<'a> {
    let mut out = String::new();
    json::write(args[0].value(), &mut out);
    made(out)
}

fn split<'a>(args: Arguments<'_, '_>) -> Answer<'a> {
    let (whole, separator) = (text(args, 0)?, text(args, 1)?);
    if whole.matches(separator).count() > MOST_PIECES {
        return Err(format!("a text is split into at most {MOST_PIECES} pieces"));
    }
    let pieces: Vec<Value> = match separator {
        "" => whole.chars().map(|c| Value::Text(c.to_string())).collect(),
        separator => whole.split(separator).map(Value::from).collect(),
    };
    Ok(Value::List(Some(pieces)).into())
}

fn join<'a>(args: Arguments<'_, '_>) -> Answer<'a> {
    let Some(Value::List(items)) = args[0].value() else {
        return Err(format!("argument 1 must be a list of texts, but it is {}", described(args[0].value())));
    };
    let mut texts = Vec::new();
    for item in items.iter().flatten() {
        match item {
            Value::Text(text) => texts.push(text.as_str()),
            other => return Err(format!("argument 1 must be a list of texts, but it has {}", other.kind())),
        }
    }
    let separator = text(args, 1)?;
    if separator.len() > MOST_PIECES {
        return Err("the separator is too long".to_string());
    }
    made(texts.join(separator))
}

/// `strings.Title`: the first letter of every word in upper case.
fn title(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        out.push(if inside { c } else { one(c.to_uppercase(), c) });
        inside = match c.is_ascii() {
            true => c.is_ascii_alphanumeric() || c == '_',
            false => !c.is_whitespace() && (c.is_alphanumeric() || inside),
        };
    }
    out
}

/// Go changes the case of one character to one character: `ß` stays.
fn one(mut changed: impl ExactSizeIterator<Item = char>, c: char) -> char {
    if changed.len() == 1 { changed.next().unwrap_or(c) } else { c }
}

fn lower(text: &str) -> String {
    text.chars().map(|c| one(c.to_lowercase(), c)).collect()
}

fn upper(text: &str) -> String {
    text.chars().map(|c| one(c.to_uppercase(), c)).collect()
}

/// `pad TEXT BEFORE AFTER`: blanks around a text that is not empty.
fn pad<'a>(args: Arguments<'_, '_>) -> Answer<'a> {
    let (text, before, after) = (text(args, 0)?, whole(args, 1)?, whole(args, 2)?);
    if before.max(after) > MOST_PIECES {
        return Err(format!("at most {MOST_PIECES} blanks are put beside a text"));
    }
    match text {
        "" => made(String::new()),
        text => made(format!("{}{text}{}", " ".repeat(before), " ".repeat(after))),
    }
}

/// `truncate TEXT LENGTH`, in bytes.
fn truncate<'a>(args: Arguments<'_, '_>) -> Answer<'a> {
    let (text, length) = (text(args, 0)?, whole(args, 1)?);
    let bytes = &text.as_bytes()[..length.min(text.len())];
    made(String::from_utf8_lossy(bytes).into_owned())
}

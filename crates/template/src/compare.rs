//! `eq ne lt le gt ge` (Go's `text/template`, `funcs.go`).

use std::cmp::Ordering;

use crate::value::Value;

const INCOMPATIBLE: &str = "values of different types cannot be compared";

/// Whether the first value equals one of the others.
pub(crate) fn equals_any(first: Option<&Value>, others: &[Option<&Value>]) -> Result<bool, String> {
    comparable(first)?;
    for other in others {
        if equal(first, *other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// nil is no value: it equals nil alone.
fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !matches!(value, Value::Nil | Value::NoRecord))
}

fn comparable(value: Option<&Value>) -> Result<(), String> {
    match present(value) {
        Some(value @ (Value::List(_) | Value::Map(_) | Value::Record(_))) => {
            Err(format!("{} cannot be compared", value.kind()))
        }
        _ => Ok(()),
    }
}

fn equal(a: Option<&Value>, b: Option<&Value>) -> Result<bool, String> {
    let (Some(a), Some(b)) = (present(a), present(b)) else {
        return Ok(present(a).is_none() && present(b).is_none());
    };
    match (a.plain(), b.plain()) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Int(a), Value::Int(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Text(a), Value::Text(b)) => Ok(a == b),
        _ => Err(INCOMPATIBLE.to_string()),
    }
}

/// The order of two numbers or texts; NaN has none.
pub(crate) fn order(a: Option<&Value>, b: Option<&Value>) -> Result<Option<Ordering>, String> {
    let (Some(a), Some(b)) = (present(a), present(b)) else {
        return Err("nil has no order".to_string());
    };
    match (a.plain(), b.plain()) {
        (Value::Int(a), Value::Int(b)) => Ok(Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        (Value::Text(a), Value::Text(b)) => Ok(Some(a.cmp(b))),
        (a, b) => match [a, b].into_iter().find(|value| !value.has_order()) {
            Some(value) => Err(format!("{} has no order", value.kind())),
            None => Err(INCOMPATIBLE.to_string()),
        },
    }
}

impl Value {
    /// The value that a method `String` speaks for.
    fn plain(&self) -> &Value {
        match self {
            Value::Stringer { of, .. } => of,
            value => value,
        }
    }

    fn has_order(&self) -> bool {
        matches!(self, Value::Int(_) | Value::Float(_) | Value::Text(_))
    }
}

//! Values while a template is rendered: parts of the data are borrowed, what is made is shared.

use std::rc::Rc;

use crate::error::proposing;
use crate::value::Value;

/// What an operand is at rendering.
#[derive(Debug, Clone)]
pub(crate) enum Evaluated<'a> {
    /// Go's invalid value: a key that is not there.
    Missing,
    /// A part of the value the template is rendered over.
    Data(&'a Value),
    /// Made by the template.
    Made(Rc<Value>),
}

impl From<Value> for Evaluated<'_> {
    fn from(value: Value) -> Self {
        Evaluated::Made(Rc::new(value))
    }
}

impl<'a> Evaluated<'a> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Evaluated::Missing => None,
            Evaluated::Data(value) => Some(value),
            Evaluated::Made(value) => Some(value),
        }
    }

    /// Whether it counts as true.
    pub fn is_true(&self) -> bool {
        self.value().is_some_and(Value::is_true)
    }

    /// A part of the value.
    fn part(&self, find: impl for<'v> Fn(&'v Value) -> Option<&'v Value>) -> Option<Evaluated<'a>> {
        match self {
            Evaluated::Missing => None,
            Evaluated::Data(value) => find(value).map(Evaluated::Data),
            Evaluated::Made(value) => find(value).map(|part| part.clone().into()),
        }
    }

    /// The value of a map's key; else what stands for one that is absent.
    pub fn in_map(&self, key: &str) -> Result<Evaluated<'a>, Evaluated<'a>> {
        let entry = self.part(|value| match value {
            Value::Map(map) => map.entries.as_ref()?.get(key),
            _ => None,
        });
        let absent = || {
            self.part(|value| match value {
                Value::Map(map) => Some(&map.absent),
                _ => None,
            })
        };
        entry.ok_or_else(|| absent().unwrap_or(Evaluated::Missing))
    }

    /// An item of a list.
    pub fn item(&self, at: usize) -> Option<Evaluated<'a>> {
        self.part(|value| match value {
            Value::List(items) => items.as_ref()?.get(at),
            _ => None,
        })
    }

    /// A field of a record or the value of a map's key.
    pub fn field(&self, name: &str) -> Result<Evaluated<'a>, String> {
        let Some(value) = self.value() else { return Ok(Evaluated::Missing) };
        match value {
            Value::Record(fields) => self.part(|value| value.field(name)).ok_or_else(|| {
                let names = fields.iter().map(|field| field.name);
                proposing(format!("there is no field '{name}' here"), name, names)
            }),
            Value::Map(_) => Ok(self.in_map(name).unwrap_or(Evaluated::Missing)),
            Value::Nil | Value::NoRecord => Err(format!("'.{name}' is asked for of nothing")),
            other => Err(format!("{} has no field '{name}'", other.kind())),
        }
    }

    /// What the end of a pipeline makes of it: an empty interface is no value at all.
    pub fn unwrapped(self) -> Self {
        match self.value() {
            Some(Value::Nil) => Evaluated::Missing,
            _ => self,
        }
    }
}

//! What templates are rendered over: values as Go's programs hand them over.
//!
//! JSON alone is not enough: docker's `-f` runs over Go's structs, where a list may be nil (`[]` in
//! text, `null` in JSON), a field of the empty value is left out of the JSON but not of the template,
//! an absent label is the empty text, and a duration prints as `30s` though JSON has its nanoseconds.

use std::collections::BTreeMap;

/// A value of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// JSON's `null`: an interface without a value; text shows `<no value>`.
    Nil,
    /// A pointer to a record that is not there; text shows `<nil>`, its fields cannot be asked for.
    NoRecord,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Text(String),
    /// A slice; `None` is the nil slice.
    List(Option<Vec<Value>>),
    /// A map with text keys.
    Map(Map),
    /// A struct: its fields in order. To ask for another one is an error.
    Record(Vec<Field>),
    /// A method that takes a text, with what it gives for each; for any other one the empty text. Tables head a column
    /// of it by the text.
    Method(BTreeMap<String, String>),
    /// A value with a method `String`, `time.Duration` for instance: `text` is shown, JSON has `of`.
    Stringer {
        /// What text shows.
        text: String,
        /// What it is.
        of: Box<Value>,
    },
}

/// A map with text keys, which Go walks in sorted order.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Its entries; `None` is the nil map.
    pub entries: Option<BTreeMap<String, Value>>,
    /// What `index` gives for a key that is not there: the zero value of the map's type.
    pub absent: Box<Value>,
}

/// A field of a struct.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name in templates.
    pub name: &'static str,
    /// Its key in JSON, which docker's templates also understand.
    pub key: &'static str,
    /// Its value.
    pub value: Value,
    /// Whether JSON leaves it out while it is empty.
    pub omit_empty: bool,
}

impl Field {
    /// A field that JSON always has, under the same name.
    pub fn new(name: &'static str, value: impl Into<Value>) -> Self {
        Field { name, key: name, value: value.into(), omit_empty: false }
    }

    /// A field that JSON has only while it is not empty.
    pub fn if_any(name: &'static str, value: impl Into<Value>) -> Self {
        Field { omit_empty: true, ..Field::new(name, value) }
    }

    /// The same with another key in JSON.
    #[must_use]
    pub fn keyed(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }
}

impl Value {
    /// A list of texts; none is Go's nil slice.
    pub fn texts(texts: impl IntoIterator<Item = String>) -> Self {
        let texts: Vec<Value> = texts.into_iter().map(Value::Text).collect();
        Value::List(if texts.is_empty() { None } else { Some(texts) })
    }

    /// A `map[string]T` where `absent` is the zero value of T.
    pub fn map(entries: Option<BTreeMap<String, Value>>, absent: Value) -> Self {
        Value::Map(Map { entries, absent: Box::new(absent) })
    }

    /// The value as one line of JSON, as docker's function `json` writes it.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        crate::json::write(Some(self), &mut out);
        out
    }

    /// The value of a record's field, by its name or its JSON key.
    pub fn field(&self, name: &str) -> Option<&Value> {
        let Value::Record(fields) = self else { return None };
        let named = fields.iter().find(|field| field.name == name);
        let field = named.or_else(|| fields.iter().find(|field| field.key == name));
        field.map(|field| &field.value)
    }

    /// Whether it counts as true in `if` (`text/template`'s isTrue).
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Value::Nil | Value::NoRecord => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::List(items) => items.as_ref().is_some_and(|items| !items.is_empty()),
            Value::Map(map) => map.entries.as_ref().is_some_and(|entries| !entries.is_empty()),
            Value::Record(_) => true,
            Value::Method(_) => false,
            Value::Stringer { of, .. } => of.is_true(),
        }
    }

    /// The name of its type, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Nil | Value::NoRecord => "nil",
            Value::Bool(_) => "a truth value",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Record(_) => "a record",
            Value::Method(_) => "a method",
            Value::Stringer { of, .. } => of.kind(),
        }
    }

    /// The memory a copy takes, roughly.
    pub(crate) fn weight(&self) -> usize {
        let own = std::mem::size_of::<Value>();
        own + match self {
            Value::Text(text) => text.len(),
            Value::List(Some(items)) => items.iter().map(Value::weight).sum(),
            Value::Map(Map { entries: Some(entries), .. }) => {
                entries.iter().map(|(key, value)| key.len() + value.weight()).sum()
            }
            Value::Record(fields) => fields.iter().map(|field| field.value.weight()).sum(),
            _ => 0,
        }
    }
}

impl From<serde_json::Value> for Value {
    /// JSON as Go reads it into `interface{}`, but whole numbers stay whole.
    fn from(json: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::Nil,
            Json::Bool(value) => Value::Bool(value),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Int(whole),
                None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::Text(text),
            Json::Array(items) => Value::List(Some(items.into_iter().map(Value::from).collect())),
            Json::Object(object) => {
                let entries = object.into_iter().map(|(key, value)| (key, Value::from(value)));
                Value::map(Some(entries.collect()), Value::Nil)
            }
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_string())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

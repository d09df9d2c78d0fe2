//! YAML as a JSON value: mappings without a key twice, plain scalars typed as Go's yaml.v2 does.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// More values than any test file has.
const NODES: usize = 100_000;

/// The first document of a text.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader::default();
    for (count, event) in Parser::new_from_str(text).enumerate() {
        let (event, _) = event.map_err(|error| error.info().to_string())?;
        if count > NODES {
            return Err("it has more values than any test file".to_string());
        }
        reader.take(event)?;
        if let Some(value) = reader.root.take() {
            return Ok(value);
        }
    }
    Err("it is empty".to_string())
}

#[derive(Default)]
struct Reader {
    root: Option<Value>,
    open: Vec<Open>,
    anchors: HashMap<usize, Value>,
    /// Values that aliases have repeated: a small file can name a very large value.
    repeated: usize,
}

/// A collection whose end was not seen yet.
struct Open {
    anchor: usize,
    collection: Value,
    /// The key whose value comes next.
    key: Option<String>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let is_key =
                    self.open.last().is_some_and(|open| open.collection.is_object() && open.key.is_none());
                let value = if plain && !is_key { typed(&text) } else { Value::String(text.into_owned()) };
                self.add(anchor, value)
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().ok_or("an alias names nothing")?;
                self.repeated += size(&value);
                if self.repeated > NODES {
                    return Err("its aliases make it larger than any test file".to_string());
                }
                self.add(0, value)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.begin(anchor, Value::Array(Vec::new()));
                Ok(())
            }
            Event::MappingStart(_, anchor, _) => {
                self.begin(anchor, Value::Object(Map::new()));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.add(open.anchor, open.collection),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, anchor: usize, collection: Value) {
        self.open.push(Open { anchor, collection, key: None });
    }

    fn add(&mut self, anchor: usize, value: Value) -> Result<(), String> {
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(value);
            return Ok(());
        };
        match (&mut open.collection, open.key.take()) {
            (Value::Array(items), _) => items.push(value),
            (Value::Object(fields), Some(key)) => {
                if fields.contains_key(&key) {
                    return Err(format!("the key '{key}' is written twice"));
                }
                fields.insert(key, value);
            }
            (_, None) => match value {
                Value::String(key) => open.key = Some(key),
                _ => return Err("a key is no text".to_string()),
            },
            (_, Some(_)) => {}
        }
        Ok(())
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// A plain scalar by YAML 1.1's types, as far as test files have them.
fn typed(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
            return Value::Bool(true);
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    let number = text.parse::<i64>().ok().map(Number::from);
    let begins = text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit());
    let real = || text.parse::<f64>().ok().filter(|_| begins).and_then(Number::from_f64);
    number.or_else(real).map_or_else(|| Value::String(text.to_string()), Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_become_values() {
        let text = "a: &x [1, \"two\", yes, '1', -3.5]\nb: *x\nc: {d: ~, 80: x}\ne: |\n  line\n";
        let value = parse(text).unwrap();
        assert_eq!(
            value,
            json!({"a": [1, "two", true, "1", -3.5], "b": [1, "two", true, "1", -3.5], "c": {"d": null, "80": "x"}, "e": "line\n"})
        );
        assert_eq!(parse("a: 1.2.3").unwrap(), json!({"a": "1.2.3"}));
    }

    #[test]
    fn hostile_documents_are_refused() {
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                    d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e]\n";
        assert!(parse(bomb).unwrap_err().contains("aliases"));
        for bad in ["", "a: [", "a: *nobody", "a: 1\na: 2", "? [x]\n: y\n"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}

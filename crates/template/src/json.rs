//! docker's `json`: Go's `encoding/json` without escaping for HTML.

use crate::value::{Field, Value};

/// One line of JSON.
pub(crate) fn write(value: Option<&Value>, out: &mut String) {
    match value {
        None | Some(Value::Nil | Value::NoRecord | Value::List(None) | Value::Method(_)) => {
            out.push_str("null")
        }
        Some(Value::Bool(value)) => out.push_str(if *value { "true" } else { "false" }),
        Some(Value::Int(value)) => out.push_str(&format!("{value}")),
        Some(Value::Float(value)) => float(*value, out),
        Some(Value::Text(text)) => string(text, out),
        Some(Value::List(Some(items))) => {
            sequence('[', ']', items, out, |item, out| write(Some(item), out));
        }
        Some(Value::Map(map)) => match &map.entries {
            None => out.push_str("null"),
            Some(entries) => sequence('{', '}', entries, out, |(key, value), out| member(key, value, out)),
        },
        Some(Value::Record(fields)) => {
            let shown = fields.iter().filter(|field| !field.is_left_out());
            sequence('{', '}', shown, out, |field, out| member(field.key, &field.value, out));
        }
        Some(Value::Stringer { of, .. }) => write(Some(of), out),
    }
}

fn sequence<T>(
    open: char,
    close: char,
    items: impl IntoIterator<Item = T>,
    out: &mut String,
    mut one: impl FnMut(T, &mut String),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        one(item, out);
    }
    out.push(close);
}

fn member(key: &str, value: &Value, out: &mut String) {
    string(key, out);
    out.push(':');
    write(Some(value), out);
}

impl Field {
    /// `omitempty`: false, 0, "", nil and what has no elements; never a struct. Methods are no data.
    pub(crate) fn is_left_out(&self) -> bool {
        matches!(self.value, Value::Method(_)) || self.omit_empty && !self.value.is_true()
    }
}

/// Go's form: digits unless the exponent is below -6 or above 20.
fn float(value: f64, out: &mut String) {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let sign = if exponent.starts_with('-') { "" } else { "+" };
        return out.push_str(&format!("{digits}e{sign}{exponent}"));
    }
    out.push_str(&format!("{value}"));
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 || matches!(c, '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

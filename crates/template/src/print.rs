//! Values to text as Go's `fmt.Print` does.

use crate::printf;
use crate::value::Value;

/// `%v` of a value; an invalid one is nil.
pub(crate) fn write(value: Option<&Value>, out: &mut String) {
    match value {
        None | Some(Value::Nil | Value::NoRecord | Value::Method(_)) => out.push_str("<nil>"),
        Some(Value::Bool(value)) => out.push_str(&value.to_string()),
        Some(Value::Int(value)) => out.push_str(&value.to_string()),
        Some(Value::Float(value)) => out.push_str(&printf::shortest(*value, 'e')),
        Some(Value::Text(text)) | Some(Value::Stringer { text, .. }) => out.push_str(text),
        Some(Value::List(items)) => {
            out.push('[');
            separated(items.iter().flatten(), out, |item, out| write(Some(item), out));
            out.push(']');
        }
        Some(Value::Map(map)) => {
            out.push_str("map[");
            separated(map.entries.iter().flatten(), out, |(key, value), out| {
                out.push_str(key);
                out.push(':');
                write(Some(value), out);
            });
            out.push(']');
        }
        Some(Value::Record(fields)) => {
            out.push('{');
            separated(fields.iter(), out, |field, out| write(Some(&field.value), out));
            out.push('}');
        }
    }
}

/// Items with a blank between them.
pub(crate) fn separated<T>(
    items: impl Iterator<Item = T>,
    out: &mut String,
    mut one: impl FnMut(T, &mut String),
) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(' ');
        }
        one(item, out);
    }
}

/// `fmt.Sprint`: a blank between two operands of which neither is a text.
pub(crate) fn sprint(values: &[Option<&Value>]) -> String {
    let is_text = |value: Option<&Value>| matches!(value, Some(Value::Text(_)));
    let mut out = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 && !is_text(*value) && !is_text(values[index - 1]) {
            out.push(' ');
        }
        write(*value, &mut out);
    }
    out
}

/// `fmt.Sprintln`: blanks between all operands, and a newline.
pub(crate) fn sprintln(values: &[Option<&Value>]) -> String {
    let mut out = String::new();
    separated(values.iter(), &mut out, |value, out| write(*value, out));
    out.push('\n');
    out
}

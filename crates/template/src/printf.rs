//! Go's `fmt.Sprintf` (`print.go`, `format.go`) with the verbs templates have a use for.

use std::str::Chars;

use plimsoll_model::go_text::quoted;

use crate::print;
use crate::value::Value;

/// A wider field than this is refused: Go's own limit is a million.
const MOST_WIDTH: usize = 10_000;

/// A directive without its verb.
#[derive(Debug, Clone, Copy, Default)]
struct Spec {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Format values. Wrong verbs and counts are shown as Go shows them, not refused.
pub(crate) fn sprintf(format: &str, values: &[Option<&Value>]) -> Result<String, String> {
    let mut out = String::new();
    let mut used = 0;
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let spec = spec(&mut rest, values, &mut used)?;
        match rest.next() {
            None => out.push_str("%!(NOVERB)"),
            Some('%') => out.push('%'),
            Some('[') => return Err("printf's '%[n]' is not offered here".to_string()),
            Some(verb @ ('T' | 'p')) => return Err(format!("printf's '%{verb}' is not offered here")),
            Some(verb) => match values.get(used) {
                None => out.push_str(&format!("%!{verb}(MISSING)")),
                Some(value) => {
                    used += 1;
                    argument(*value, verb, spec, &mut out);
                }
            },
        }
    }
    if used < values.len() {
        extra(&values[used..], &mut out);
    }
    Ok(out)
}

fn spec(rest: &mut Chars<'_>, values: &[Option<&Value>], used: &mut usize) -> Result<Spec, String> {
    let mut spec = Spec::default();
    while let Some(flag) = rest.clone().next() {
        match flag {
            '-' => spec.minus = true,
            '+' => spec.plus = true,
            '#' => spec.sharp = true,
            ' ' => spec.space = true,
            '0' => spec.zero = true,
            _ => break,
        }
        rest.next();
    }
    let (width, left) = number(rest, values, used)?;
    spec.width = width;
    spec.minus |= left;
    if rest.clone().next() == Some('.') {
        rest.next();
        let (precision, negative) = number(rest, values, used)?;
        spec.precision = (!negative).then_some(precision.unwrap_or(0));
    }
    Ok(spec)
}

/// A width or precision, and whether it was negative (from `*`).
fn number(
    rest: &mut Chars<'_>,
    values: &[Option<&Value>],
    used: &mut usize,
) -> Result<(Option<usize>, bool), String> {
    let too_wide = || format!("printf makes fields of at most {MOST_WIDTH} characters");
    if rest.clone().next() == Some('*') {
        rest.next();
        let value = values.get(*used).copied().flatten();
        *used += 1;
        let Some(Value::Int(value)) = value else {
            return Err("the width that '*' stands for must be a whole number".to_string());
        };
        let width = usize::try_from(value.unsigned_abs()).ok().filter(|width| *width <= MOST_WIDTH);
        return Ok((Some(width.ok_or_else(too_wide)?), *value < 0));
    }
    let mut number = None;
    while let Some(digit) = rest.clone().next().and_then(|c| c.to_digit(10)) {
        let value = number.unwrap_or(0) * 10 + digit as usize;
        if value > MOST_WIDTH {
            return Err(too_wide());
        }
        number = Some(value);
        rest.next();
    }
    Ok((number, false))
}

fn extra(values: &[Option<&Value>], out: &mut String) {
    let shown = values.iter().map(|value| match value {
        None | Some(Value::Nil) => "<nil>".to_string(),
        Some(value) => format!("{}={}", go_type(value), print::sprint(&[Some(value)])),
    });
    out.push_str(&format!("%!(EXTRA {})", shown.collect::<Vec<_>>().join(", ")));
}

/// Go's name of a type, as far as it is known here.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Nil | Value::NoRecord => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float64",
        Value::Text(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
        Value::Record(_) => "struct",
        Value::Method(_) => "func(string) string",
        Value::Stringer { .. } => "time.Duration",
    }
}

/// One operand; of lists, maps and records each element in its turn.
fn argument(value: Option<&Value>, verb: char, spec: Spec, out: &mut String) {
    let nothing = || match verb {
        'v' => "<nil>".to_string(),
        verb => format!("%!{verb}(<nil>)"),
    };
    match value {
        None | Some(Value::Nil | Value::NoRecord) => pad(&nothing(), spec, out),
        Some(Value::List(items)) => {
            out.push('[');
            print::separated(items.iter().flatten(), out, |item, out| argument(Some(item), verb, spec, out));
            out.push(']');
        }
        Some(Value::Map(map)) => {
            out.push_str("map[");
            print::separated(map.entries.iter().flatten(), out, |(key, value), out| {
                argument(Some(&Value::Text(key.clone())), verb, spec, out);
                out.push(':');
                argument(Some(value), verb, spec, out);
            });
            out.push(']');
        }
        Some(Value::Record(fields)) => {
            out.push('{');
            print::separated(fields.iter(), out, |field, out| {
                if spec.plus && verb == 'v' {
                    out.push_str(&format!("{}:", field.name));
                }
                argument(Some(&field.value), verb, spec, out);
            });
            out.push('}');
        }
        Some(Value::Stringer { text, .. }) if "vsqxX".contains(verb) => {
            scalar(&Value::Text(text.clone()), verb, spec, out);
        }
        Some(Value::Stringer { of, .. }) => argument(Some(of), verb, spec, out),
        Some(value) => scalar(value, verb, spec, out),
    }
}

fn scalar(value: &Value, verb: char, spec: Spec, out: &mut String) {
    let formatted = match value {
        Value::Bool(value) if matches!(verb, 't' | 'v') => Some(value.to_string()),
        Value::Int(value) => integer(*value, verb, spec),
        Value::Float(value) => float(*value, verb, spec),
        Value::Text(value) => text(value, verb, spec),
        _ => None,
    };
    match formatted {
        Some(text) => pad(&text, spec, out),
        None => out.push_str(&format!("%!{verb}({}={})", go_type(value), print::sprint(&[Some(value)]))),
    }
}

fn integer(value: i64, verb: char, spec: Spec) -> Option<String> {
    let magnitude = value.unsigned_abs();
    let (prefix, digits) = match verb {
        'd' | 'v' => ("", magnitude.to_string()),
        'b' => (if spec.sharp { "0b" } else { "" }, format!("{magnitude:b}")),
        'o' => (if spec.sharp { "0" } else { "" }, format!("{magnitude:o}")),
        'O' => ("0o", format!("{magnitude:o}")),
        'x' => (if spec.sharp { "0x" } else { "" }, format!("{magnitude:x}")),
        'X' => (if spec.sharp { "0X" } else { "" }, format!("{magnitude:X}")),
        'U' => return Some(format!("U+{magnitude:04X}")),
        'c' => return Some(character(value).to_string()),
        'q' => return Some(format!("'{}'", quoted(&character(value).to_string()).trim_matches('"'))),
        _ => return None,
    };
    let sign = sign(value < 0, spec);
    let zeros = match (spec.precision, spec.width) {
        (Some(0), _) if value == 0 => return Some(String::new()),
        (Some(precision), _) => precision.saturating_sub(digits.len()),
        // Zeros fill the field between sign and digits.
        (None, Some(width)) if spec.zero && !spec.minus => width.saturating_sub(digits.len() + sign.len()),
        _ => 0,
    };
    Some(format!("{sign}{prefix}{}{digits}", "0".repeat(zeros)))
}

fn character(value: i64) -> char {
    u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn sign(negative: bool, spec: Spec) -> &'static str {
    match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

fn float(value: f64, verb: char, spec: Spec) -> Option<String> {
    let magnitude = value.abs();
    let digits = match (verb, spec.precision) {
        ('v' | 'g', None) => shortest(magnitude, 'e'),
        ('G', None) => shortest(magnitude, 'E'),
        ('f' | 'F', precision) => format!("{magnitude:.*}", precision.unwrap_or(6)),
        ('e' | 'E', precision) => exponent(&format!("{magnitude:.*e}", precision.unwrap_or(6)), verb),
        ('v' | 'g' | 'G', Some(precision)) => general(magnitude, precision.max(1), verb),
        _ => return None,
    };
    let sign = sign(value.is_sign_negative(), spec);
    let filled = spec.width.filter(|_| spec.zero && !spec.minus).unwrap_or(0);
    let zeros = filled.saturating_sub(digits.len() + sign.len());
    Some(format!("{sign}{}{digits}", "0".repeat(zeros)))
}

/// Rust's `1.5e7` in C's form `1.5e+07`.
fn exponent(text: &str, letter: char) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}{letter}{sign}{exponent:0>2}")
}

/// `%g`: the fewest digits that mean this very number, with an exponent where it is long.
pub(crate) fn shortest(value: f64, letter: char) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        }
        .to_string();
    }
    let text = format!("{value:e}");
    let power: i32 = text.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    if (-4..6).contains(&power) { format!("{value}") } else { exponent(&text, letter) }
}

/// `%.3g`: so many significant digits, no zeros at the end.
fn general(value: f64, precision: usize, verb: char) -> String {
    let text = format!("{value:.*e}", precision - 1);
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i64 = power.parse().unwrap_or(0);
    let trimmed = |digits: &str| match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => digits.to_string(),
    };
    if power < -4 || power >= precision as i64 {
        let letter = if verb == 'G' { 'E' } else { 'e' };
        return exponent(&format!("{}e{power}", trimmed(digits)), letter);
    }
    let decimals = usize::try_from(precision as i64 - 1 - power).unwrap_or(0);
    trimmed(&format!("{value:.decimals$}"))
}

fn text(value: &str, verb: char, spec: Spec) -> Option<String> {
    let cut: String = match spec.precision {
        Some(precision) => value.chars().take(precision).collect(),
        None => value.to_string(),
    };
    let hex = |upper: bool| {
        let bytes = value.bytes().take(spec.precision.unwrap_or(usize::MAX));
        let one = |byte: u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        bytes.map(one).collect::<Vec<_>>().join(if spec.space { " " } else { "" })
    };
    match verb {
        'v' | 's' => Some(cut),
        'q' if spec.sharp && !cut.contains('`') => Some(format!("`{cut}`")),
        'q' => Some(quoted(&cut)),
        'x' => Some(hex(false)),
        'X' => Some(hex(true)),
        _ => None,
    }
}

/// Fill a field with blanks.
fn pad(text: &str, spec: Spec, out: &mut String) {
    let missing = spec.width.unwrap_or(0).saturating_sub(text.chars().count());
    // Go fills texts with zeros too where it is asked to.
    let blank = if spec.zero && !spec.minus { "0" } else { " " };
    match spec.minus {
        true => out.extend([text, &" ".repeat(missing)]),
        false => out.extend([blank.repeat(missing).as_str(), text]),
    }
}

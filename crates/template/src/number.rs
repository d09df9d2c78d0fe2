//! Go's constants for numbers, characters and escapes (`strconv.ParseInt` with base 0, `Unquote`).

/// A number constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

/// The number at the beginning of a text, and its length.
pub(crate) fn number(rest: &str) -> Result<(Number, usize), String> {
    let length = extent(rest);
    let text = &rest[..length];
    let bad = || format!("'{text}' is no number");
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    let plain = digits.replace('_', "");
    if let Some((radix, digits)) = prefixed(&plain) {
        let value = i128::from_str_radix(digits, radix).map_err(|_| bad())?;
        return Ok((Number::Int(fitting(sign * value, text)?), length));
    }
    if let Ok(value) = plain.parse::<i128>() {
        return Ok((Number::Int(fitting(sign * value, text)?), length));
    }
    let digits_only = plain.chars().all(|c| c.is_ascii_digit() || ".eE+-".contains(c));
    let value: f64 = plain.parse().ok().filter(|_| digits_only).ok_or_else(bad)?;
    Ok((Number::Float(value * sign as f64), length))
}

/// How far a number reaches: digits, letters, dots, and a sign after an exponent.
fn extent(rest: &str) -> usize {
    let unsigned = rest.trim_start_matches(['+', '-']);
    let hexadecimal = unsigned.starts_with("0x") || unsigned.starts_with("0X");
    let mut previous = ' ';
    for (at, c) in rest.char_indices() {
        let sign = matches!(c, '+' | '-') && (at == 0 || (!hexadecimal && matches!(previous, 'e' | 'E')));
        if !(sign || c.is_alphanumeric() || c == '.' || c == '_') {
            return at;
        }
        previous = c;
    }
    rest.len()
}

fn prefixed(digits: &str) -> Option<(u32, &str)> {
    let rest = digits.strip_prefix('0').filter(|rest| !rest.is_empty())?;
    match rest.as_bytes()[0].to_ascii_lowercase() {
        b'x' => Some((16, &rest[1..])),
        b'o' => Some((8, &rest[1..])),
        b'b' => Some((2, &rest[1..])),
        b'0'..=b'7' if rest.bytes().all(|c| c.is_ascii_digit()) => Some((8, rest)),
        _ => None,
    }
}

fn fitting(value: i128, text: &str) -> Result<i64, String> {
    i64::try_from(value).map_err(|_| format!("'{text}' is too large for a whole number"))
}

/// A character constant in single quotes: its code, and its length.
pub(crate) fn character(rest: &str) -> Result<(i64, usize), String> {
    let bad = || "a character constant is one character in single quotes".to_string();
    let (c, length) = match rest[1..].chars().next().ok_or_else(bad)? {
        '\\' => escape(&rest[1..], '\'')?,
        '\'' | '\n' => return Err(bad()),
        c => (c, c.len_utf8()),
    };
    if rest[1 + length..].starts_with('\'') { Ok((i64::from(c as u32), length + 2)) } else { Err(bad()) }
}

/// The escape at the beginning of a text, which is a backslash, and its length.
pub(crate) fn escape(rest: &str, quote: char) -> Result<(char, usize), String> {
    let kind = rest[1..].chars().next().ok_or("this string has no closing quote")?;
    let simple = match kind {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' => '\\',
        c if c == quote => c,
        'x' => return coded(rest, 2, 2, 16),
        'u' => return coded(rest, 2, 4, 16),
        'U' => return coded(rest, 2, 8, 16),
        '0'..='7' => return coded(rest, 1, 3, 8),
        c => return Err(format!("'\\{c}' is no escape of Go's")),
    };
    Ok((simple, 2))
}

fn coded(rest: &str, start: usize, digits: usize, radix: u32) -> Result<(char, usize), String> {
    let text = rest.get(start..start + digits).unwrap_or("");
    let code = u32::from_str_radix(text, radix).ok().filter(|_| !text.starts_with('+'));
    let value = code.and_then(char::from_u32);
    value
        .map(|c| (c, start + digits))
        .ok_or_else(|| format!("'\\{}' is no escape of Go's", &rest[1..start.max(2)]))
}

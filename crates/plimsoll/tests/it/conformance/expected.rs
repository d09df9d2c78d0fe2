//! What a step has to give, and what of it is missing.

use crate::command::Output;

use super::place::Place;

/// What a step has to give.
#[derive(Debug, Default)]
pub struct Expected {
    /// How it ends.
    pub end: End,
    /// What holds of standard output.
    pub stdout: Vec<Text>,
    /// Parts of standard error.
    pub stderr: Vec<&'static str>,
}

/// How a command ends.
#[derive(Debug, Clone, Copy, Default)]
pub enum End {
    /// With 0.
    #[default]
    Well,
    /// With this code.
    With(i32),
    /// With the code an engine has for what a verb cannot do.
    Refused,
}

/// What is expected of an output; see the builders in `case.rs`.
#[derive(Debug)]
pub enum Text {
    /// Equal.
    Is(&'static str),
    /// Equal up to what `*` stands for.
    Like(&'static str),
    /// Contained.
    Has(&'static str),
    /// Not contained.
    Lacks(&'static str),
    /// These lines in any order.
    Lines(&'static [&'static str]),
    /// So many bytes.
    Bytes(usize),
    /// So many hexadecimal digits.
    Hex(usize),
}

impl Expected {
    /// The first thing that is not as expected; `refusal` is what [`End::Refused`] stands for.
    pub fn check(&self, output: &Output, place: &Place, refusal: i32) -> Result<(), String> {
        if output.has_panicked() {
            return Err("it panics".to_string());
        }
        let code = match self.end {
            End::Well => 0,
            End::With(code) => code,
            End::Refused => refusal,
        };
        if output.code != code {
            let said = shortened(output.stderr.trim());
            return Err(format!("ends with {}, expected {code}: {said}", output.code));
        }
        if let Some(text) = self.stdout.iter().find(|text| !text.fits(output, place)) {
            return Err(format!("prints '{}', expected {text:?}", shortened(output.stdout.trim())));
        }
        match self.stderr.iter().find(|text| !output.stderr.contains(&place.fill(text))) {
            Some(text) => Err(format!("says '{}', expected '{text}'", shortened(output.stderr.trim()))),
            None => Ok(()),
        }
    }
}

impl Text {
    fn fits(&self, output: &Output, place: &Place) -> bool {
        // A terminal ends lines with CR LF.
        let found = output.stdout.replace("\r\n", "\n");
        let found = found.trim();
        match self {
            Text::Is(text) => found == place.fill(text).trim(),
            Text::Like(pattern) => is_like(found, &place.fill(pattern)),
            Text::Has(text) => found.contains(&place.fill(text)),
            Text::Lacks(text) => !found.contains(&place.fill(text)),
            Text::Lines(lines) => {
                let mut expected: Vec<String> = lines.iter().map(|line| place.fill(line)).collect();
                let mut found: Vec<&str> = found.lines().map(str::trim).collect();
                expected.sort();
                found.sort_unstable();
                found == expected
            }
            Text::Bytes(count) => output.bytes.len() == *count,
            Text::Hex(digits) => {
                found.len() == *digits && found.chars().all(|digit| digit.is_ascii_hexdigit())
            }
        }
    }
}

/// `*` stands for any text, everything else for itself.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().expect("a split has one part at least");
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 400;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_string(),
    }
}

#[test]
fn a_star_stands_for_anything() {
    for (text, pattern) in [("Up 3 seconds", "Up *"), ("abc", "*"), ("a-b-c", "a*b*c"), ("aXb", "a*b")] {
        assert!(is_like(text, pattern), "{text} {pattern}");
    }
    for (text, pattern) in [("Up", "Up *"), ("abc", "b*"), ("ab", "ab*b"), ("abx", "a*b")] {
        assert!(!is_like(text, pattern), "{text} {pattern}");
    }
}

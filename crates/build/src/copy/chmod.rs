//! `--chmod`: octal, or symbolic as chmod(1) writes it (`u=rwX,go=rX`).

/// How a mode changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModeChange {
    /// This mode, whatever it was.
    Set(u32),
    /// Clauses applied in order.
    Symbolic(Vec<Clause>),
}

/// `who`, operator, permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    who: u32,
    operator: char,
    permissions: Vec<char>,
}

/// A text that is no mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no mode: octal digits up to 7777 or clauses such as 'u=rwX,go=rX' were expected")]
pub struct BadMode {
    /// What was read.
    pub text: String,
}

const USER: u32 = 0o4700;
const GROUP: u32 = 0o2070;
const OTHER: u32 = 0o1007;

impl ModeChange {
    /// Read a mode.
    pub fn parse(text: &str) -> Result<Self, BadMode> {
        let bad = || BadMode { text: text.to_string() };
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
            return mode.map(ModeChange::Set).ok_or_else(bad);
        }
        let clauses = text.split(',').map(clause).collect::<Option<Vec<_>>>().ok_or_else(bad)?;
        Ok(ModeChange::Symbolic(clauses.into_iter().flatten().collect()))
    }

    /// The new mode of a file or directory.
    pub fn apply(&self, old: u32, is_directory: bool) -> u32 {
        match self {
            ModeChange::Set(mode) => *mode,
            ModeChange::Symbolic(clauses) => {
                clauses.iter().fold(old, |mode, clause| clause.apply(mode, is_directory))
            }
        }
    }
}

/// `[ugoa]*([-+=][rwxXst]*)+`
fn clause(text: &str) -> Option<Vec<Clause>> {
    let who_end = text.find(['+', '-', '='])?;
    let mut who = 0;
    for c in text[..who_end].chars() {
        who |= match c {
            'u' => USER,
            'g' => GROUP,
            'o' => OTHER,
            'a' => USER | GROUP | OTHER,
            _ => return None,
        };
    }
    let who = if who == 0 { USER | GROUP | OTHER } else { who };
    let mut clauses: Vec<Clause> = Vec::new();
    for c in text[who_end..].chars() {
        match c {
            '+' | '-' | '=' => clauses.push(Clause { who, operator: c, permissions: Vec::new() }),
            'r' | 'w' | 'x' | 'X' | 's' | 't' => clauses.last_mut()?.permissions.push(c),
            _ => return None,
        }
    }
    Some(clauses)
}

impl Clause {
    fn apply(&self, mode: u32, is_directory: bool) -> u32 {
        let conditional = is_directory || mode & 0o111 != 0;
        let bits = self.permissions.iter().fold(0, |bits, permission| {
            bits | match permission {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                'X' if conditional => 0o111,
                's' => 0o6000,
                't' => 0o1000,
                _ => 0,
            }
        });
        let bits = bits & self.who;
        match self.operator {
            '+' => mode | bits,
            '-' => mode & !bits,
            _ => mode & !(self.who & 0o777) | bits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_and_symbolic() {
        let apply = |text: &str, old, dir| ModeChange::parse(text).unwrap().apply(old, dir);
        assert_eq!(apply("755", 0o600, false), 0o755);
        assert_eq!(apply("04755", 0o600, false), 0o4755);
        assert_eq!(apply("u=rwX,go=rX", 0o600, false), 0o644);
        assert_eq!(apply("u=rwX,go=rX", 0o700, false), 0o755);
        assert_eq!(apply("u=rwX,go=rX", 0o600, true), 0o755);
        assert_eq!(apply("+x", 0o644, false), 0o755);
        assert_eq!(apply("go-w,u+s", 0o766, false), 0o4744);
        for bad in ["", "8", "77777", "u", "z=r", "u=q", "rwx"] {
            assert!(ModeChange::parse(bad).is_err(), "{bad}");
        }
    }
}

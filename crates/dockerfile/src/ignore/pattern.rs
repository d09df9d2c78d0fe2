//! One pattern of an ignore file: Go's filepath.Match and `**` (moby/patternmatcher).
//!
//! Matching keeps a set of places in the pattern instead of backtracking, so its time is bounded by
//! the product of both lengths.

/// A step of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// This character.
    Char(char),
    /// `?`: any but `/`.
    Any,
    /// `*`: any number of any but `/`.
    Star,
    /// `**` at the end: anything, also `/`.
    All,
    /// `**` before more: nothing, or anything that ends in `/`.
    Directories,
    /// `**name`: anything at all before the rest of the pattern.
    Tail,
    /// `[a-z]`, `[^a-z]`.
    Class { negated: bool, ranges: Vec<(char, char)> },
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    steps: Vec<Step>,
}

/// What Go's filepath.Clean and the ignore file reader make of a pattern: no `.`, `..`, double,
/// leading or final slashes.
pub(super) fn clean(pattern: &str) -> String {
    let rooted = pattern.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if rooted && parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    match parts.is_empty() {
        true => ".".to_string(),
        false => parts.join("/"),
    }
}

impl Pattern {
    /// Read a cleaned pattern; `Err` says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut steps = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let step = match c {
                '*' if chars.next_if_eq(&'*').is_some() => {
                    let slash = chars.next_if_eq(&'/').is_some();
                    let plain_tail = steps.is_empty() && !slash && is_plain(chars.clone());
                    match chars.peek() {
                        None => Step::All,
                        Some(_) if plain_tail => Step::Tail,
                        Some(_) => Step::Directories,
                    }
                }
                '*' => Step::Star,
                '?' => Step::Any,
                '[' => class(&mut chars)?,
                '\\' => Step::Char(chars.next().ok_or("it ends in '\\'")?),
                c => Step::Char(c),
            };
            steps.push(step);
        }
        Ok(Pattern { steps })
    }

    /// Whether the pattern is this whole path.
    pub fn matches(&self, path: &str) -> bool {
        self.run(path).last() == Some(&true)
    }

    /// Whether something below this directory may match.
    pub fn may_match_below(&self, dir: &str) -> bool {
        match dir {
            "" | "." => true,
            dir => self.run(&format!("{dir}/")).contains(&true),
        }
    }

    /// Which places in the pattern are reached after reading the whole text; the last place is the
    /// end of the pattern.
    fn run(&self, text: &str) -> Vec<bool> {
        let mut places = vec![false; self.steps.len() + 1];
        self.reach(0, &mut places);
        for c in text.chars() {
            let mut next = vec![false; places.len()];
            for (at, step) in self.steps.iter().enumerate().filter(|(at, _)| places[*at]) {
                self.advance(at, step, c, &mut next);
            }
            // Inside `**/` only a slash leads on: the place itself stays reached without going on.
            places = next;
        }
        places
    }

    /// Mark a place, and those behind it that need no character.
    fn reach(&self, at: usize, places: &mut [bool]) {
        let mut at = at;
        loop {
            places[at] = true;
            match self.steps.get(at) {
                Some(Step::Star | Step::All | Step::Directories | Step::Tail) => at += 1,
                _ => return,
            }
        }
    }

    fn advance(&self, at: usize, step: &Step, c: char, next: &mut [bool]) {
        let goes_on = match step {
            Step::Char(wanted) => *wanted == c,
            Step::Any => c != '/',
            Step::Star => {
                if c != '/' {
                    self.reach(at, next);
                }
                return;
            }
            Step::All | Step::Tail => {
                self.reach(at, next);
                return;
            }
            Step::Directories => {
                next[at] = true;
                c == '/'
            }
            Step::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        };
        if goes_on {
            self.reach(at + 1, next);
        }
    }
}

/// No wildcard follows: then `**x` means any path that ends in `x` (patternmatcher's suffixMatch).
fn is_plain(rest: impl Iterator<Item = char>) -> bool {
    !rest.into_iter().any(|c| matches!(c, '*' | '?' | '[' | ']' | '\\'))
}

fn class(chars: &mut std::iter::Peekable<impl Iterator<Item = char>>) -> Result<Step, &'static str> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        match chars.peek() {
            None => return Err("'[' has no ']'"),
            Some(']') if !ranges.is_empty() => {
                chars.next();
                return Ok(Step::Class { negated, ranges });
            }
            Some(_) => {}
        }
        let low = class_char(chars)?;
        let high = match chars.next_if_eq(&'-') {
            Some(_) => class_char(chars)?,
            None => low,
        };
        ranges.push((low, high));
    }
}

fn class_char(chars: &mut impl Iterator<Item = char>) -> Result<char, &'static str> {
    match chars.next() {
        None => Err("'[' has no ']'"),
        Some('-' | ']') => Err("'-' and ']' in '[...]' need a '\\' before them"),
        Some('\\') => chars.next().ok_or("'[' has no ']'"),
        Some(c) => Ok(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Pattern::parse(&clean(pattern)).unwrap().matches(path)
    }

    /// The table of moby/patternmatcher's own tests, as far as it is about single patterns.
    #[test]
    fn single_patterns() {
        for (pattern, yes, no) in [
            ("a", "a", "a/b"),
            ("*", "file.txt", "dir/file"),
            ("*.go", "a.go", "d/a.go"),
            ("a*b", "axxb", "ax/b"),
            ("?", "é", "ab"),
            ("a?c", "abc", "a/c"),
            ("**", "a/b/c", "\u{0}never/"),
            ("**/", "file/", "\u{0}never/"),
            ("dir/**", "dir/a/b", "dir"),
            ("**/dir2/*", "a/dir2/b", "a/dir2/b/c"),
            ("**/dir2/*", "dir2/b", "dir3/b"),
            ("**/dir2/**", "dir/dir2/b/c", "dir/dir2"),
            ("**file", "dir/file", "filed"),
            ("**/file", "dir/file", "dirfile"),
            ("**/file", "file", "dir/file/x"),
            ("**/*.txt", "dir/x.txt", "x.txt/y"),
            ("**/**/*.txt", "d/d/x.txt", "x.tx"),
            ("a**/*.txt", "a/x.txt", "b/x.txt"),
            ("a/**/b", "a/b", "ab"),
            ("a/**/b", "a/x/y/b", "a/x/y/bb"),
            ("a[b-d]e", "ace", "aae"),
            ("a[^b-d]e", "aae", "ace"),
            ("a[\\-x]", "a-", "ay"),
            ("[\\]a]", "]", "b"),
            ("a\\*b", "a*b", "axb"),
            ("a.|()+{}$/b", "a.|()+{}$/b", "axb"),
            ("/a/./b//c/../", "a/b", "a"),
            ("**/foo/bar", "x/foo/bar", "foo/barx"),
            ("abc/**", "abc/def/ghi", "abcd"),
            ("**a*", "a", "ba"),
        ] {
            assert!(matches(pattern, yes), "{pattern} should match {yes}");
            assert!(no.starts_with('\0') || !matches(pattern, no), "{pattern} should not match {no}");
        }
    }

    #[test]
    fn bad_patterns() {
        for bad in ["[", "[]", "[]a]", "[^]", "[a-]", "[-x]", "[x-]", "[a", "a\\", "a["] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
        assert!(Pattern::parse("a]").is_ok());
    }

    #[test]
    fn what_may_match_below_a_directory() {
        let below = |pattern: &str, dir: &str| Pattern::parse(pattern).unwrap().may_match_below(dir);
        assert!(below("a/b/c", "a"));
        assert!(below("a/*/c", "a/x"));
        assert!(!below("a/b/c", "a/x"));
        assert!(!below("a", "a"));
        assert!(below("**/x", "any/where"));
        assert!(below("x", ""));
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = Pattern::parse(&format!("{}b", "*a".repeat(200))).unwrap();
        assert!(!pattern.matches(&"a".repeat(5000)));
    }
}

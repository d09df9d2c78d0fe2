//! `.dockerignore`: patterns of paths, `!` to take back, the last match wins
//! (moby/patternmatcher and its ignorefile reader).
//!
//! A path is excluded if the last line that matches it or one of its parents has no `!`. So a path
//! below an excluded directory can be taken back.

mod pattern;

use plimsoll_model::{Diagnostic, Severity, Source, Span};

use pattern::Pattern;

/// The patterns of an ignore file.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    lines: Vec<Line>,
    /// Patterns that cannot be read; Docker refuses to build with them.
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, Clone)]
struct Line {
    /// One-based.
    number: usize,
    takes_back: bool,
    /// As written, cleaned.
    text: String,
    pattern: Pattern,
}

impl Ignore {
    /// Read an ignore file. Bad patterns are left out and reported.
    pub fn parse(source: &Source) -> Ignore {
        let mut ignore = Ignore::default();
        let mut offset = 0;
        for (index, whole) in source.text().split_inclusive('\n').enumerate() {
            let text = whole.trim_start_matches('\u{feff}');
            if !text.starts_with('#') && !text.trim().is_empty() {
                let start = offset + (whole.len() - whole.trim_start_matches('\u{feff}').trim_start().len());
                let span = Span::new(start, start + text.trim().len());
                ignore.add(index + 1, text.trim(), source, span);
            }
            offset += whole.len();
        }
        ignore
    }

    /// Patterns that do not come from a file: `COPY --exclude`. Bad ones are left out, and `Err`
    /// names the first.
    pub fn from_patterns<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Ignore, String> {
        let text = patterns.into_iter().collect::<Vec<_>>().join("\n");
        let ignore = Ignore::parse(&Source::new("patterns", text));
        match ignore.diagnostics.first() {
            Some(bad) => Err(bad.message.clone()),
            None => Ok(ignore),
        }
    }

    fn add(&mut self, number: usize, text: &str, source: &Source, span: Span) {
        let (takes_back, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, text),
        };
        let clean = pattern::clean(text);
        let parsed = match text {
            "" => Err("nothing stands after '!'"),
            _ => Pattern::parse(&clean),
        };
        match parsed {
            Ok(pattern) => self.lines.push(Line { number, takes_back, text: clean, pattern }),
            Err(why) => {
                let message = format!("'{text}' is no pattern: {why}");
                self.diagnostics
                    .push(Diagnostic::new("PL029", "", Severity::Error, message).at(source, span, ""));
            }
        }
    }

    /// Whether no line excludes anything.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The one-based line that excludes this path, which is relative to the context and clean
    /// (`a/b`); `None` if it is not excluded.
    pub fn excluded(&self, path: &str) -> Option<usize> {
        let path = path.trim_matches('/');
        let mut by = None;
        for line in &self.lines {
            // A line can only change the answer: the builder does not look at the others either.
            if line.takes_back == by.is_some() && matches_with_parents(&line.pattern, path) {
                by = (!line.takes_back).then_some(line.number);
            }
        }
        by
    }

    /// Whether a line excludes everything: `*`, `**` or `**/*`.
    pub fn excludes_everything(&self) -> bool {
        let everything = |line: &Line| matches!(line.text.as_str(), "*" | "**" | "**/*");
        self.lines.iter().any(|line| !line.takes_back && everything(line))
    }

    /// Whether a `!` line may take back this path or something below it. What stands before the
    /// first wildcard decides, as in BuildKit (`validations.go` copySourceNegated).
    pub fn may_take_back(&self, path: &str) -> bool {
        let path = if path == "." { "" } else { path.trim_start_matches('/') };
        let may = |line: &Line| match fixed_part(&line.text) {
            (fixed, true) => is_at_or_below(fixed, path) || is_at_or_below(path, fixed),
            (fixed, false) => is_at_or_below(fixed, path),
        };
        self.lines.iter().any(|line| line.takes_back && may(line))
    }

    /// Whether a walk must look into this directory: it is not excluded itself, or a later `!` line
    /// may take back something below it.
    pub fn may_include_below(&self, dir: &str) -> bool {
        let dir = dir.trim_matches('/');
        if self.excluded(dir).is_none() {
            return true;
        }
        let last_exclusion = |line: &Line| !line.takes_back && matches_with_parents(&line.pattern, dir);
        let after = self.lines.iter().rposition(last_exclusion).map_or(0, |index| index + 1);
        self.lines[after..].iter().any(|line| line.takes_back && line.pattern.may_match_below(dir))
    }
}

/// The directories of a pattern before its first wildcard, and whether it has one.
fn fixed_part(pattern: &str) -> (&str, bool) {
    match pattern.find(['*', '?', '[']) {
        Some(wildcard) => (pattern[..wildcard].rsplit_once('/').map_or("", |(fixed, _)| fixed), true),
        None => (pattern, false),
    }
}

/// Everything is below the empty path.
fn is_at_or_below(path: &str, base: &str) -> bool {
    let rest = path.strip_prefix(base);
    base.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn matches_with_parents(pattern: &Pattern, path: &str) -> bool {
    let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
    std::iter::once(path).chain(parents).any(|path| pattern.matches(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignore(text: &str) -> Ignore {
        let ignore = Ignore::parse(&Source::new(".dockerignore", text));
        assert_eq!(ignore.diagnostics, []);
        ignore
    }

    #[test]
    fn the_last_match_wins_and_names_its_line() {
        let ignore = ignore("# all\n*\n!src\nsrc/*.o\n!src/keep.o\n");
        assert_eq!(ignore.excluded("README"), Some(2));
        assert_eq!(ignore.excluded("src"), None);
        assert_eq!(ignore.excluded("src/a.c"), None);
        assert_eq!(ignore.excluded("src/a.o"), Some(4));
        assert_eq!(ignore.excluded("src/keep.o"), None);
        assert_eq!(ignore.excluded("src/deep/a.o"), None);
    }

    #[test]
    fn excluded_directories_can_be_taken_back_in_part() {
        let ignore = ignore("node_modules\n!node_modules/a/b\n");
        assert_eq!(ignore.excluded("node_modules/x"), Some(1));
        assert_eq!(ignore.excluded("node_modules/a/b/c"), None);
        assert!(ignore.may_include_below("node_modules"));
        assert!(ignore.may_include_below("node_modules/a"));
        assert!(!ignore.may_include_below("node_modules/x"));
        assert!(ignore.may_include_below("src"));
    }

    #[test]
    fn a_later_exclusion_ends_the_hope_of_earlier_ones() {
        let ignore = ignore("!a/b\na\n");
        assert_eq!(ignore.excluded("a/b"), Some(2));
        assert!(!ignore.may_include_below("a"));
    }

    #[test]
    fn stars_may_take_back_at_any_depth() {
        let ignore = ignore("*\n!**/*.go\n");
        assert_eq!(ignore.excluded("x/y/z.go"), None);
        assert_eq!(ignore.excluded("x/y/z.c"), Some(1));
        assert!(ignore.may_include_below("x/y"));
    }

    #[test]
    fn lines_are_cleaned() {
        let ignore = ignore("\u{feff}/abs/\r\n  ./rel/../other  \n! /abs/keep\n\n#x\n ../up\n .\n");
        assert_eq!(ignore.excluded("abs/x"), Some(1));
        assert_eq!(ignore.excluded("abs/keep"), None);
        assert_eq!(ignore.excluded("other"), Some(2));
        assert_eq!(ignore.excluded("rel"), None);
        assert_eq!(ignore.excluded("up"), None);
    }

    #[test]
    fn a_hash_counts_only_in_the_first_column() {
        assert_eq!(ignore(" #a\n").excluded("#a"), Some(1));
        assert_eq!(ignore("#a\n").excluded("#a"), None);
    }

    #[test]
    fn what_may_be_taken_back() {
        let plain = ignore("a\n!a/b/c\n");
        assert!(plain.may_take_back("a") && plain.may_take_back("a/b/c") && plain.may_take_back("."));
        assert!(!plain.may_take_back("a/x") && !plain.may_take_back("b") && !plain.may_take_back("a/b/cc"));
        let wild = ignore("*\n!src/*/keep.txt\n");
        assert!(wild.may_take_back("src") && wild.may_take_back("src/a/b") && !wild.may_take_back("doc"));
        assert!(wild.excludes_everything() && !plain.excludes_everything());
        assert!(!ignore("!*\n").excludes_everything());
    }

    #[test]
    fn bad_patterns_are_reported_with_their_place() {
        let source = Source::new(".dockerignore", "ok\n!\n  [a\nb\\\n");
        let ignore = Ignore::parse(&source);
        let found: Vec<_> = ignore
            .diagnostics
            .iter()
            .map(|bad| (source.slice(bad.labels[0].span), bad.message.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("!", "'' is no pattern: nothing stands after '!'"),
                ("[a", "'[a' is no pattern: '[' has no ']'"),
                ("b\\", "'b\\' is no pattern: it ends in '\\'"),
            ]
        );
        assert_eq!(ignore.excluded("ok"), Some(1));
        assert!(Ignore::from_patterns(["*.o", "[a"]).is_err());
        assert_eq!(Ignore::from_patterns(["*.o"]).unwrap().excluded("x.o"), Some(1));
    }
}

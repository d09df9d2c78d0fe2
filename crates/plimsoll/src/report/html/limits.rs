//! How much of what an image says finds a place on the page.

use super::Shown;
use crate::report::columns::{fit, is_hostile};

/// Bounds on lists and texts, tightened until the page is small enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows of a list.
    rows: usize,
    /// Columns of a sentence, a path, a command.
    text: usize,
    /// Lines of a log.
    pub log: usize,
    /// Bytes of the embedded evidence.
    pub embedded: usize,
}

impl Limits {
    /// The most a page shows.
    pub fn most() -> Self {
        Limits { rows: 300, text: 1_000, log: 20, embedded: 120_000 }
    }

    /// Half of it; `None` where nothing sensible would be left.
    pub fn less(self) -> Option<Self> {
        let Limits { rows, text, log, embedded } = self;
        (rows > 4).then_some(Limits {
            rows: rows / 2,
            text: (text / 2).max(60),
            log: (log / 2).max(3),
            embedded: embedded / 2,
        })
    }

    /// A word or a name: short.
    pub fn name(self, text: &str) -> String {
        fit(text, self.text.min(160))
    }

    /// A sentence, a path, a command on one line.
    pub fn text(self, text: &str) -> String {
        fit(text, self.text)
    }

    /// Lines of text as they are, long ones cut.
    pub fn block(self, text: &str) -> String {
        let most = self.rows.max(20);
        let mut lines: Vec<String> = text.lines().take(most).map(|line| self.line(line)).collect();
        if text.lines().nth(most).is_some() {
            lines.push("…".to_string());
        }
        lines.join("\n")
    }

    fn line(self, line: &str) -> String {
        let shown = |c: char| if is_hostile(c) { '\u{fffd}' } else { c };
        let mut cut: String = line.chars().take(self.text).map(shown).collect();
        if line.chars().nth(self.text).is_some() {
            cut.push('…');
        }
        cut
    }

    /// As many rows as have a place.
    pub fn shown<S, T>(self, rows: impl IntoIterator<Item = S>, make: impl FnMut(S) -> T) -> Shown<T> {
        let mut rows = rows.into_iter();
        let shown = rows.by_ref().take(self.rows).map(make).collect();
        Shown { rows: shown, more: rows.count() }
    }

    /// A small list inside a row.
    pub fn few<S, T>(self, rows: impl IntoIterator<Item = S>, make: impl FnMut(S) -> T) -> Shown<T> {
        Limits { rows: self.rows.min(30), ..self }.shown(rows, make)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_end() {
        let steps = std::iter::successors(Some(Limits::most()), |limits| limits.less()).count();
        assert!(steps < 10, "{steps}");
    }

    #[test]
    fn what_is_cut_is_counted() {
        let limits = Limits { rows: 2, text: 5, log: 3, embedded: 0 };
        let shown = limits.shown(1..=5, |number| number * 2);
        assert_eq!((shown.rows, shown.more), (vec![2, 4], 3));
        assert_eq!(limits.block("abcdefg\nx"), "abcde…\nx");
    }
}

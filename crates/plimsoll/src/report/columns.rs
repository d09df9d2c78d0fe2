//! Text in columns of a terminal: wide characters count two, what cannot be shown is made visible.

use unicode_width::UnicodeWidthChar as _;

/// Whether a character must not reach a terminal or a page from an image: control characters, line
/// separators, and the marks that turn the direction of text (CVE-2021-42574, "Trojan Source").
pub fn is_hostile(c: char) -> bool {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// One line of plain text: white space as blanks, hostile characters as `\u{fffd}`.
pub fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' | '\n' | '\r' => ' ',
        c if is_hostile(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Columns a text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// One line of at most `columns`; what is cut ends in `…`.
pub fn fit(text: &str, columns: usize) -> String {
    // Four characters a column leave room for marks over letters; more is not looked at.
    let most = columns.saturating_mul(4).saturating_add(4);
    let whole = text.chars().nth(most).is_none();
    let text = plain(&text.chars().take(most).collect::<String>());
    if whole && width(&text) <= columns {
        return text;
    }
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used < columns
    };
    let kept: String = text.chars().take_while(fits).collect();
    if columns == 0 { String::new() } else { format!("{}…", kept.trim_end()) }
}

/// [`fit`], filled up with blanks.
pub fn pad(text: &str, columns: usize) -> String {
    let fitted = fit(text, columns);
    let rest = columns.saturating_sub(width(&fitted));
    format!("{fitted}{}", " ".repeat(rest))
}

/// Lines of at most `columns`, broken at blanks; a word that is wider is cut.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in plain(text).split_whitespace() {
        let word = fit(word, columns);
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&word) <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// Left and right on one line of `columns`; the left gives way.
pub fn apart(left: &str, right: &str, columns: usize) -> String {
    let right = fit(right, columns);
    let room = columns.saturating_sub(width(&right));
    format!("{}{right}", pad(left, room)).trim_end().to_string()
}

/// How much of a section is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// As many lines as a section has; the text names the flag that shows the others.
    Short(&'static str),
    /// Every line.
    All,
}

/// A section of at most `lines` lines: heading, items, and how many are not shown.
pub struct Section {
    text: String,
    items: Vec<Item>,
}

struct Item {
    lines: Vec<String>,
    matters: bool,
}

impl Section {
    /// A section with its heading line.
    pub fn new(heading: &str) -> Self {
        Section { text: heading.trim_end().to_string(), items: Vec::new() }
    }

    /// Add an item of one or more lines; those that matter are shown before the others are.
    pub fn add(&mut self, matters: bool, lines: impl IntoIterator<Item = String>) {
        self.items.push(Item { lines: lines.into_iter().collect(), matters });
    }

    /// The section as text, lines cut to `columns`.
    pub fn render(self, lines: usize, columns: usize, extent: Extent) -> String {
        let (shown, rest) = match extent {
            Extent::All => (vec![true; self.items.len()], ""),
            Extent::Short(rest) => (self.shown(lines), rest),
        };
        let mut text = format!("{}\n", fit(&self.text, columns).trim_end());
        let mut hidden = 0;
        for (item, shown) in self.items.iter().zip(shown) {
            match shown {
                true => item
                    .lines
                    .iter()
                    .for_each(|line| text.push_str(&format!("{}\n", fit(line, columns).trim_end()))),
                false => hidden += 1,
            }
        }
        if hidden > 0 {
            text.push_str(&format!("  … {hidden} more: {rest}\n"));
        }
        text
    }

    /// Which items have room: all, or as many as fit with the line that says that there are more.
    fn shown(&self, lines: usize) -> Vec<bool> {
        let all: usize = self.items.iter().map(|item| item.lines.len()).sum();
        if all < lines {
            return vec![true; self.items.len()];
        }
        let mut room = lines.saturating_sub(2);
        let mut shown = vec![false; self.items.len()];
        for matters in [true, false] {
            for (item, shown) in self.items.iter().zip(&mut shown).filter(|(item, _)| item.matters == matters)
            {
                if item.lines.len() <= room {
                    room -= item.lines.len();
                    *shown = true;
                }
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_two_and_are_never_cut_in_half() {
        assert_eq!(width("a漢字"), 5);
        assert_eq!(fit("a漢字", 5), "a漢字");
        assert_eq!(fit("a漢字b", 5), "a漢…");
        assert_eq!(fit("漢字漢字", 4), "漢…");
        assert_eq!(pad("漢", 4), "漢  ");
        assert_eq!(fit("abc", 0), "");
        for columns in 0..9 {
            assert!(width(&fit("漢字漢字漢字", columns)) <= columns);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_made_visible() {
        assert_eq!(plain("a\x1b[31mb\r\n\u{202e}c\u{9b}"), "a\u{fffd}[31mb  \u{fffd}c\u{fffd}");
    }

    #[test]
    fn long_texts_break_at_blanks() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 5), ["unbr…"]);
        assert!(wrap(" ", 5).is_empty());
    }

    #[test]
    fn the_left_gives_way() {
        assert_eq!(apart("left", "right", 12), "left   right");
        assert_eq!(apart("left left", "right", 10), "left…right");
        assert_eq!(apart("left", "", 12), "left");
    }

    #[test]
    fn a_full_section_shows_what_matters_and_says_what_is_missing() {
        let mut section = Section::new("HEAD");
        for number in 0..8 {
            section.add(number == 7, [format!("  {number}")]);
        }
        let text = section.render(6, 80, Extent::Short("--all"));
        assert_eq!(text, "HEAD\n  0\n  1\n  2\n  7\n  … 4 more: --all\n");
    }
}

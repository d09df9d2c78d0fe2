//! A diagnostic made to fit the width of the terminal: words wrap, long lines of a source are shown in part,
//! and what has no room beside its place becomes a note.

use plimsoll_model::{Diagnostic, Label, Source, Span};
use unicode_width::UnicodeWidthChar as _;

/// Columns that the renderer puts around a line of a source, besides its number.
const FRAME: usize = 8;

/// Columns before a note.
const NOTE_INDENT: usize = 10;

/// Columns a tab takes in the renderer.
const TAB: usize = 4;

/// Columns shown before a place that lies far to the right.
const BEFORE: usize = 20;

/// Stands for what is not shown.
const CUT: &str = "...";

/// The diagnostic with the same meaning in lines of at most so many columns. Its edit is left away: the places
/// would no longer be those of the text.
pub fn fit(found: &Diagnostic, width: usize) -> Diagnostic {
    let mut fitted = found.clone();
    let title = format!("{}[{}]: ", found.severity.word(), found.code).len();
    fitted.message = wrap(&found.message, width.saturating_sub(title).max(TAB));
    fitted.labels = Vec::new();
    let mut notes = Vec::new();
    for label in &found.labels {
        let number = label.source.line_count().to_string().len();
        let room = width.saturating_sub(FRAME + number);
        let mut label = clip(label, &found.labels, room);
        let end = column(&label.source, label.span.end.max(label.span.start + 1));
        if end + 1 + columns(&label.text) > room {
            let text = std::mem::take(&mut label.text);
            notes.push(format!("line {}: {text}", label.source.line(label.span.start)));
        }
        fitted.labels.push(label);
    }
    notes.append(&mut fitted.notes);
    fitted.notes = notes.iter().map(|note| wrap(note, width - NOTE_INDENT)).collect();
    fitted.fix = None;
    fitted
}

/// Whether all lines of a text fit. The line that names a place is never cut.
pub fn fits(text: &str, width: usize) -> bool {
    text.lines().all(|line| columns(line) <= width || line.trim_start().starts_with("--> "))
}

fn columns(text: &str) -> usize {
    text.chars().map(char_columns).sum()
}

fn char_columns(c: char) -> usize {
    if c == '\t' { TAB } else { c.width().unwrap_or(1) }
}

/// Columns before an offset in its line.
fn column(source: &Source, offset: usize) -> usize {
    let line = source.line_span(source.line(offset)).unwrap_or_default();
    columns(source.slice(Span::new(line.start, offset.clamp(line.start, line.end.max(line.start)))))
}

/// Words in lines; a word that is too long for one is broken.
fn wrap(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let (mut line, mut used) = (String::new(), 0);
        for word in paragraph.split_inclusive(' ') {
            if used > 0 && used + columns(word.trim_end()) > width {
                lines.push(std::mem::take(&mut line).trim_end().to_string());
                used = 0;
            }
            for c in word.chars() {
                let more = char_columns(c);
                if used + more > width && c != ' ' {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push(c);
                used += more;
            }
        }
        lines.push(line.trim_end().to_string());
    }
    lines.join("\n")
}

/// A label in a source whose long lines are shown in part. All labels of one source give the same text.
fn clip(label: &Label, all: &[Label], room: usize) -> Label {
    let source = &label.source;
    let mut text = String::new();
    let (mut start, mut end) = (None, None);
    for number in 1..=source.line_count() {
        let line = source.line_span(number).unwrap_or_default();
        let shown = window(source, line, all, room);
        let at = text.len();
        let cut_before = if shown.start > line.start { CUT } else { "" };
        let cut_after = if shown.end < line.end { CUT } else { "" };
        text.push_str(&format!("{cut_before}{}{cut_after}\n", source.slice(shown)));
        let place =
            |offset: usize| at + cut_before.len() + offset.clamp(shown.start, shown.end) - shown.start;
        let holds = |offset: usize| line.start <= offset && offset <= line.end;
        start = start.or(holds(label.span.start).then(|| place(label.span.start)));
        end = holds(label.span.end).then(|| place(label.span.end)).or(end);
    }
    let start = start.unwrap_or_default();
    let span = Span::new(start, end.unwrap_or(start).max(start));
    Label { source: Source::new(source.name(), text), span, ..label.clone() }
}

/// The part of a line that is shown: its beginning, or what the first label in it is about.
fn window(source: &Source, line: Span, labels: &[Label], room: usize) -> Span {
    if columns(source.slice(line)) <= room {
        return line;
    }
    let room = room.saturating_sub(2 * CUT.len());
    let starts = labels.iter().filter(|label| label.source == *source).map(|label| label.span.start);
    let first = starts.filter(|start| line.start <= *start && *start < line.end).min().unwrap_or(line.start);
    let far = columns(source.slice(Span::new(line.start, first))) + BEFORE > room;
    let from = if far { back(source, line.start, first) } else { line.start };
    let mut used = 0;
    let shown = source.slice(Span::new(from, line.end)).char_indices().take_while(|(_, c)| {
        used += char_columns(*c);
        used <= room
    });
    let end = shown.last().map_or(from, |(at, c)| from + at + c.len_utf8());
    Span::new(from, end)
}

/// Some characters before an offset.
fn back(source: &Source, line_start: usize, offset: usize) -> usize {
    let before = source.slice(Span::new(line_start, offset));
    before.char_indices().rev().nth(BEFORE / 2).map_or(line_start, |(at, _)| line_start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_long_ones_break() {
        assert_eq!(wrap("aa bb cc", 5), "aa bb\ncc");
        assert_eq!(wrap("aaaaaaa b", 3), "aaa\naaa\na b");
        assert_eq!(wrap("a\nb", 9), "a\nb");
        assert_eq!(wrap("", 9), "");
    }

    #[test]
    fn a_long_line_shows_the_place() {
        let text = format!("FROM x\nRUN {} here {}\nUSER 1\n", "a".repeat(200), "b".repeat(200));
        let source = Source::new("f", text.clone());
        let at = text.find("here").unwrap();
        let label = Label { source, span: Span::new(at, at + 4), text: String::new(), primary: true };
        let clipped = clip(&label, std::slice::from_ref(&label), 60);
        assert_eq!(clipped.source.slice(clipped.span), "here");
        assert_eq!(clipped.source.line(clipped.span.start), 2);
        assert!(clipped.source.text().lines().all(|line| line.len() <= 60), "{}", clipped.source.text());
    }
}

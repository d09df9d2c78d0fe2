//! Markdown as a terminal shows it: the part of the language that manuals and topics are written in.

use anstyle::{AnsiColor, Style};

/// How far code is moved to the right.
const CODE_INDENT: &str = "    ";

const BOLD: Style = Style::new().bold();
const CODE: Style = AnsiColor::Cyan.on_default();

/// Lay a text out in so many columns. Code and tables stay as they are written.
pub fn render(markdown: &str, width: usize, colour: bool) -> String {
    let style = |style: Style| if colour { style } else { Style::new() };
    let mut page = String::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let code = style(CODE);
            for line in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                page.push_str(format!("{CODE_INDENT}{code}{line}{code:#}").trim_end());
                page.push('\n');
            }
        } else if let Some(heading) = line.strip_prefix("## ") {
            let bold = style(BOLD);
            page.push_str(&format!("{bold}{}{bold:#}\n", heading.to_uppercase()));
        } else if let Some(heading) = line.strip_prefix("# ") {
            let bold = style(BOLD);
            page.push_str(&format!("{bold}{heading}{bold:#}\n"));
        } else if line.trim().is_empty() || line.starts_with('|') {
            page.push_str(&format!("{line}\n"));
        } else if let Some(question) = line.strip_prefix("> ") {
            page.push_str(&spans(&wrap(question, width, "  ", "    "), style(CODE)));
        } else {
            let mut paragraph = line.to_string();
            while let Some(next) = lines.next_if(|next| goes_on(next)) {
                paragraph.push_str(&format!(" {}", next.trim()));
            }
            let hanging = " ".repeat(marker(&paragraph));
            page.push_str(&spans(&wrap(&paragraph, width, "", &hanging), style(CODE)));
        }
    }
    page
}

/// Whether a line belongs to the paragraph before it.
fn goes_on(line: &str) -> bool {
    let begins = line.is_empty() || ["```", "#", "|", "> "].iter().any(|begin| line.starts_with(begin));
    !begins && marker(line) == 0
}

/// How wide the marker of a list item is, with its blank; nothing for any other line.
fn marker(line: &str) -> usize {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    match &line[digits..] {
        rest if digits > 0 && rest.starts_with(". ") => digits + 2,
        rest if digits == 0 && (rest.starts_with("- ") || rest.starts_with("* ")) => 2,
        _ => 0,
    }
}

/// Words in lines of so many columns; the lines after the first begin with `hanging`.
fn wrap(text: &str, width: usize, first: &str, hanging: &str) -> String {
    let mut done = String::new();
    let mut line = first.to_string();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > width {
            done.push_str(&format!("{line}\n"));
            line = hanging.to_string();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    format!("{done}{line}\n")
}

/// Code between backticks in its style; without a style the backticks stay.
fn spans(text: &str, style: Style) -> String {
    if style == Style::new() || text.matches('`').count() % 2 == 1 {
        return text.to_string();
    }
    let parts = text.split('`').enumerate();
    let styled = parts.map(|(place, part)| match place % 2 {
        1 => format!("{style}{part}{style:#}"),
        _ => part.to_string(),
    });
    styled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# name: title\n\n> Why?\n\nOne `two`\nthree four.\n\n## Why\n\n- first item\n  of two lines\n\
                        - second\n\n```sh\nlong   line that stays\n```\n";

    #[test]
    fn plain_text_is_wrapped_and_code_is_not() {
        let page = render(TEXT, 14, false);
        assert_eq!(
            page,
            "name: title\n\n  Why?\n\nOne `two`\nthree four.\n\nWHY\n\n- first item\n  of two lines\n- second\n\n    \
             long   line that stays\n"
        );
    }

    #[test]
    fn colours_take_the_place_of_marks() {
        let page = render(TEXT, 80, true);
        assert!(
            page.contains("\u{1b}[1mWHY\u{1b}[0m") && page.contains("\u{1b}[36mtwo\u{1b}[0m"),
            "{page:?}"
        );
        assert!(!page.contains('`') && page.contains("first item of two lines"), "{page:?}");
    }

    #[test]
    fn what_is_never_closed_ends_with_the_text() {
        assert_eq!(render("```\ncode", 80, true).lines().count(), 1);
        assert_eq!(render("a ` b", 80, true), "a ` b\n");
        assert_eq!(render("", 80, false), "");
    }
}

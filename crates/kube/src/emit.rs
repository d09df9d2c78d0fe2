//! Trees to YAML in block style, reasons as comments: behind the value where the line stays within
//! [`WIDTH`] columns, else above it.

use crate::object::{Field, Node, Value};
use crate::scalar::{needs_escape, scalar};

/// Longest line of a comment, in characters.
const WIDTH: usize = 100;

/// Several documents as one YAML text, each after its `---`, with a comment at the head of the file.
pub fn yaml(head: &[String], documents: &[Node]) -> String {
    let mut out = String::new();
    for line in head {
        push_comment(&mut out, 0, line);
    }
    for document in documents {
        out.push_str("---\n");
        let mut lines = Vec::new();
        let because = document.because.as_ref().map(|because| because.phrase());
        if let Some(phrase) = because {
            push_comment(&mut out, 0, &phrase);
        }
        push_value(&mut lines, 0, "", &Node { because: None, ..document.clone() });
        lines.iter().for_each(|line| line.push_to(&mut out));
    }
    out
}

/// One line to be: a comment without text stands alone.
struct Line {
    indent: usize,
    text: String,
    comment: Option<String>,
}

impl Line {
    fn push_to(&self, out: &mut String) {
        let pad = " ".repeat(self.indent);
        let comment = self.comment.as_deref().map(one_line);
        match comment {
            None => out.push_str(&format!("{pad}{}\n", self.text)),
            Some(comment) if self.text.is_empty() => push_comment(out, self.indent, &comment),
            Some(comment) => {
                let whole = format!("{pad}{}  # {comment}", self.text);
                if whole.chars().count() <= WIDTH {
                    out.push_str(&whole);
                    out.push('\n');
                } else {
                    push_comment(out, self.indent, &comment);
                    out.push_str(&format!("{pad}{}\n", self.text));
                }
            }
        }
    }
}

/// Lines of a value behind `start`, which is `key:`, `-` or nothing at the root.
fn push_value(lines: &mut Vec<Line>, indent: usize, start: &str, node: &Node) {
    let comment = node.because.as_ref().map(|because| because.phrase());
    let mut on_one_line = |value: &str| {
        let text = format!("{start} {value}").trim_start().to_string();
        lines.push(Line { indent, text, comment: comment.clone() });
    };
    match &node.value {
        Value::Text(text) => on_one_line(&scalar(text)),
        Value::Int(number) => on_one_line(&number.to_string()),
        Value::Bool(truth) => on_one_line(&truth.to_string()),
        Value::List(items) if items.is_empty() => on_one_line("[]"),
        Value::Map(_) if node.fields().next().is_none() => {
            on_one_line("{}");
            push_fields(lines, indent + 2, node);
        }
        Value::Unset => {}
        Value::List(items) => {
            lines.push(Line { indent, text: start.to_string(), comment });
            let inner = if start == "-" { indent + 2 } else { indent };
            items.iter().for_each(|item| push_item(lines, inner, item));
        }
        Value::Map(_) => {
            let inner = if start.is_empty() { indent } else { indent + 2 };
            if !start.is_empty() || comment.is_some() {
                lines.push(Line { indent, text: start.to_string(), comment });
            }
            push_fields(lines, inner, node);
        }
    }
}

fn push_fields(lines: &mut Vec<Line>, indent: usize, node: &Node) {
    let fields: &[Field] = match &node.value {
        Value::Map(fields) => fields,
        _ => &[],
    };
    for Field { key, node } in fields {
        match (&node.value, &node.because) {
            (Value::Unset, because) => {
                let phrase = because.as_ref().map_or(String::new(), |because| because.phrase());
                let comment = Some(format!("{key} not set: {phrase}"));
                lines.push(Line { indent, text: String::new(), comment });
            }
            _ => push_value(lines, indent, &format!("{}:", scalar(key)), node),
        }
    }
}

/// An item of a list. As kubectl writes it: `-` under the key, the first field of a map behind it.
fn push_item(lines: &mut Vec<Line>, indent: usize, item: &Node) {
    let is_map = item.fields().next().is_some();
    if !is_map {
        return push_value(lines, indent, "-", item);
    }
    if let Some(because) = &item.because {
        lines.push(Line { indent, text: String::new(), comment: Some(because.phrase()) });
    }
    let first = lines.len();
    push_fields(lines, indent + 2, item);
    // The dash belongs before the first field, which may come after comments of their own lines.
    if let Some(line) = lines[first..].iter_mut().find(|line| !line.text.is_empty()) {
        line.text = format!("- {}", line.text);
        line.indent = indent;
    }
}

/// A comment of its own: as many lines as it needs.
fn push_comment(out: &mut String, indent: usize, text: &str) {
    let width = WIDTH.saturating_sub(indent + 2).max(20);
    for line in wrap(&one_line(text), width) {
        out.push_str(&format!("{}# {line}\n", " ".repeat(indent)));
    }
}

/// What stands in a comment may come from a hostile image: it must not end the comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if needs_escape(c) { ' ' } else { c }).collect()
}

/// Lines of at most `width` characters, broken at spaces; a longer word is broken where it must be.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        while !rest.is_empty() {
            let gap = usize::from(used > 0);
            if used > 0 && used + gap + rest.len() > width {
                lines.push(String::new());
                used = 0;
                continue;
            }
            let take = rest.len().min(width);
            let piece: String = rest.drain(..take).collect();
            if let Some(line) = lines.last_mut() {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(&piece);
            }
            used += gap + take;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Because;

    use super::*;

    fn assumed(why: &str) -> Because {
        Because::Assumed(why.to_string())
    }

    #[test]
    fn block_style_with_reasons_behind_or_above() {
        let long = "because of a reason that is so long that it finds no place behind the value of its field";
        let item = Node::map([("x", Node::unset(assumed("none"))), ("name", Node::text("yes"))]);
        let document = Node::map([
            ("kind", Node::text("A")),
            (
                "spec",
                Node::map([
                    ("count", Node::int(1).why(assumed("one"))),
                    ("t", Node::bool(true).why(assumed(long))),
                ]),
            ),
            ("list", Node::list([item.why(assumed("item")), Node::texts(["a"]), Node::text("b: c")])),
            ("none", Node::list([])),
            ("empty", Node::map([("k", Node::unset(assumed("x")))])),
        ]);
        let expected = "\
# head
---
kind: A
spec:
  count: 1  # assumed: one
  # assumed: because of a reason that is so long that it finds no place behind the value of its
  # field
  t: true
list:
# assumed: item
  # x not set: assumed: none
- name: \"yes\"
-
  - a
- \"b: c\"
none: []
empty: {}
  # k not set: assumed: x
";
        assert_eq!(yaml(&["head".into()], &[document]), expected);
    }

    #[test]
    fn a_hostile_reason_stays_inside_its_comment() {
        let hostile = Node::int(1).why(assumed("a\nprivileged: true\u{2028}x\r- y"));
        let text = yaml(&[], &[Node::map([("count", hostile)])]);
        assert_eq!(text, "---\ncount: 1  # assumed: a privileged: true x - y\n");
    }

    #[test]
    fn no_comment_is_wider_than_the_page() {
        let why = assumed(&format!("{} {}", "word ".repeat(60), "x".repeat(300)));
        let text = yaml(&[], &[Node::map([("count", Node::int(1).why(why))])]);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.matches('x').count(), 300);
    }
}

//! YAML as the API server reads it: mappings without a key twice, scalars of YAML 1.1
//! (sigs.k8s.io/yaml), every node with its place.

use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle};
use plimsoll_model::{Diagnostic, Severity, Source, Span};

/// A node with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its place.
    pub span: Span,
    /// What stands there.
    pub content: Content,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A text, number, boolean or nothing.
    Scalar {
        /// As written, escapes and quotes resolved.
        text: String,
        /// Without quotes or a tag: it may be no text.
        is_plain: bool,
    },
    /// Values in order.
    List(Vec<Rc<Node>>),
    /// Keys and values in order.
    Map(Vec<(Rc<Node>, Rc<Node>)>),
}

/// More nodes than any manifest has.
const NODE_LIMIT: usize = 200_000;

impl Node {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Rc<Node>> {
        let Content::Map(pairs) = &self.content else { return None };
        pairs.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// The value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key).map(Rc::as_ref))
    }

    /// The elements of a list; nothing for anything else.
    pub fn items(&self) -> &[Rc<Node>] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar, whatever its type.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// What the API server takes the node for, if that is no string.
    pub fn other_type(&self) -> Option<&'static str> {
        match &self.content {
            Content::Scalar { text, is_plain: true } => type_of_plain(text),
            Content::Scalar { .. } => None,
            Content::List(_) => Some("a list"),
            Content::Map(_) => Some("a mapping"),
        }
    }
}

/// The type of a plain scalar in YAML 1.1 as sigs.k8s.io/yaml resolves it, if it is no string.
fn type_of_plain(text: &str) -> Option<&'static str> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some("null"),
        ".nan" | ".NaN" | ".NAN" => return Some("a number"),
        _ => {}
    }
    let word = ["y", "n", "yes", "no", "on", "off", "true", "false"];
    // Only these three spellings count: yEs is a string.
    let same_case = text.chars().skip(1).all(|c| c.is_lowercase()) || text.chars().all(|c| c.is_uppercase());
    if same_case && word.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some("a boolean");
    }
    let digits = text.trim_start_matches(['+', '-']).replace('_', "");
    let radix = |prefix: &str, radix| {
        digits.strip_prefix(prefix).is_some_and(|rest| i128::from_str_radix(rest, radix).is_ok())
    };
    let begins = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let is_number =
        radix("0x", 16) || radix("0o", 8) || radix("0b", 2) || (begins && digits.parse::<f64>().is_ok());
    is_number.then_some("a number")
}

/// The documents of a text, as far as it can be read.
pub fn documents(source: &Source, problems: &mut Vec<Diagnostic>) -> Vec<Rc<Node>> {
    let mut reader =
        Reader { source, anchors: HashMap::new(), open: Vec::new(), roots: Vec::new(), problems };
    let mut nodes = 0;
    for event in Parser::new_from_str(source.text()) {
        nodes += 1;
        match event {
            Ok((event, span)) if nodes <= NODE_LIMIT => reader.take(event, reader.place(span)),
            Ok((_, span)) => {
                let place = reader.place(span);
                reader.report("K001", place, "the file has more values than any manifest");
                break;
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(0).min(source.text().len());
                let message = format!("this is no YAML: {}", error.info());
                reader.report("K001", Span::new(at, at), &message);
                break;
            }
        }
    }
    reader.roots
}

/// A collection whose end was not seen yet.
struct Open {
    start: usize,
    anchor: usize,
    is_map: bool,
    items: Vec<Rc<Node>>,
}

struct Reader<'a> {
    source: &'a Source,
    anchors: HashMap<usize, Rc<Node>>,
    open: Vec<Open>,
    roots: Vec<Rc<Node>>,
    problems: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn place(&self, span: granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or_default();
        // A block scalar's end is the begin of the next line.
        let text = self.source.text().get(range.clone()).unwrap_or_default();
        Span::new(range.start, range.start + text.trim_end().len())
    }

    fn take(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                self.add(
                    anchor,
                    Node { span, content: Content::Scalar { text: text.into_owned(), is_plain } },
                );
            }
            Event::Alias(anchor) => {
                if let Some(node) = self.anchors.get(&anchor).cloned() {
                    self.push(node);
                }
            }
            Event::SequenceStart(_, anchor, _) => self.begin(span, anchor, false),
            Event::MappingStart(_, anchor, _) => self.begin(span, anchor, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            _ => {}
        }
    }

    fn begin(&mut self, span: Span, anchor: usize, is_map: bool) {
        self.open.push(Open { start: span.start, anchor, is_map, items: Vec::new() });
    }

    fn end(&mut self, span: Span) {
        let Some(open) = self.open.pop() else { return };
        let last = open.items.last().map_or(span.end, |item| item.span.end.max(span.end));
        let span = Span::new(open.start, last.max(open.start));
        let content = match open.is_map {
            true => Content::Map(self.pairs(&open.items)),
            false => Content::List(open.items),
        };
        self.add(open.anchor, Node { span, content });
    }

    fn pairs(&mut self, items: &[Rc<Node>]) -> Vec<(Rc<Node>, Rc<Node>)> {
        let mut pairs: Vec<(Rc<Node>, Rc<Node>)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for pair in items.chunks_exact(2) {
            let (key, value) = (&pair[0], &pair[1]);
            if let Some(text) = key.text()
                && !seen.insert(text.to_string())
            {
                self.report("K002", key.span, &format!("the key '{text}' is written twice"));
            }
            pairs.push((Rc::clone(key), Rc::clone(value)));
        }
        pairs
    }

    fn add(&mut self, anchor: usize, node: Node) {
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.push(node);
    }

    fn push(&mut self, node: Rc<Node>) {
        match self.open.last_mut() {
            Some(open) => open.items.push(node),
            None => self.roots.push(node),
        }
    }

    fn report(&mut self, code: &str, span: Span, message: &str) {
        self.problems.push(Diagnostic::new(code, "", Severity::Error, message).at(self.source, span, ""));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Rc<Node>>, Vec<Diagnostic>) {
        let mut problems = Vec::new();
        let documents = documents(&Source::new("pod.yaml", text), &mut problems);
        (documents, problems)
    }

    #[test]
    fn nodes_have_their_places_and_anchors_their_copies() {
        let text = "a: &x [1, \"two\"]\nb: *x\n---\nc: d\n";
        let (documents, problems) = read(text);
        assert!(problems.is_empty() && documents.len() == 2, "{problems:?}");
        let items = documents[0].at(&["b"]).unwrap().items();
        assert_eq!(
            (&text[items[1].span.start..items[1].span.end], items[1].text()),
            ("\"two\"", Some("two"))
        );
        assert_eq!(documents[1].at(&["c"]).unwrap().text(), Some("d"));
        assert_eq!(documents[1].at(&["c", "d"]), None);
    }

    #[test]
    fn types_are_those_of_yaml_1_1() {
        for (text, expected) in [
            ("yes", Some("a boolean")),
            ("N", Some("a boolean")),
            ("Off", Some("a boolean")),
            ("0440", Some("a number")),
            ("1e3", Some("a number")),
            ("-0x1F", Some("a number")),
            ("~", Some("null")),
            ("yEs", None),
            ("80/tcp", None),
            ("0xyz", None),
            ("--port", None),
            ("infinity", None),
        ] {
            assert_eq!(type_of_plain(text), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        let (_, problems) = read("a: 1\na: 2\n");
        assert!(problems[0].message.contains("'a' is written twice"));
        for text in ["a: [", "a: *nobody\n", "\t- x: [}", "a: \"", &"[".repeat(5000)] {
            let (_, problems) = read(text);
            assert_eq!(problems.iter().filter(|problem| problem.code == "K001").count(), 1, "{text:.10}");
        }
    }
}

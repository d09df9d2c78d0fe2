//! TOML and YAML as one tree of nodes with places.

use std::rc::Rc;

use plimsoll_kube::read::yaml::{self, Content, Node};
use plimsoll_model::{Diagnostic, Severity, Source, Span};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The code of everything that is wrong with a settings file.
const CODE: &str = "PL031";

/// A message at a place of a settings file.
pub(super) fn wrong(source: &Source, span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(CODE, "bad-setting", Severity::Error, message).at(source, span, "")
}

/// A text in TOML.
pub(super) fn of_toml(source: &Source) -> Result<Rc<Node>, Vec<Diagnostic>> {
    let table = DeTable::parse(source.text()).map_err(|error| {
        let end = source.text().len();
        let at = error.span().unwrap_or(end..end);
        vec![wrong(source, Span::new(at.start, at.end), format!("this is no TOML: {}", error.message()))]
    })?;
    let span = Span::new(0, source.text().len());
    Ok(Rc::new(Node { span, content: of_table(table.get_ref()) }))
}

fn of_table(table: &DeTable<'_>) -> Content {
    let pairs = table.iter().map(|(key, value)| {
        let name = Node { span: span(key), content: text(key.get_ref(), false) };
        (Rc::new(name), Rc::new(of_value(value)))
    });
    Content::Map(pairs.collect())
}

fn of_value(value: &Spanned<DeValue<'_>>) -> Node {
    let content = match value.get_ref() {
        DeValue::String(words) => text(words, false),
        DeValue::Boolean(yes) => text(if *yes { "true" } else { "false" }, true),
        DeValue::Integer(number) => text(number.as_str(), true),
        DeValue::Float(number) => text(number.as_str(), true),
        DeValue::Datetime(time) => text(&time.to_string(), true),
        DeValue::Array(items) => Content::List(items.iter().map(|item| Rc::new(of_value(item))).collect()),
        DeValue::Table(table) => of_table(table),
    };
    Node { span: span(value), content }
}

fn span<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span::new(range.start, range.end)
}

fn text(text: &str, is_plain: bool) -> Content {
    Content::Scalar { text: text.to_string(), is_plain }
}

/// A text in YAML; one without anything in it is an empty mapping.
pub(super) fn of_yaml(source: &Source) -> Result<Rc<Node>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let documents = yaml::documents(source, &mut problems);
    if let Some(first) = problems.first() {
        let place = first.place().map_or(Span::default(), |label| label.span);
        return Err(vec![wrong(source, place, first.message.clone())]);
    }
    let empty = || Rc::new(Node { span: Span::default(), content: Content::Map(Vec::new()) });
    Ok(documents.into_iter().next().filter(|node| node.text() != Some("")).unwrap_or_else(empty))
}

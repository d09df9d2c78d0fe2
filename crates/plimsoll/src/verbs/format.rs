//! The forms of output that several verbs offer. A comment on a variant would be part of
//! their help.

use clap::ValueEnum;
use plimsoll_template::{Column, Field, Listing, TemplateError, Value};

use crate::command_error::CommandError;
use crate::terminal;

/// What `--format` chooses between where docker prints a table: the table, or one JSON object a line.
#[derive(Clone, Copy, ValueEnum)]
pub enum TableOrJson {
    Table,
    Json,
}

/// What `--format` chooses between where plimsoll reports: text, or one JSON document.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    Text,
    Json,
}

/// What `--format` means for a list: the usual table, or docker's `json`, `{{.Field}}` and
/// `table {{.Field}}`.
#[derive(Clone)]
pub enum ListFormat {
    Table,
    Rows(Box<Listing>),
}

/// Read `--format` of a list. docker prints a text without `{{` as it is, once a row; nobody wants
/// that, and it is what a mistyped `json` would do.
pub fn list_format(text: &str) -> Result<ListFormat, String> {
    match text {
        "table" => Ok(ListFormat::Table),
        text if text == "json" || text.contains("{{") => Listing::parse(text)
            .map(|listing| ListFormat::Rows(Box::new(listing)))
            .map_err(|error| error.to_string()),
        _ => Err("it is table, json or a template as in '{{.ID}}'".to_string()),
    }
}

/// A template that does not fit what it is rendered over: a wrong command line.
pub fn wrong_template(error: TemplateError) -> CommandError {
    CommandError::usage(error)
}

/// Print rows through `--format`.
pub fn print_rows(listing: &Listing, columns: &[Column], rows: &[Value]) -> Result<(), CommandError> {
    terminal::print(&listing.render(columns, rows).map_err(wrong_template)?);
    Ok(())
}

/// A row of cells under the columns' names.
pub fn row(columns: &[Column], cells: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    Value::Record(columns.iter().zip(cells).map(|(column, cell)| Field::new(column.name, cell)).collect())
}

/// docker's ellipsis: at most `width` characters, the last one says that there is more.
pub fn ellipsis(text: &str, width: usize) -> String {
    match text.chars().count() {
        count if count <= width => text.to_string(),
        _ => text.chars().take(width - 1).chain(['…']).collect(),
    }
}

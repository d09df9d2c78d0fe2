//! The forms of output that several verbs offer. A comment on a variant would be part of
//! their help.

use clap::ValueEnum;

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

//! Row templates: what `--format` means where docker prints a table (docker's `formatter.go`).

use std::collections::BTreeMap;

use crate::Template;
use crate::error::{Mistake, TemplateError};
use crate::execute::execute;
use crate::value::{Field, Value};

/// A field of the rows and its heading.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in templates.
    pub name: &'static str,
    /// Its heading after `table`.
    pub heading: &'static str,
}

impl Column {
    /// A method of the rows ([`Value::Method`]): what it is asked for is its heading.
    pub const fn method(name: &'static str) -> Self {
        Column { name, heading: "" }
    }

    fn title(&self) -> Field {
        match self.heading {
            "" => Field::new(self.name, Value::Method(BTreeMap::new())),
            heading => Field::new(self.name, heading),
        }
    }
}

/// A template for the rows of a list.
#[derive(Debug, Clone)]
pub struct Listing {
    template: Template,
    table: bool,
}

/// Least width of a column and blanks between two, as docker lays them out.
const LEAST_WIDTH: usize = 10;
const PADDING: usize = 3;

impl Listing {
    /// Read a format: `json`, a template, or `table` and a template. `\t` and `\n` are understood.
    pub fn parse(format: &str) -> Result<Self, TemplateError> {
        let (table, text) = match format.strip_prefix("table") {
            Some(rest) if rest.starts_with([' ', '\t']) || rest.starts_with("\\t") => (true, rest),
            _ => (false, format),
        };
        let text = match text.trim_matches(' ') {
            "json" => "{{json .}}".to_string(),
            "" => return Err(Mistake::new(0, "a template is missing").in_source(format)),
            text => text.replace("\\t", "\t").replace("\\n", "\n"),
        };
        Ok(Listing { template: Template::parse(&text)?, table })
    }

    /// One line a row; under a heading, in columns, if it is a table.
    pub fn render(&self, columns: &[Column], rows: &[Value]) -> Result<String, TemplateError> {
        let mut out = String::new();
        if self.table {
            let titles = columns.iter().map(Column::title).collect();
            out += &self.row(&Value::Record(titles), true)?;
        }
        for row in rows {
            out += &self.row(row, false)?;
        }
        Ok(if self.table { aligned(&out) } else { out })
    }

    fn row(&self, row: &Value, heading: bool) -> Result<String, TemplateError> {
        let text = execute(&self.template.nodes, row, heading);
        text.map(|text| text + "\n").map_err(|mistake| mistake.in_source(&self.template.source))
    }
}

/// Cells that end with a tab, in columns (Go's `text/tabwriter`).
fn aligned(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for line in &lines {
        // The last cell is not ended by a tab: it takes the room it needs.
        for (column, cell) in line[..line.len() - 1].iter().enumerate() {
            let width = (cell.chars().count() + PADDING).max(LEAST_WIDTH);
            match widths.get_mut(column) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    let mut out = String::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let width = if column + 1 == line.len() { 0 } else { widths[column] };
            out.push_str(&format!("{cell:width$}"));
        }
        out.push('\n');
    }
    out
}

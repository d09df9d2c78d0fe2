//! Go's `text/template` as users of docker and podman write it after `--format`.
//!
//! [`Template::parse`] reads a template once, [`Template::render`] makes text of a [`Value`] with it:
//! `{{range .Cmd}}<{{upper .}}>{{end}}` over `{"Cmd": ["a", "b"]}` gives `<A><B>`. [`Listing`] does
//! the same for the rows of a list, with docker's `table`.
//!
//! Sources: Go's packages `text/template`, `fmt` and `strconv`; docker's `templates` and `formatter`.
//! A template comes from the command line and values come from images, so both are bounded: nesting
//! by [`MOST_NESTING`], work and text by a budget of rendering.

mod compare;
mod error;
mod evaluated;
mod execute;
mod functions;
mod json;
mod lex;
mod listing;
mod number;
mod parse;
mod print;
mod printf;
mod syntax;
mod value;

pub use error::TemplateError;
pub use listing::{Column, Listing};
pub use parse::MOST_NESTING;
pub use value::{Field, Map, Value};

/// A template that was read without error.
#[derive(Debug, Clone)]
pub struct Template {
    source: String,
    nodes: Vec<syntax::Node>,
}

impl Template {
    /// Read a template. The first mistake ends it, with its place and the nearest right word.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let nodes = parse::parse(source).map_err(|mistake| mistake.in_source(source))?;
        Ok(Template { source: source.to_string(), nodes })
    }

    /// The text this template makes of a value.
    pub fn render(&self, value: &Value) -> Result<String, TemplateError> {
        execute::execute(&self.nodes, value, false).map_err(|mistake| mistake.in_source(&self.source))
    }
}

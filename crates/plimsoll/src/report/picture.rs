//! Pictures of the report, as SVG: start and stop, where the bytes are, from the contract to the
//! manifest. Pure, without script; colours and type come from the page's style. Every picture tells
//! in `<title>` and `<desc>` what it shows.

mod layers;
mod map;
mod pod_lanes;
mod scale;
mod stop_lanes;
mod timeline;

use std::fmt::{self, Write as _};

pub use layers::{composition, layer};
pub use map::{Field, Origin, Strength, map};
pub use pod_lanes::pods;
pub use timeline::timeline;

use super::columns::{fit, is_hostile};

/// A finished picture. Its texts are escaped, so that it goes into a page as it is.
pub struct Picture(String);

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Picture {}

/// A picture in the making. Coordinates are pixels of a page of [`WIDTH`].
struct Canvas {
    head: String,
    body: String,
}

/// Width of the large pictures.
const WIDTH: f64 = 920.0;

/// Width of a character of the page's type in pictures, rounded up: texts must not run into each other.
const CHARACTER: f64 = 6.9;

impl Canvas {
    /// `name` tells what it is, `description` what is to be seen.
    fn new(name: &str, description: &str) -> Self {
        let head = format!("<title>{}</title><desc>{}</desc>", escape(name), escape(description));
        Canvas { head, body: String::new() }
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        self.push(format_args!(
            r#"<line class="{class}" x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}"/>"#,
            from.0, from.1, to.0, to.1
        ));
    }

    fn rect(&mut self, at: (f64, f64), size: (f64, f64), class: &str) {
        self.push(format_args!(
            r#"<rect class="{class}" x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}"/>"#,
            at.0,
            at.1,
            size.0.max(0.0),
            size.1
        ));
    }

    fn dot(&mut self, at: (f64, f64), radius: f64, class: &str) {
        self.push(format_args!(
            r#"<circle class="{class}" cx="{:.1}" cy="{:.1}" r="{radius}"/>"#,
            at.0, at.1
        ));
    }

    fn path(&mut self, way: &str, class: &str) {
        self.push(format_args!(r#"<path class="{class}" d="{way}"/>"#));
    }

    /// Text that begins at a point, cut to `characters`.
    fn text(&mut self, at: (f64, f64), class: &str, text: &str, characters: usize) {
        let text = escape(&fit(text, characters));
        self.push(format_args!(r#"<text class="{class}" x="{:.1}" y="{:.1}">{text}</text>"#, at.0, at.1));
    }

    /// Begin a group that shows `hint` under the pointer.
    fn begin(&mut self, hint: &str, class: &str) {
        let hint = escape(&fit(hint, 300));
        self.push(format_args!(r#"<g class="{class}"><title>{hint}</title>"#));
    }

    fn end(&mut self) {
        self.body.push_str("</g>");
    }

    fn push(&mut self, element: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.body.write_fmt(element);
    }

    fn finish(self, class: &str, width: f64, height: f64) -> Picture {
        Picture(format!(
            r#"<svg class="{class}" role="img" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}">{}{}</svg>"#,
            self.head, self.body
        ))
    }
}

/// Text for XML, written as the page's template writes it: nothing in it is markup, and no character
/// that XML 1.0 forbids is left.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&#38;"),
            '<' => escaped.push_str("&#60;"),
            '>' => escaped.push_str("&#62;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            c if is_hostile(c) => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_an_enemy_stay_texts() {
        let mut canvas = Canvas::new("</title><script>", "\"><script>");
        canvas.begin("</g>\u{0}", "x");
        canvas.text((1.0, 2.0), "x", "<script>alert('1')</script>\u{202e}", 80);
        canvas.end();
        let svg = canvas.finish("p", 10.0, 20.0).to_string();
        assert!(!svg.contains("<script") && !svg.contains(is_hostile), "{svg}");
        assert!(svg.contains("&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;\u{fffd}"), "{svg}");
        assert_eq!(svg.matches("</title>").count(), 2);
    }
}

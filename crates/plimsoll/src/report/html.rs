//! The report as one HTML page.

use super::Report;

/// The page.
pub fn render(_report: &Report) -> String {
    String::new()
}

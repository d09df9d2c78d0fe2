//! The orders versions stand in.

use std::cmp::Ordering;
use std::str::FromStr;

mod alpine;
mod debian;
mod semantic;

/// Whose rules compare two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// deb-version(7).
    Debian,
    /// apk-tools' `version.c`.
    Alpine,
    /// PEP 440.
    Python,
    /// Semantic versioning 2.0, read leniently.
    Semantic,
}

impl Scheme {
    /// Compare; `None` if one of the two is no version of this scheme.
    pub fn compare(self, a: &str, b: &str) -> Option<Ordering> {
        match self {
            Scheme::Debian => Some(debian::compare(a, b)),
            Scheme::Alpine => Some(alpine::compare(a, b)),
            Scheme::Python => {
                let read = |text: &str| pep440_rs::Version::from_str(text).ok();
                Some(read(a)?.cmp(&read(b)?))
            }
            Scheme::Semantic => semantic::compare(a, b),
        }
    }
}

//! docker's question before something is removed for good.

use std::io::BufRead as _;

use crate::terminal;

/// Say what will be removed, and whether the person, or who writes to standard input, wants that.
pub fn is_confirmed(what: &str) -> bool {
    terminal::print(&format!("WARNING! This will remove {what}.\nAre you sure you want to continue? [y/N] "));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && answer.trim().eq_ignore_ascii_case("y")
}

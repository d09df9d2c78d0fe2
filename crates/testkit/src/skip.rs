//! Skipping aloud: a test that cannot run here says so, and fails where skipping is forbidden.

use std::io::Write as _;
use std::path::PathBuf;

/// Say on standard error that a test is skipped. With `PLIMSOLL_NO_SKIP=1` (CI) it fails instead.
///
/// # Panics
/// When skipping is forbidden.
pub fn skip(reason: &str) {
    if std::env::var_os("PLIMSOLL_NO_SKIP").is_some_and(|value| value == "1") {
        panic!("SKIPPED: {reason} (and PLIMSOLL_NO_SKIP=1 forbids skipping)");
    }
    // Not eprintln!: the harness would swallow it unless the test fails.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {reason}");
}

/// The path of a program the test compares with; `None`, said aloud, when it is not installed.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file());
    if found.is_none() {
        skip(&format!("{name} is not installed"));
    }
    found
}

//! The crate as its callers see it, on images that exist only in memory and on real advisories.
#![expect(clippy::disallowed_methods, reason = "tests read the advisory data and ask dpkg")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod advisories;
mod image;
mod packages;
mod sbom;
mod secrets;
mod size;
mod speed;
mod versions;

use std::path::{Path, PathBuf};

/// Say that a test does not run; in CI that is a failure.
fn skip(reason: &str) {
    assert!(std::env::var("PLIMSOLL_NO_SKIP").as_deref() != Ok("1"), "skipped: {reason}");
    eprintln!("SKIPPED: {reason}");
}

/// The real advisories: `PLIMSOLL_OSV`, or beside the repository.
fn osv_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/osv");
    let data = std::env::var_os("PLIMSOLL_OSV").map_or(beside, PathBuf::from);
    if data.join("ecosystems.txt").exists() {
        return Some(data);
    }
    skip("no OSV data; set PLIMSOLL_OSV to a copy of the public bucket's layout");
    None
}

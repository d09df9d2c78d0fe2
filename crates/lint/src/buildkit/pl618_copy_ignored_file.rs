//! # PL618 CopyIgnoredFile
//!
//! COPY or ADD names a file that the ignore file keeps out of the build context: the build fails because it
//! is not found.
//!
//! PL303 says the same and is on, so this check is off.
//!
//! Take it back with a line `!path` in `.dockerignore`, or do not copy it.

use plimsoll_contract::stage::Work;
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_model::Diagnostic;
use plimsoll_model::file_tree::clean_path;

use super::Walk;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(ignore) = walk.ignore else { return Vec::new() };
    let mut found = Vec::new();
    for (step, applied) in walk.done() {
        let Work::Copy(copy) = &applied.work else { continue };
        if copy.from.is_some() {
            continue;
        }
        for (path, span) in copy.sources.iter().zip(&copy.source_spans) {
            let Some(line) = excluding_line(ignore, path).filter(|_| !is_remote(path)) else { continue };
            let word = if copy.is_add { "ADD" } else { "COPY" };
            let one =
                report.error(format!("{word} takes '{path}', which the ignore file keeps out of the build"));
            let one = step.point(walk, one, *span, "will not be found");
            found.push(one.note(format!("line {line} of the ignore file excludes it")));
        }
    }
    found
}

/// The line of the ignore file that excludes a source for sure (BuildKit `validations.go`
/// validateCopySourcePath): not if a later `!` may take back something below it. Paths that begin
/// with `/` are not compared, but for the root of the context.
fn excluding_line(ignore: &Ignore, path: &str) -> Option<usize> {
    let clean = match path.starts_with('/') {
        true if clean_path("/", path) == "/" => ".".to_string(),
        true => return None,
        false => clean_path("/", path).trim_start_matches('/').to_string(),
    };
    let clean = if clean.is_empty() { ".".to_string() } else { clean };
    if clean == "." && !ignore.excludes_everything() || ignore.may_take_back(&clean) {
        return None;
    }
    ignore.excluded(&clean)
}

fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("git@")
}

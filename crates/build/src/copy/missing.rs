//! Why a source is not there: the sentence BuildKit's "failed to compute cache key" should have been.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use plimsoll_image::SourceTree;
use plimsoll_image::path;
use plimsoll_model::user::nearest;

/// What is known about a missing source, as one clause and perhaps a proposal.
pub fn explain(
    tree: &dyn SourceTree,
    wanted: &str,
    ignored_by: Option<(String, usize)>,
    origin: &str,
    elsewhere: &dyn Fn(&str) -> Option<String>,
) -> String {
    if let Some((file, line)) = ignored_by {
        return format!("'{wanted}' is excluded by {file}:{line}");
    }
    let clean = path::clean(wanted.as_bytes());
    let place = if path::climbs_out(wanted.as_bytes()) {
        let inside = path::display(&clean);
        let inside = inside.trim_start_matches('/');
        format!("'{wanted}' leaves {origin}, which counts as '/{inside}', and nothing is there")
    } else {
        format!("'{wanted}' does not exist in {origin}")
    };
    let (there, siblings, name) = first_missing(tree, &clean);
    let full = |similar: &str| {
        let rest = &clean[path::join(&there, name.as_bytes()).len()..];
        let full = [path::join(&there, similar.as_bytes()).as_slice(), rest].concat();
        format!("{place}; did you mean '{}'?", path::display(&full).trim_start_matches('/'))
    };
    if let Some(same_letters) = siblings.iter().find(|sibling| sibling.eq_ignore_ascii_case(&name)) {
        return full(same_letters);
    }
    let elsewhere = elsewhere(wanted).map(|clause| format!("{place}; {clause}"));
    elsewhere.or_else(|| nearest(&name, siblings.iter()).map(|near| full(&near))).unwrap_or(place)
}

/// Where the way to a path ends: the directory that is still there, what is in it, and the name that is
/// not.
fn first_missing(tree: &dyn SourceTree, clean: &[u8]) -> (Vec<u8>, Vec<String>, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut there = Vec::new();
    for part in clean.split(|byte| *byte == b'/') {
        let next = path::join(&there, part);
        if !tree.resolve(&next).is_ok_and(|found| found.is_some()) {
            let real = tree.resolve(&there).ok().flatten().map(|(real, _)| real).unwrap_or_default();
            let names = tree.names(&real).unwrap_or_default();
            return (there, names.iter().map(|name| text(name)).collect(), text(part));
        }
        there = next;
    }
    (there, Vec::new(), String::new())
}

/// What a missing source would be if the build context were the directory above it, or were left at all;
/// asked of the host's file system, for a message only.
pub fn outside_context(context: &Path, wanted: &str) -> Option<PathBuf> {
    let context = context.canonicalize().ok()?;
    let candidate = match path::climbs_out(wanted.as_bytes()) {
        true => context.join(wanted.trim_start_matches('/')).canonicalize().ok()?,
        false => {
            let above = context.parent().filter(|above| above.parent().is_some())?;
            above.join(Path::new(std::ffi::OsStr::from_bytes(&path::clean(wanted.as_bytes()))))
        }
    };
    (!candidate.starts_with(&context) && candidate.symlink_metadata().is_ok()).then_some(candidate)
}

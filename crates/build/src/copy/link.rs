//! `COPY --link`: a layer that knows nothing of those below it.
//!
//! Its key and its bytes are the same on every base, so a changed base does not rebuild it. The price is
//! BuildKit's too (`MergeOp` of a copy into scratch): links of the image are not followed, and the
//! directories on the way to the destination come with the layer. BuildKit says nothing when that
//! changes the image; here it is told.

use plimsoll_image::layer::{EntryKind, LayeredTree, Owner};
use plimsoll_image::path;

use super::selection::Target;

/// What a linked copy to this target changes in the image below beside what it brings, one clause each.
pub fn replaced_by_link(below: &LayeredTree, target: &Target, owner: Owner) -> Vec<String> {
    let clean = path::clean(target.path.as_bytes());
    let slashes = clean.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    let mut directories: Vec<&[u8]> = slashes.map(|end| &clean[..end]).collect();
    let mut found = Vec::new();
    if target.directory {
        directories.push(&clean);
    } else if let Some((entry, _)) = below.get(&clean)
        && matches!(entry.kind, EntryKind::Directory { .. })
        && !clean.is_empty()
    {
        found.push(format!(
            "the directory '{}' of the image is replaced, with all in it: end the destination with '/' to copy into it",
            target.path
        ));
    }
    let clauses = directories.into_iter().filter(|path| !path.is_empty());
    found.extend(clauses.filter_map(|path| directory_clause(below, path, owner)));
    found
}

fn directory_clause(below: &LayeredTree, path: &[u8], owner: Owner) -> Option<String> {
    let (entry, _) = below.get(path)?;
    let shown = path::display(path);
    let shown = shown.trim_start_matches('/');
    let Owner { uid, gid } = owner;
    match &entry.kind {
        EntryKind::Directory { .. } if (entry.mode, entry.uid, entry.gid) == (0o755, uid, gid) => None,
        EntryKind::Directory { .. } => Some(format!(
            "'/{shown}' becomes 755 {uid}:{gid} and was {:o} {}:{}",
            entry.mode, entry.uid, entry.gid
        )),
        EntryKind::Symlink(target) => {
            Some(format!("'/{shown}', a link to '{}', becomes a directory", String::from_utf8_lossy(target)))
        }
        _ => Some(format!("'/{shown}' becomes a directory and was none")),
    }
}

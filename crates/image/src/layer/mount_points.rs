//! What a sandbox makes only in order to mount something on it, or to start in it.

use std::collections::BTreeSet;

use super::index::EntryKind;
use super::layered::LayeredTree;
use crate::error::Result;
use crate::path::{self, Met};

/// The real paths of mount points over these layers and of their parents, all links of the image followed.
pub fn mount_points<'a>(
    tree: &LayeredTree,
    targets: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Vec<u8>>> {
    let mut found = BTreeSet::new();
    for target in targets {
        let real = path::follow(target.as_bytes(), true, |at| {
            Ok::<_, crate::Error>(match tree.get(at).map(|(entry, _)| &entry.kind) {
                Some(EntryKind::Symlink(link)) => Met::Link(link.clone()),
                _ => Met::Other,
            })
        })?;
        let Some(real) = real else { continue };
        let ends = real.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        found.extend(ends.map(|end| real[..end].to_vec()));
        found.insert(real);
    }
    Ok(found.into_iter().collect())
}

//! The tree as a tar stream, with the owners, modes and attributes the layers have. The same image
//! gives the same bytes.

use std::io::Write;

use crate::error::Result;
use crate::layer::{EntryKind, LayeredTree};
use crate::transfer::{ArchiveWriter, Selection, send_layers};

/// Write trees into one stream, each below its directory (an empty one is the top), and further files.
pub fn write_tar(
    trees: &[(String, LayeredTree)],
    beside: &[(String, Vec<u8>)],
    to: impl Write,
) -> Result<()> {
    let mut archive = ArchiveWriter::new(to);
    for (below, tree) in trees {
        if !below.is_empty() {
            archive.directory(below)?;
        }
        let root = tree.get(b"").map(|(root, _)| &root.kind);
        let only_content =
            !below.is_empty() || matches!(root, Some(EntryKind::Directory { implied: true, .. }));
        let what = Selection { from: b"", name: below.as_bytes(), only_content };
        send_layers(tree, what, &mut archive)?;
    }
    for (name, bytes) in beside {
        archive.file(name, bytes)?;
    }
    archive.finish()
}

//! The tree as files of the host.

use plimsoll_sys::root_dir::RootDir;

use crate::error::Result;
use crate::layer::LayeredTree;
use crate::transfer::{DirectoryWriter, Existing, NotSet, OwnerRule, Selection, WriteRules, send_layers};

/// Write the files of an image into a directory, which keeps what it has itself.
pub fn write_directory(tree: &LayeredTree, to: &RootDir) -> Result<NotSet> {
    let rules = WriteRules { owners: OwnerRule::Kept, existing: Existing::Replaced, devices: true };
    let mut writer = DirectoryWriter::new(to, rules)?;
    send_layers(tree, Selection { from: b"", name: b"", only_content: true }, &mut writer)?;
    writer.finish()
}

//! The files of an image, its layers laid over each other, are sent.

use std::collections::BTreeMap;
use std::io::{self, Read};

use rustix::io::Errno;

use super::{Receiver, Selection};
use crate::error::{Error, Result};
use crate::layer::{EntryKind, IndexEntry, LayeredTree};
use crate::path;
use crate::tree::SourceTree as _;

/// Send what stands at a path of the tree, and what is below it; nothing if nothing does. The same tree gives
/// the same entries in the same order.
pub fn send_layers(tree: &LayeredTree, what: Selection<'_>, to: &mut dyn Receiver) -> Result<()> {
    let mut names = FirstNames::default();
    let selected = |entry: &IndexEntry| match entry.path == what.from {
        true => !what.only_content,
        false => path::is_below(&entry.path, what.from),
    };
    for (entry, _) in tree.entries().filter(|(entry, _)| selected(entry)) {
        let mut sent = IndexEntry { path: what.name_of(&entry.path), ..entry.clone() };
        let link_of = names.first_name(tree, entry)?;
        match &mut sent.kind {
            EntryKind::Whiteout => {}
            EntryKind::File { link_of: link, .. } if link_of.is_some() => {
                *link = link_of.map(|first| what.name_of(&first));
                to.take(&sent, &mut io::empty())?;
            }
            EntryKind::File { size, link_of: link, .. } => {
                *link = None;
                // A container may go on writing to its uppermost layer: the file as it is now counts.
                let Some(file) = open(tree, &entry.path)? else { continue };
                *size = file
                    .metadata()
                    .map_err(|error| Error::file("read", path::display(&entry.path), error))?
                    .len();
                let mut content = file.take(*size);
                to.take(&sent, &mut content)?;
            }
            _ => to.take(&sent, &mut io::empty())?,
        }
    }
    Ok(())
}

/// `None`: it was removed, or replaced by something that is no file, since the tree was made.
fn open(tree: &LayeredTree, path: &[u8]) -> Result<Option<std::fs::File>> {
    let is_another = |error: &io::Error| match Errno::from_io_error(error) {
        Some(errno) => {
            matches!(errno, Errno::NOENT | Errno::NOTDIR | Errno::ISDIR | Errno::LOOP | Errno::NXIO)
        }
        None => matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory),
    };
    match tree.open_file(path) {
        Err(error) if is_another(&error) => Ok(None),
        Err(error) => Err(Error::file("read", path::display(path), error)),
        Ok(file) => Ok(Some(file)),
    }
}

/// A file with several names is sent under the first one that is visible: an upper layer may have removed the
/// name its own layer knows it by.
#[derive(Default)]
struct FirstNames(BTreeMap<(u64, u64), Vec<u8>>);

impl FirstNames {
    /// The earlier name of a further one.
    fn first_name(&mut self, tree: &LayeredTree, entry: &IndexEntry) -> Result<Option<Vec<u8>>> {
        if !matches!(entry.kind, EntryKind::File { .. }) {
            return Ok(None);
        }
        let Some(group) = tree.entry(&entry.path)?.and_then(|found| found.link_group) else {
            return Ok(None);
        };
        if let Some(first) = self.0.get(&group) {
            return Ok(Some(first.clone()));
        }
        self.0.insert(group, entry.path.clone());
        Ok(None)
    }
}

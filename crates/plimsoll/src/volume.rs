//! What has to be there before it can be mounted: volumes, and directories of the host.

use std::path::PathBuf;

use plimsoll_image::layer::{EntryKind, IndexEntry, LayeredTree};
use plimsoll_image::path;
use plimsoll_image::transfer::{
    DirectoryWriter, Existing, OwnerRule, Receiver, Selection, WriteRules, send_layers,
};
use plimsoll_image::tree::{SourceEntry, SourceKind, SourceTree as _};
use plimsoll_runtime::volume::{Beginning, NewVolume, Volumes};
use plimsoll_sys::root_dir::RootDir;

use crate::command_error::{CommandError, ErrorKind};

/// Something to make before the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceToMake {
    /// A volume, if there is none of this name.
    Volume {
        /// What it is made of.
        new: NewVolume,
        /// The path in the image whose files it begins with; `None`: it begins empty.
        copy_from: Option<String>,
    },
    /// A directory of the host, as docker makes it for `-v`.
    HostDirectory(PathBuf),
}

impl SourceToMake {
    /// Make it.
    pub fn make(&self, volumes: &Volumes, tree: &LayeredTree) -> Result<(), CommandError> {
        let failed = |why: String| CommandError::new(ErrorKind::Engine(125), why);
        match self {
            SourceToMake::HostDirectory(path) => std::fs::create_dir_all(path).map_err(|error| {
                let why = plimsoll_image::error::reason(&error);
                failed(format!("cannot make {} of this machine: {why}", path.display()))
            }),
            SourceToMake::Volume { new, copy_from } => {
                let volume = volumes.create(new.clone(), jiff::Timestamp::now());
                let volume = volume.map_err(|error| failed(error.to_string()))?;
                let Some(from) = copy_from else { return Ok(()) };
                let beginning = FilesOfImage::find(tree, from).map_err(failed)?;
                beginning
                    .map_or(Ok(()), |files| volume.fill(&files))
                    .map_err(|error| failed(error.to_string()))
            }
        }
    }
}

/// A directory of an image.
struct FilesOfImage<'a> {
    tree: &'a LayeredTree,
    path: Vec<u8>,
    entry: SourceEntry,
}

impl<'a> FilesOfImage<'a> {
    /// `None`: nothing stands there.
    fn find(tree: &'a LayeredTree, path: &str) -> Result<Option<Self>, String> {
        let found = tree.resolve(&path::clean(path.as_bytes())).map_err(|error| error.to_string())?;
        match found {
            None => Ok(None),
            Some((path, entry)) if entry.kind == SourceKind::Directory => {
                Ok(Some(FilesOfImage { tree, path, entry }))
            }
            Some(_) => Err(format!("a volume cannot be mounted on {path}: the image has no directory there")),
        }
    }
}

impl Beginning for FilesOfImage<'_> {
    fn has_files(&self) -> Result<bool, String> {
        Ok(!self.tree.names(&self.path).map_err(|error| error.to_string())?.is_empty())
    }

    fn dress(&self, directory: &RootDir) -> Result<(), String> {
        let reason = |error: std::io::Error| plimsoll_image::error::reason(&error);
        match directory.set_owner("", self.entry.uid, self.entry.gid) {
            // With one mapped id every file belongs to the user, here as in the image's layers.
            Err(error) if matches!(error.raw_os_error(), Some(1 | 22)) => {}
            set => set.map_err(reason)?,
        }
        directory.set_mode("", self.entry.mode).map_err(reason)
    }

    fn copy(&self, directory: &RootDir) -> Result<(), String> {
        let rules = WriteRules { owners: OwnerRule::Kept, existing: Existing::Kept, devices: false };
        let copied = DirectoryWriter::new(directory, rules).and_then(|mut writer| {
            let what = Selection { from: &self.path, name: b"", only_content: true };
            send_layers(self.tree, what, &mut OnlyData(&mut writer))?;
            writer.finish()
        });
        copied.map(drop).map_err(|error| error.to_string())
    }
}

/// A volume holds data: devices and pipes of an image are none.
struct OnlyData<'a, 'b>(&'a mut DirectoryWriter<'b>);

impl Receiver for OnlyData<'_, '_> {
    fn take(&mut self, entry: &IndexEntry, content: &mut dyn std::io::Read) -> plimsoll_image::Result<()> {
        match entry.kind {
            EntryKind::Fifo | EntryKind::Device { .. } => Ok(()),
            _ => self.0.take(entry, content),
        }
    }
}

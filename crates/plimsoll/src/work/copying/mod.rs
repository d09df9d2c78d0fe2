//! Copying between this machine and a container: both are roots in which paths are looked up by descriptor.

use std::io::{self, BufWriter};

use plimsoll_image::Error;
use plimsoll_image::path;
use plimsoll_image::transfer::{
    ArchiveWriter, DirectoryWriter, Existing, NotSet, OwnerRule, Selection, WriteRules, send_archive,
    send_directory,
};
use plimsoll_sys::root_dir::RootDir;

pub mod argument;
mod found;
mod placement;

use found::{FoundDestination, FoundSource};
use placement::{Place, Standing};

/// How files are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyRules {
    /// A symbolic link at the source is followed.
    pub follow: bool,
    /// Owners of the copies.
    pub owners: OwnerRule,
    /// Device nodes are made.
    pub devices: bool,
}

/// Why nothing, or not all, was copied.
#[derive(Debug)]
pub enum CopyError {
    /// The paths do not go together.
    Refused(String),
    /// Reading or writing failed.
    Failed(Error),
}

impl From<String> for CopyError {
    fn from(why: String) -> Self {
        CopyError::Refused(why)
    }
}

impl From<Error> for CopyError {
    fn from(error: Error) -> Self {
        CopyError::Failed(error)
    }
}

impl CopyError {
    /// Something is mounted read-only.
    pub fn is_read_only(&self) -> bool {
        matches!(self, CopyError::Failed(Error::File { source, .. })
            if source.kind() == io::ErrorKind::ReadOnlyFilesystem)
    }
}

/// A path below a root, as written: absolute, and its end says whether it is a directory.
pub struct Written<'a> {
    /// The root.
    pub root: &'a RootDir,
    /// The path.
    pub path: &'a str,
}

/// Copy files; tells what could not be set.
pub fn copy(from: &Written<'_>, to: &Written<'_>, rules: &CopyRules) -> Result<NotSet, CopyError> {
    let FoundSource { real, source } = found::source(from.root, from.path, rules.follow)?;
    let FoundDestination { real: to_path, standing, directory } = found::destination(to.root, to.path)?;
    let (name, only_content) = match placement::place(&source, standing, directory)? {
        Place::Inside(name) => (path::join(&to_path, &name), false),
        Place::Merged => (to_path, true),
        Place::Destination => (to_path, false),
    };
    let mut writer = writer(to.root, rules)?;
    send_directory(from.root, Selection { from: &real, name: &name, only_content }, &mut writer)?;
    Ok(writer.finish()?)
}

/// Write files as a tar stream, under their own name, or `.` if only what is in a directory is wanted.
pub fn to_stream(from: &Written<'_>, rules: &CopyRules, to: impl io::Write) -> Result<(), CopyError> {
    let FoundSource { real, source } = found::source(from.root, from.path, rules.follow)?;
    let name = match source.only_content || source.name.is_empty() {
        true => b".".to_vec(),
        // docker's stream knows what a link leads to, not the link.
        false if rules.follow => path::name(&real).to_vec(),
        false => source.name,
    };
    let mut archive = ArchiveWriter::new(BufWriter::new(to));
    send_directory(from.root, Selection { from: &real, name: &name, only_content: false }, &mut archive)?;
    Ok(archive.finish()?)
}

/// Unpack a tar stream into a directory.
pub fn from_stream(from: impl io::Read, to: &Written<'_>, rules: &CopyRules) -> Result<NotSet, CopyError> {
    let destination = found::destination(to.root, to.path)?;
    if destination.standing != Standing::Directory {
        return Err(CopyError::Refused(format!("destination \"{}\" must be a directory", to.path)));
    }
    let mut writer = writer(to.root, rules)?;
    send_archive(from, "the archive", &destination.real, &mut writer)?;
    Ok(writer.finish()?)
}

fn writer<'a>(root: &'a RootDir, rules: &CopyRules) -> Result<DirectoryWriter<'a>, Error> {
    let CopyRules { owners, devices, .. } = *rules;
    DirectoryWriter::new(root, WriteRules { owners, existing: Existing::Replaced, devices })
}

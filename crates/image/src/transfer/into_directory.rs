//! A directory that takes files. Everything is made below one descriptor, so no link that comes with the files
//! or stands there already leads out.

use std::io::{self, Read, Write as _};

use plimsoll_sys::root_dir::{NodeKind, RootDir};

use super::Receiver;
use crate::error::{AtFile as _, Error, Result, reason};
use crate::layer::{EntryKind, IndexEntry, Owner};
use crate::path;
use crate::store::random_name;

/// How files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteRules {
    /// Whose they are.
    pub owners: OwnerRule,
    /// What becomes of files that stand in the way.
    pub existing: Existing,
    /// Device nodes are made.
    pub devices: bool,
}

/// Whose files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerRule {
    /// Those they have; where this user may not say so, this user's.
    Kept,
    /// All of them this one's.
    All(Owner),
    /// This user's. Files lose their set-id bits, which were meant for another user.
    Ours,
}

/// What becomes of what stands in the way. A directory and something else never replace each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced; a directory gets the new attributes.
    Replaced,
    /// It stays; a directory gets the new attributes.
    Kept,
}

/// What this user could not set, by number of files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotSet {
    /// OwnerRule other than ours.
    pub owners: usize,
    /// Device nodes, which are missing altogether.
    pub devices: usize,
    /// Extended attributes such as file capabilities.
    pub attributes: usize,
}

impl NotSet {
    /// The sum of both.
    #[must_use]
    pub fn and(self, other: NotSet) -> NotSet {
        NotSet {
            owners: self.owners + other.owners,
            devices: self.devices + other.devices,
            attributes: self.attributes + other.attributes,
        }
    }
}

/// Writes entries into a directory.
#[derive(Debug)]
pub struct DirectoryWriter<'a> {
    to: &'a RootDir,
    rules: WriteRules,
    /// Each file and link is made under this name and then renamed: nobody sees half of one.
    partial: Vec<u8>,
    /// Directories, each in the one before, whose attributes wait until nothing more is made in them: that needs
    /// write permission and sets times.
    open: Vec<IndexEntry>,
    not_set: NotSet,
}

impl<'a> DirectoryWriter<'a> {
    /// Write below a directory, which keeps what it has.
    pub fn new(to: &'a RootDir, rules: WriteRules) -> Result<Self> {
        let partial = format!(".plimsoll-partial-{}", random_name()?).into_bytes();
        Ok(DirectoryWriter { to, rules, partial, open: Vec::new(), not_set: NotSet::default() })
    }

    /// Set what had to wait; tells what could not be set.
    pub fn finish(mut self) -> Result<NotSet> {
        self.close_all_but(|_| false)?;
        Ok(self.not_set)
    }

    /// Give directories their attributes, from the deepest up, as far as nothing more comes below them.
    fn close_all_but(&mut self, still_needed: impl Fn(&[u8]) -> bool) -> Result<()> {
        while let Some(last) = self.open.pop_if(|last| !still_needed(&last.path)) {
            self.attributes(&last.path, &last).map_err(|error| failed(&last, error))?;
        }
        Ok(())
    }

    fn directory(&mut self, entry: &IndexEntry) -> Result<()> {
        match self.standing(&entry.path)? {
            Some(NodeKind::Directory) => {}
            Some(_) => {
                return Err(Error::path(&entry.path, "is no directory, and a directory shall be put there"));
            }
            None => {
                self.make_parents(&entry.path)?;
                self.to.mkdir(&entry.path, 0o700).map_err(|error| failed(entry, error))?;
            }
        }
        self.open.push(entry.clone());
        Ok(())
    }

    fn other(&mut self, entry: &IndexEntry, content: &mut dyn Read) -> Result<()> {
        match (self.standing(&entry.path)?, self.rules.existing) {
            (Some(_), Existing::Kept) => return Ok(()),
            (Some(NodeKind::Directory), Existing::Replaced) => {
                return Err(Error::path(
                    &entry.path,
                    "is a directory, and something else shall be put there",
                ));
            }
            (None, _) => self.make_parents(&entry.path)?,
            (Some(_), Existing::Replaced) => {}
        }
        let partial = path::join(path::parent(&entry.path).unwrap_or_default(), &self.partial);
        let made = self.make(&partial, entry, content);
        let put = made.and_then(|made| match made {
            true => self.to.rename(&partial, &entry.path).map_err(|error| failed(entry, error)),
            false => Ok(()),
        });
        if put.is_err() || matches!(entry.kind, EntryKind::File { link_of: Some(_), .. }) {
            // Half a file; or a link that was there already, which a rename leaves as it is (rename(2)).
            let _ = self.to.unlink(&partial);
        }
        put
    }

    /// Make a node at a path, complete but for its name; `false`: it cannot be made here.
    fn make(&mut self, at: &[u8], entry: &IndexEntry, content: &mut dyn Read) -> Result<bool> {
        let fail = |error| failed(entry, error);
        match &entry.kind {
            EntryKind::File { link_of: Some(first), .. } => {
                return self.to.hard_link(first, at).map(|()| true).map_err(fail);
            }
            EntryKind::File { .. } => self.write_file(at, entry, content)?,
            EntryKind::Symlink(target) => self.to.symlink(target, at).map_err(fail)?,
            EntryKind::Fifo => self.to.mknod(at, NodeKind::Fifo, 0o600, (0, 0)).map_err(fail)?,
            EntryKind::Device { block, major, minor } => {
                let kind = if *block { NodeKind::BlockDevice } else { NodeKind::CharDevice };
                let made = self.rules.devices.then(|| self.to.mknod(at, kind, 0o600, (*major, *minor)));
                match made.unwrap_or(Err(io::ErrorKind::PermissionDenied.into())) {
                    Err(error) if is_not_allowed(&error) => {
                        self.not_set.devices += 1;
                        return Ok(false);
                    }
                    made => made.map_err(fail)?,
                }
            }
            EntryKind::Whiteout | EntryKind::Directory { .. } => return Ok(false),
        }
        self.attributes(at, entry).map_err(fail)?;
        Ok(true)
    }

    fn write_file(&self, at: &[u8], entry: &IndexEntry, content: &mut dyn Read) -> Result<()> {
        let mut file = self.to.create_file(at, 0o600).map_err(|error| failed(entry, error))?;
        let mut buffer = [0u8; 64 << 10];
        loop {
            match content.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => file.write_all(&buffer[..count]).map_err(|error| failed(entry, error))?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Error::BrokenStream {
                        what: path::display(&entry.path),
                        why: reason(&error),
                    });
                }
            }
        }
    }

    /// What stands at a path, no link followed.
    fn standing(&self, path: &[u8]) -> Result<Option<NodeKind>> {
        match self.to.metadata(path) {
            Ok(found) => Ok(Some(found.kind)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file("write", path::display(path), error)),
        }
    }

    /// Directories that nobody sent.
    fn make_parents(&self, path: &[u8]) -> Result<()> {
        let parent = path::parent(path).unwrap_or_default();
        if parent.is_empty() || self.open.last().is_some_and(|open| open.path == parent) {
            return Ok(());
        }
        self.to.mkdir_all(parent, 0o755).at("create", path::display(parent))
    }

    /// Owner first: the kernel takes set-id bits and file capabilities away with a new one.
    fn attributes(&mut self, at: &[u8], entry: &IndexEntry) -> io::Result<()> {
        let owner = match self.rules.owners {
            OwnerRule::Kept => Some((entry.uid, entry.gid)),
            OwnerRule::All(Owner { uid, gid }) => Some((uid, gid)),
            OwnerRule::Ours => None,
        };
        match owner.map_or(Ok(()), |(uid, gid)| self.to.set_owner(at, uid, gid)) {
            Err(error) if is_not_allowed(&error) => self.not_set.owners += 1,
            set => set?,
        }
        let directory = matches!(entry.kind, EntryKind::Directory { .. });
        let dropped = if owner.is_none() && !directory { 0o6000 } else { 0 };
        if !matches!(entry.kind, EntryKind::Symlink(_)) {
            self.to.set_mode(at, entry.mode & !dropped)?;
        }
        for (name, value) in &entry.xattrs {
            if self.to.set_xattr(at, name, value).is_err() {
                self.not_set.attributes += 1;
            }
        }
        self.to.set_mtime(at, entry.mtime)
    }
}

impl Receiver for DirectoryWriter<'_> {
    fn take(&mut self, entry: &IndexEntry, content: &mut dyn Read) -> Result<()> {
        self.close_all_but(|open| open.is_empty() || path::is_below(&entry.path, open))?;
        match entry.kind {
            EntryKind::Directory { .. } => self.directory(entry),
            _ => self.other(entry, content),
        }
    }
}

fn failed(entry: &IndexEntry, error: io::Error) -> Error {
    Error::file("write", path::display(&entry.path), error)
}

/// No right to do it, or an id that the user namespace does not have (EINVAL).
fn is_not_allowed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput)
}

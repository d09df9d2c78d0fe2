//! How overlayfs writes down what a layer hides.
//!
//! Linux Documentation/filesystems/overlayfs.rst: a whiteout is a character device 0:0 (which anybody
//! may make since Linux 5.8); an opaque directory has the attribute `overlay.opaque` = `y`. The
//! attributes live in `trusted.`, or in `user.` when the overlay is mounted in a user namespace
//! (`userxattr`, 5.11). Where the file system refuses the device, a whiteout is an empty file with the
//! attribute `overlay.whiteout` in a directory with `overlay.opaque` = `x` (6.7).

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

use plimsoll_sys::root_dir::{NodeKind, RootDir};

/// The name space of overlay's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttributeSpace {
    /// Real root's.
    Trusted,
    /// Everybody else's.
    User,
}

/// How one whiteout was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhiteoutForm {
    /// Character device 0:0.
    Device,
    /// Empty file with an attribute; the directory must say that it holds such files.
    Attribute,
}

const ALL_SPACES: [AttributeSpace; 2] = [AttributeSpace::Trusted, AttributeSpace::User];

impl AttributeSpace {
    /// Which one we may use: found out by trying it on a directory of ours.
    pub(super) fn probe(directory: &RootDir) -> Self {
        let name = AttributeSpace::Trusted.name("opaque");
        match directory.set_xattr("", &name, b"y").and_then(|()| directory.remove_xattr("", &name)) {
            Ok(()) => AttributeSpace::Trusted,
            Err(_) => AttributeSpace::User,
        }
    }

    fn name(self, key: &str) -> String {
        let space = match self {
            AttributeSpace::Trusted => "trusted",
            AttributeSpace::User => "user",
        };
        format!("{space}.overlay.{key}")
    }

    /// Make a directory hide what lower layers have in it.
    pub(super) fn make_opaque(self, directory: &RootDir, path: &[u8]) -> io::Result<()> {
        directory.set_xattr(path, self.name("opaque"), b"y")
    }

    /// Tell overlay to look for attribute whiteouts in a directory.
    pub(super) fn announce_whiteouts(self, directory: &RootDir, path: &[u8]) -> io::Result<()> {
        directory.set_xattr(path, self.name("opaque"), b"x")
    }

    /// Hide a name of lower layers.
    pub(super) fn make_whiteout(self, directory: &RootDir, path: &[u8]) -> io::Result<WhiteoutForm> {
        match directory.mknod(path, NodeKind::CharDevice, 0, (0, 0)) {
            Ok(()) => Ok(WhiteoutForm::Device),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                directory.create_file(path, 0)?;
                directory.set_xattr(path, self.name("whiteout"), b"y")?;
                Ok(WhiteoutForm::Attribute)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether these attributes of a directory make it opaque.
pub(super) fn is_opaque(attributes: &[(Vec<u8>, Vec<u8>)]) -> bool {
    has(attributes, "opaque", |value| value == b"y")
}

/// Whether a regular file or directory, named by any descriptor, was copied up from a lower layer: overlayfs
/// then says of which file, or with an empty value that it cannot say.
pub(super) fn is_copy(file: impl AsFd) -> bool {
    let name = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    let has = |space: AttributeSpace| rustix::fs::getxattr(&name, space.name("origin"), &mut [0u8; 0][..]);
    ALL_SPACES.into_iter().any(|space| has(space).is_ok())
}

/// Features we never switch on; an upper directory that has them cannot be read as a layer.
pub(super) fn foreign_feature(attributes: &[(Vec<u8>, Vec<u8>)]) -> Option<&'static str> {
    ["redirect", "metacopy"].into_iter().find(|key| has(attributes, key, |_| true))
}

fn has(attributes: &[(Vec<u8>, Vec<u8>)], key: &str, value: impl Fn(&[u8]) -> bool) -> bool {
    let names = ALL_SPACES.map(|space| space.name(key).into_bytes());
    attributes.iter().any(|(name, found)| names.contains(name) && value(found))
}

/// Whether an extended attribute is part of an image: file capabilities and the user's own. Overlay's
/// attributes in an archive would let it hide or redirect files; labels of other machines mean
/// nothing here.
pub(crate) fn belongs_to_image(name: &[u8]) -> bool {
    name == b"security.capability" || (name.starts_with(b"user.") && !name.starts_with(b"user.overlay."))
}

//! A path that was looked up below a root: the root of this machine, or that of a container. From here on it has no
//! links, and everything is done below the root, by descriptor.

use std::io;

use plimsoll_image::error::reason;
use plimsoll_image::path::{self, Met};
use plimsoll_sys::root_dir::{NodeKind, RootDir};

use super::argument::{ending, last_name};
use super::placement::{Source, Standing};

/// A source.
pub struct FoundSource {
    /// Its real path, clean.
    pub real: Vec<u8>,
    /// What decides where it goes.
    pub source: Source,
}

/// Find what is to be copied. A link at the end is followed if that is asked for, or if a slash follows it.
pub fn source(root: &RootDir, written: &str, follow: bool) -> Result<FoundSource, String> {
    let failed = |error: io::Error| format!("cannot copy {written}: {}", reason(&error));
    let ending = ending(written);
    let real = real_path(root, written, follow || ending.directory).map_err(failed)?;
    let kind = root.metadata(&real).map_err(failed)?.kind;
    let directory = kind == NodeKind::Directory;
    if ending.directory && !directory {
        return Err(format!("cannot copy {written}: not a directory, as its end says"));
    }
    // Who follows a link by -L names what it leads to when it becomes a stream, and the link in all else.
    let source = Source { name: last_name(written), directory, only_content: ending.only_content };
    Ok(FoundSource { real, source })
}

/// A destination.
pub struct FoundDestination {
    /// Its real path, clean; if nothing stands there, the last name is as written.
    pub real: Vec<u8>,
    /// What stands there.
    pub standing: Standing,
    /// It is written as a directory.
    pub directory: bool,
}

/// Find where something is to be copied to; the directory it lies in must be there.
pub fn destination(root: &RootDir, written: &str) -> Result<FoundDestination, String> {
    let failed = |error: io::Error| format!("cannot copy to {written}: {}", reason(&error));
    let real = real_path(root, written, true).map_err(failed)?;
    let standing = match root.metadata(&real) {
        Ok(found) if found.kind == NodeKind::Directory => Standing::Directory,
        Ok(found) if found.kind == NodeKind::File => Standing::Other,
        Ok(_) => return Err(format!("cannot copy to {written}: it must be a directory or a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Standing::Nothing,
        Err(error) => return Err(failed(error)),
    };
    let above = path::parent(&real).unwrap_or_default();
    match root.metadata(above) {
        Ok(found) if found.kind == NodeKind::Directory => {}
        Ok(_) => {
            return Err(format!("cannot copy to {written}: {} is not a directory", path::display(above)));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(format!(
                "cannot copy to {written}: directory {} does not exist",
                path::display(above)
            ));
        }
        Err(error) => return Err(failed(error)),
    }
    Ok(FoundDestination { real, standing, directory: ending(written).directory })
}

/// Follow links inside the root; what does not exist is taken as written.
fn real_path(root: &RootDir, written: &str, last: bool) -> io::Result<Vec<u8>> {
    let look = |at: &[u8]| match root.metadata(at) {
        Ok(found) if found.kind == NodeKind::Symlink => Ok(Met::Link(root.read_link(at)?)),
        Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Err(error)
        }
        _ => Ok(Met::Other),
    };
    path::follow(written.as_bytes(), last, look)?.ok_or_else(|| rustix::io::Errno::LOOP.into())
}

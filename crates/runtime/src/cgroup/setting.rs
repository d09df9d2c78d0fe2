//! A value for a file of a control group, and writing it.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use rustix::io::Errno;

use super::error::{CgroupError, of_io};

/// A limit as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// docker's flag.
    pub name: &'static str,
    /// What it limits, for people: `memory limit`.
    pub limit: &'static str,
}

impl Flag {
    pub(super) const fn new(name: &'static str, limit: &'static str) -> Self {
        Flag { name, limit }
    }

    /// What is said of a limit that does not hold, in docker's words.
    pub(super) fn discarded(self, why: &str) -> String {
        format!("the {} is discarded because {why}", self.limit)
    }
}

/// A limit as the kernel takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The controller it belongs to.
    pub controller: &'static str,
    /// The file of the control group.
    pub file: &'static str,
    /// What is written.
    pub value: String,
    /// File and value of kernels that do not have the first file.
    pub otherwise: Option<(&'static str, String)>,
    /// What asks for it.
    pub flag: Flag,
}

impl Setting {
    /// One that all kernels have in the same file.
    pub(super) fn new(
        controller: &'static str,
        file: &'static str,
        value: impl ToString,
        flag: Flag,
    ) -> Self {
        Setting { controller, file, value: value.to_string(), otherwise: None, flag }
    }

    /// Write it into the control group; the sentence that says why it is discarded, if it is.
    pub(super) fn apply(&self, directory: &Path) -> Result<Option<String>, CgroupError> {
        let other = self.otherwise.iter().map(|(file, value)| (*file, value));
        for (file, value) in [(self.file, &self.value)].into_iter().chain(other) {
            let path = directory.join(file);
            match write(&path, value) {
                Ok(()) => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if is_about_the_value(&error) => {
                    let why = format!("the kernel does not take {value} for {file}: {}", of_io(&error));
                    return Err(CgroupError::Invalid { asked: self.flag.name.to_string(), why });
                }
                Err(error) => {
                    let why = format!("{} cannot be written: {}", path.display(), of_io(&error));
                    return Ok(Some(self.flag.discarded(&why)));
                }
            }
        }
        Ok(Some(self.flag.discarded(&format!("this kernel has no {}", self.file))))
    }
}

/// Write a value into a file of a control group.
pub(super) fn write(path: &Path, value: &str) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all(value.as_bytes())
}

/// It is the value that the kernel refuses, not the writing.
fn is_about_the_value(error: &io::Error) -> bool {
    let about = [Errno::INVAL, Errno::RANGE, Errno::NODEV, Errno::NXIO, Errno::BUSY, Errno::NOSPC];
    Errno::from_io_error(error).is_some_and(|errno| about.contains(&errno))
}

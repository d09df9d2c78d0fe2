//! The files of a log: one, or several that take turns when they have grown.

use std::fs::{self, File};
use std::io::{self, Write};

use crate::container::{Container, ContainerError, LogRule};

/// Where lines are written to.
#[derive(Debug)]
pub(crate) struct LogFiles {
    /// `None`: nothing is kept.
    file: Option<File>,
    size: u64,
    container: Container,
}

impl LogFiles {
    /// Go on where the last start has ended.
    pub fn append(container: &Container) -> Result<Self, ContainerError> {
        let file = match container.record().upkeep.log.is_none() {
            true => None,
            false => Some(container.directory().append_log()?),
        };
        let size = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |metadata| metadata.len());
        Ok(LogFiles { file, size, container: container.clone() })
    }

    fn rule(&self) -> &LogRule {
        &self.container.record().upkeep.log
    }

    /// Begin a new file; the oldest one goes. Readers keep the file they have open.
    fn turn_over(&mut self) -> io::Result<()> {
        let directory = self.container.directory();
        let most = self.rule().max_file;
        for age in (1..most).rev() {
            match fs::rename(directory.log_path(age - 1), directory.log_path(age)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if most <= 1 {
            fs::remove_file(directory.log_path(0))?;
        }
        self.file = Some(directory.append_log().map_err(io::Error::other)?);
        self.size = 0;
        Ok(())
    }
}

impl Write for LogFiles {
    /// Whole lines in each call, so that none is cut by a change of files.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let full =
            self.rule().max_size.is_some_and(|most| self.size > 0 && self.size + lines.len() as u64 > most);
        if full {
            self.turn_over()?;
        }
        let Some(file) = &mut self.file else { return Ok(lines.len()) };
        file.write_all(lines)?;
        self.size += lines.len() as u64;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

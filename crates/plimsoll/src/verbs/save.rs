//! `plimsoll save`.

use std::io::{BufWriter, IsTerminal as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plimsoll_image::archive;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::work::atomic_file;

/// Write images into an archive.
#[derive(Args)]
pub struct Save {
    /// Names or ids.
    #[arg(required = true)]
    images: Vec<String>,
    /// The file; standard output if not given.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// The form of the archive.
    #[arg(long, value_enum, default_value = "docker-archive")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    DockerArchive,
    OciArchive,
}

impl Save {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_to_look()?;
        let images = self.images.iter().map(|name| session.image(name)).collect::<Result<Vec<_>, _>>()?;
        let format = match self.format {
            Format::DockerArchive => archive::Format::Docker,
            Format::OciArchive => archive::Format::Oci,
        };
        let Some(path) = &self.output else {
            if std::io::stdout().is_terminal() {
                return Err(CommandError::usage("an archive is not for a terminal")
                    .hint("name a file with -o, or redirect the output"));
            }
            let out = BufWriter::new(std::io::stdout().lock());
            session.store.save(&images, format, out).map_err(CommandError::failure)?;
            return Ok(0);
        };
        atomic_file::replace(path, |out| {
            session.store.save(&images, format, out).map_err(CommandError::failure)
        })?;
        Ok(0)
    }
}

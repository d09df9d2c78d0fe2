//! `plimsoll save`.

use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plimsoll_image::archive;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;

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
        // Written beside and renamed: an interrupted save leaves no half archive under the name.
        let failed = |error| CommandError::file("write", path, &error);
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let file = tempfile::NamedTempFile::new_in(directory.unwrap_or(".".as_ref())).map_err(failed)?;
        let mut out = BufWriter::new(file);
        session.store.save(&images, format, &mut out).map_err(CommandError::failure)?;
        out.flush().map_err(failed)?;
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(mode).map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(0)
    }
}

//! `plimsoll export`.

use std::io::{BufWriter, IsTerminal as _};
use std::path::PathBuf;

use clap::Args;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::work::atomic_file;
use crate::work::written_files::{NO_LATEST, WrittenFiles};

/// Write all files of a container, but for what is mounted into it, as one tar archive.
#[derive(Args)]
pub struct Export {
    /// The file; standard output if not given.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Name or id of the container.
    container: String,
}

impl Export {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        if self.output.is_none() && std::io::stdout().is_terminal() {
            return Err(CommandError::failure("an archive is not for a terminal")
                .hint("name a file with -o, or redirect the output"));
        }
        let found = Session::open_outside()?.containers()?.find(&self.container);
        let container = found.map_err(CommandError::failure)?;
        let session = Session::open_beside(&[container.id().to_string()])?;
        let files = WrittenFiles::of(&session, &container)?;
        let written = files.survey(NO_LATEST)?;
        match &self.output {
            Some(path) => {
                atomic_file::replace(path, |out| written.write_tar(out).map_err(CommandError::failure))?;
            }
            None => {
                let out = BufWriter::new(std::io::stdout().lock());
                written.write_tar(out).map_err(CommandError::failure)?;
            }
        }
        Ok(0)
    }
}

//! `plimsoll load`.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use clap::Args;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;

/// Read images from an archive: oci-archive or docker-archive, plain or packed with gzip, bzip2, xz or zstd.
#[derive(Args)]
pub struct Load {
    /// The file; standard input if not given.
    #[arg(short, long)]
    input: Option<PathBuf>,
    /// Print nothing on success.
    #[arg(short, long)]
    quiet: bool,
}

impl Load {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open()?;
        let from: Box<dyn Read> = match &self.input {
            None => Box::new(std::io::stdin().lock()),
            Some(path) => {
                Box::new(File::open(path).map_err(|error| CommandError::file("read", path, &error))?)
            }
        };
        let name =
            self.input.as_ref().map_or("standard input".to_string(), |path| path.display().to_string());
        let _hold = session.store.hold().map_err(CommandError::failure)?;
        let refused = |error| CommandError::failure(format!("cannot load {name}: {error}"));
        let loaded = session.store.load(from).map_err(refused)?;
        if self.quiet {
            return Ok(0);
        }
        for image in &loaded {
            let text = match image.references.is_empty() {
                true => format!("Loaded image ID: {}\n", image.config),
                false => image.references.iter().map(|name| format!("Loaded image: {name}\n")).collect(),
            };
            terminal::print(&text);
        }
        Ok(0)
    }
}

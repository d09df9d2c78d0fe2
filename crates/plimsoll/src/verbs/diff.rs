//! `plimsoll diff`.

use clap::Args;
use plimsoll_image::layer::{Change, ChangeKind};
use plimsoll_image::path;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;
use crate::work::written_files::{NO_LATEST, WrittenFiles};

/// List what a container has changed in its image's files: A added, C changed, D deleted.
#[derive(Args)]
pub struct Diff {
    /// Name or id of the container.
    container: String,
}

impl Diff {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let found = Session::open_outside()?.containers()?.find(&self.container);
        let container = found.map_err(CommandError::failure)?;
        let session = Session::open_beside(&[container.id().to_string()])?;
        let files = WrittenFiles::of(&session, &container)?;
        let lines: String = files.survey(NO_LATEST)?.changes().iter().map(line).collect();
        terminal::print(&lines);
        Ok(0)
    }
}

fn line(change: &Change) -> String {
    let letter = match change.kind {
        ChangeKind::Added => 'A',
        ChangeKind::Changed => 'C',
        ChangeKind::Deleted => 'D',
    };
    format!("{letter} {}\n", terminal::printable(&path::display(&change.path)))
}

//! `plimsoll volume`.

use clap::{Args, Subcommand};

use crate::command_error::CommandResult;

mod create;
mod filter;
mod inspect;
mod list;
mod prune;
mod remove;

/// Directories with a name that outlive containers.
#[derive(Args)]
pub struct Volume {
    #[command(subcommand)]
    verb: VolumeVerb,
}

#[derive(Subcommand)]
enum VolumeVerb {
    Create(create::Create),
    #[command(visible_alias = "list")]
    Ls(list::List),
    Inspect(inspect::Inspect),
    #[command(visible_alias = "remove")]
    Rm(remove::Remove),
    Prune(prune::Prune),
}

impl Volume {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        match self.verb {
            VolumeVerb::Create(verb) => verb.execute(),
            VolumeVerb::Ls(verb) => verb.execute(),
            VolumeVerb::Inspect(verb) => verb.execute(),
            VolumeVerb::Rm(verb) => verb.execute(),
            VolumeVerb::Prune(verb) => verb.execute(),
        }
    }
}

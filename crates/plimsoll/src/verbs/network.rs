//! `plimsoll network`: networks of containers, with docker's verbs.

use clap::{Args, Subcommand};
use plimsoll_runtime::network::{NamedNetwork, NetworkError, Networks};

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;

mod create;
mod document;
mod filter;
mod inspect;
mod ls;
mod membership;
mod prune;
mod rm;

/// Make, show and remove networks of containers, and bring containers into them.
#[derive(Args)]
pub struct Network {
    #[command(subcommand)]
    verb: NetworkVerb,
}

#[derive(Subcommand)]
enum NetworkVerb {
    Create(create::Create),
    #[command(visible_alias = "list")]
    Ls(ls::Ls),
    Inspect(inspect::Inspect),
    #[command(visible_alias = "remove")]
    Rm(rm::Rm),
    Prune(prune::Prune),
    Connect(membership::Connect),
    Disconnect(membership::Disconnect),
}

impl Network {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        match self.verb {
            NetworkVerb::Create(verb) => verb.execute(),
            NetworkVerb::Ls(verb) => verb.execute(),
            NetworkVerb::Inspect(verb) => verb.execute(),
            NetworkVerb::Rm(verb) => verb.execute(),
            NetworkVerb::Prune(verb) => verb.execute(),
            NetworkVerb::Connect(verb) => verb.execute(),
            NetworkVerb::Disconnect(verb) => verb.execute(),
        }
    }
}

/// The networks of the store; none of these verbs enters a namespace.
fn open() -> Result<(Session, Networks), CommandError> {
    let session = Session::open_outside()?;
    let networks = Networks::open(session.store.root()).map_err(CommandError::failure)?;
    Ok((session, networks))
}

/// A network by name or id.
fn find(networks: &Networks, key: &str) -> Result<NamedNetwork, CommandError> {
    networks.find(key).map_err(failure)
}

/// A failure with what to do.
fn failure(error: NetworkError) -> CommandError {
    let hint = match &error {
        NetworkError::InUse { members, .. } => Some(format!("plimsoll stop {}", members.join(" "))),
        _ => None,
    };
    let failure = CommandError::failure(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

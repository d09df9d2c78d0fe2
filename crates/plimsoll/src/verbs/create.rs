//! `plimsoll create`.

use clap::Args;
use plimsoll_runtime::container::NewId;

use super::run::engine_failure;
use crate::command_error::CommandResult;
use crate::launch_flags::docker_words::as_docker;
use crate::launch_flags::engine;
use crate::session::Session;
use crate::terminal;
use crate::work::creating::CreateFlags;

/// Make a container from an image without starting it, and print its id.
#[derive(Args)]
#[command(override_usage = "plimsoll create [OPTIONS] IMAGE [COMMAND] [ARG...]")]
#[command(disable_help_flag = true, args_override_self = true, mut_args(as_docker))]
pub struct Create {
    #[command(flatten)]
    flags: CreateFlags,
}

impl Create {
    /// Run the verb. Failures of ours have docker's code 125.
    pub fn execute(self) -> CommandResult {
        self.create().map_err(engine_failure)
    }

    fn create(self) -> CommandResult {
        let session = Session::open()?;
        let (containers, id) = (session.containers()?, NewId::random().map_err(engine)?);
        let attached = self.flags.attachment.attached();
        let (_, container) = self.flags.prepare(&session, containers, id, attached)?.create()?;
        terminal::print(&format!("{}\n", container.id()));
        Ok(0)
    }
}

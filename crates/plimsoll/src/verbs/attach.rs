//! `plimsoll attach`.

use std::os::fd::AsFd as _;

use clap::{ArgAction, Args};
use plimsoll_runtime::attach::{Finished, Streams};
use plimsoll_runtime::container::State;

use crate::command_error::{CommandError, CommandResult};
use crate::launch_flags::docker_words::boolean;
use crate::session::Session;
use crate::work::detach_keys;

/// Attach this terminal to a running container, until its end or ctrl-p ctrl-q.
#[derive(Args)]
pub struct Attach {
    /// Pass no standard input on.
    #[arg(long)]
    no_stdin: bool,
    /// Keys that leave its terminal without ending it; ctrl-p,ctrl-q if not given.
    #[arg(long, value_name = "KEYS", default_value = "", hide_default_value = true)]
    detach_keys: String,
    /// Pass signals on to the container.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set, value_parser = boolean,
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sig_proxy: bool,
    /// Name or id of the container.
    container: String,
}

impl Attach {
    /// Run the verb; its exit code is the container's.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_outside()?;
        let container = session.containers()?.find(&self.container).map_err(CommandError::failure)?;
        match container.state().map_err(CommandError::failure)? {
            State::Running { paused: true, .. } => {
                return Err(CommandError::failure(
                    "a paused container cannot be attached to: unpause it first",
                ));
            }
            State::Running { .. } => {}
            _ => {
                return Err(CommandError::failure(
                    "a stopped container cannot be attached to: start it first",
                ));
            }
        }
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        let interactive = !self.no_stdin && container.record().upkeep.open_stdin;
        let streams = Streams {
            detach_keys: &detach_keys::of_flag(&self.detach_keys)?,
            forwards_signals: self.sig_proxy,
            ..Streams::new(interactive.then(|| stdin.as_fd()), stdout.as_fd(), stderr.as_fd())
        };
        match container.attach(streams).map_err(CommandError::failure)? {
            Finished::Exit(code) => Ok(u8::try_from(code).unwrap_or(255)),
            Finished::Detached => Ok(0),
        }
    }
}

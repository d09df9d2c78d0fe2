//! `plimsoll stop`.

use std::time::Duration;

use clap::Args;
use plimsoll_model::Signal;
use plimsoll_runtime::stop::Grace;

use super::each_container::each;
use crate::command_error::{CommandError, CommandResult};

/// Ask containers to stop, and kill those that do not within the grace.
#[derive(Args)]
pub struct Stop {
    #[command(flatten)]
    how: StopFlags,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

/// How containers are stopped: the same for `stop` and `restart`.
#[derive(Args)]
pub struct StopFlags {
    /// Seconds until SIGKILL; the container's own if not given, -1 for no end.
    #[arg(short, long, visible_alias = "timeout", value_name = "SECONDS", allow_negative_numbers = true)]
    time: Option<i64>,
    /// The signal instead of the container's own.
    #[arg(short, long, value_name = "SIGNAL")]
    signal: Option<String>,
}

impl StopFlags {
    /// How long they may take.
    pub fn grace(&self) -> Grace {
        match self.time {
            None => Grace::Own,
            Some(seconds) => u64::try_from(seconds)
                .map_or(Grace::Endless, |seconds| Grace::Given(Duration::from_secs(seconds))),
        }
    }

    /// The signal asked for.
    pub fn signal(&self) -> Result<Option<Signal>, CommandError> {
        let read = |text: &String| {
            Signal::parse(text).ok_or_else(|| CommandError::usage(format!("'{text}' is no signal")))
        };
        self.signal.as_ref().map(read).transpose()
    }
}

impl Stop {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let (signal, grace) = (self.how.signal()?, self.how.grace());
        each(&self.containers, |_, name, container| {
            container.stop(signal, grace).map_err(CommandError::failure)?;
            Ok(name.to_string())
        })
    }
}

//! `plimsoll prune`.

use std::time::{Duration, SystemTime};

use clap::Args;
use plimsoll_build::pruning::{self, Keep};
use plimsoll_model::quantity::{human_bytes, parse_bytes, parse_go_duration};

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;
use crate::work::garbage;

/// Forget the results of build steps and cache mounts, and remove what no image and no container needs.
#[derive(Args)]
pub struct Prune {
    /// Keep all results of build steps, and all cache mounts.
    #[arg(long)]
    keep_cache: bool,
    /// Keep the results and cache mounts used last, up to so many bytes (docker builder prune).
    #[arg(long, value_name = "BYTES", value_parser = bytes, conflicts_with = "keep_cache")]
    keep_storage: Option<u64>,
    /// Only forget what was not used for so long, as until=24h.
    #[arg(long, value_name = "until=TIME", value_parser = until, conflicts_with = "keep_cache")]
    filter: Option<Duration>,
}

fn bytes(text: &str) -> Result<u64, String> {
    parse_bytes(text).ok_or_else(|| format!("'{text}' is no amount of bytes; 10GB is one"))
}

/// docker's `--filter until=`, the one filter there is for steps.
fn until(text: &str) -> Result<Duration, String> {
    match text.split_once('=') {
        Some(("until", time)) => {
            parse_go_duration(time).ok_or_else(|| format!("'{time}' is no time; 24h is one"))
        }
        _ => Err(format!("'{text}' is no filter; until=24h is one")),
    }
}

impl Prune {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open()?;
        self.forget_steps(&session)?;
        session.containers()?.sweep().map_err(CommandError::failure)?;
        let Some(freed) = garbage::collect(&session)? else {
            return Err(CommandError::failure(
                "another plimsoll is writing to the store: nothing was removed",
            )
            .hint("try again when it has ended"));
        };
        terminal::print(&format!(
            "removed {} blobs ({}) and {} unpacked layers\n",
            freed.blobs.len(),
            human_bytes(freed.bytes),
            freed.layers.len()
        ));
        Ok(0)
    }

    fn forget_steps(&self, session: &Session) -> Result<(), CommandError> {
        if self.keep_cache {
            return Ok(());
        }
        if self.keep_storage.is_none() && self.filter.is_none() {
            return pruning::forget_all(&session.store).map_err(CommandError::failure);
        }
        let used_since = self.filter.and_then(|age| SystemTime::now().checked_sub(age));
        let keep = Keep { bytes: self.keep_storage, used_since };
        pruning::cut_down(&session.store, keep).map_err(CommandError::failure)
    }
}

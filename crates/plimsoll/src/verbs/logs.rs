//! `plimsoll logs`.

use clap::Args;
use plimsoll_runtime::logs::LogOptions;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::work::moment;

/// Print what a container has written.
#[derive(Args)]
pub struct Logs {
    /// Go on until the container ends.
    #[arg(short, long)]
    follow: bool,
    /// Only the last lines.
    #[arg(short = 'n', long, value_name = "LINES", value_parser = tail)]
    tail: Option<Tail>,
    /// Only lines since this time, as 2026-01-02T03:04:05Z, or 10m for the last ten minutes.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only lines before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Print the time before each line.
    #[arg(short, long)]
    timestamps: bool,
    /// Name or id of the container.
    container: String,
}

#[derive(Clone, Copy)]
struct Tail(Option<usize>);

fn tail(text: &str) -> Result<Tail, String> {
    if text == "all" {
        return Ok(Tail(None));
    }
    let lines = text.parse().map_err(|_| format!("'{text}' is neither a number of lines nor 'all'"))?;
    Ok(Tail(Some(lines)))
}

impl Logs {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_outside()?;
        let container = session.containers()?.find(&self.container).map_err(CommandError::failure)?;
        if container.record().upkeep.log.is_none() {
            return Err(CommandError::failure(format!(
                "container {} has no logs: it was made with --log-driver none, which keeps nothing",
                container.name()
            )));
        }
        let now = jiff::Timestamp::now();
        let read = |text: &String| moment::parse(text, now).map_err(CommandError::usage);
        let options = LogOptions {
            follow: self.follow,
            tail: self.tail.and_then(|tail| tail.0),
            since: self.since.as_ref().map(read).transpose()?,
            until: self.until.as_ref().map(read).transpose()?,
            timestamps: self.timestamps,
        };
        let (mut stdout, mut stderr) = (std::io::stdout().lock(), std::io::stderr().lock());
        container.logs(&options, &mut stdout, &mut stderr).map_err(CommandError::failure)?;
        Ok(0)
    }
}

//! `plimsoll prove diff`.

use std::path::Path;

use clap::Args;
use plimsoll_contract::compare::compare;
use plimsoll_contract::judge::Proof;

use super::super::format::TextOrJson;
use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::launch_flags::experiment::ExperimentFlags;
use crate::render::proof::{comparison_json, comparison_text, without_secrets};
use crate::report::columns::Extent;
use crate::session::Session;
use crate::terminal;
use crate::work::proof_records::{self, is_file};

/// Say what changed in behaviour between two images, or two records.
///
/// What is a file is read as a record. Of an image the newest record in the store counts; without one it is
/// proven first. Times count where their ranges lie 100 ms apart, memory beyond a quarter and 4 MiB.
/// Exit code 0: the same; 1: something differs. An image called diff: plimsoll prove -- diff.
#[derive(Args)]
pub struct Diff {
    /// The image or record as it was.
    #[arg(value_name = "IMAGE|FILE")]
    before: String,
    /// The image or record as it is.
    #[arg(value_name = "IMAGE|FILE")]
    after: String,
    /// Prove images anew, whatever the store keeps.
    #[arg(long)]
    again: bool,
    /// Seconds between the stop signal and SIGKILL, where an image is proven.
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u64>,
    /// Show every line.
    #[arg(long)]
    all: bool,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    format: TextOrJson,
}

impl Diff {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        // First, since it goes on in another program image: nothing read before it would be left.
        let session = match is_file(&self.before) && is_file(&self.after) {
            true => None,
            false => Some(Session::open_to_launch()?),
        };
        let before = self.proof(&self.before, session.as_ref())?;
        let after = self.proof(&self.after, session.as_ref())?;
        let found = without_secrets(compare(&before, &after));
        let extent = if self.all { Extent::All } else { Extent::Short("--all") };
        let text = comparison_text(&found, (&self.before, &self.after), extent);
        match self.format {
            TextOrJson::Text => terminal::print(&text),
            TextOrJson::Json => {
                let document = comparison_json(&found, (&before, &after), &text);
                terminal::print(&format!("{document:#}\n"));
            }
        }
        Ok(if found.differences.is_empty() { 0 } else { ErrorKind::Findings.exit_code() })
    }

    fn proof(&self, name: &str, session: Option<&Session>) -> Result<Proof, CommandError> {
        let Some(session) = session.filter(|_| !is_file(name)) else {
            return proof_records::read(Path::new(name));
        };
        let image = session.image(name)?;
        match proof_records::newest(&session.store, &image).filter(|_| !self.again) {
            Some(proof) => Ok(proof),
            None => {
                let mut flags = ExperimentFlags::default();
                flags.grace = self.grace;
                super::experiment(session, name, (&flags, &[]), false)
            }
        }
    }
}

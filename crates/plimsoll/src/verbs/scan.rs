//! `plimsoll scan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use plimsoll_scan::{Rating, ScanReport, cyclonedx};

use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::report::{json, sections};
use crate::session::Session;
use crate::terminal;
use crate::work::scanning::{bill_subject, scan_image};

/// Size, packages, known flaws and secrets of an image, each with the line that brought it.
#[derive(Args)]
pub struct Scan {
    /// Name, id or digest of the image.
    image: String,
    /// A copy of the OSV data base: a directory ECOSYSTEM/all.zip, or a zip file.
    #[arg(long, value_name = "DIR|ZIP", env = "PLIMSOLL_DB")]
    db: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Flaws of this rating and above make the exit code 1.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Cyclonedx,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Critical,
    High,
    Medium,
    Low,
}

impl Scan {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_to_look()?;
        let (image, tree) = session.unpacked(&self.image)?;
        let report = scan_image(&session.store, &image, &tree, self.db.as_deref())?;
        let text = match self.format {
            Format::Text => sections::scan(&report),
            Format::Json => {
                format!(
                    "{}\n",
                    serde_json::to_string_pretty(&json::scan(&report)).map_err(CommandError::failure)?
                )
            }
            Format::Cyclonedx => {
                let subject = bill_subject(&image, &image.manifest_digest, image.reference.as_ref());
                let bytes = cyclonedx::write(&report, &subject);
                format!("{}\n", String::from_utf8_lossy(&bytes).trim_end())
            }
        };
        terminal::print(&text);
        Ok(if self.fails(&report) { ErrorKind::Findings.exit_code() } else { 0 })
    }

    fn fails(&self, report: &ScanReport) -> bool {
        let Some(fail_on) = self.fail_on else { return false };
        let failing: &[Rating] = match fail_on {
            FailOn::Critical => &[Rating::Critical],
            FailOn::High => &[Rating::Critical, Rating::High],
            FailOn::Medium => &[Rating::Critical, Rating::High, Rating::Medium, Rating::Unrated],
            FailOn::Low => &[Rating::Critical, Rating::High, Rating::Medium, Rating::Unrated, Rating::Low],
        };
        report.vulnerabilities.iter().any(|flaw| failing.contains(&flaw.rating))
    }
}

//! `plimsoll prove`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use plimsoll_contract::evidence::Verdict;
use plimsoll_contract::judge::Proof;
use plimsoll_runtime::seccomp::recorded_profile;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal::Progress;
use crate::work::explaining::explain_image;
use crate::work::proof_records;
use crate::work::proving::prove_image;
use crate::work::rehearsing::{RolloutFlags, rehearse_rollout};

mod diff;
mod output;

use diff::Diff;
use output::Output;

/// Really run an image in every way, stop it, restrict it, and compare with what it promises.
///
/// The record of what was seen is kept in the store: --replay judges it again, diff compares it.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Prove {
    #[command(subcommand)]
    verb: Option<ProveVerb>,
    /// Name, id or digest of the image; behind -- whatever its name is.
    #[arg(
        required_unless_present_any = ["replay", "list", "rollout"],
        conflicts_with_all = ["replay", "rollout"]
    )]
    image: Option<String>,
    /// Seconds between the stop signal and SIGKILL.
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u64>,
    /// Judge a record again instead of running anything: a file, or an image that was proven here.
    #[arg(long, value_name = "FILE|IMAGE", conflicts_with_all = ["grace", "list"])]
    replay: Option<String>,
    /// List the records that the store keeps.
    #[arg(long)]
    list: bool,
    /// Record the system calls it uses from its start to its end, and write a seccomp profile of them to a
    /// file, as docker, podman and plimsoll take it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["replay", "list"])]
    record_seccomp: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    rollout: RolloutFlags,
}

#[derive(Subcommand)]
enum ProveVerb {
    Diff(Diff),
}

impl Prove {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        if let Some(ProveVerb::Diff(diff)) = self.verb {
            return diff.execute();
        }
        if self.list {
            return list(self.image.as_deref());
        }
        // A wrong file is told before anything runs.
        let expectations = self.output.expectations()?;
        let proof = match (&self.replay, &self.image) {
            (Some(recorded), _) => replay(recorded)?,
            (None, Some(image)) => {
                let session = Session::open_to_launch()?;
                experiment(&session, image, self.grace, self.record_seccomp.is_some())?
            }
            (None, None) => {
                let session = Session::open_to_launch()?;
                let progress = Progress::new(false);
                let proof = rehearse_rollout(&session, &self.rollout, self.grace, &progress)?;
                progress.finish();
                proof
            }
        };
        if let Some(path) = &self.record_seccomp {
            write_profile(path, &proof)?;
        }
        self.output.show(proof, expectations)
    }
}

/// Run the experiments.
fn experiment(
    session: &Session,
    image: &str,
    grace: Option<u64>,
    record_seccomp: bool,
) -> Result<Proof, CommandError> {
    let (image, tree) = session.unpacked(image)?;
    let contract = explain_image(&session.store, &image, &tree)?.contract;
    let progress = Progress::new(false);
    let proof = prove_image(session, &image, &tree, &contract, grace, record_seccomp, &progress)?;
    progress.finish();
    Ok(proof)
}

/// Judge again what was recorded. What is a file is a file.
fn replay(recorded: &str) -> Result<Proof, CommandError> {
    if proof_records::is_file(recorded) {
        return proof_records::read(Path::new(recorded));
    }
    let session = Session::open_to_look()?;
    let image = session.image(recorded)?;
    proof_records::newest(&session.store, &image).ok_or_else(|| {
        CommandError::failure(format!("the store keeps no proof of {recorded}"))
            .hint(format!("plimsoll prove {recorded} makes one"))
    })
}

fn list(image: Option<&str>) -> CommandResult {
    let session = Session::open_to_look()?;
    let image = image.map(|name| session.image(name)).transpose()?;
    proof_records::list(&session.store, image.as_ref())
}

/// The profile of what was recorded; one that the program did not work under is no profile.
fn write_profile(path: &Path, proof: &Proof) -> Result<(), CommandError> {
    let refuse = |why: &str| CommandError::failure(format!("no seccomp profile was written: {why}"));
    let hardening = proof.evidence.hardening.as_ref();
    let Some(recorded) = hardening.and_then(|hardening| hardening.seccomp.as_ref()) else {
        return Err(refuse("no way was found in which the image could be watched from start to end"));
    };
    if let Verdict::Refuted(why) | Verdict::Unproven(why) = &recorded.verdict {
        return Err(refuse(&format!("the image does not work under the recorded one: {why}")));
    }
    let calls = recorded.calls.iter().map(String::as_str).collect();
    let launch = recorded.launch.iter().map(String::as_str).collect();
    let profile = recorded_profile(&calls, &launch, recorded.foreign);
    let text = serde_json::to_string_pretty(&profile).map_err(CommandError::failure)?;
    std::fs::write(path, format!("{text}\n")).map_err(|error| CommandError::file("write", path, &error))
}

//! `plimsoll prove`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use plimsoll_contract::judge::Proof;

use crate::command_error::{CommandError, CommandResult};
use crate::launch_flags::experiment::ExperimentFlags;
use crate::session::Session;
use crate::terminal::Progress;
use crate::work::explaining::explain_image;
use crate::work::proof_records;
use crate::work::proving::prove_image;
use crate::work::rehearsing::{RolloutFlags, rehearse_rollout};
use crate::work::seccomp_profile;

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
    #[arg(required_unless_present_any = ["replay", "list", "rollout"], conflicts_with_all = ["replay", "rollout"])]
    image: Option<String>,
    /// Arguments instead of the image's CMD.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARG")]
    arguments: Vec<String>,
    /// Record the system calls it uses from its start to its end, and write a seccomp profile of them to a
    /// file, as docker, podman and plimsoll take it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["replay", "list", "rollout"])]
    record_seccomp: Option<PathBuf>,
    /// Judge a record again instead of running anything: a file, or an image that was proven here.
    #[arg(long, value_name = "FILE|IMAGE", conflicts_with = "list", conflicts_with_all = EXPERIMENT)]
    replay: Option<String>,
    /// List the records that the store keeps, of images and of rollouts to them.
    #[arg(long, conflicts_with_all = EXPERIMENT)]
    list: bool,
    #[command(flatten)]
    rollout: RolloutFlags,
    #[command(flatten)]
    output: Output,
    // Last: its headings hold for what follows them.
    #[command(flatten)]
    experiment: ExperimentFlags,
}

/// The flags of [`ExperimentFlags`], which are of no use where nothing is started: clap makes no group of a
/// structure that holds others.
const EXPERIMENT: [&str; 11] = [
    "grace",
    "ready_within",
    "runs",
    "check",
    "http",
    "cst",
    "user",
    "workdir",
    "hostname",
    "EnvironmentFlags",
    "MountFlags",
];

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
        let proof = match &self.replay {
            Some(recorded) => replay(recorded)?,
            None => self.experiment()?,
        };
        if let Some(path) = &self.record_seccomp {
            seccomp_profile::write(path, &proof)?;
        }
        self.output.show(proof, expectations)
    }

    /// Run the experiments.
    fn experiment(&self) -> Result<Proof, CommandError> {
        let session = Session::open_to_launch()?;
        if let Some(name) = &self.image {
            let given = (&self.experiment, &self.arguments[..]);
            return experiment(&session, name, given, self.record_seccomp.is_some());
        }
        let progress = Progress::new(false);
        let proof = rehearse_rollout(&session, &self.rollout, self.experiment.grace, &progress)?;
        progress.finish();
        Ok(proof)
    }
}

/// Run all experiments on an image.
fn experiment(
    session: &Session,
    name: &str,
    given: (&ExperimentFlags, &[String]),
    record_seccomp: bool,
) -> Result<Proof, CommandError> {
    let (image, tree) = session.unpacked(name)?;
    let contract = explain_image(&session.store, &image, &tree)?.contract;
    let progress = Progress::new(false);
    let proof = prove_image(session, &image, &tree, &contract, given, record_seccomp, &progress)?;
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
            .hint(format!("plimsoll prove {recorded} makes one; --list names the files of what is kept"))
    })
}

fn list(image: Option<&str>) -> CommandResult {
    let session = Session::open_to_look()?;
    let image = image.map(|name| session.image(name)).transpose()?;
    proof_records::list(&session.store, image.as_ref())
}

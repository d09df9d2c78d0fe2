//! `plimsoll prove`.

use std::path::{Path, PathBuf};

use clap::Args;
use plimsoll_contract::evidence::Verdict;
use plimsoll_contract::judge::Proof;
use plimsoll_contract::wire;
use plimsoll_runtime::seccomp::recorded_profile;

use super::format::TextOrJson;
use crate::command_error::{CommandError, CommandResult, ErrorKind};
use crate::launch_flags::experiment::ExperimentFlags;
use crate::report::rollout::rollout;
use crate::report::sections;
use crate::session::Session;
use crate::terminal::{self, Progress};
use crate::work::explaining::explain_image;
use crate::work::proving::prove_image;
use crate::work::rehearsing::{RolloutFlags, rehearse_rollout};

/// Really run an image in every way, stop it, restrict it, and compare with what it promises.
#[derive(Args)]
pub struct Prove {
    /// Name, id or digest of the image.
    #[arg(required_unless_present = "rollout", conflicts_with = "rollout")]
    image: Option<String>,
    /// Arguments instead of the image's CMD.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARG")]
    arguments: Vec<String>,
    /// Only show this experiment of the record (launch-1, stop, rung-read-only, ...).
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    /// Write the evidence to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// Record the system calls it uses from its start to its end, and write a seccomp profile of them to a
    /// file, as docker, podman and plimsoll take it.
    #[arg(long, value_name = "FILE")]
    record_seccomp: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value = "text")]
    format: TextOrJson,
    #[command(flatten)]
    rollout: RolloutFlags,
    // Last: its headings hold for what follows them.
    #[command(flatten)]
    experiment: ExperimentFlags,
}

impl Prove {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_to_launch()?;
        let progress = Progress::new(false);
        let proof = match &self.image {
            Some(name) => {
                let (image, tree) = session.unpacked(name)?;
                let contract = explain_image(&session.store, &image, &tree)?.contract;
                let record = self.record_seccomp.is_some();
                let experiment = (&self.experiment, &self.arguments[..]);
                prove_image(&session, &image, &tree, &contract, experiment, record, &progress)?
            }
            None => rehearse_rollout(&session, &self.rollout, self.experiment.grace, &progress)?,
        };
        progress.finish();
        if let Some(path) = &self.record_seccomp {
            write_profile(path, &proof)?;
        }
        let evidence = wire::to_json(&proof.evidence);
        if let Some(path) = &self.evidence {
            let text = serde_json::to_string_pretty(&evidence).map_err(CommandError::failure)?;
            std::fs::write(path, text).map_err(|error| CommandError::file("write", path, &error))?;
        }
        let text = match (self.format, &self.case) {
            (TextOrJson::Json, _) => {
                let document = crate::report::json::proof(&proof);
                format!("{}\n", serde_json::to_string_pretty(&document).map_err(CommandError::failure)?)
            }
            (TextOrJson::Text, Some(case)) => {
                sections::case(&proof, case).ok_or_else(|| no_such_case(case, &proof))?
            }
            (TextOrJson::Text, None) => match &proof.evidence.rollout {
                Some(record) => format!("{}\n{}", rollout(record), sections::claims(&proof)),
                None => sections::proof(&proof),
            },
        };
        terminal::print(&text);
        Ok(exit_code(&proof))
    }
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

fn no_such_case(case: &str, proof: &Proof) -> CommandError {
    let evidence = &proof.evidence;
    let launches = evidence.launches.iter().map(|launch| launch.id.as_str());
    let stops = evidence.stop.iter().flat_map(|stop| &stop.runs).map(|run| run.id.as_str());
    let stop = evidence.stop.iter().map(|stop| stop.id.as_str()).chain(stops);
    let rungs = evidence.rungs.iter().map(|rung| rung.id.as_str());
    let known: Vec<&str> = launches.chain(stop).chain(rungs).collect();
    CommandError::usage(format!("there is no experiment '{case}'"))
        .hint(format!("there are {}", known.join(", ")))
}

/// 5 when a required claim is refuted.
pub fn exit_code(proof: &Proof) -> u8 {
    let broken = |verdict: &Verdict| matches!(verdict, Verdict::Refuted(_));
    match proof.claims.iter().any(|claim| claim.required && broken(&claim.verdict)) {
        true => ErrorKind::Contradiction.exit_code(),
        false => 0,
    }
}

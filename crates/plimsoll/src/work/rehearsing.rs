//! A rollout rehearsed for `prove --rollout`.

use std::time::Duration;

use clap::Args;
use plimsoll_contract::evidence::{Evidence, Given};
use plimsoll_contract::judge::{Proof, judge};
use plimsoll_kube::PRE_STOP_SLEEP;
use plimsoll_prove::{Amount, Event, ProveError, Rehearsal, Settings, Subject, rehearse};

use super::explaining::explain_image;
use super::proof_records;
use super::proving::{machine, scratch};
use crate::command_error::{CommandError, ErrorKind};
use crate::session::Session;
use crate::terminal::Progress;

/// How a rollout is rehearsed.
#[derive(Args)]
pub struct RolloutFlags {
    /// Replace OLD by NEW as a Deployment does, under steady requests, with and without a preStop sleep.
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"])]
    pub rollout: Vec<String>,
    /// Pods of the rehearsed Deployment.
    #[arg(long, value_name = "N", default_value_t = 3, conflicts_with = "image", value_parser = clap::value_parser!(u32).range(1..=20))]
    replicas: u32,
    /// Pods there may be above that, as a number or a share.
    #[arg(long, value_name = "N|N%", default_value = "25%", conflicts_with = "image")]
    max_surge: Amount,
    /// Pods that may be missing, as a number or a share.
    #[arg(long, value_name = "N|N%", default_value = "25%", conflicts_with = "image")]
    max_unavailable: Amount,
    /// Milliseconds until the news of a pod's begin or end of service reaches everybody.
    #[arg(long, value_name = "MS", default_value_t = 300, conflicts_with = "image", value_parser = clap::value_parser!(u64).range(0..=60_000))]
    endpoint_lag: u64,
}

/// Rehearse it: the record as evidence of the new image, which is kept in the store, and its claims.
pub fn rehearse_rollout(
    session: &Session,
    flags: &RolloutFlags,
    grace: Option<u64>,
    progress: &Progress,
) -> Result<Proof, CommandError> {
    let [old, new] = flags.rollout.as_slice() else {
        return Err(CommandError::usage("--rollout takes two images: OLD NEW"));
    };
    let prepared = |name: &str| {
        let (image, tree) = session.unpacked(name)?;
        let contract = explain_image(&session.store, &image, &tree)?.contract;
        let lowers = session.store.unpack_image(&image).map_err(CommandError::failure)?;
        Ok::<_, CommandError>((image, tree, contract, lowers, name.to_string()))
    };
    let _hold = session.store.hold().map_err(CommandError::failure)?;
    let scratch = scratch(session)?;
    let versions = [prepared(old)?, prepared(new)?];
    let events = |event: Event| match event {
        Event::Started(what) => progress.doing(&format!("prove: {what}")),
    };
    let subjects = versions.each_ref().map(|(image, tree, contract, lowers, reference)| Subject {
        store: &session.store,
        scratch: scratch.path().to_path_buf(),
        image,
        tree,
        lowers: lowers.clone(),
        contract,
        given: Given::default(),
        mounts: Vec::new(),
        check: None,
        structure: None,
        function: None,
        http: None,
        reference: reference.clone(),
        host: &session.host,
        machine: machine(&session.host),
        settings: settings(grace),
        events: &events,
    });
    let rehearsal = Rehearsal {
        replicas: flags.replicas,
        max_surge: flags.max_surge,
        max_unavailable: flags.max_unavailable,
        lag: Duration::from_millis(flags.endpoint_lag),
        pre_stop: Duration::from_secs(PRE_STOP_SLEEP.into()),
    };
    let rollout = rehearse(&subjects[0], &subjects[1], rehearsal).map_err(|error| {
        // A version that does not serve is no fault of this machine.
        let kind = match error {
            ProveError::Rehearsal { .. } => ErrorKind::Contradiction,
            _ => ErrorKind::Machine,
        };
        CommandError::new(kind, error)
    })?;
    let (image, _, contract, ..) = &versions[1];
    let evidence = Evidence {
        image: new.clone(),
        digest: image.manifest_digest.to_string(),
        machine: machine(&session.host),
        rollout: Some(rollout),
        ..Evidence::default()
    };
    let proof = proof_records::settled(judge(contract.clone(), evidence));
    proof_records::keep(&session.store, image, &proof);
    Ok(proof)
}

fn settings(grace: Option<u64>) -> Settings {
    let grace = grace.map_or(Settings::default().grace, Duration::from_secs);
    Settings { grace, ..Settings::default() }
}

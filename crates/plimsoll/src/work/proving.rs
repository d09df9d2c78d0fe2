//! Experiments with their progress on the terminal, and the judgement.

use plimsoll_contract::contract::Contract;
use plimsoll_contract::judge::{Proof, judge};
use plimsoll_contract::with_given;
use plimsoll_image::Image;
use plimsoll_image::layer::LayeredTree;
use plimsoll_model::Reference;
use plimsoll_prove::scratch::Scratch;
use plimsoll_prove::{Event, Subject, prove};
use plimsoll_runtime::host::{HostFacts, IdMap};

use super::proof_records;
use crate::command_error::{CommandError, ErrorKind};
use crate::launch_flags::ImageFacts;
use crate::launch_flags::experiment::ExperimentFlags;
use crate::session::Session;
use crate::terminal::Progress;

/// Run every experiment on an image, weigh what was seen, and keep the record in the store.
pub fn prove_image(
    session: &Session,
    image: &Image,
    tree: &LayeredTree,
    contract: &Contract,
    (flags, arguments): (&ExperimentFlags, &[String]),
    record_seccomp: bool,
    progress: &Progress,
) -> Result<Proof, CommandError> {
    let lowers = session.store.unpack_image(image).map_err(CommandError::failure)?;
    let _hold = session.store.hold().map_err(CommandError::failure)?;
    let scratch = scratch(session)?;
    let volumes = session.volumes()?;
    // Nobody removes a volume that the experiments are about to mount.
    let _held = volumes.hold().map_err(CommandError::failure)?;
    let facts = ImageFacts { config: &image.config, tree, volumes: &volumes };
    let mut experiment = flags.decide(arguments, contract, &facts)?;
    experiment.settings.record_seccomp = record_seccomp;
    for source in &experiment.to_make {
        source.make(&volumes, tree)?;
    }
    let contract = &with_given(contract, &experiment.given);
    let events = |event: Event| match event {
        Event::Started(what) => progress.doing(&format!("prove: {what}")),
    };
    let subject = Subject {
        store: &session.store,
        scratch: scratch.path().to_path_buf(),
        image,
        tree,
        lowers,
        contract,
        given: experiment.given,
        mounts: experiment.mounts,
        check: experiment.check,
        structure: experiment.structure,
        function: None,
        http: None,
        reference: image.reference.as_ref().map_or_else(|| image.config_digest.short(), Reference::to_string),
        host: &session.host,
        machine: machine(&session.host),
        settings: experiment.settings,
        events: &events,
    };
    let evidence = prove(&subject).map_err(|error| CommandError::new(ErrorKind::Machine, error))?;
    let proof = proof_records::settled(judge(contract.clone(), evidence));
    proof_records::keep(&session.store, image, &proof);
    Ok(proof)
}

/// A place for the files of experiments, which is swept whatever becomes of us.
pub fn scratch(session: &Session) -> Result<Scratch, CommandError> {
    let failed =
        |error| CommandError::failure(format!("no scratch directory can be made in the store: {error}"));
    Scratch::create(&session.store.root().join("tmp")).map_err(failed)
}

/// The machine in phrases, for the record.
pub fn machine(host: &HostFacts) -> Vec<String> {
    let ids = match host.ids {
        IdMap::Host => "as root",
        IdMap::Range => "as an ordinary user with subordinate ids",
        IdMap::Single => "as an ordinary user with one id",
    };
    vec![format!("Linux {}", host.kernel), ids.to_string(), format!("plimsoll {}", env!("CARGO_PKG_VERSION"))]
}

//! Experiments with their progress on the terminal, and the judgement.

use std::time::Duration;

use plimsoll_contract::contract::Contract;
use plimsoll_contract::judge::{Proof, judge};
use plimsoll_image::Image;
use plimsoll_image::layer::LayeredTree;
use plimsoll_model::Reference;
use plimsoll_prove::scratch::Scratch;
use plimsoll_prove::{Event, Settings, Subject, prove};
use plimsoll_runtime::host::{HostFacts, IdMap};

use super::proof_records;
use crate::command_error::{CommandError, ErrorKind};
use crate::session::Session;
use crate::terminal::Progress;

/// Run every experiment on an image, weigh what was seen, and keep the record in the store.
pub fn prove_image(
    session: &Session,
    image: &Image,
    tree: &LayeredTree,
    contract: &Contract,
    grace: Option<u64>,
    record_seccomp: bool,
    progress: &Progress,
) -> Result<Proof, CommandError> {
    let lowers = session.store.unpack_image(image).map_err(CommandError::failure)?;
    let failed =
        |error| CommandError::failure(format!("no scratch directory can be made in the store: {error}"));
    let _hold = session.store.hold().map_err(CommandError::failure)?;
    let scratch = Scratch::create(&session.store.root().join("tmp")).map_err(failed)?;
    let mut settings = Settings { record_seccomp, ..Settings::default() };
    if let Some(seconds) = grace {
        settings.grace = Duration::from_secs(seconds);
    }
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
        reference: image.reference.as_ref().map_or_else(|| image.config_digest.short(), Reference::to_string),
        host: &session.host,
        machine: machine(&session.host),
        settings,
        events: &events,
    };
    let evidence = prove(&subject).map_err(|error| CommandError::new(ErrorKind::Machine, error))?;
    let proof = proof_records::settled(judge(contract.clone(), evidence));
    proof_records::keep(&session.store, image, &proof);
    Ok(proof)
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

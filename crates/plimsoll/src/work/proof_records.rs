//! Recorded proofs, from a file or from the store: judged again, without an experiment.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use plimsoll_contract::judge::{Proof, judge};
use plimsoll_contract::wire;
use plimsoll_image::{Image, Store};
use plimsoll_prove::records::{self, Kind};

use crate::command_error::{CommandError, CommandResult};
use crate::terminal;

/// Bytes of a record at most; a proof with a log of every launch takes a hundredth of it.
const LARGEST: u64 = 64 << 20;

/// Whether a word is a record's file. A directory may have the name of an image: people build `app` in `app`.
pub fn is_file(word: &str) -> bool {
    Path::new(word).metadata().is_ok_and(|found| !found.is_dir())
}

/// Judge what a file holds: a record, or the document of `prove --format json`.
pub fn read(path: &Path) -> Result<Proof, CommandError> {
    let failed = |error| CommandError::file("read", path, &error);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(refused(path, "it is larger than any record"));
    }
    let document = serde_json::from_slice(&bytes).map_err(|error| refused(path, &error.to_string()))?;
    let (contract, evidence) =
        wire::record_from_json(&document).map_err(|error| refused(path, &error.to_string()))?;
    Ok(judge(contract, evidence))
}

fn refused(path: &Path, why: &str) -> CommandError {
    CommandError::usage(format!("{} is no proof: {why}", path.display()))
        .hint("plimsoll prove IMAGE --evidence FILE writes one")
}

/// The newest proof of an image in the store, if there is one that this version reads. A rollout says nothing
/// of the image by itself.
pub fn newest(store: &Store, image: &Image) -> Option<Proof> {
    let kept = records::of_image(store, &image.manifest_digest);
    let mut proofs = kept.iter().rev().filter(|kept| kept.kind == Kind::Proof);
    proofs.find_map(|kept| read(&kept.path).ok())
}

/// Keep a proof in the store. What cannot be kept was proven all the same.
pub fn keep(store: &Store, image: &Image, proof: &Proof) {
    let now = Timestamp::now();
    let moment = format!("{}.{:06}Z", now.strftime("%Y%m%dT%H%M%S"), now.subsec_microsecond());
    let kept = store.hold().map_err(|error| error.to_string()).and_then(|_hold| {
        let kept = records::keep(store, &image.manifest_digest, &moment, proof);
        kept.map_err(|error| plimsoll_image::error::reason(&error))
    });
    if let Err(why) = kept {
        terminal::eprint(&format!("warning: the proof cannot be kept in the store: {why}\n"));
    }
}

/// The proof as a record of it would be judged: what is printed now is what is printed later.
pub fn settled(proof: Proof) -> Proof {
    match wire::record_from_json(&wire::record_to_json(&proof)) {
        Ok((contract, evidence)) => judge(contract, evidence),
        Err(_) => proof,
    }
}

/// List what the store keeps, oldest first; of one image or of all.
pub fn list(store: &Store, image: Option<&Image>) -> CommandResult {
    let kept = match image {
        Some(image) => records::of_image(store, &image.manifest_digest),
        None => records::all(store),
    };
    let mut text = format!("{:24} {:14} {:8} {:20} FILE\n", "PROVEN", "IMAGE ID", "WHAT", "CLAIMS");
    for record in kept {
        let claims = match read(&record.path) {
            Ok(proof) => summary(&proof),
            Err(_) => "not readable".to_string(),
        };
        let (moment, id) = (&record.moment, record.manifest.short());
        let what = match record.kind {
            Kind::Proof => "image",
            Kind::Rollout => "rollout",
        };
        text.push_str(&format!("{moment:24} {id:14} {what:8} {claims:20} {}\n", record.path.display()));
    }
    terminal::print(&text);
    Ok(0)
}

fn summary(proof: &Proof) -> String {
    let proven = proof.claims.iter().filter(|claim| claim.verdict == plimsoll_contract::Verdict::Proven);
    format!("{} of {} proven", proven.count(), proof.claims.len())
}

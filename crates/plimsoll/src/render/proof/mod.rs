//! What was proven, in the forms that people and other programs read.

use clap::ValueEnum;
use plimsoll_contract::evidence::Verdict;
use plimsoll_contract::expect::Answer;
use plimsoll_contract::judge::Proof;
use plimsoll_contract::wire;
use serde_json::{Value, json};

use crate::report::columns::Extent;
use crate::report::rollout::rollout;
use crate::report::{html, json, sections};

mod comparison;
mod junit;

pub use comparison::{comparison_json, comparison_text, without_secrets};

/// The forms. A comment on a variant would be part of the help.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProofFormat {
    Text,
    Json,
    Junit,
    Html,
    Evidence,
}

/// A proof, and what was expected of it.
pub struct Judged {
    /// The proof.
    pub proof: Proof,
    /// The file with the expectations and how each was met, if there is one.
    pub expected: Option<(String, Vec<Answer>)>,
}

impl Judged {
    /// How the expectations were met; none without a file.
    pub fn answers(&self) -> &[Answer] {
        self.expected.as_ref().map_or(&[], |(_, answers)| answers)
    }
}

/// A proof in a form, ending in a newline.
pub fn render(judged: &Judged, format: ProofFormat, extent: Extent) -> String {
    let proof = &judged.proof;
    match format {
        ProofFormat::Text => text(judged, extent),
        ProofFormat::Json => format!("{:#}\n", document(judged)),
        ProofFormat::Junit => junit::render(judged),
        ProofFormat::Html => html::prove_page(proof),
        ProofFormat::Evidence => format!("{:#}\n", wire::record_to_json(proof)),
    }
}

fn text(judged: &Judged, extent: Extent) -> String {
    let proof = &judged.proof;
    let text = match &proof.evidence.rollout {
        Some(record) => format!("{}\n{}", rollout(record), sections::claims(proof, extent)),
        None => sections::proof(proof, extent),
    };
    match &judged.expected {
        None => text,
        Some((name, answers)) => format!("{text}\n{}", sections::expected(answers, name, extent)),
    }
}

/// The document of the proof, with the expectations where there are some.
fn document(judged: &Judged) -> Value {
    let mut document = json::proof(&judged.proof);
    if let Some((_, answers)) = &judged.expected {
        document["expectations"] = answers.iter().map(answer).collect();
        document["rendered"] = text(judged, Extent::Short("--all")).into();
    }
    document
}

fn answer(answer: &Answer) -> Value {
    let (verdict, why) = match &answer.verdict {
        Verdict::Proven => ("proven", None),
        Verdict::Refuted(why) => ("refuted", Some(why)),
        Verdict::Unproven(why) => ("unproven", Some(why)),
    };
    let wanted = &answer.expectation.wanted;
    json!({
        "key": answer.expectation.key,
        "wanted": super::contract_table::value(&wanted.value),
        "from": wanted.because.phrase(),
        "verdict": verdict,
        "why": why,
        "experiment": answer.experiment,
    })
}

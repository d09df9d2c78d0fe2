//! The report as JSON, for other programs. As rustc does, each part carries the text people see.
//!
//! A version (`plimsoll.report/1`) changes when a field changes its meaning or goes away; new fields may
//! come.

use plimsoll_contract::evidence::Verdict;
use plimsoll_contract::judge::{Claim, Proof};
use plimsoll_contract::wire;
use plimsoll_kube::{FieldReason, Manifest};
use plimsoll_scan::ScanReport;
use serde_json::{Map, Value, json};

use super::columns::Extent;
use super::conclusion::{Surprise, counts, exit_code, last_line, next, surprises};
use super::redaction::Redaction;
use super::{Report, Stage, sections, terminal};
use crate::render::contract::{self, finding_json};

/// All of it, without the secrets of its environment.
pub fn report(report: &Report) -> Value {
    let (steps, cached) = report.steps;
    Redaction::of(report).json(json!({
        "schema": "plimsoll.report/1",
        "subject": report.subject,
        "image": report.image,
        "digest": report.digest,
        "platform": report.platform,
        "date": report.date,
        "seconds": thousandths(report.took),
        "exitCode": exit_code(report),
        "conclusion": last_line(report),
        "dockerfile": { "name": report.dockerfile.name(), "lines": report.dockerfile.line_count(), "text": report.dockerfile.text() },
        "build": { "steps": steps, "cached": cached },
        "stages": report.stages.iter().map(stage).collect::<Vec<_>>(),
        "counts": counts(report).into_iter().map(|count| {
            json!({ "label": count.label, "value": count.value, "detail": count.detail, "state": count.state.word() })
        }).collect::<Vec<_>>(),
        "surprises": surprises(report).iter().map(surprise).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding_json).collect::<Vec<_>>(),
        "proof": report.proof.as_ref().map(proof),
        "scan": scan(&report.scan),
        "manifest": report.manifest.as_ref().map(manifest),
        "wrote": report.wrote.iter().map(|(path, about)| json!({ "path": path.to_string_lossy(), "about": about })).collect::<Vec<_>>(),
        "next": next(report).into_iter().map(|(command, about)| json!({ "command": command, "about": about })).collect::<Vec<_>>(),
        "rendered": terminal::render(report),
    }))
}

/// What was proven: the claims, and the evidence they rest on.
pub fn proof(proof: &Proof) -> Value {
    json!({
        "schema": wire::PROOF_SCHEMA,
        "holds": proof.holds(),
        "claims": proof.claims.iter().map(claim).collect::<Vec<_>>(),
        "contract": contract::contract_json(&proof.contract),
        "evidence": wire::record_to_json(proof),
        "rendered": sections::proof(proof, Extent::Short("--all")),
    })
}

/// What a scan found.
pub fn scan(report: &ScanReport) -> Value {
    let mut document = Map::new();
    document.insert("schema".to_string(), "plimsoll.scan/1".into());
    if let Value::Object(fields) = plimsoll_scan::to_json(report) {
        document.extend(fields);
    }
    document.insert("rendered".to_string(), sections::scan(report).into());
    Value::Object(document)
}

fn claim(claim: &Claim) -> Value {
    let (verdict, why) = match &claim.verdict {
        Verdict::Proven => ("proven", None),
        Verdict::Refuted(why) => ("refuted", Some(why)),
        Verdict::Unproven(why) => ("unproven", Some(why)),
    };
    json!({
        "id": claim.id,
        "statement": claim.statement,
        "required": claim.required,
        "verdict": verdict,
        "why": why,
        "experiment": claim.experiment,
    })
}

fn stage(stage: &Stage) -> Value {
    json!({ "name": stage.name, "text": stage.text, "seconds": thousandths(stage.took) })
}

fn surprise(surprise: &Surprise) -> Value {
    json!({ "state": surprise.state.word(), "kind": surprise.kind, "text": surprise.text })
}

fn manifest(manifest: &Manifest) -> Value {
    json!({
        "objects": manifest.to_json(),
        "fields": manifest.fields.iter().map(field).collect::<Vec<_>>(),
        "podSecurity": {
            "level": manifest.pod_security.level.word(),
            "violations": manifest.pod_security.violations.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
        "rendered": manifest.to_yaml(),
    })
}

fn field(field: &FieldReason) -> Value {
    json!({ "object": field.object, "path": field.path, "value": field.value, "from": field.phrase() })
}

/// Seconds to three places: more would be noise.
fn thousandths(time: std::time::Duration) -> f64 {
    time.as_millis() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::demo;

    #[test]
    fn the_document_says_what_the_terminal_says() {
        let report = demo::shell_form();
        let document = super::report(&report);
        assert_eq!(document["schema"], "plimsoll.report/1");
        assert_eq!(document["exitCode"], 5);
        assert_eq!(document["seconds"], 14.4);
        assert_eq!(document["counts"].as_array().map(Vec::len), Some(7));
        assert_eq!(document["proof"]["holds"], false);
        assert_eq!(document["proof"]["evidence"]["schema"], wire::SCHEMA);
        assert_eq!(document["findings"][0]["code"], "PL101");
        assert_eq!(document["rendered"], terminal::render(&report));
        assert!(
            document["proof"]["contract"]["user"]["from"].as_str().is_some_and(|from| from.ends_with(":8"))
        );
        assert!(document["manifest"]["fields"].as_array().is_some_and(|fields| fields.len() > 20));
    }

    #[test]
    fn parts_stand_alone() {
        let report = demo::healthy();
        let document = scan(&report.scan);
        assert_eq!((&document["schema"], &document["version"]), (&json!("plimsoll.scan/1"), &json!(1)));
        assert!(document["rendered"].as_str().is_some_and(|text| text.contains("SIZE")));
        let without = super::report(&Report { proof: None, manifest: None, ..report });
        assert_eq!((&without["proof"], &without["exitCode"]), (&Value::Null, &json!(6)));
    }
}

//! The document's form.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Subject;
use crate::osv::{Rating, Vulnerability};
use crate::packages::{OsRelease, Package, PackageKind};
use crate::report::ScanReport;

const SPEC_VERSION: &str = "1.6";

pub(super) fn write(report: &ScanReport, subject: &Subject) -> Vec<u8> {
    let references = references(report);
    let packages = report.inventory.packages.iter().zip(&references);
    let components: Vec<Value> = report
        .inventory
        .os
        .iter()
        .map(operating_system)
        .chain(packages.map(|(package, reference)| component(report, subject, package, reference)))
        .collect();
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "serialNumber": serial_number(subject),
        "version": 1,
        "metadata": {
            "timestamp": subject.timestamp,
            "tools": { "components": [
                { "type": "application", "name": "plimsoll", "version": subject.tool_version },
            ] },
            "component": image(subject),
        },
        "components": components,
        "dependencies": dependencies(report, subject, &references),
        "vulnerabilities": vulnerabilities(report, &references),
    });
    // A tree of maps, texts and numbers always has a JSON form.
    let mut bytes = serde_json::to_vec_pretty(&document).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// A UUID of version 8 (RFC 9562: vendor's own) from what the document says of itself.
fn serial_number(subject: &Subject) -> String {
    let seed = format!("{} {} {}", subject.digest, subject.timestamp, subject.tool_version);
    let hex = plimsoll_model::Digest::of(seed.as_bytes()).hex();
    format!("urn:uuid:{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

fn image_reference(subject: &Subject) -> String {
    format!("image:{}", subject.digest)
}

fn image(subject: &Subject) -> Value {
    let mut component = Map::new();
    component.insert("bom-ref".into(), image_reference(subject).into());
    component.insert("type".into(), "container".into());
    component.insert("name".into(), subject.name.as_str().into());
    component.insert("version".into(), subject.digest.to_string().into());
    component.insert("hashes".into(), json!([{ "alg": "SHA-256", "content": subject.digest.hex() }]));
    if let Some(purl) = image_purl(subject) {
        component.insert("purl".into(), purl.into());
    }
    let mut properties = Vec::new();
    if let Some(tag) = &subject.tag {
        properties.push(property("plimsoll:image:tag", tag));
    }
    for (number, digest) in subject.diff_ids.iter().enumerate() {
        properties.push(property(&format!("plimsoll:layer:{number}:diffId"), &digest.to_string()));
    }
    component.insert("properties".into(), properties.into());
    component.into()
}

/// purl-spec, type `oci`: the name is the last part, the whole goes into `repository_url`.
fn image_purl(subject: &Subject) -> Option<String> {
    let name = subject.name.rsplit('/').next()?.to_lowercase();
    let mut purl = packageurl::PackageUrl::new("oci", name).ok()?;
    purl.with_version(subject.digest.to_string()).ok()?;
    if let Some(platform) = &subject.platform {
        purl.add_qualifier("arch", platform.architecture.as_str()).ok()?;
    }
    if subject.name.contains('/') {
        purl.add_qualifier("repository_url", subject.name.as_str()).ok()?;
    }
    if let Some(tag) = &subject.tag {
        purl.add_qualifier("tag", tag.as_str()).ok()?;
    }
    Some(purl.to_string())
}

fn operating_system(os: &OsRelease) -> Value {
    let mut component =
        json!({ "bom-ref": format!("os:{}", os.id), "type": "operating-system", "name": os.id });
    if let Some(version) = &os.version_id {
        component["version"] = version.as_str().into();
    }
    if let Some(name) = &os.pretty_name {
        component["description"] = name.as_str().into();
    }
    component
}

/// One unique reference a package: its purl, with the path where several have the same.
fn references(report: &ScanReport) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut reference = |package: &Package| {
        let purl = package.purl(report.inventory.os.as_ref());
        let name = purl.unwrap_or_else(|| format!("{}@{}", package.name, package.version));
        let place = if seen.contains(&name) { format!("{name}#{}", package.path) } else { name };
        seen.insert(place.clone());
        place
    };
    report.inventory.packages.iter().map(&mut reference).collect()
}

fn component(report: &ScanReport, subject: &Subject, package: &Package, reference: &str) -> Value {
    let mut component = Map::new();
    component.insert("bom-ref".into(), reference.into());
    component.insert("type".into(), "library".into());
    if let Some((scope, name)) = package.name.split_once('/').filter(|_| package.kind == PackageKind::Npm) {
        component.insert("group".into(), scope.into());
        component.insert("name".into(), name.into());
    } else {
        component.insert("name".into(), package.name.as_str().into());
    }
    component.insert("version".into(), package.version.as_str().into());
    if let Some(licence) = &package.licence {
        component.insert("licenses".into(), json!([{ "license": { "name": licence } }]));
    }
    if let Some(purl) = package.purl(report.inventory.os.as_ref()) {
        component.insert("purl".into(), purl.into());
    }
    let mut properties = vec![property("plimsoll:path", &package.path)];
    if let Some(layer) = package.layer {
        properties.push(property("plimsoll:layer", &layer.to_string()));
        if let Some(digest) = subject.diff_ids.get(layer) {
            properties.push(property("plimsoll:layer:diffId", &digest.to_string()));
        }
    }
    if let Some(source) = &package.source {
        properties.push(property("plimsoll:source", &format!("{} {}", source.name, source.version)));
    }
    component.insert("properties".into(), properties.into());
    component.into()
}

fn property(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

fn dependencies(report: &ScanReport, subject: &Subject, references: &[String]) -> Value {
    let os = report.inventory.os.iter().map(|os| format!("os:{}", os.id));
    let all: Vec<String> = os.chain(references.iter().cloned()).collect();
    json!([{ "ref": image_reference(subject), "dependsOn": all }])
}

fn vulnerabilities(report: &ScanReport, references: &[String]) -> Vec<Value> {
    let mut by_source: BTreeMap<(PackageKind, &str, &str), Vec<&str>> = BTreeMap::new();
    for (package, reference) in report.inventory.packages.iter().zip(references) {
        let key = (package.kind, package.name.as_str(), package.advisory_version());
        by_source.entry(key).or_default().push(reference);
    }
    let affected = |flaw: &Vulnerability| -> Vec<&str> {
        let keys = flaw.packages.iter().map(|name| (flaw.kind, name.as_str(), flaw.installed.as_str()));
        keys.filter_map(|key| by_source.get(&key)).flatten().copied().collect()
    };
    report.vulnerabilities.iter().map(|flaw| vulnerability(flaw, &affected(flaw))).collect()
}

fn vulnerability(flaw: &Vulnerability, affected: &[&str]) -> Value {
    let mut value = Map::new();
    let reference = format!("{}:{}:{}", flaw.id, flaw.source, flaw.installed);
    value.insert("bom-ref".into(), reference.into());
    value.insert("id".into(), flaw.id.as_str().into());
    let aliases: Vec<Value> = flaw.aliases.iter().map(|id| json!({ "id": id, "source": osv(id) })).collect();
    value.insert("source".into(), osv(&flaw.id));
    if !aliases.is_empty() {
        value.insert("references".into(), aliases.into());
    }
    let mut rating = json!({ "severity": severity(flaw.rating) });
    if let Some(rated_by) = &flaw.rated_by {
        rating["justification"] = rated_by.as_str().into();
    }
    value.insert("ratings".into(), json!([rating]));
    if !flaw.summary.is_empty() {
        value.insert("description".into(), flaw.summary.as_str().into());
    }
    if let Some(fixed) = &flaw.fixed {
        let advice = format!("Upgrade {} to {fixed} or later.", flaw.source);
        value.insert("recommendation".into(), advice.into());
    }
    let affects: Vec<Value> = affected
        .iter()
        .map(|reference| json!({ "ref": reference, "versions": [{ "version": flaw.installed, "status": "affected" }] }))
        .collect();
    value.insert("affects".into(), affects.into());
    value.into()
}

fn osv(id: &str) -> Value {
    json!({ "name": "OSV", "url": format!("https://osv.dev/vulnerability/{id}") })
}

/// The words of the schema's enumeration.
fn severity(rating: Rating) -> &'static str {
    match rating {
        Rating::Unimportant => "info",
        Rating::Unrated => "unknown",
        rated => rated.word(),
    }
}

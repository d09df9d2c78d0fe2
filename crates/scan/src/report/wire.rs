//! The report as JSON, for other programs. The version changes when a field changes its meaning or
//! goes away; new fields may come.

use serde_json::{Value, json};

use super::{ScanReport, findings};
use crate::osv::{Coverage, Vulnerability};
use crate::packages::{Inventory, Package};
use crate::saving::savings;
use crate::secrets::{Secret, SecretPlace};
use crate::size::{LargeFile, LayerSize, Loss, SizeReport, Waste};

const VERSION: u32 = 1;

/// The report in version 1 of its JSON form.
pub fn to_json(report: &ScanReport) -> Value {
    let counts =
        findings(report).into_iter().map(|(rating, count)| (rating.word().to_string(), count.into()));
    json!({
        "version": VERSION,
        "size": size(&report.size),
        "os": os(&report.inventory),
        "packages": packages(&report.inventory),
        "vulnerabilityCounts": Value::Object(counts.collect()),
        "vulnerabilities": report.vulnerabilities.iter().map(vulnerability).collect::<Vec<_>>(),
        "databases": report.coverage.as_ref().map(|parts| parts.iter().map(coverage).collect::<Vec<_>>()),
        "secrets": report.secrets.iter().map(secret).collect::<Vec<_>>(),
        "notes": report.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn size(size: &SizeReport) -> Value {
    let savings = savings(size).into_iter().map(|saving| {
        json!({
            "bytes": saving.bytes,
            "layer": saving.layer,
            "line": saving.line.as_ref().map(|(line, _)| line),
            "remedy": saving.remedy.to_string(),
        })
    });
    json!({
        "total": size.total,
        "wasted": size.wasted,
        "base": size.shown_bytes(true),
        "own": size.shown_bytes(false),
        "efficiency": size.efficiency(),
        "layers": size.layers.iter().map(layer).collect::<Vec<_>>(),
        "waste": size.waste.iter().map(waste).collect::<Vec<_>>(),
        "savings": savings.collect::<Vec<_>>(),
        "largest": size.largest.iter().map(large_file).collect::<Vec<_>>(),
    })
}

fn layer(layer: &LayerSize) -> Value {
    json!({
        "bytes": layer.bytes,
        "wasted": layer.wasted,
        "files": layer.files,
        "fromBase": layer.from_base,
        "createdBy": layer.created_by,
        "line": layer.line.as_ref().map(|(line, _)| line),
        "largest": layer.largest.iter().map(large_file).collect::<Vec<_>>(),
    })
}

fn large_file(file: &LargeFile) -> Value {
    json!({ "path": file.path, "bytes": file.bytes, "layer": file.layer })
}

fn waste(waste: &Waste) -> Value {
    let loss = match waste.loss {
        Loss::Deleted => "deleted",
        Loss::DirectoryDeleted => "directory-deleted",
        Loss::Overwritten => "overwritten",
        Loss::CopiedUnchanged => "copied-unchanged",
    };
    json!({
        "path": waste.path,
        "bytes": waste.bytes,
        "files": waste.files,
        "layer": waste.layer,
        "lostIn": waste.lost_in,
        "loss": loss,
        "place": waste.place,
    })
}

fn os(inventory: &Inventory) -> Value {
    match &inventory.os {
        Some(os) => json!({ "id": os.id, "versionId": os.version_id, "name": os.name() }),
        None => Value::Null,
    }
}

fn packages(inventory: &Inventory) -> Vec<Value> {
    let package = |package: &Package| {
        json!({
            "name": package.name,
            "version": package.version,
            "purl": package.purl(inventory.os.as_ref()),
            "source": package.source.as_ref().map(|source| json!({ "name": source.name, "version": source.version })),
            "path": package.path,
            "layer": package.layer,
            "installedBytes": package.installed_bytes,
        })
    };
    inventory.packages.iter().map(package).collect()
}

fn vulnerability(flaw: &Vulnerability) -> Value {
    json!({
        "id": flaw.id,
        "aliases": flaw.aliases,
        "ecosystem": flaw.ecosystem,
        "source": flaw.source,
        "packages": flaw.packages,
        "installed": flaw.installed,
        "fixed": flaw.fixed,
        "rating": flaw.rating.word(),
        "ratedBy": flaw.rated_by,
        "layer": flaw.layer,
        "summary": flaw.summary,
    })
}

fn coverage(part: &Coverage) -> Value {
    json!({ "ecosystem": part.ecosystem, "records": part.records, "newest": part.newest })
}

fn secret(secret: &Secret) -> Value {
    let place = match &secret.place {
        SecretPlace::File { path, line, layer, deleted_in } => {
            json!({ "file": path, "line": line, "layer": layer, "deletedIn": deleted_in })
        }
        SecretPlace::Environment { name } => json!({ "environment": name }),
        SecretPlace::Label { key } => json!({ "label": key }),
        SecretPlace::History { step } => json!({ "historyStep": step }),
    };
    json!({ "kind": secret.kind, "place": place, "shown": secret.shown })
}

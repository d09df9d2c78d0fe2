//! Packages, known flaws, secrets.

use std::collections::BTreeMap;

use plimsoll_scan::{PackageKind, Rating, ScanReport, Secret, Vulnerability, summary};

use super::Shown;
use super::limits::Limits;
use crate::report::sections::place;

/// What a scan found, for the page.
pub struct Packages {
    pub summary: String,
    pub system: String,
    /// Packages a kind.
    pub kinds: String,
    pub flaws: Shown<Flaw>,
    pub secrets: Shown<SecretRow>,
    pub packages: Shown<Package>,
    pub notes: Shown<String>,
}

/// A known flaw.
pub struct Flaw {
    pub rating: &'static str,
    /// `bad` or `note`.
    pub state: &'static str,
    pub id: String,
    pub packages: String,
    pub installed: String,
    pub fixed: String,
    pub origin: String,
    pub summary: String,
}

/// A secret.
pub struct SecretRow {
    pub kind: &'static str,
    pub place: String,
    pub shown: String,
}

/// An installed package.
pub struct Package {
    pub kind: &'static str,
    pub name: String,
    pub version: String,
    pub layer: String,
}

/// The scan's tables.
pub fn packages(scan: &ScanReport, limits: Limits) -> Packages {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for package in &scan.inventory.packages {
        *kinds.entry(kind_word(package.kind)).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    Packages {
        summary: summary(scan),
        system: scan.inventory.os.as_ref().map_or(String::new(), |os| limits.name(&os.name())),
        kinds: kinds.join(", "),
        flaws: limits.shown(&scan.vulnerabilities, |flaw| flaw_row(flaw, scan, limits)),
        secrets: limits.shown(&scan.secrets, |secret| secret_row(secret, limits)),
        packages: limits.shown(&scan.inventory.packages, |package| Package {
            kind: kind_word(package.kind),
            name: limits.name(&package.name),
            version: limits.name(&package.version),
            layer: package.layer.map_or(String::new(), |layer| layer.to_string()),
        }),
        notes: limits.few(&scan.notes, |note| limits.text(&note.to_string())),
    }
}

fn kind_word(kind: PackageKind) -> &'static str {
    match kind {
        PackageKind::Deb => "deb",
        PackageKind::Apk => "apk",
        PackageKind::Python => "python",
        PackageKind::Npm => "npm",
    }
}

fn flaw_row(flaw: &Vulnerability, scan: &ScanReport, limits: Limits) -> Flaw {
    let layer = flaw.layer.and_then(|number| Some((number, scan.size.layers.get(number)?)));
    Flaw {
        rating: flaw.rating.word(),
        state: if flaw.rating >= Rating::High { "bad" } else { "note" },
        id: limits.name(&flaw.id),
        packages: limits.name(&flaw.packages.join(" ")),
        installed: limits.name(&flaw.installed),
        fixed: flaw.fixed.as_deref().map_or("no fix yet".to_string(), |fixed| limits.name(fixed)),
        origin: match layer {
            Some((number, layer)) if layer.from_base => format!("layer {number}, base image"),
            Some((number, layer)) => match &layer.line {
                Some((line, _)) => format!("layer {number}, line {line}"),
                None => format!("layer {number}"),
            },
            None => String::new(),
        },
        summary: limits.text(&flaw.summary),
    }
}

fn secret_row(secret: &Secret, limits: Limits) -> SecretRow {
    SecretRow {
        kind: secret.kind,
        place: limits.text(&place(&secret.place)),
        shown: limits.name(&secret.shown),
    }
}

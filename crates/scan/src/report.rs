//! One look at an image, everything in it.

use plimsoll_model::{FileTree, ImageConfig};

use crate::layer::{LayerFiles, LayerListing};
use crate::note::Note;
use crate::osv::{self, AdvisoryRecords, Coverage, Rating, Vulnerability};
use crate::packages::{self, Inventory, Place};
use crate::secrets::{self, Secret};
use crate::size::{self, SizeReport};

pub use wire::to_json;

mod wire;

/// What is looked at.
pub struct ScanInput<'a> {
    /// The finished image's files.
    pub tree: &'a dyn FileTree,
    /// Its layers' listings, lowest first.
    pub layers: &'a [LayerListing],
    /// The single layers' files.
    pub files: &'a dyn LayerFiles,
    /// Its configuration.
    pub config: &'a ImageConfig,
    /// The advisory data base, if the user has one.
    pub advisories: Option<&'a dyn AdvisoryRecords>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScanReport {
    /// Where the bytes are.
    pub size: SizeReport,
    /// Distribution and packages.
    pub inventory: Inventory,
    /// Known flaws, worst first.
    pub vulnerabilities: Vec<Vulnerability>,
    /// The ecosystems whose advisories were read; `None` where no data base was given.
    pub coverage: Option<Vec<Coverage>>,
    /// Secrets.
    pub secrets: Vec<Secret>,
    /// What could not be told, to be shown with the rest.
    pub notes: Vec<Note>,
}

/// Look at an image.
pub fn scan(input: &ScanInput) -> ScanReport {
    let merged = size::merge(input.layers);
    let place = Place { tree: input.tree, files: input.files, merged: &merged, layers: input.layers.len() };
    let mut inventory = packages::take_inventory(&place);
    let mut notes = std::mem::take(&mut inventory.notes);
    let matches = input.advisories.map(|advisories| osv::match_packages(&inventory, advisories));
    let mut report = ScanReport {
        size: size::report(input.layers, &merged),
        secrets: secrets::find(&merged, input.files, input.config),
        inventory,
        ..Default::default()
    };
    if let Some(matches) = matches {
        report.vulnerabilities = matches.vulnerabilities;
        report.coverage = Some(matches.coverage);
        notes.extend(matches.notes);
    }
    report.notes = notes;
    report
}

/// Flaws by rating, worst first, ratings without any left out.
pub fn findings(report: &ScanReport) -> Vec<(Rating, usize)> {
    let count = |rating| report.vulnerabilities.iter().filter(|flaw| flaw.rating == rating).count();
    Rating::ALL.into_iter().map(|rating| (rating, count(rating))).filter(|(_, count)| *count > 0).collect()
}

/// `41 packages · 1 high, 2 low · no secrets · database of 2026-11-20`.
pub fn summary(report: &ScanReport) -> String {
    let secrets = match report.secrets.len() {
        0 => "no secrets".to_string(),
        count => counted(count, "secret"),
    };
    let packages = counted(report.inventory.packages.len(), "package");
    [packages, flaws(report), secrets, database(report)].join(" · ")
}

fn flaws(report: &ScanReport) -> String {
    let found = findings(report);
    match report.coverage.as_deref() {
        None | Some([]) if !report.inventory.packages.is_empty() => "not matched".to_string(),
        _ if found.is_empty() => "no known flaws".to_string(),
        _ => found
            .iter()
            .map(|(rating, count)| format!("{count} {}", rating.word()))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// The oldest of the data base's parts is what the whole answer is worth.
fn database(report: &ScanReport) -> String {
    match &report.coverage {
        None => "no database".to_string(),
        Some(coverage) => match coverage.iter().map(|part| part.newest.as_str()).min() {
            None => "database does not cover it".to_string(),
            Some(day) => format!("database of {day}"),
        },
    }
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

//! Advisories against installed packages, one finding a flaw and source package.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::range::{Verdict, verdict, worse};
use super::wire::Record;
use super::{AdvisoryFolder, AdvisoryRecords, BrokenArchive, Coverage, Database, Rating, rating};
use crate::note::Note;
use crate::packages::{Inventory, OsRelease, Package, PackageKind, normalized_name};
use crate::version::Scheme;

/// A known flaw in something installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vulnerability {
    /// The name to show: the CVE where there is one.
    pub id: String,
    /// All other names: advisories, aliases.
    pub aliases: Vec<String>,
    /// OSV's name of the ecosystem that says so.
    pub ecosystem: String,
    /// Whose packages.
    pub kind: PackageKind,
    /// The name the advisory uses: a source package for distributions.
    pub source: String,
    /// The installed packages built from it, sorted.
    pub packages: Vec<String>,
    /// The installed version, of the source where the two differ.
    pub installed: String,
    /// The version that has the fix; `None` where none is known.
    pub fixed: Option<String>,
    /// How bad.
    pub rating: Rating,
    /// Who said how bad: `CVSS 7.5`, `the distribution`, `the advisory`.
    pub rated_by: Option<String>,
    /// The lowest layer that brought one of the packages.
    pub layer: Option<usize>,
    /// One line about it; empty where the advisory has none.
    pub summary: String,
}

/// All packages that one advisory name and version stands for.
struct Installed<'a> {
    ecosystem: String,
    name: String,
    version: &'a str,
    kind: PackageKind,
    packages: Vec<&'a Package>,
}

/// What matching found.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    pub(crate) vulnerabilities: Vec<Vulnerability>,
    pub(crate) coverage: Vec<Coverage>,
    pub(crate) notes: Vec<Note>,
}

/// Match an inventory. Worst first, then by package and id.
pub(crate) fn match_packages(inventory: &Inventory, advisories: &dyn AdvisoryRecords) -> Matches {
    let mut matches = Matches::default();
    let mut by_ecosystem: BTreeMap<String, Vec<Installed>> = BTreeMap::new();
    for installed in group(inventory, &mut matches.notes) {
        by_ecosystem.entry(installed.ecosystem.clone()).or_default().push(installed);
    }
    for (ecosystem, installed) in &by_ecosystem {
        let Some(database) = open(ecosystem, installed, advisories, &mut matches.notes) else { continue };
        for installed in installed {
            let found = match_one(&database, installed);
            if !found.is_empty() && installed.packages.iter().all(|package| package.is_kernel_headers()) {
                let packages = names(installed).join(", ");
                matches.notes.push(Note::KernelHeaders { packages, advisories: found.len() });
            } else {
                matches.vulnerabilities.extend(found);
            }
        }
        matches.coverage.push(database.coverage().clone());
    }
    matches.vulnerabilities.sort_by(|a, b| {
        (b.rating, &a.source, &a.id, &a.installed).cmp(&(a.rating, &b.source, &b.id, &b.installed))
    });
    matches
}

fn group<'a>(inventory: &'a Inventory, notes: &mut Vec<Note>) -> Vec<Installed<'a>> {
    let of_system = |package: &&Package| matches!(package.kind, PackageKind::Deb | PackageKind::Apk);
    let system_packages = inventory.packages.iter().filter(of_system).count();
    let release = match &inventory.os {
        None if system_packages > 0 => {
            notes.push(Note::NoOsRelease { packages: system_packages });
            None
        }
        os => os.as_ref().map(OsRelease::ecosystem).and_then(|ecosystem| match ecosystem {
            Err(why) if system_packages > 0 => {
                notes.push(Note::ReleaseUnknown { why, packages: system_packages });
                None
            }
            ecosystem => ecosystem.ok(),
        }),
    };
    let mut groups: BTreeMap<(PackageKind, String, &str), Installed> = BTreeMap::new();
    for package in &inventory.packages {
        let ecosystem = match package.kind {
            PackageKind::Deb | PackageKind::Apk => release.clone(),
            PackageKind::Python => Some("PyPI".to_string()),
            PackageKind::Npm => Some("npm".to_string()),
        };
        let Some(ecosystem) = ecosystem else { continue };
        let name = match package.kind {
            PackageKind::Python => normalized_name(&package.name),
            _ => package.advisory_name().to_string(),
        };
        let (kind, version) = (package.kind, package.advisory_version());
        let fresh = || Installed { ecosystem, name: name.clone(), version, kind, packages: Vec::new() };
        groups.entry((kind, name.clone(), version)).or_insert_with(fresh).packages.push(package);
    }
    groups.into_values().collect()
}

fn open(
    ecosystem: &str,
    installed: &[Installed],
    advisories: &dyn AdvisoryRecords,
    notes: &mut Vec<Note>,
) -> Option<Database> {
    let packages = installed.iter().map(|installed| installed.packages.len()).sum();
    let wanted: HashSet<String> = installed.iter().map(|installed| installed.name.clone()).collect();
    let read = folder_of(ecosystem, advisories)
        .and_then(|folder| folder.map(|folder| Database::read(ecosystem, folder, &wanted)).transpose());
    let ecosystem = ecosystem.to_string();
    match read {
        Err(why) => {
            notes.push(Note::DatabaseBroken { ecosystem, why: why.to_string() });
            None
        }
        Ok(Some(database)) if database.coverage().records > 0 => {
            let broken = database.coverage().broken;
            if broken > 0 {
                notes.push(Note::RecordsBroken { ecosystem, records: broken });
            }
            Some(database)
        }
        Ok(_) => {
            notes.push(Note::NotCovered { ecosystem, packages });
            None
        }
    }
}

/// The public bucket has a folder a release (`Debian:12`) and one for all of them (`Debian`).
fn folder_of<'a>(
    ecosystem: &str,
    advisories: &'a dyn AdvisoryRecords,
) -> Result<Option<AdvisoryFolder<'a>>, BrokenArchive> {
    let family = ecosystem.split(':').next().unwrap_or(ecosystem);
    match advisories.folder(ecosystem)? {
        None if family != ecosystem => advisories.folder(family),
        folder => Ok(folder),
    }
}

/// Records about one flaw speak first. One about several (a DSA) then adds only those flaws that
/// have no record of their own: its single fixed version is true of the worst of them only.
fn match_one(database: &Database, installed: &Installed) -> Vec<Vulnerability> {
    let mut found: BTreeMap<String, Vulnerability> = BTreeMap::new();
    let mut spoken_of: HashMap<String, Verdict> = HashMap::new();
    let parse = |bytes| serde_json::from_slice::<Record>(bytes).ok();
    let records: Vec<Record> = database.records_of(&installed.name).filter_map(parse).collect();
    let (single, several): (Vec<&Record>, Vec<&Record>) =
        records.iter().partition(|record| flaws(record).len() == 1);
    for record in single {
        let id = flaws(record).remove(0);
        let verdict = judge(record, installed);
        add(&mut found, record, &id, &verdict, installed);
        spoken_of.insert(id, verdict);
    }
    for record in several {
        let verdict = judge(record, installed);
        for id in flaws(record) {
            match spoken_of.get(&id) {
                Some(Verdict::Unaffected) => {}
                Some(Verdict::Affected { .. }) if verdict == Verdict::Unaffected => {}
                _ => add(&mut found, record, &id, &verdict, installed),
            }
        }
    }
    found.into_values().collect()
}

/// The flaws a record is about: its CVEs, or itself where it names none.
fn flaws(record: &Record) -> Vec<String> {
    let names = [record.id.as_ref()]
        .into_iter()
        .chain(record.aliases.iter().chain(&record.upstream).map(String::as_str));
    let cves: BTreeSet<String> = names.filter(|name| name.starts_with("CVE-")).map(str::to_string).collect();
    if cves.is_empty() { vec![record.id.to_string()] } else { cves.into_iter().collect() }
}

fn judge(record: &Record, installed: &Installed) -> Verdict {
    let scheme = installed.kind.scheme();
    let ours = record.affected.iter().filter(|affected| is_ours(affected, installed));
    ours.map(|affected| verdict(affected, installed.version, scheme))
        .reduce(|a, b| worse(a, b, scheme))
        .unwrap_or(Verdict::Unaffected)
}

fn is_ours(affected: &super::wire::Affected, installed: &Installed) -> bool {
    let package = affected.package.as_ref();
    package.is_some_and(|package| package.ecosystem == installed.ecosystem && package.name == installed.name)
}

fn add(
    found: &mut BTreeMap<String, Vulnerability>,
    record: &Record,
    id: &str,
    verdict: &Verdict,
    installed: &Installed,
) {
    let Verdict::Affected { fixed } = verdict else { return };
    let fresh = finding(record, id, fixed.clone(), installed);
    match found.get_mut(id) {
        None => {
            found.insert(id.to_string(), fresh);
        }
        Some(known) => join(known, fresh, installed.kind.scheme()),
    }
}

/// Two advisories on one flaw: the earlier fix that any of them knows, the worse rating.
fn join(known: &mut Vulnerability, other: Vulnerability, scheme: Scheme) {
    let names: BTreeSet<String> = known.aliases.drain(..).chain(other.aliases).collect();
    known.aliases = names.into_iter().collect();
    let is_earlier = |fix: &String, than: &Option<String>| match than {
        None => true,
        Some(than) => scheme.compare(fix, than) == Some(Ordering::Less),
    };
    if let Some(fix) = other.fixed.filter(|fix| is_earlier(fix, &known.fixed)) {
        known.fixed = Some(fix);
    }
    let is_rated = |finding: &Rating| *finding != Rating::Unrated;
    if (is_rated(&other.rating), other.rating) > (is_rated(&known.rating), known.rating) {
        (known.rating, known.rated_by) = (other.rating, other.rated_by);
    }
    if known.summary.is_empty() {
        known.summary = other.summary;
    }
}

fn finding(record: &Record, id: &str, fixed: Option<String>, installed: &Installed) -> Vulnerability {
    let names_of_record = [record.id.as_ref()]
        .into_iter()
        .chain(record.aliases.iter().map(String::as_str))
        .filter(|name| *name != id);
    let aliases: BTreeSet<String> = names_of_record.map(str::to_string).collect();
    let ours = record.affected.iter().filter(|affected| is_ours(affected, installed));
    let (rating, rated_by) = ours
        .map(|affected| rating::of(record, affected))
        .max_by_key(|(rating, _)| *rating)
        .unwrap_or((Rating::Unrated, None));
    Vulnerability {
        id: id.to_string(),
        aliases: aliases.into_iter().collect(),
        ecosystem: installed.ecosystem.clone(),
        kind: installed.kind,
        source: installed.name.clone(),
        packages: names(installed),
        installed: installed.version.to_string(),
        fixed,
        rating,
        rated_by,
        layer: installed.packages.iter().filter_map(|package| package.layer).min(),
        summary: summary(record),
    }
}

fn names(installed: &Installed) -> Vec<String> {
    let names: BTreeSet<String> = installed.packages.iter().map(|package| package.name.clone()).collect();
    names.into_iter().collect()
}

/// The summary, or the first line of the details; a list's dash in front says nothing.
fn summary(record: &Record) -> String {
    let given = record.summary.as_deref().filter(|summary| !summary.trim().is_empty());
    let text = given.or(record.details.as_deref()).unwrap_or("");
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
    line.trim_start_matches(['-', '*', '#', ' ']).chars().take(200).collect()
}

//! dpkg's data base: `status`, and one file a package in `status.d` as distroless images have it.

use super::stanza::{Stanza, stanzas};
use super::{Package, PackageKind, Place, SourcePackage, pairs};
use crate::note::Note;

const STATUS: &str = "/var/lib/dpkg/status";
const STATUS_D: &str = "/var/lib/dpkg/status.d";

pub(super) fn read(place: &Place, notes: &mut Vec<Note>) -> Vec<Package> {
    let mut all = Vec::new();
    let single = place.tree.children(STATUS_D).into_iter().filter(|name| !name.ends_with(".md5sums"));
    let databases = [STATUS.to_string()].into_iter().chain(single.map(|name| format!("{STATUS_D}/{name}")));
    for path in databases.filter(|path| place.is_file(path)) {
        let Some(bytes) = place.read(&path, notes) else { continue };
        let mut packages = parse(&bytes, &path);
        place.find_layers(&path, &mut packages, |bytes| pairs(parse(bytes, &path)));
        all.extend(packages);
    }
    all
}

fn parse(bytes: &[u8], path: &str) -> Vec<Package> {
    let text = String::from_utf8_lossy(bytes);
    stanzas(&text).iter().filter_map(|stanza| package(stanza, path)).collect()
}

fn package(stanza: &Stanza, path: &str) -> Option<Package> {
    let is_there = stanza.get("Status").map_or(path != STATUS, has_files);
    if !is_there {
        return None;
    }
    let (name, version) = (stanza.get("Package")?, stanza.get("Version")?);
    let kibibytes: Option<u64> = stanza.get("Installed-Size").and_then(|size| size.parse().ok());
    Some(Package {
        architecture: stanza.get("Architecture").map(str::to_string),
        source: stanza.get("Source").map(|source| source_package(source, version)),
        installed_bytes: kibibytes.map(|size| size.saturating_mul(1024)),
        ..Package::new(PackageKind::Deb, name.to_string(), version.to_string(), path)
    })
}

/// dpkg(1): the third word is the state. `not-installed`, `config-files` (what `deinstall` leaves)
/// and `half-installed` have no program to speak of.
fn has_files(status: &str) -> bool {
    let state = status.split_whitespace().nth(2);
    let states = ["installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"];
    state.is_some_and(|state| states.contains(&state))
}

/// `Source: name` or `Source: name (version)`, the latter where the versions differ (a rebuild).
fn source_package(source: &str, version: &str) -> SourcePackage {
    match source.split_once('(') {
        None => SourcePackage { name: source.trim().to_string(), version: version.to_string() },
        Some((name, own)) => SourcePackage {
            name: name.trim().to_string(),
            version: own.trim_end().trim_end_matches(')').trim().to_string(),
        },
    }
}

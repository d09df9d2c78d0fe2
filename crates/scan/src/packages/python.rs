//! Python distributions: `*.dist-info/METADATA`, `*.egg-info/PKG-INFO` and `*.egg-info` files.

use super::stanza::Stanza;
use super::{Package, PackageKind, Place, READ_LIMIT};

pub(super) fn read(place: &Place) -> Vec<Package> {
    let files = place.merged.files().filter(|(path, _)| is_metadata(path));
    files.filter_map(|(path, body)| package(place, path, body.layer)).collect()
}

fn is_metadata(path: &str) -> bool {
    path.ends_with(".dist-info/METADATA")
        || path.ends_with(".egg-info/PKG-INFO")
        || path.ends_with(".egg/EGG-INFO/PKG-INFO")
        || path.ends_with(".egg-info")
}

fn package(place: &Place, path: &str, layer: usize) -> Option<Package> {
    let bytes = place.tree.read_exact_path(path, READ_LIMIT).ok()?;
    let (name, version, licence) = fields(&bytes)?;
    let older = (0..layer).find(|layer| {
        let before = place.files.read_in_layer(*layer, path, READ_LIMIT).and_then(|bytes| fields(&bytes));
        before.is_some_and(|(old_name, old_version, _)| old_name == name && old_version == version)
    });
    let layer = Some(older.unwrap_or(layer));
    Some(Package { licence, layer, ..Package::new(PackageKind::Python, name, version, path) })
}

/// Name, version and licence from the header, which ends at the first blank line.
fn fields(bytes: &[u8]) -> Option<(String, String, Option<String>)> {
    let text = String::from_utf8_lossy(bytes);
    let header =
        Stanza::parse(text.trim_start_matches('\u{feff}').lines().take_while(|line| !line.is_empty()));
    let licence =
        header.get("License-Expression").or(header.get("License")).filter(|text| *text != "UNKNOWN");
    Some((header.get("Name")?.to_string(), header.get("Version")?.to_string(), licence.map(str::to_string)))
}

/// PyPI's form of a name (PEP 503): lower case, runs of `-_.` are one `-`.
pub(crate) fn normalized(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

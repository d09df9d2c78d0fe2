//! apk's data base: paragraphs of `X:value` lines (apk-tools, `apk_db_read_overlay`).

use std::collections::HashSet;

use super::{Package, PackageKind, Place, READ_LIMIT, SourcePackage, pairs};
use crate::note::Note;

/// The second since Alpine 3.22 merged /usr.
const DATABASES: [&str; 2] = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];

pub(super) fn read(place: &Place, notes: &mut Vec<Note>) -> Vec<Package> {
    let Some(path) = DATABASES.into_iter().find(|path| place.is_file(path)) else { return Vec::new() };
    let Some(bytes) = place.read(path, notes) else { return Vec::new() };
    let mut packages = parse(&bytes, path);
    // With /lib a link to usr/lib, older layers may still have the other path.
    for database in [path].into_iter().chain(DATABASES) {
        place.find_layers(database, &mut packages, |bytes| pairs(parse(bytes, path)));
    }
    packages
}

/// All files apk put there, from the `F:` (folder) and `R:` (file in it) lines.
pub(super) fn owned_files(place: &Place) -> HashSet<String> {
    let path = DATABASES.into_iter().find(|path| place.is_file(path));
    let bytes = path.and_then(|path| place.tree.read(path, READ_LIMIT).ok()).unwrap_or_default();
    let mut files = HashSet::new();
    let text = String::from_utf8_lossy(&bytes);
    let mut folder = "";
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("F:") {
            folder = path;
        } else if let Some(name) = line.strip_prefix("R:") {
            files.insert(format!("/{folder}/{name}"));
        }
    }
    files
}

fn parse(bytes: &[u8], path: &str) -> Vec<Package> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines.split(|line| line.is_empty()).filter_map(|lines| package(lines, path)).collect()
}

fn package<'a>(lines: &[&'a str], path: &str) -> Option<Package> {
    let field = |letter: &str| -> Option<&'a str> {
        let mut fields = lines.iter().filter_map(|line| line.split_once(':'));
        fields
            .find(|(name, _)| *name == letter)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    };
    let (name, version) = (field("P")?, field("V")?);
    let origin = |name: &str| SourcePackage { name: name.to_string(), version: version.to_string() };
    Some(Package {
        architecture: field("A").map(str::to_string),
        source: field("o").map(origin),
        licence: field("L").map(str::to_string),
        installed_bytes: field("I").and_then(|size| size.parse().ok()),
        ..Package::new(PackageKind::Apk, name.to_string(), version.to_string(), path)
    })
}

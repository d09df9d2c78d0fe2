//! Packages of `node_modules` trees: the roots only, never a `package.json` inside a package.

use serde::Deserialize;

use super::{Package, PackageKind, Place, READ_LIMIT};

#[derive(Deserialize)]
struct Manifest {
    name: String,
    version: String,
    #[serde(default)]
    license: serde_json::Value,
}

pub(super) fn read(place: &Place) -> Vec<Package> {
    let files = place.merged.files().filter(|(path, _)| is_package_root(path));
    files.filter_map(|(path, body)| package(place, path, body.layer)).collect()
}

/// From the first `node_modules` on a path must be packages in packages; test data that carries a
/// `node_modules` of its own below some other folder is none.
fn is_package_root(path: &str) -> bool {
    let Some(folder) = path.strip_suffix("/package.json") else { return false };
    let Some(start) = folder.find("/node_modules/") else { return false };
    let mut parts = folder[start + 1..].split('/');
    while let Some(part) = parts.next() {
        let package = if part == "node_modules" { parts.next() } else { None };
        let is_package = match package {
            Some(scope) if scope.starts_with('@') => parts.next().is_some(),
            Some(name) => !name.starts_with('.'),
            None => false,
        };
        if !is_package {
            return false;
        }
    }
    true
}

fn package(place: &Place, path: &str, layer: usize) -> Option<Package> {
    let manifest = parse(&place.tree.read_exact_path(path, READ_LIMIT).ok()?)?;
    let older = (0..layer).find(|layer| {
        let before = place.files.read_in_layer(*layer, path, READ_LIMIT).and_then(|bytes| parse(&bytes));
        before.is_some_and(|before| before.name == manifest.name && before.version == manifest.version)
    });
    let licence = manifest.license.as_str().map(str::to_string);
    let layer = Some(older.unwrap_or(layer));
    Some(Package { licence, layer, ..Package::new(PackageKind::Npm, manifest.name, manifest.version, path) })
}

/// Some editors leave a byte order mark, which npm accepts.
fn parse(bytes: &[u8]) -> Option<Manifest> {
    let manifest: Manifest =
        serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()?;
    (!manifest.name.is_empty() && !manifest.version.is_empty()).then_some(manifest)
}

#[cfg(test)]
mod tests {
    use super::is_package_root;

    #[test]
    fn package_roots() {
        for path in [
            "/app/node_modules/express/package.json",
            "/app/node_modules/@types/node/package.json",
            "/usr/lib/node_modules/npm/node_modules/@npmcli/fs/package.json",
        ] {
            assert!(is_package_root(path), "{path}");
        }
        for path in [
            "/app/package.json",
            "/app/node_modules/package.json",
            "/app/node_modules/express/lib/package.json",
            "/app/node_modules/express/test/node_modules/1to2/package.json",
            "/app/node_modules/@scope/package.json",
            "/app/node_modules/.cache/package.json",
        ] {
            assert!(!is_package_root(path), "{path}");
        }
    }
}

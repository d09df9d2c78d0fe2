//! The floors of the house: which crate may import which. The table of ARCHITECTURE.md as a test.

use std::path::Path;

/// Crate and the crates of ours it may depend on; the roof may use all.
const FLOORS: [(&str, &[&str]); 13] = [
    ("model", &[]),
    ("dockerfile", &["model"]),
    ("contract", &["model", "dockerfile"]),
    ("lint", &["model", "dockerfile", "contract"]),
    ("kube", &["model", "contract"]),
    ("scan", &["model"]),
    ("template", &["model"]),
    ("sys", &[]),
    ("image", &["model", "sys"]),
    ("runtime", &["model", "sys"]),
    ("build", &["model", "dockerfile", "contract", "image", "runtime", "sys"]),
    ("prove", &["model", "contract", "image", "runtime", "sys"]),
    ("testkit", &["model", "image"]),
];

/// Refuse an import that the table does not allow, and a crate it does not know.
pub fn check(checkout: &Path) -> Result<(), String> {
    let crates = std::fs::read_dir(checkout.join("crates")).map_err(|error| error.to_string())?;
    let mut wrong = Vec::new();
    for entry in crates.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "plimsoll" {
            continue;
        }
        let manifest = entry.path().join("Cargo.toml");
        let text =
            std::fs::read_to_string(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
        wrong.extend(violations(&name, &text));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn violations(name: &str, manifest: &str) -> Vec<String> {
    let Some((_, allowed)) = FLOORS.iter().find(|(known, _)| *known == name) else {
        return vec![format!("crate {name} has no floor: add it to xtask/src/floors.rs and ARCHITECTURE.md")];
    };
    let imports = imports(manifest);
    let forbidden = imports.iter().filter(|import| !allowed.contains(&import.as_str()));
    forbidden
        .map(|import| format!("{name} must not import {import}: see the floors in ARCHITECTURE.md"))
        .collect()
}

/// The plimsoll crates named in `[dependencies]`; tests may use more.
fn imports(manifest: &str) -> Vec<String> {
    let section = manifest.split("\n[dependencies]").nth(1).unwrap_or("");
    let section = section.split("\n[").next().unwrap_or("");
    let ours = section.lines().filter_map(|line| line.strip_prefix("plimsoll-"));
    ours.filter_map(|rest| rest.split([' ', '.', '=']).next()).map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_keeps_its_floors() {
        assert_eq!(check(&crate::shell::checkout()), Ok(()));
    }

    #[test]
    fn an_import_from_above_is_found() {
        let manifest = "[package]\n\n[dependencies]\nplimsoll-model = { workspace = true }\nplimsoll-image.workspace = true\n\n[dev-dependencies]\nplimsoll-testkit = { workspace = true }\n";
        assert_eq!(violations("scan", manifest).len(), 1);
        assert_eq!(violations("attic", manifest).len(), 1);
        assert!(violations("prove", manifest).is_empty());
    }
}

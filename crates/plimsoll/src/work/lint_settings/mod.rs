//! Which rules are checked for a Dockerfile, with which values: what its project's settings file says, and flags.
//!
//! The nearest file counts: beside the Dockerfile, else in the directories above it up to the root of the git
//! repository; `plimsoll.toml` before hadolint's own.

mod reader;
mod tree;

use std::path::{Path, PathBuf};

use plimsoll_lint::{Selection, Settings};
use plimsoll_model::Source;

use super::project::text_of;
use crate::command_error::{CommandError, ErrorKind};
use crate::verbs::explain::FailOn;
use reader::SettingsFile;

/// Names of settings files, the stronger first.
const NAMES: [&str; 3] = ["plimsoll.toml", ".hadolint.yaml", ".hadolint.yml"];

/// What flags say of the rules.
#[derive(Debug, Clone, Default)]
pub struct RuleWishes {
    /// `--only`.
    pub only: Vec<String>,
    /// `--enable`.
    pub enable: Vec<String>,
    /// `--disable`.
    pub disable: Vec<String>,
    /// `--strict`.
    pub strict: bool,
    /// `--trusted-registry`, `--require-label`, `--strict-labels`.
    pub settings: Settings,
    /// `--config`.
    pub file: Option<PathBuf>,
}

/// How a Dockerfile is examined.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    /// The rules.
    pub selection: Selection,
    /// What they compare with.
    pub settings: Settings,
    /// The least weight that fails, if the file says so.
    pub fail_on: Option<FailOn>,
}

impl RuleWishes {
    /// The rules for a Dockerfile of a directory; `None` is one that lies nowhere.
    pub fn for_directory(&self, directory: Option<&Path>) -> Result<RuleSet, CommandError> {
        let found = self.file.clone().or_else(|| nearest_file(directory?));
        let file = found.map_or(Ok(SettingsFile::default()), |path| read(&path))?;
        self.with(file)
    }

    /// Flags are stronger than the file: what they ask for is not ignored.
    fn with(&self, file: SettingsFile) -> Result<RuleSet, CommandError> {
        let only = if self.only.is_empty() { &file.only } else { &self.only };
        let asked = |word: &String| {
            self.only.iter().chain(&self.enable).any(|asked| asked.eq_ignore_ascii_case(word))
        };
        let ignored = file.ignore.iter().filter(|word| !asked(word)).chain(&self.disable).cloned();
        let enable = [file.enable.as_slice(), &self.enable].concat();
        let selection = Selection::new(only, &enable, &ignored.collect::<Vec<_>>()).map_err(unknown_rule)?;
        let mut settings = file.settings;
        if !self.settings.allowed_registries.is_empty() {
            settings.allowed_registries = self.settings.allowed_registries.clone();
        }
        for (label, kind) in &self.settings.labels {
            settings.labels.retain(|(known, _)| known != label);
            settings.labels.push((label.clone(), *kind));
        }
        settings.strict_labels |= self.settings.strict_labels;
        let selection = selection.strict(self.strict || file.strict);
        Ok(RuleSet { selection, settings, fail_on: file.fail_on })
    }
}

fn unknown_rule(error: plimsoll_lint::UnknownRule) -> CommandError {
    let wrong = CommandError::usage(format!("there is no rule '{}'", error.word));
    match error.nearest {
        Some(near) => wrong.hint(format!("did you mean {near}?")),
        None => wrong
            .hint("rules have codes (PL101, PL1), names (args-ignored), and those of hadolint and BuildKit"),
    }
}

/// The settings file that counts for a directory. Outside of a repository only its own does: who may write
/// above it is not known.
fn nearest_file(directory: &Path) -> Option<PathBuf> {
    let in_directory =
        |directory: &Path| NAMES.map(|name| directory.join(name)).into_iter().find(|at| at.is_file());
    if let Some(found) = in_directory(directory) {
        return Some(found);
    }
    let absolute = std::fs::canonicalize(directory).ok()?;
    let root = absolute.ancestors().find(|at| at.join(".git").exists())?;
    let above = absolute.ancestors().skip(1).take_while(|at| at.starts_with(root));
    above.into_iter().find_map(in_directory)
}

fn read(path: &Path) -> Result<SettingsFile, CommandError> {
    let here = std::env::current_dir().unwrap_or_default();
    let shown = path.strip_prefix(&here).or_else(|_| path.strip_prefix("./")).unwrap_or(path);
    let shown = shown.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| {
        CommandError::usage(format!("cannot read {shown}: {}", plimsoll_image::error::reason(&error)))
    })?;
    let source = Source::new(shown.clone(), text_of(file, &shown)?);
    let is_toml = path.extension().is_some_and(|end| end == "toml");
    let wrong = |found| CommandError::with_diagnostics(ErrorKind::Usage, found);
    match is_toml {
        true => tree::of_toml(&source).and_then(|tree| reader::plimsoll(&source, &tree)).map_err(wrong),
        false => tree::of_yaml(&source).and_then(|tree| reader::hadolint(&source, &tree)).map_err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_nearest_file_counts_up_to_the_repository() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir_all(at("repo/app/deep")).unwrap();
        fs::write(at("plimsoll.toml"), "").unwrap();
        assert_eq!(nearest_file(&at("repo/app/deep")), None, "no repository");
        fs::create_dir(at("repo/.git")).unwrap();
        assert_eq!(nearest_file(&at("repo/app/deep")), None, "outside of the repository");
        let name =
            |path: Option<PathBuf>| path.map(|path| path.file_name().unwrap().to_str().unwrap().to_string());
        fs::write(at("repo/.hadolint.yml"), "").unwrap();
        assert_eq!(name(nearest_file(&at("repo/app/deep"))).as_deref(), Some(".hadolint.yml"));
        fs::write(at("repo/app/.hadolint.yaml"), "").unwrap();
        assert_eq!(name(nearest_file(&at("repo/app/deep"))).as_deref(), Some(".hadolint.yaml"));
        fs::write(at("repo/app/plimsoll.toml"), "").unwrap();
        assert_eq!(name(nearest_file(&at("repo/app"))).as_deref(), Some("plimsoll.toml"));
    }

    #[test]
    fn flags_are_stronger_than_the_file() {
        let file = SettingsFile {
            ignore: vec!["PL401".into(), "PL201".into()],
            settings: Settings { allowed_registries: vec!["a.io".into()], ..Settings::default() },
            ..SettingsFile::default()
        };
        let wishes = RuleWishes {
            enable: vec!["pl401".into()],
            settings: Settings { allowed_registries: vec!["b.io".into()], ..Settings::default() },
            ..RuleWishes::default()
        };
        let rules = wishes.with(file).unwrap();
        assert!(rules.selection.wants("PL401") && !rules.selection.wants("PL201"));
        assert_eq!(rules.settings.allowed_registries, ["b.io"]);
    }
}

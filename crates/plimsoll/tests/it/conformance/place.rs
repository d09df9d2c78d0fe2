//! What a case has of its own: names, a directory, and what its steps have kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::case::Case;
use super::words;

/// Names for containers, and names for volumes.
const CONTAINERS: [&str; 2] = ["c", "b"];
const VOLUMES: [&str; 2] = ["v", "w"];
const IMAGE: &str = "i";

/// The place of one case.
pub struct Place {
    /// Where its commands are run.
    pub directory: PathBuf,
    texts: BTreeMap<String, String>,
}

impl Place {
    /// A place with the case's files.
    pub fn of(case: &Case, directory: PathBuf) -> Place {
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        for (name, text) in &case.files {
            let path = directory.join(name);
            std::fs::create_dir_all(path.parent().expect("a file lies in a directory"))
                .expect("directories can be made");
            std::fs::write(path, text).expect("a file can be written");
        }
        let mut texts = BTreeMap::from([("d".to_string(), directory.display().to_string())]);
        for name in CONTAINERS.iter().chain(&VOLUMES).chain([&IMAGE]) {
            // With an end that no other name has: filters match parts of names.
            texts.insert((*name).to_string(), format!("{name}.{}.it", case.name));
        }
        Place { directory, texts }
    }

    /// Keep an output.
    pub fn keep(&mut self, name: &str, output: &str) {
        let whole = output.trim().to_string();
        let beginning = whole.chars().take(12).collect();
        self.texts.insert(format!("{name}12"), beginning);
        self.texts.insert(name.to_string(), whole);
    }

    /// The text with what stands for something replaced.
    pub fn fill(&self, text: &str) -> String {
        self.texts
            .iter()
            .fold(text.to_string(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The words of a step.
    pub fn words(&self, line: &str) -> Vec<String> {
        words::split(line).iter().map(|word| self.fill(word)).collect()
    }

    /// A path of this machine: absolute, or of the case's directory.
    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.join(Path::new(&self.fill(path)))
    }

    /// The containers a case names.
    pub fn containers(&self, case: &Case) -> Vec<&str> {
        self.named(case, &CONTAINERS)
    }

    /// The volumes a case names.
    pub fn volumes(&self, case: &Case) -> Vec<&str> {
        self.named(case, &VOLUMES)
    }

    /// The image a case makes.
    pub fn images(&self, case: &Case) -> Vec<&str> {
        self.named(case, &[IMAGE])
    }

    fn named(&self, case: &Case, names: &[&str]) -> Vec<&str> {
        let is_used = |name: &&&str| {
            let sign = format!("{{{name}}}");
            case.steps.iter().any(|step| step.words.contains(&sign))
        };
        names.iter().filter(is_used).map(|name| self.texts[*name].as_str()).collect()
    }
}

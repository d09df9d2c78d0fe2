//! What the keys of a settings file mean: of `plimsoll.toml`, and of hadolint's file the keys that mean the same.

use plimsoll_kube::read::yaml::{Content, Node};
use plimsoll_lint::{LABEL_KINDS, LabelKind, Selection, Settings};
use plimsoll_model::{Diagnostic, Severity, Source, user};

use super::tree::wrong;
use crate::verbs::explain::FailOn;

/// What a settings file says.
#[derive(Debug, Default)]
pub(super) struct SettingsFile {
    pub only: Vec<String>,
    pub enable: Vec<String>,
    pub ignore: Vec<String>,
    pub strict: bool,
    pub settings: Settings,
    pub fail_on: Option<FailOn>,
}

/// A key and what is done with its value.
type Key<'k> = (&'k str, fn(&mut Reader<'_>, &Node));

/// Our section of `plimsoll.toml`. The others belong to other verbs.
const SECTION: &str = "lint";

const LINT: [Key<'static>; 9] = [
    ("only", |reader, node| reader.file.only = reader.rules(node, false)),
    ("enable", |reader, node| reader.file.enable = reader.rules(node, false)),
    ("ignore", |reader, node| {
        let rules = reader.rules(node, false);
        reader.file.ignore.extend(rules);
    }),
    ("strict", |reader, node| reader.file.strict = reader.flag(node)),
    ("allowed-registries", |reader, node| reader.file.settings.allowed_registries = reader.words(node)),
    ("label-schema", |reader, node| reader.labels(node)),
    ("strict-labels", |reader, node| reader.file.settings.strict_labels = reader.flag(node)),
    ("severity", |reader, node| reader.severities(node)),
    ("fail-on", |reader, node| reader.threshold(node)),
];

/// hadolint's keys (its README, "Configure"). Those about its output are its own affair.
const HADOLINT: [Key<'static>; 12] = [
    ("ignored", |reader, node| {
        let rules = reader.rules(node, true);
        reader.file.ignore.extend(rules);
    }),
    ("trustedRegistries", |reader, node| reader.file.settings.allowed_registries = reader.words(node)),
    ("label-schema", |reader, node| reader.labels(node)),
    ("strict-labels", |reader, node| reader.file.settings.strict_labels = reader.flag(node)),
    ("override", |reader, node| reader.overrides(node)),
    ("failure-threshold", |reader, node| reader.threshold(node)),
    ("no-fail", |reader, node| {
        if reader.flag(node) {
            reader.file.fail_on = Some(FailOn::Never);
        }
    }),
    ("disable-ignore-pragma", |reader, node| {
        reader.flag(node);
    }),
    ("format", |_, _| {}),
    ("output", |_, _| {}),
    ("no-color", |_, _| {}),
    ("verbose", |_, _| {}),
];

/// Read `plimsoll.toml`.
pub(super) fn plimsoll(source: &Source, tree: &Node) -> Result<SettingsFile, Vec<Diagnostic>> {
    read(source, |reader| {
        for (key, value) in reader.pairs(tree) {
            let name = key.text().unwrap_or_default();
            let near = nearest(name, std::iter::once(SECTION));
            match name == SECTION {
                true => reader.keys(&value, &LINT, "setting of lint"),
                false if near.is_empty() => {}
                false => reader.report(&key, format!("there is no section '{name}'{near}")),
            }
        }
    })
}

/// Read `.hadolint.yaml`.
pub(super) fn hadolint(source: &Source, tree: &Node) -> Result<SettingsFile, Vec<Diagnostic>> {
    read(source, |reader| reader.keys(tree, &HADOLINT, "key of hadolint's"))
}

fn read<'a>(source: &'a Source, read: impl FnOnce(&mut Reader<'a>)) -> Result<SettingsFile, Vec<Diagnostic>> {
    let mut reader = Reader { source, file: SettingsFile::default(), problems: Vec::new() };
    read(&mut reader);
    match reader.problems.is_empty() {
        true => Ok(reader.file),
        false => Err(reader.problems),
    }
}

struct Reader<'a> {
    source: &'a Source,
    file: SettingsFile,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn report(&mut self, node: &Node, message: impl Into<String>) {
        self.problems.push(wrong(self.source, node.span, message));
    }

    /// Do with each key what is meant by it.
    fn keys(&mut self, node: &Node, known: &[Key<'_>], what: &str) {
        for (key, value) in self.pairs(node) {
            let name = key.text().unwrap_or_default().to_string();
            match known.iter().find(|(known, _)| *known == name) {
                Some((_, act)) => act(self, &value),
                None => {
                    let near = nearest(&name, known.iter().map(|(known, _)| *known));
                    self.report(&key, format!("there is no {what} '{name}'{near}"));
                }
            }
        }
    }

    fn pairs(&mut self, node: &Node) -> Vec<(Node, Node)> {
        match &node.content {
            Content::Map(pairs) => {
                pairs.iter().map(|(key, value)| ((**key).clone(), (**value).clone())).collect()
            }
            _ => {
                self.report(node, "names with values were expected here");
                Vec::new()
            }
        }
    }

    fn words(&mut self, node: &Node) -> Vec<String> {
        let Content::List(items) = &node.content else {
            self.report(node, "a list of texts was expected here, in brackets");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.word(item)).collect()
    }

    fn word(&mut self, node: &Node) -> Option<String> {
        let word = node.text().filter(|_| node.other_type().is_none()).map(str::to_string);
        if word.is_none() {
            self.report(node, "a text was expected here");
        }
        word
    }

    fn flag(&mut self, node: &Node) -> bool {
        match (node.text(), node.other_type()) {
            (Some("true"), Some(_)) => true,
            (Some("false"), Some(_)) => false,
            _ => {
                self.report(node, "true or false was expected here");
                false
            }
        }
    }

    /// Words that mean rules. hadolint's file may name those of ShellCheck, which plimsoll does not check, and
    /// rules that came later.
    fn rules(&mut self, node: &Node, is_hadolints: bool) -> Vec<String> {
        let Content::List(items) = &node.content else {
            self.report(node, "a list of rules was expected here, in brackets");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.rule(item, is_hadolints)).collect()
    }

    fn rule(&mut self, node: &Node, is_hadolints: bool) -> Option<String> {
        let word = self.word(node)?;
        match Selection::new(std::slice::from_ref(&word), &[], &[]) {
            Ok(_) => Some(word),
            Err(_) if is_hadolints => None,
            Err(unknown) => {
                let near = unknown.nearest.map_or(String::new(), |near| format!("; did you mean {near}?"));
                self.report(node, format!("there is no rule '{word}'{near}"));
                None
            }
        }
    }

    fn labels(&mut self, node: &Node) {
        for (label, kind) in self.pairs(node) {
            let (Some(name), Some(word)) = (label.text().map(str::to_string), self.word(&kind)) else {
                continue;
            };
            match LabelKind::parse(&word) {
                Some(kind) => self.file.settings.labels.push((name, kind)),
                None => {
                    let kinds = LABEL_KINDS.map(|(known, _)| known).join(", ");
                    self.report(&kind, format!("'{word}' is no kind of label: {kinds} are"));
                }
            }
        }
    }

    /// `PL202 = "error"`; `off` is what `ignore` does.
    fn severities(&mut self, node: &Node) {
        for (rule, level) in self.pairs(node) {
            let (Some(rule), Some(word)) = (self.rule(&rule, false), self.word(&level)) else { continue };
            match (word.as_str(), severity(&word)) {
                (_, Some(severity)) => self.file.settings.severities.push((rule, severity)),
                ("off", None) => self.file.ignore.push(rule),
                _ => self.report(&level, format!("'{word}' is no weight: error, warning, info and off are")),
            }
        }
    }

    /// `error: [DL3020]`.
    fn overrides(&mut self, node: &Node) {
        for (level, rules) in self.pairs(node) {
            let word = level.text().unwrap_or_default().to_string();
            let Some(severity) = severity(&word) else {
                self.report(&level, format!("'{word}' is no level: error, warning, info and style are"));
                continue;
            };
            let rules = self.rules(&rules, true);
            self.file.settings.severities.extend(rules.into_iter().map(|rule| (rule, severity)));
        }
    }

    fn threshold(&mut self, node: &Node) {
        let Some(word) = self.word(node) else { return };
        match word.as_str() {
            "error" => self.file.fail_on = Some(FailOn::Error),
            "warning" => self.file.fail_on = Some(FailOn::Warning),
            "info" | "style" | "ignore" => self.file.fail_on = Some(FailOn::Info),
            "none" | "never" => self.file.fail_on = Some(FailOn::Never),
            _ => self.report(node, format!("'{word}' is no weight: error, warning, info and never are")),
        }
    }
}

fn severity(word: &str) -> Option<Severity> {
    match word {
        "error" => Some(Severity::Error),
        "warning" => Some(Severity::Warning),
        // There is no level below info here.
        "info" | "style" => Some(Severity::Info),
        _ => None,
    }
}

fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> String {
    // Nothing this long is a slip of the finger.
    let near = (word.len() <= 64).then(|| user::nearest(word, known)).flatten();
    near.map_or(String::new(), |near| format!("; did you mean '{near}'?"))
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    fn toml(text: &str) -> Result<SettingsFile, Vec<Diagnostic>> {
        let source = Source::new("plimsoll.toml", text);
        tree::of_toml(&source).and_then(|tree| plimsoll(&source, &tree))
    }

    fn yaml(text: &str) -> Result<SettingsFile, Vec<Diagnostic>> {
        let source = Source::new(".hadolint.yaml", text);
        tree::of_yaml(&source).and_then(|tree| hadolint(&source, &tree))
    }

    #[test]
    fn all_keys_of_ours() {
        let file = toml(
            "[lint]\nonly = [\"PL1\"]\nenable = [\"DL3008\"]\nignore = [\"runs-as-root\"]\nstrict = true\n\
             allowed-registries = [\"docker.io\", \"*.example.org\"]\nstrict-labels = true\nfail-on = \"warning\"\n\
             [lint.label-schema]\nauthor = \"text\"\n\"a.b\" = \"url\"\n\
             [lint.severity]\nPL202 = \"error\"\nDL3009 = \"off\"\n",
        );
        let file = file.unwrap();
        assert_eq!((file.only, file.enable), (vec!["PL1".to_string()], vec!["DL3008".to_string()]));
        assert_eq!(file.ignore, ["runs-as-root", "DL3009"]);
        assert!(file.strict && file.settings.strict_labels && file.fail_on == Some(FailOn::Warning));
        assert_eq!(file.settings.allowed_registries, ["docker.io", "*.example.org"]);
        assert_eq!(
            file.settings.labels,
            [("a.b".to_string(), LabelKind::Url), ("author".to_string(), LabelKind::Text)]
        );
        assert_eq!(file.settings.severities, [("PL202".to_string(), Severity::Error)]);
        assert!(toml("").is_ok() && toml("[contract]\nport = 1\n").is_ok(), "the section of another verb");
    }

    #[test]
    fn hadolints_keys_that_mean_the_same() {
        let file = yaml(
            "ignored: [DL3008, SC2086]\ntrustedRegistries:\n- docker.io\nlabel-schema:\n  author: text\nstrict-labels: \
             true\noverride:\n  error: [DL3020, DL9999]\n  style: [DL3007]\nfailure-threshold: style\nformat: tty\n",
        );
        let file = file.unwrap();
        assert_eq!((file.ignore, file.fail_on), (vec!["DL3008".to_string()], Some(FailOn::Info)));
        assert_eq!(file.settings.severities.len(), 2);
        assert!(file.settings.strict_labels);
        assert!(yaml("").is_ok() && yaml("# nothing\n").is_ok());
        assert_eq!(yaml("no-fail: true\n").unwrap().fail_on, Some(FailOn::Never));
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (text, place, message) in [
            (
                "[lint]\nignroe = []\n",
                "ignroe",
                "there is no setting of lint 'ignroe'; did you mean 'ignore'?",
            ),
            ("[lnt]\n", "lnt", "there is no section 'lnt'; did you mean 'lint'?"),
            ("[lint]\nignore = [\"PL999\"]\n", "\"PL999\"", "there is no rule 'PL999'"),
            ("[lint]\nstrict = \"yes\"\n", "\"yes\"", "true or false was expected here"),
            ("[lint]\nignore = \"PL401\"\n", "\"PL401\"", "a list of rules was expected here, in brackets"),
            (
                "[lint]\nfail-on = \"bad\"\n",
                "\"bad\"",
                "'bad' is no weight: error, warning, info and never are",
            ),
            ("[lint.severity]\nPL202 = \"hard\"\n", "\"hard\"", "'hard' is no weight"),
            ("[lint.label-schema]\na = \"zzz\"\n", "\"zzz\"", "'zzz' is no kind of label: text,"),
            ("lint = 1\n", "1", "names with values were expected here"),
        ] {
            let problems = toml(text).unwrap_err();
            let label = problems[0].place().unwrap();
            assert_eq!(label.source.slice(label.span), place, "{text}");
            assert!(problems[0].message.starts_with(message), "{text}: {}", problems[0].message);
            assert_eq!(problems.len(), 1, "{text}");
        }
        for text in ["[lint", "a = ", "\u{0}", "lint = {", &"[".repeat(3000), &"a.".repeat(5000)] {
            assert!(toml(text).unwrap_err()[0].message.starts_with("this is no TOML"), "{text:.20}");
        }
        for text in ["a: [", "ignored: DL3008", "- a", "override: {hard: []}", "{}: 1"] {
            assert!(!yaml(text).unwrap_err().is_empty(), "{text}");
        }
    }
}

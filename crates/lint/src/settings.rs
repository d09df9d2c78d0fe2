//! What a project wants of its Dockerfiles beyond the choice of rules: values that some rules compare with.

use plimsoll_model::Severity;

use crate::catalogue::RULES;

/// The wishes of a settings file and of flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Registries that images may come from, with `*` for all, before or behind a part of the name; empty: any.
    pub allowed_registries: Vec<String>,
    /// Labels an image has to have, and what their values are.
    pub labels: Vec<(String, LabelKind)>,
    /// No other labels than those.
    pub strict_labels: bool,
    /// Rules, by any of their names, whose findings have another weight.
    pub severities: Vec<(String, Severity)>,
}

/// What the value of a label is: hadolint's kinds, by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// Anything.
    Text,
    /// An address with its scheme.
    Url,
    /// `1.2.3`, semver.org.
    Semver,
    /// Seven or forty hexadecimal digits.
    Hash,
    /// `2026-11-29T12:00:00Z`, RFC 3339.
    Rfc3339,
    /// The short name of a license of the SPDX list.
    Spdx,
    /// An address of electronic mail.
    Email,
}

/// The kinds and their names.
pub const LABEL_KINDS: [(&str, LabelKind); 8] = [
    ("text", LabelKind::Text),
    ("rawtext", LabelKind::Text),
    ("url", LabelKind::Url),
    ("semver", LabelKind::Semver),
    ("hash", LabelKind::Hash),
    ("rfc3339", LabelKind::Rfc3339),
    ("spdx", LabelKind::Spdx),
    ("email", LabelKind::Email),
];

impl LabelKind {
    /// The kind of a name.
    pub fn parse(name: &str) -> Option<LabelKind> {
        LABEL_KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }
}

impl Settings {
    /// Whether images may come from a registry (hadolint: Rule/DL3026.hs).
    pub(crate) fn allow(&self, registry: &str) -> bool {
        let fits = |pattern: &String| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(end), _) => registry.ends_with(end),
            (None, Some(start)) => registry.starts_with(start),
            (None, None) => registry == pattern,
        };
        self.allowed_registries.is_empty() || self.allowed_registries.iter().any(fits)
    }

    /// The weight the findings of a rule shall have, by the last word that means it.
    pub(crate) fn severity_of(&self, code: &str) -> Option<Severity> {
        let rule = RULES.iter().find(|rule| rule.code == code)?;
        let means = |word: &str| {
            let begins = code.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
            begins || rule.is_called(word)
        };
        self.severities.iter().rev().find(|(word, _)| means(word)).map(|(_, severity)| *severity)
    }

    /// The kind of a label that has one.
    pub(crate) fn kind_of(&self, label: &str) -> Option<LabelKind> {
        self.labels.iter().find(|(known, _)| known == label).map(|(_, kind)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_that_means_a_rule_decides_its_weight() {
        let severities =
            [("PL2", Severity::Error), ("base-latest", Severity::Info), ("DL3008", Severity::Error)];
        let severities = severities.map(|(word, severity)| (word.to_string(), severity)).to_vec();
        let settings = Settings { severities, ..Settings::default() };
        assert_eq!(settings.severity_of("PL202"), Some(Severity::Error));
        assert_eq!(settings.severity_of("PL201"), Some(Severity::Info));
        assert_eq!(settings.severity_of("PL203"), Some(Severity::Error), "by another linter's name");
        assert_eq!((settings.severity_of("PL101"), settings.severity_of("PL001")), (None, None));
    }

    #[test]
    fn patterns_of_registries() {
        let allow = |pattern: &str, registry: &str| {
            let settings = Settings { allowed_registries: vec![pattern.to_string()], ..Settings::default() };
            settings.allow(registry)
        };
        assert!(Settings::default().allow("any.org"));
        assert!(allow("*", "x.io") && allow("*.io", "quay.io") && allow("docker.*", "docker.io"));
        assert!(allow("quay.io", "quay.io") && !allow("quay.io", "a.quay.io") && !allow("qu*io", "quay.io"));
    }
}

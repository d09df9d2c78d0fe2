//! Which rules are wanted: `--only`, `--enable`, `--disable`, `--strict`.

use std::collections::BTreeSet;

use plimsoll_model::user;

use crate::catalogue::RULES;
use crate::rule::Rule;

/// Codes of BuildKit's checks begin so.
const CHECKS: &str = "PL6";

/// Words that mean many rules.
const PRESETS: [&str; 3] = ["all", "buildkit", "hadolint"];

/// Codes of what the parser says begin so; they are no rules of this crate.
const PARSER: &str = "PL0";

/// Whether a name is that of one of BuildKit's checks.
pub fn is_buildkit(name: &str) -> bool {
    let mut checks = RULES.iter().filter(|rule| rule.code.starts_with(CHECKS));
    checks.any(|rule| rule.name.eq_ignore_ascii_case(name))
}

/// Whether a code is one of hadolint's own rules.
pub fn is_hadolint(code: &str) -> bool {
    code.strip_prefix("DL")
        .is_some_and(|number| number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The rules a person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    rules: BTreeSet<&'static str>,
    /// Beginnings of the parser's codes that are wanted, and those that are not.
    parser_only: Option<Vec<String>>,
    parser_without: Vec<String>,
    /// Every finding is an error.
    pub strict: bool,
}

/// A word that names no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRule {
    /// As given.
    pub word: String,
    /// What may have been meant.
    pub nearest: Option<String>,
}

impl Default for Selection {
    /// The rules that are checked without being asked for.
    fn default() -> Self {
        let rules = RULES.iter().filter(|rule| rule.is_on).map(|rule| rule.code).collect();
        Selection { rules, parser_only: None, parser_without: Vec::new(), strict: false }
    }
}

impl Selection {
    /// The usual rules and those of `enable`, or those of `only`; without those of `disable`. A word is a code,
    /// the beginning of one, a name, an alias, or a preset: `all`, `buildkit`, `hadolint`.
    pub fn new(only: &[String], enable: &[String], disable: &[String]) -> Result<Selection, UnknownRule> {
        let mut selection = Selection::default();
        if !only.is_empty() {
            selection.rules = codes(only)?;
            selection.parser_only = Some(parser_words(only.iter().chain(enable)));
        }
        selection.rules.extend(codes(enable)?);
        let unwanted = codes(disable)?;
        // What is not wanted by another linter's name is not wanted under ours either.
        let is_unwanted =
            |rule: &Rule| unwanted.contains(rule.code) || disable.iter().any(|word| rule.is_called(word));
        for rule in RULES.iter().filter(|rule| is_unwanted(rule)) {
            selection.rules.remove(rule.code);
        }
        selection.parser_without = parser_words(disable.iter());
        Ok(selection)
    }

    /// The same, every finding an error.
    #[must_use]
    pub fn strict(self, strict: bool) -> Selection {
        Selection { strict, ..self }
    }

    /// Whether a rule, or a warning of the parser, is wanted.
    pub fn wants(&self, code: &str) -> bool {
        if !code.starts_with(PARSER) {
            return self.rules.contains(code);
        }
        let begins = |words: &[String]| words.iter().any(|word| code.starts_with(word.as_str()));
        self.parser_only.as_deref().is_none_or(begins) && !begins(&self.parser_without)
    }
}

/// The words that mean warnings of the parser, as beginnings of their codes.
fn parser_words<'a>(words: impl Iterator<Item = &'a String>) -> Vec<String> {
    let words = words.map(|word| word.to_uppercase());
    let ours = words.filter(|word| {
        word == "ALL"
            || is_code_start(word) && (word.starts_with(PARSER) || PARSER.starts_with(word.as_str()))
    });
    ours.map(|word| if word == "ALL" { PARSER.to_string() } else { word }).collect()
}

fn is_code_start(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    letters == 2 && word.len() <= 6 && word.bytes().skip(letters).all(|byte| byte.is_ascii_digit())
}

fn codes(words: &[String]) -> Result<BTreeSet<&'static str>, UnknownRule> {
    let mut codes = BTreeSet::new();
    for word in words {
        let meant = meant(word);
        if meant.is_empty() && !word.to_uppercase().starts_with(PARSER) {
            return Err(UnknownRule { word: word.clone(), nearest: nearest(word) });
        }
        codes.extend(meant);
    }
    Ok(codes)
}

/// The codes of the rules a word means.
fn meant(word: &str) -> Vec<&'static str> {
    let all = |is_meant: &dyn Fn(&Rule) -> bool| -> Vec<&'static str> {
        RULES.iter().filter(|rule| is_meant(rule)).map(|rule| rule.code).collect()
    };
    match word.to_lowercase().as_str() {
        "all" => return all(&|_| true),
        "buildkit" => return all(&|rule| is_buildkit(rule.name)),
        "hadolint" => return all(&|rule| is_hadolint(rule.code)),
        _ => {}
    }
    let called = called(word);
    if !called.is_empty() || !is_code_start(&word.to_uppercase()) {
        return called;
    }
    let start = word.to_uppercase();
    all(&|rule| std::iter::once(&rule.code).chain(rule.aliases).any(|name| name.starts_with(start.as_str())))
}

/// The rule of a code or name; if there is none, those that cover what another linter calls so.
fn called(word: &str) -> Vec<&'static str> {
    let own = |rule: &&Rule| rule.code.eq_ignore_ascii_case(word) || rule.name.eq_ignore_ascii_case(word);
    match RULES.iter().find(own) {
        Some(rule) => vec![rule.code],
        None => RULES.iter().filter(|rule| rule.is_called(word)).map(|rule| rule.code).collect(),
    }
}

fn nearest(word: &str) -> Option<String> {
    let names =
        RULES.iter().flat_map(|rule| [rule.code, rule.name].into_iter().chain(rule.aliases.iter().copied()));
    // Nothing this long is a slip of the finger.
    (word.len() <= 64).then(|| user::nearest(word, PRESETS.into_iter().chain(names)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(only: &str, enable: &str, disable: &str) -> Selection {
        let words = |text: &str| text.split_whitespace().map(str::to_string).collect::<Vec<_>>();
        Selection::new(&words(only), &words(enable), &words(disable)).unwrap()
    }

    #[test]
    fn words_mean_rules() {
        let usual = Selection::default();
        assert!(usual.wants("PL101") && usual.wants("PL017"));
        for word in ["PL401", "pl401", "runs-as-root", "PL4"] {
            let only = select(word, "", "");
            assert!(only.wants("PL401") && !only.wants("PL101") && !only.wants("PL017"), "{word}");
        }
        for word in ["DL3002", "hadolint"] {
            let only = select(word, "", "");
            assert!(only.wants("DL3002") && !only.wants("PL401"), "{word}");
        }
        assert!(!select("", "", "DL3002").wants("PL401"), "by another linter's name");
        assert!(select("buildkit", "", "").wants("PL608") && !select("buildkit", "", "").wants("PL401"));
        assert!(select("all", "", "").wants("PL001") && select("PL", "", "").wants("PL017"));
        assert!(!select("", "", "all").wants("PL401"));
    }

    #[test]
    fn disable_is_stronger() {
        let selection = select("PL1", "PL401", "PL102 PL017");
        assert!(selection.wants("PL101") && selection.wants("PL401"));
        assert!(!selection.wants("PL102") && !selection.wants("PL017"));
        assert!(select("", "", "PL017").wants("PL018"));
    }

    #[test]
    fn an_unknown_word_has_a_nearest_name() {
        let error = Selection::new(&["runs-as-rot".to_string()], &[], &[]).unwrap_err();
        assert_eq!(error.nearest.as_deref(), Some("runs-as-root"));
        let error = Selection::new(&[], &["hadolnt".to_string()], &[]).unwrap_err();
        assert_eq!(error.nearest.as_deref(), Some("hadolint"));
        assert_eq!(Selection::new(&[], &[], &["zebra".to_string()]).unwrap_err().nearest, None);
        assert!(Selection::new(&["PL9".to_string()], &[], &[]).is_err());
    }
}

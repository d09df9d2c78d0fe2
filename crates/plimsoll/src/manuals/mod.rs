//! Manuals of messages that no rule file speaks of: what the parser and the builder refuse (`PL0xx`), and what
//! is wrong with a manifest (`K`). A section of a Markdown file each: `## CODE name`, and the text.

use plimsoll_kube::rules;

/// The files.
const FILES: [&str; 2] = [include_str!("builder.md"), include_str!("manifest.md")];

/// What a code means.
pub struct Manual {
    /// The code, as `PL001`.
    pub code: &'static str,
    /// Its name, as `unknown-instruction`.
    pub name: &'static str,
    /// The text, in Markdown.
    pub text: String,
}

impl Manual {
    /// The whole page.
    pub fn page(&self) -> String {
        format!("# {} {}\n\n{}\n", self.code, self.name, self.text.trim())
    }
}

/// All of them: those of the files in their order, then the rules about manifests.
pub fn manuals() -> Vec<Manual> {
    let sections = FILES.iter().flat_map(|file| file.split("## ").skip(1)).filter_map(|section| {
        let (heading, text) = section.split_once('\n')?;
        let (code, name) = heading.split_once(' ')?;
        Some(Manual { code, name, text: text.to_string() })
    });
    let of_rule =
        |rule: &'static rules::Rule| Manual { code: rule.code, name: rule.name, text: rule.manual() };
    sections.chain(rules::RULES.iter().map(of_rule)).collect()
}

/// The one with this code or name, in any case.
pub fn manual(word: &str) -> Option<Manual> {
    let is_called =
        |manual: &Manual| manual.code.eq_ignore_ascii_case(word) || manual.name.eq_ignore_ascii_case(word);
    manuals().into_iter().find(is_called)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Codes in the sources of the workspace, in quotes as they are reported.
    fn reported(directory: &Path, codes: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                reported(&entry, codes);
            } else if entry.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&entry).unwrap();
                // Not every second piece: a quote may be a character, too.
                let words = text.split('"');
                codes.extend(words.filter(|word| is_code(word)).map(str::to_string));
            }
        }
    }

    fn is_code(word: &str) -> bool {
        let digits =
            word.strip_prefix("PL0").map(|rest| (rest, 2)).or(word.strip_prefix('K').map(|rest| (rest, 3)));
        digits.is_some_and(|(digits, count)| {
            digits.len() == count && digits.bytes().all(|b| b.is_ascii_digit())
        })
    }

    #[test]
    fn every_code_has_its_manual() {
        let mut codes = BTreeSet::new();
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for name in ["dockerfile", "contract", "build", "kube", "plimsoll"] {
            reported(&crates.join(name).join("src"), &mut codes);
        }
        assert!(codes.len() > 30, "{codes:?}");
        for code in &codes {
            assert!(manual(code).is_some(), "{code} has no manual");
        }
        for manual in manuals().iter().filter(|manual| is_code(manual.code)) {
            assert!(codes.contains(manual.code), "nobody reports {}", manual.code);
        }
    }

    #[test]
    fn codes_and_names_lead_to_their_page() {
        let page = |word: &str| manual(word).map(|manual| manual.page());
        assert!(page("k201").unwrap().starts_with("# K201 command-drops-cmd\n\n`command` replaces"));
        assert!(page("probe-port").unwrap().starts_with("# PL505 probe-port\n\nA probe asks"));
        assert!(page("PL000").is_some() && page("PL03").is_none() && page("K").is_none());
        let manuals = manuals();
        let codes: BTreeSet<&str> = manuals.iter().map(|manual| manual.code).collect();
        assert_eq!(codes.len(), manuals.len(), "a code has two manuals");
    }
}

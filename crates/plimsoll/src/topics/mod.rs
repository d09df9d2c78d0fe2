//! What `plimsoll explain` answers without looking at anything: topics, one Markdown file each, and the
//! exit codes, signals and messages that lead to them.
//!
//! A topic begins with the questions as people ask them, answers in one sentence, says why, shows the
//! edit, and ends in a proof: commands for the reader's machine, and what they print. A test runs them.

pub mod exit_codes;
pub mod messages;

/// Something people ask about.
pub struct Topic {
    /// The word to ask with.
    pub name: &'static str,
    /// The whole text, in Markdown.
    pub text: &'static str,
}

impl Topic {
    /// What the topic is about, in a few words: the rest of its heading.
    pub fn title(&self) -> &'static str {
        let heading = self.text.lines().next().unwrap_or_default();
        heading.split_once(": ").map_or(heading, |(_, title)| title)
    }
}

macro_rules! topics {
    ($($name:literal,)*) => {
        /// All topics, in the order in which they build on each other.
        pub const TOPICS: &[Topic] =
            &[$(Topic { name: $name, text: include_str!(concat!($name, ".md")) }),*];
    };
}

topics! {
    "argv",
    "args",
    "args-ignored",
    "entrypoint-flag",
    "engines",
    "cmd-reset",
    "json",
    "variables",
    "exec-errors",
    "foreground",
    "pid1",
    "shell-pid1",
    "wrappers",
    "scripts",
    "stop",
    "zombies",
    "exit-codes",
    "ports",
    "user",
    "readonly",
    "k8s-argv",
    "k8s-image-fields",
    "rollout",
}

/// The topic of this name, in any case.
pub fn topic(word: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use plimsoll_lint::rule;

    use super::*;

    #[test]
    fn every_file_is_listed_and_has_its_parts_in_order() {
        for topic in TOPICS {
            let name = topic.name;
            assert!(topic.text.starts_with(&format!("# {name}: ")), "{name} begins with its name");
            let questions = topic.text.lines().filter(|line| line.starts_with("> ")).collect::<Vec<_>>();
            assert!(questions.iter().any(|line| line.ends_with('?')), "{name} asks a question");
            let places = ["\n## Why\n", "\n## The edit\n", "\n## See also\n", "\n## Proof\n"]
                .map(|part| topic.text.find(part).unwrap_or_else(|| panic!("{name} has no {part}")));
            assert!(places.is_sorted(), "{name}");
            let proof = &topic.text[places[3]..];
            assert!(proof.contains("```sh\n") && proof.contains("```text\n"), "{name} proves nothing");
            assert!(topic.text.is_ascii(), "{name} is read on any terminal");
        }
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/topics");
        let files = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
        let pages = files.filter(|path| path.extension().is_some_and(|end| end == "md")).count();
        assert_eq!(pages, TOPICS.len(), "a file of topics is not in the catalogue");
    }

    #[test]
    fn what_a_topic_refers_to_exists() {
        for topic in TOPICS {
            let (_, after) = topic.text.split_once("## See also\n").unwrap();
            let (also, _) = after.split_once("## Proof").unwrap();
            let (rules, topics) = also.split_once("Topics ").unwrap_or_else(|| panic!("{}", topic.name));
            let words = |text: &'static str| {
                text.split([' ', ',', '.', '\n']).filter(|word| !word.is_empty() && *word != "Rules")
            };
            for code in words(rules) {
                assert!(rule(code).is_some_and(|rule| rule.code == code), "{}: {code}", topic.name);
            }
            for name in words(topics) {
                assert!(super::topic(name).is_some() && name != topic.name, "{}: {name}", topic.name);
            }
        }
    }
}

//! Questions that are answered from the catalogue: topics, rules, exit codes, signals and messages.

use plimsoll_kube::rules;
use plimsoll_lint::{RULES, Rule, rule};
use plimsoll_model::{Signal, user};
use serde_json::{Value, json};

use crate::manuals;
use crate::topics::{self, TOPICS, Topic, exit_codes, messages};

/// A page to read.
pub struct Page {
    /// The topic, or the code of the rule.
    pub name: &'static str,
    /// What was asked, answered in a few sentences, where the page is about more than that.
    pub lead: Option<String>,
    /// The page, in Markdown.
    pub markdown: String,
}

impl Page {
    fn of_topic(topic: &Topic, lead: Option<String>) -> Page {
        Page { name: topic.name, lead, markdown: topic.text.to_string() }
    }

    /// Everything to be shown, in Markdown.
    pub fn text(&self) -> String {
        let lead = self.lead.as_ref().map_or(String::new(), |lead| format!("{lead}\n\n"));
        format!("{lead}{}", self.markdown)
    }

    /// The same as a versioned document.
    pub fn to_json(&self) -> Value {
        json!({
            "schema": "plimsoll.answer/1",
            "name": self.name,
            "answer": self.lead,
            "markdown": self.markdown,
        })
    }
}

/// The page that answers a question, if the catalogue knows one.
pub fn answer(asked: &str) -> Option<Page> {
    let led = |name: &str, lead: String| topics::topic(name).map(|topic| Page::of_topic(topic, Some(lead)));
    if let Some(topic) = topics::topic(asked) {
        return Some(Page::of_topic(topic, None));
    }
    if let Some(rule) = rule(asked) {
        return Some(Page { name: rule.code, lead: None, markdown: manuals(rule, asked) });
    }
    if let Some(manual) = manuals::manual(asked) {
        return Some(Page { name: manual.code, lead: None, markdown: manual.page() });
    }
    if let Ok(code) = asked.parse() {
        let (meaning, topic) = exit_codes::meaning(code);
        return led(topic, meaning);
    }
    if let Some(signal) = signal(asked) {
        let (meaning, topic) = exit_codes::signal_meaning(signal);
        return led(topic, meaning);
    }
    if let Some(message) = messages::message(asked) {
        return led(message.topic, message.meaning.to_string());
    }
    // What tells a code and nothing else, as `exited with code 137`; one word would be a name.
    let code = messages::exit_code(asked).filter(|_| asked.contains(char::is_whitespace))?;
    let (meaning, topic) = exit_codes::meaning(code);
    led(topic, meaning)
}

/// The manual of a rule; by another linter's name those of all rules it means.
fn manuals(exact: &Rule, asked: &str) -> String {
    let is_own = [exact.code, exact.name].iter().any(|name| name.eq_ignore_ascii_case(asked));
    let called: Vec<String> = match is_own {
        true => vec![manual(exact)],
        false => RULES.iter().filter(|rule| rule.is_called(asked)).map(manual).collect(),
    };
    called.join("\n")
}

fn manual(rule: &Rule) -> String {
    let when = if rule.is_on { "Checked unless disabled." } else { "Checked only if enabled." };
    let others = match rule.aliases {
        [] => String::new(),
        aliases => format!(" Other linters call it {}.", aliases.join(", ")),
    };
    format!("# {} {}\n\n{when}{others}\n\n{}\n", rule.code, rule.name, rule.manual().trim())
}

/// A signal by its name: `SIGTERM` in any case, `TERM` as it is written.
fn signal(asked: &str) -> Option<Signal> {
    let is_number = asked.bytes().any(|byte| byte.is_ascii_digit()) && !asked.contains(['+', '-']);
    let upper = asked.to_ascii_uppercase();
    let is_name = upper.starts_with("SIG") || asked == upper;
    Signal::parse(asked).filter(|_| is_name && (!is_number || upper.starts_with("SIGUSR")))
}

/// The topic or rule whose name is nearly what was asked.
pub fn nearest(asked: &str) -> Option<String> {
    let topics = TOPICS.iter().map(|topic| topic.name);
    let rules = RULES.iter().flat_map(|rule| [rule.code, rule.name]);
    // Nothing this long is a slip of the finger.
    (asked.len() <= 64).then(|| user::nearest(&asked.to_lowercase(), topics.chain(rules)))?
}

/// Everything that can be asked.
pub fn contents() -> String {
    let width = TOPICS.iter().map(|topic| topic.name.len()).max().unwrap_or_default();
    let topics: String =
        TOPICS.iter().map(|topic| format!("  {:width$}  {}\n", topic.name, topic.title())).collect();
    let messages: String = messages::MESSAGES
        .iter()
        .map(|message| format!("  {}\n", message.pattern.replace('*', " ... ")))
        .collect();
    format!(
        "plimsoll explain SUBJECT says what will become PID 1, and what is wrong. It also answers:\n\n\
         TOPICS\n{topics}\n\
         EXIT CODES AND SIGNALS\n  0 to 255, as 125, 126, 127, 137, 139, 143; SIGTERM, SIGKILL and all others\n\n\
         MESSAGES, as part of a longer line in quotes\n{messages}\n\
         RULES\n  {} rules by code or name, as PL101 or args-ignored; also by the names other linters have for\n  \
         them, and what the builder (PL001) or Kubernetes (K201) refuses, by its code\n",
        RULES.len() + rules::RULES.len()
    )
}

/// The same as a versioned document.
pub fn contents_json() -> Value {
    json!({
        "schema": "plimsoll.contents/1",
        "topics": TOPICS.iter().map(|topic| json!({ "name": topic.name, "title": topic.title() })).collect::<Vec<_>>(),
        "messages": messages::MESSAGES.iter().map(|message| json!({
            "pattern": message.pattern, "answer": message.meaning, "topic": message.topic,
        })).collect::<Vec<_>>(),
        "rules": RULES.iter().map(|rule| json!({ "code": rule.code, "name": rule.name })).collect::<Vec<_>>(),
        "codes": manuals::manuals().iter().map(|manual| json!({
            "code": manual.code, "name": manual.name,
        })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(asked: &str) -> Option<&'static str> {
        answer(asked).map(|page| page.name)
    }

    #[test]
    fn the_kinds_of_questions() {
        assert_eq!((name("argv"), name("ARGV")), (Some("argv"), Some("argv")));
        assert_eq!((name("pl103"), name("shell-is-pid1")), (Some("PL103"), Some("PL103")));
        assert_eq!(
            (name("PL505"), name("k201"), name("pl001")),
            (Some("PL505"), Some("K201"), Some("PL001"))
        );
        assert_eq!((name("137"), name("256"), name("-1")), (Some("stop"), None, None));
        assert_eq!(
            (name("SIGTERM"), name("sigkill"), name("TERM")),
            (Some("stop"), Some("stop"), Some("stop"))
        );
        assert_eq!((name("sigusr1"), name("SIGRTMIN+3")), (Some("exit-codes"), Some("exit-codes")));
        assert_eq!(name("Exec Format Error"), Some("exec-errors"));
        assert_eq!(name("app exited with code 137"), Some("stop"));
        for image in ["redis", "app:1", "term", "exit127", "hello", "int"] {
            assert!(name(image).is_none(), "{image} may be the name of an image");
        }
    }

    #[test]
    fn what_is_nearly_right_is_named() {
        assert_eq!(nearest("port").as_deref(), Some("ports"));
        assert_eq!(nearest("Args-ignroed").as_deref(), Some("args-ignored"));
        assert_eq!(nearest("postgresql-client"), None);
    }
}

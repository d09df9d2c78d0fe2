//! Names of objects.

use std::fmt;
use std::str::FromStr;

/// A name every object, label value and port name's prefix accepts: an RFC 1035 label, that is
/// lower-case letters, digits and `-`, beginning with a letter, at most 63 characters. Deployments
/// would take more (RFC 1123 subdomain), Services do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName(String);

/// Why a text cannot name an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' cannot name a Kubernetes object: 1 to {LIMIT} lower-case letters, digits and '-' were \
     expected, beginning with a letter and not ending in '-'"
)]
pub struct BadName {
    /// What was read.
    pub text: String,
}

const LIMIT: usize = 63;

impl ObjectName {
    /// The nearest valid name: upper case lowered, what is not allowed replaced by `-`, `app-` put in
    /// front of a digit, cut to length; `app` if nothing remains.
    pub fn from_words(words: &str) -> Self {
        let mut name = String::with_capacity(words.len());
        for char in words.chars() {
            match char.to_ascii_lowercase() {
                lower @ ('a'..='z' | '0'..='9') => name.push(lower),
                _ if name.is_empty() || name.ends_with('-') => {}
                _ => name.push('-'),
            }
        }
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            name.insert_str(0, "app-");
        }
        name.truncate(LIMIT);
        let name = name.trim_end_matches('-');
        ObjectName(if name.is_empty() { "app" } else { name }.to_string())
    }

    /// The name an image suggests: the last part of its repository, without tag and digest.
    pub fn from_image(image: &str) -> Self {
        let name = image.split('@').next().unwrap_or(image);
        let last = name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(name);
        ObjectName::from_words(last.split(':').next().unwrap_or(last))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ObjectName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let name = ObjectName::from_words(text);
        match name.0 == text {
            true => Ok(name),
            false => Err(BadName { text: text.chars().take(100).collect() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_suggest_valid_names() {
        for (image, name) in [
            ("app", "app"),
            ("ghcr.io/Me/My_App.web:1.2@sha256:00", "my-app-web"),
            ("localhost:5000/x", "x"),
            ("2048:latest", "app-2048"),
            ("./dir/", "dir"),
            ("", "app"),
            ("___", "app"),
            ("çé", "app"),
        ] {
            assert_eq!(ObjectName::from_image(image).as_str(), name, "{image}");
        }
        let long = ObjectName::from_image(&format!("{}-{}", "a".repeat(62), "b".repeat(9)));
        assert_eq!(long.as_str(), "a".repeat(62));
    }

    #[test]
    fn only_valid_names_are_read() {
        assert_eq!("a-1".parse::<ObjectName>().unwrap().as_str(), "a-1");
        for bad in ["", "-a", "a-", "1a", "A", "a.b", "a b", &"a".repeat(64)] {
            assert!(bad.parse::<ObjectName>().is_err(), "{bad}");
        }
        let message = "A".parse::<ObjectName>().unwrap_err().to_string();
        assert!(message.contains("lower-case") && message.contains("63"), "{message}");
    }
}

//! Image references: `[registry/]repository[:tag][@digest]`, with docker's defaults.
//!
//! Grammar: distribution/reference (`reference.go`), and docker's normalisation (`normalize.go`):
//! the first component is a registry only if it contains `.` or `:` or is `localhost`; the default
//! registry is `docker.io`, where one-word repositories live under `library/`.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// A normalised image reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// Host and optional port; `docker.io` when none is written.
    pub registry: String,
    /// Path below the registry, `library/` included for docker.io's official images.
    pub repository: String,
    /// The tag as written.
    pub tag: Option<String>,
    /// The digest as written.
    pub digest: Option<Digest>,
}

/// Why a text is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no image reference: {why}")]
pub struct BadReference {
    /// What was read.
    pub text: String,
    /// The rule it breaks.
    pub why: &'static str,
}

/// The registry meant when none is written.
pub const DEFAULT_REGISTRY: &str = "docker.io";

impl Reference {
    /// The tag that counts: the written one, or `latest` when there is neither tag nor digest.
    pub fn tag_or_latest(&self) -> Option<&str> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag),
            (None, None) => Some("latest"),
            (None, Some(_)) => None,
        }
    }

    /// The reference with its tag filled in, as the store keeps it: `docker.io/library/app:latest`.
    pub fn canonical(&self) -> String {
        let mut name = format!("{}/{}", self.registry, self.repository);
        if let Some(tag) = self.tag_or_latest() {
            name = format!("{name}:{tag}");
        }
        self.digest.map_or(name.clone(), |digest| format!("{name}@{digest}"))
    }

    /// Repository as docker shows it: without the default registry and `library/`.
    pub fn familiar_repository(&self) -> String {
        if self.registry != DEFAULT_REGISTRY {
            return format!("{}/{}", self.registry, self.repository);
        }
        self.repository.strip_prefix("library/").unwrap_or(&self.repository).to_string()
    }

    /// The same repository pinned to a digest, without tag.
    pub fn with_digest(&self, digest: Digest) -> Reference {
        Reference { tag: None, digest: Some(digest), ..self.clone() }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.familiar_repository())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

impl FromStr for Reference {
    type Err = BadReference;

    fn from_str(text: &str) -> Result<Self, BadReference> {
        let bad = |why| BadReference { text: text.chars().take(300).collect(), why };
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => {
                let digest = digest.parse().map_err(|_| bad("the part after '@' is no sha256 digest"))?;
                (name, Some(digest))
            }
            None => (text, None),
        };
        let slash = name.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match name[slash..].split_once(':') {
            Some((last, tag)) => (&name[..slash + last.len()], Some(tag)),
            None => (name, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(bad(
                "a tag is 1 to 128 letters, digits, '_', '.' or '-', not starting with '.' or '-'",
            ));
        }
        if name.is_empty() {
            return Err(bad("the name is empty"));
        }
        let (registry, repository) = split_registry(name);
        if !is_registry(&registry) {
            return Err(bad("the registry is no host name with an optional port"));
        }
        if repository.len() > 255 {
            return Err(bad("the name is longer than 255 characters"));
        }
        if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(bad("repository names are lower case"));
        }
        if !repository.split('/').all(is_path_component) {
            return Err(bad("a name consists of letters and digits, joined by '.', '_', '__', '-' or '/'"));
        }
        Ok(Reference { registry, repository, tag: tag.map(str::to_string), digest })
    }
}

fn split_registry(name: &str) -> (String, String) {
    if let Some((first, rest)) = name.split_once('/') {
        if first.contains(['.', ':']) || first == "localhost" {
            let registry = if first == "index.docker.io" { DEFAULT_REGISTRY } else { first };
            let bare = registry == DEFAULT_REGISTRY && !rest.contains('/');
            let repository = if bare { format!("library/{rest}") } else { rest.to_string() };
            return (registry.to_string(), repository);
        }
        return (DEFAULT_REGISTRY.to_string(), name.to_string());
    }
    (DEFAULT_REGISTRY.to_string(), format!("library/{name}"))
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let host_ok = host.split('.').all(label);
    host_ok && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().enumerate().all(|(at, byte)| word(byte) || (at > 0 && (byte == b'.' || byte == b'-')))
}

/// Letters and digits with separators between: one `.`, one or two `_`, any number of `-`.
fn is_path_component(text: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends_ok = bytes.first().is_some_and(alphanumeric) && bytes.last().is_some_and(alphanumeric);
    ends_ok
        && bytes.split(alphanumeric).all(|separator| {
            matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|byte| *byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<Reference>().unwrap().canonical()
    }

    #[test]
    fn docker_defaults() {
        assert_eq!(canonical("debian"), "docker.io/library/debian:latest");
        assert_eq!(canonical("a/b:1"), "docker.io/a/b:1");
        assert_eq!(canonical("localhost/b"), "localhost/b:latest");
        assert_eq!(canonical("localhost:5000/b:x"), "localhost:5000/b:x");
        assert_eq!(canonical("127.0.0.1:5000/x/y"), "127.0.0.1:5000/x/y:latest");
        assert_eq!(canonical("docker.io/debian:12"), "docker.io/library/debian:12");
        let pinned = format!("debian:12@{}", Digest::of(b"x"));
        assert_eq!(pinned.parse::<Reference>().unwrap().to_string(), pinned);
    }

    #[test]
    fn bad_ones_are_refused_with_the_rule() {
        for bad in [
            "",
            ":",
            "A",
            "a:",
            "a:-x",
            "a//b",
            "a/",
            "/a",
            "a@sha256:1",
            "a..b",
            "a___b",
            "-a",
            "a b",
            "x.y:z/b",
            "../a",
        ] {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
        assert!("Debian".parse::<Reference>().unwrap_err().to_string().contains("lower case"));
    }
}

//! What can go wrong between us and a registry, one sentence each.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_model::Digest;

/// Why a pull or a push failed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// DNS knows no such host.
    #[error(
        "no address is known for the registry {host}; check its spelling and this machine's DNS settings"
    )]
    NameNotResolved {
        /// The registry.
        host: String,
    },
    /// DNS did not answer.
    #[error("the address of {host} could not be looked up: {why}; check the network and /etc/resolv.conf")]
    NoNameServer {
        /// The registry.
        host: String,
        /// Which servers were asked, and what came of it.
        why: String,
    },
    /// Nothing listens.
    #[error("{host} refused the connection; check host and port, or start the registry")]
    ConnectionRefused {
        /// The registry.
        host: String,
    },
    /// No route, or another failure below HTTP.
    #[error("{host} cannot be reached: {why}; check this machine's network and proxy settings")]
    Unreachable {
        /// The registry.
        host: String,
        /// The system's words.
        why: String,
    },
    /// The proxy in between failed.
    #[error(
        "the proxy {proxy} gave no connection to {host}: {why}; check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
    )]
    Proxy {
        /// The proxy, without password.
        proxy: String,
        /// The registry.
        host: String,
        /// What it said.
        why: String,
    },
    /// The proxy setting cannot be read.
    #[error("'{proxy}' is no proxy address; write HTTPS_PROXY and HTTP_PROXY as http://host:port")]
    BadProxy {
        /// As written, without password.
        proxy: String,
    },
    /// A timeout ran out.
    #[error("{host} did not answer in time when asked for {asked}; check the network, or try again later")]
    TimedOut {
        /// The registry.
        host: String,
        /// What was asked for.
        asked: String,
    },
    /// The connection ended in the middle.
    #[error(
        "{host} cut the connection before {asked} was complete ({why}); check the network, or try again later"
    )]
    Cut {
        /// The registry.
        host: String,
        /// What was asked for.
        asked: String,
        /// The system's words.
        why: String,
    },
    /// The server's certificate is not accepted.
    #[error(
        "the certificate of {host} is not trusted: {why}; add its authority to the system's certificates or to the file SSL_CERT_FILE names, or call the registry insecure"
    )]
    Certificate {
        /// The registry.
        host: String,
        /// rustls' words.
        why: String,
    },
    /// TLS failed for another reason.
    #[error(
        "no secure connection to {host}: {why}; if it speaks plain HTTP only, call the registry insecure"
    )]
    Tls {
        /// The registry.
        host: String,
        /// rustls' words.
        why: String,
    },
    /// The file of trusted authorities cannot be used.
    #[error("the trusted certificates cannot be read from {path}: {why}; correct SSL_CERT_FILE", path = path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// 401, and we have no login.
    #[error(
        "{host} gives {asked} only after a login, or does not have it (answered {told}); check the name, or log in: 'docker login', 'podman login' and 'skopeo login' write the file plimsoll reads"
    )]
    LoginNeeded {
        /// The registry.
        host: String,
        /// What was asked for.
        asked: String,
        /// What it answered.
        told: Told,
    },
    /// 401, although we sent a login.
    #[error("{host} does not accept the login of '{user}' for {asked} (answered {told}); log in again")]
    LoginRefused {
        /// The registry.
        host: String,
        /// Who we said we are.
        user: String,
        /// What was asked for.
        asked: String,
        /// What it answered.
        told: Told,
    },
    /// A login would have to cross the network unencrypted.
    #[error(
        "the login for {host} was not sent to {realm}, which is not encrypted; call the registry insecure if that is meant"
    )]
    LoginUnprotected {
        /// The registry.
        host: String,
        /// The token service.
        realm: String,
    },
    /// A credential helper failed.
    #[error(
        "the credential helper docker-credential-{helper} gave no login for {host}: {why}; correct credsStore or credHelpers in docker's config.json"
    )]
    Helper {
        /// The registry.
        host: String,
        /// The helper's name.
        helper: String,
        /// What went wrong.
        why: String,
    },
    /// 403.
    #[error(
        "{host} denies {asked} to this login (answered {told}); ask its owner for the right, or log in as someone else"
    )]
    Denied {
        /// The registry.
        host: String,
        /// What was asked for.
        asked: String,
        /// What it answered.
        told: Told,
    },
    /// 404 for a tag or digest.
    #[error("{host} has no {wanted} in the repository '{repository}'{}", Tags(tags))]
    ManifestUnknown {
        /// The registry.
        host: String,
        /// Tag or digest asked for.
        wanted: String,
        /// Where.
        repository: String,
        /// What is there instead, nearest first.
        tags: Vec<String>,
    },
    /// 404 for a blob that the manifest names.
    #[error(
        "{host} has lost the blob {digest} of '{repository}' (answered {told}); the image is incomplete there, push it again or choose another"
    )]
    BlobUnknown {
        /// The registry.
        host: String,
        /// The blob.
        digest: Digest,
        /// Where.
        repository: String,
        /// What it answered.
        told: Told,
    },
    /// 429.
    #[error("{host} limits how often it may be asked (answered {told}{}); wait, or log in for a higher limit", Seconds(*retry_after))]
    RateLimited {
        /// The registry.
        host: String,
        /// What it answered.
        told: Told,
        /// When it may be asked again.
        retry_after: Option<Duration>,
    },
    /// 5xx.
    #[error("{host} failed when asked for {asked} (answered {told}); try again later, or tell its owner")]
    ServerFailed {
        /// The registry.
        host: String,
        /// What was asked for.
        asked: String,
        /// What it answered.
        told: Told,
        /// When it may be asked again.
        retry_after: Option<Duration>,
    },
    /// Any other status we did not expect.
    #[error("{host} did not give {asked}: it answered {told}; check that {host} is a container registry")]
    Refused {
        /// The registry.
        host: String,
        /// What was asked for.
        asked: String,
        /// What it answered.
        told: Told,
    },
    /// An answer that breaks the protocol.
    #[error("{host} answered the request for {asked} in a way no registry should: {why}; tell its owner")]
    BadAnswer {
        /// The registry.
        host: String,
        /// What was asked for.
        asked: String,
        /// Which rule it breaks.
        why: String,
    },
    /// A redirect that is not followed.
    #[error("{host} sent us to '{location}' for {asked}, which is not followed: {why}; tell its owner")]
    BadRedirect {
        /// The registry.
        host: String,
        /// What was asked for.
        asked: String,
        /// Where it pointed.
        location: String,
        /// Why not.
        why: &'static str,
    },
    /// The bytes are not those the digest promises.
    #[error(
        "{host} sent wrong bytes for {asked}: their digest is {found}; nothing was kept, try again or tell its owner"
    )]
    DigestMismatch {
        /// The registry.
        host: String,
        /// What was asked for.
        asked: String,
        /// The digest of what came.
        found: Digest,
    },
    /// More or fewer bytes than the manifest promises.
    #[error(
        "{host} sent {found} for {asked}, but {expected} bytes were promised; nothing was kept, try again or tell its owner"
    )]
    SizeMismatch {
        /// The registry.
        host: String,
        /// What was asked for.
        asked: String,
        /// The promise.
        expected: u64,
        /// What came, `12 bytes` or `more bytes`.
        found: String,
    },
    /// A manifest beyond the limit.
    #[error(
        "the manifest of {reference} is larger than {limit} bytes; no image needs that, so it was not read"
    )]
    ManifestTooLarge {
        /// The reference.
        reference: String,
        /// The limit.
        limit: u64,
    },
    /// Something other than an image.
    #[error("{reference} is no image that can be used: {why}")]
    NotAnImage {
        /// The reference.
        reference: String,
        /// Why.
        why: String,
    },
    /// The index has no entry for the platform.
    #[error("{reference} has no image for {wanted}; it has {}", List(available))]
    NoPlatform {
        /// The reference.
        reference: String,
        /// The platform asked for.
        wanted: String,
        /// The platforms there.
        available: Vec<String>,
    },
    /// A digest reference cannot be pushed to.
    #[error(
        "{reference} names a digest without a tag; a push needs a tag, for example {reference_without}:latest"
    )]
    NoTag {
        /// The reference.
        reference: String,
        /// Its name.
        reference_without: String,
    },
    /// The local store failed.
    #[error(transparent)]
    Store(#[from] crate::error::Error),
    /// Another error, after several attempts.
    #[error("{last} (tried {attempts} times)")]
    GaveUp {
        /// How often it was tried.
        attempts: u32,
        /// The last error.
        last: Box<RegistryError>,
    },
}

impl RegistryError {
    /// Whether the same request may succeed a little later.
    pub(super) fn may_pass(&self) -> bool {
        use RegistryError::{Cut, RateLimited, ServerFailed, TimedOut};
        matches!(self, Cut { .. } | RateLimited { .. } | ServerFailed { .. } | TimedOut { .. })
    }

    /// How long the registry wants to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            RegistryError::RateLimited { retry_after, .. } => *retry_after,
            RegistryError::ServerFailed { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// What a registry answered: status, and its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// HTTP status.
    pub status: u16,
    /// The first error's code (`MANIFEST_UNKNOWN`).
    pub code: Option<Box<str>>,
    /// The first error's message.
    pub message: Option<Box<str>>,
}

impl Told {
    /// Read the error document of the distribution-spec; anything else is only a status.
    pub(super) fn read(status: u16, body: &[u8]) -> Told {
        let document: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let first = &document["errors"][0];
        let text = |value: &serde_json::Value| {
            value.as_str().map(|text| harmless(text, 200).into_boxed_str()).filter(|text| !text.is_empty())
        };
        // Token services answer {"details": "..."}, and OAuth ones {"error_description": "..."}.
        let alone = || text(&document["details"]).or_else(|| text(&document["error_description"]));
        Told { status, code: text(&first["code"]), message: text(&first["message"]).or_else(alone) }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, " {code}: {message}"),
            (Some(word), None) | (None, Some(word)) => write!(f, " {word}"),
            (None, None) => Ok(()),
        }
    }
}

/// A stranger's text, fit to stand in a message: no control characters, one line, of bounded length.
pub(crate) fn harmless(text: &str, longest: usize) -> String {
    let line: String = text.chars().take(longest).map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_string()
}

struct Tags<'a>(&'a [String]);

impl fmt::Display for Tags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("; check the name"),
            tags => write!(f, "; it has {}", List(tags)),
        }
    }
}

struct List<'a>(&'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none at all");
        }
        f.write_str(&self.0.join(", "))
    }
}

struct Seconds(Option<Duration>);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |wait| write!(f, ", to be asked again in {} s", wait.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registrys_words_are_cleaned() {
        let body = br#"{"errors":[{"code":"DENIED","message":"no\u001b[31m\nway"}]}"#;
        assert_eq!(Told::read(403, body).to_string(), "403 DENIED: no [31m way");
        assert_eq!(Told::read(502, b"<html>").to_string(), "502");
        assert_eq!(
            Told::read(401, br#"{"details":"incorrect username"}"#).to_string(),
            "401 incorrect username"
        );
        assert_eq!(harmless(&"x".repeat(500), 10).len(), 10);
    }
}

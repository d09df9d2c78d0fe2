//! From a registry's name to addresses, and from a `Location` header to the next address.

use std::net::{IpAddr, Ipv6Addr};

use plimsoll_model::reference::DEFAULT_REGISTRY;
use ureq::http::Uri;

/// One way to speak to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    /// TLS or plain.
    pub https: bool,
    /// Host and optional port, as it stands in a URL.
    pub authority: String,
    /// Whether the server's certificate is checked.
    pub verified: bool,
}

impl Base {
    /// The address of a path below the registry's root.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme(), self.authority)
    }

    /// Whether a URL is served by this very registry: same scheme, host and port.
    pub fn serves(&self, url: &Uri) -> bool {
        url.scheme_str() == Some(self.scheme())
            && url.authority().is_some_and(|other| other.as_str().eq_ignore_ascii_case(&self.authority))
    }

    fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }
}

/// The ways to try for a registry, most likely first.
///
/// Loopback is plain HTTP first and never checked (docker's default for 127.0.0.0/8): the bytes do not
/// leave the machine. `insecure` tries TLS first because a registry that has it should use it.
pub(super) fn ways_to(registry: &str, insecure: bool) -> Vec<Base> {
    let authority = if registry == DEFAULT_REGISTRY { "registry-1.docker.io" } else { registry };
    let base = |https, verified| Base { https, authority: authority.to_string(), verified };
    match (is_loopback(registry), insecure) {
        (true, _) => vec![base(false, false), base(true, false)],
        (false, true) => vec![base(true, false), base(false, false)],
        (false, false) => vec![base(true, true)],
    }
}

/// Whether a registry name (host and optional port) means this machine itself.
pub(super) fn is_loopback(registry: &str) -> bool {
    let host = match registry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, _)) => return inside.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback()),
        None => registry.rsplit_once(':').map_or(registry, |(host, _)| host),
    };
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The absolute address a `Location` header means, or why it is not followed.
///
/// RFC 3986 section 5 as far as registries use it: absolute, `//host/path`, `/path`, `?query` and a
/// path relative to the last slash. A secure connection is never left for a plain one.
pub(super) fn resolve_location(from: &Uri, location: &str) -> Result<Uri, &'static str> {
    if location.is_empty() {
        return Err("no address came with it");
    }
    let scheme = from.scheme_str().unwrap_or("https");
    let authority = from.authority().map_or("", |authority| authority.as_str());
    let lower = location.to_ascii_lowercase();
    let text = if lower.starts_with("http://") || lower.starts_with("https://") {
        location.to_string()
    } else if let Some(rest) = location.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else if location.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':')) {
        return Err("it leads to something other than http or https");
    } else if location.starts_with('?') {
        format!("{scheme}://{authority}{}{location}", from.path())
    } else {
        let folder = from.path().rfind('/').map_or("/", |slash| &from.path()[..=slash]);
        format!("{scheme}://{authority}{folder}{location}")
    };
    let text = text.split('#').next().unwrap_or_default();
    let to: Uri = text.parse().map_err(|_| "it is no address")?;
    let target = to.authority().map_or("", |authority| authority.as_str());
    if target.is_empty() || target.contains('@') {
        return Err("it names no host, or carries a password");
    }
    if scheme == "https" && to.scheme_str() == Some("http") {
        return same_host_stays_secure(&to, authority).ok_or("it leads from https to plain http");
    }
    Ok(to)
}

/// A registry behind a proxy that ends TLS often writes `http://` in front of its own name; what is
/// meant is the connection we already have.
fn same_host_stays_secure(to: &Uri, authority: &str) -> Option<Uri> {
    let same = to.authority()?.as_str().eq_ignore_ascii_case(authority);
    let path = to.path_and_query().map_or("/", |path| path.as_str());
    same.then(|| format!("https://{authority}{path}").parse().ok()).flatten()
}

/// `query` added to an address that may already have one.
pub(super) fn with_query(url: &str, query: &str) -> String {
    let join = if url.contains('?') { '&' } else { '?' };
    format!("{url}{join}{query}")
}

/// A value for a query: everything but RFC 3986's unreserved characters as `%XX`.
pub(super) fn escape(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names() {
        for name in ["localhost", "localhost:5000", "127.0.0.1:80", "127.9.8.7", "[::1]:5000", "LocalHost:1"]
        {
            assert!(is_loopback(name), "{name}");
        }
        for name in ["localhost.example", "128.0.0.1", "docker.io", "[::2]:5000", "127.0.0.1.example"] {
            assert!(!is_loopback(name), "{name}");
        }
    }

    #[test]
    fn ways_in_order() {
        let urls = |registry, insecure| -> Vec<String> {
            ways_to(registry, insecure).iter().map(|base| base.url("/v2/")).collect()
        };
        assert_eq!(urls("docker.io", false), ["https://registry-1.docker.io/v2/"]);
        assert_eq!(urls("127.0.0.1:5000", false)[0], "http://127.0.0.1:5000/v2/");
        assert_eq!(urls("r.example", true), ["https://r.example/v2/", "http://r.example/v2/"]);
        assert!(ways_to("r.example", false).iter().all(|base| base.verified));
    }

    fn resolve(location: &str) -> Result<String, &'static str> {
        let from = "https://r.example/v2/app/blobs/uploads/1?state=x".parse().unwrap();
        resolve_location(&from, location).map(|uri| uri.to_string())
    }

    #[test]
    fn locations_absolute_and_relative() {
        assert_eq!(resolve("https://cdn.example/b?x=1").unwrap(), "https://cdn.example/b?x=1");
        assert_eq!(resolve("//cdn.example/b").unwrap(), "https://cdn.example/b");
        assert_eq!(resolve("/v2/b").unwrap(), "https://r.example/v2/b");
        assert_eq!(resolve("2").unwrap(), "https://r.example/v2/app/blobs/uploads/2");
        assert_eq!(resolve("?y=1").unwrap(), "https://r.example/v2/app/blobs/uploads/1?y=1");
        assert_eq!(resolve("http://r.example/v2/b").unwrap(), "https://r.example/v2/b");
    }

    #[test]
    fn locations_refused() {
        for bad in
            ["", "file:///etc/passwd", "gopher://x/", "http://other.example/", "https://u:p@x/", "https://"]
        {
            assert!(resolve(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn queries() {
        assert_eq!(with_query("http://x/a", "b=1"), "http://x/a?b=1");
        assert_eq!(with_query("http://x/a?c", "b=1"), "http://x/a?c&b=1");
        assert_eq!(escape("sha256:a b/ü"), "sha256%3Aa%20b%2F%C3%BC");
    }
}

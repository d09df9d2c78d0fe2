//! What the roof hands in: everything about reaching registries that comes from the environment.

use ureq::Proxy;

use super::credentials::Credentials;
use super::error::RegistryError;
use super::patience::Patience;
use super::trust::Trust;

/// How registries are reached: logins, certificates, proxies, patience.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Logins by registry.
    pub credentials: Credentials,
    /// Accept any certificate of the registry, and plain HTTP where TLS does not answer. Loopback
    /// registries are reached this way without being asked, as docker does.
    pub insecure: bool,
    /// HTTP proxies.
    pub proxy: ProxySettings,
    /// Which certificate authorities are trusted.
    pub trust: Trust,
    /// Timeouts and retries.
    pub patience: Patience,
}

/// The values of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, read by the roof.
#[derive(Debug, Clone, Default)]
pub struct ProxySettings {
    /// Proxy for `http://` addresses.
    pub http: Option<String>,
    /// Proxy for `https://` addresses.
    pub https: Option<String>,
    /// Hosts that are reached directly, separated by commas.
    pub no_proxy: Option<String>,
}

impl ProxySettings {
    /// The proxy for one scheme, `None` when there is none.
    pub(super) fn for_scheme(&self, https: bool) -> Result<Option<Proxy>, RegistryError> {
        let written = if https { &self.https } else { &self.http };
        let Some(written) = written.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let bad = |_| RegistryError::BadProxy { proxy: without_password(written) };
        let parsed = Proxy::new(written).map_err(bad)?;
        let mut builder = Proxy::builder(parsed.protocol()).host(parsed.host()).port(parsed.port());
        if let Some(username) = parsed.username() {
            builder = builder.username(username);
        }
        if let Some(password) = parsed.password() {
            builder = builder.password(password);
        }
        for host in self.no_proxy.iter().flat_map(|list| list.split(',')).map(str::trim) {
            if !host.is_empty() {
                builder = builder.no_proxy(host);
            }
        }
        builder.build().map(Some).map_err(bad)
    }
}

/// A proxy as messages may show it: user and password cut out.
pub(crate) fn without_password(proxy: &str) -> String {
    match (proxy.find("://"), proxy.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}{}", &proxy[..scheme + 3], &proxy[at + 1..]),
        (None, Some(at)) => proxy[at + 1..].to_string(),
        _ => proxy.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scheme_has_its_proxy_and_exceptions() {
        let settings = ProxySettings {
            http: None,
            https: Some("http://me:secret@proxy.example:3128".to_string()),
            no_proxy: Some("internal.example, .corp".to_string()),
        };
        assert!(settings.for_scheme(false).unwrap().is_none());
        let proxy = settings.for_scheme(true).unwrap().unwrap();
        assert_eq!((proxy.host(), proxy.port(), proxy.username()), ("proxy.example", 3128, Some("me")));
        assert!(proxy.is_no_proxy(&"https://internal.example/v2/".parse().unwrap()));
        assert!(proxy.is_no_proxy(&"https://a.corp/v2/".parse().unwrap()));
        assert!(!proxy.is_no_proxy(&"https://other.example/v2/".parse().unwrap()));
    }

    #[test]
    fn a_bad_proxy_is_named_without_its_password() {
        let settings =
            ProxySettings { https: Some("ftp://me:secret@x".to_string()), ..ProxySettings::default() };
        let message = settings.for_scheme(true).unwrap_err().to_string();
        assert!(message.contains("ftp://x") && !message.contains("secret"), "{message}");
    }
}

//! Logins: docker's `config.json` (also podman's `auth.json`) and credential helpers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use plimsoll_model::reference::DEFAULT_REGISTRY;

use super::error::RegistryError;

/// How to prove who we are.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// Name and password.
    Password {
        /// Who.
        username: String,
        /// The secret.
        password: String,
    },
    /// An OAuth2 refresh token, exchanged at the token service.
    IdentityToken(String),
    /// A token that is sent as it is.
    RegistryToken(String),
}

/// Run the program `docker-credential-NAME get` with the server's name on its standard input.
/// Arguments: NAME, server. Answer: its standard output, or `None` when it knows no login.
pub type AskHelper = dyn Fn(&str, &str) -> Result<Option<Vec<u8>>, String> + Send + Sync;

/// All logins known, by registry.
#[derive(Clone, Default)]
pub struct Credentials {
    logins: BTreeMap<String, Login>,
    helpers: BTreeMap<String, String>,
    default_helper: Option<String>,
    ask_helper: Option<Arc<AskHelper>>,
}

/// A `config.json` that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the file of registry logins cannot be read: {why}; correct it, or log in anew")]
pub struct BadDockerConfig {
    /// What is wrong.
    pub why: String,
}

impl Credentials {
    /// Read docker's `config.json`. A login that cannot be decoded is an error: silently dropping
    /// it would show up as "login needed" much later.
    pub fn from_docker_config(bytes: &[u8]) -> Result<Self, BadDockerConfig> {
        let config: wire::Config =
            serde_json::from_slice(bytes).map_err(|error| BadDockerConfig { why: error.to_string() })?;
        let mut logins = BTreeMap::new();
        for (key, entry) in config.auths {
            if let Some(login) = login_of(&key, &entry)? {
                logins.insert(normal_key(&key), login);
            }
        }
        let helpers = config.cred_helpers.into_iter().map(|(key, name)| (normal_key(&key), name)).collect();
        let default_helper = config.creds_store.filter(|name| !name.is_empty());
        Ok(Credentials { logins, helpers, default_helper, ask_helper: None })
    }

    /// How credential helpers are run. Without it `credsStore` and `credHelpers` are ignored.
    pub fn with_helper(mut self, ask: Arc<AskHelper>) -> Self {
        self.ask_helper = Some(ask);
        self
    }

    /// Add or replace the login of one registry.
    pub fn set(&mut self, registry: &str, login: Login) {
        self.logins.insert(normal_key(registry), login);
    }

    /// The login for a repository: the most particular key wins (`host/team/app`, `host/team`,
    /// `host`; containers-auth.json(5)), then the registry's helper, then the default helper.
    pub(super) fn find(&self, registry: &str, repository: &str) -> Result<Option<Login>, RegistryError> {
        if let Some(helper) = self.helpers.get(registry) {
            return self.ask(helper, registry);
        }
        let mut key = format!("{registry}/{repository}");
        loop {
            if let Some(login) = self.logins.get(&key) {
                return Ok(Some(login.clone()));
            }
            match key.rfind('/') {
                Some(slash) => key.truncate(slash),
                None => break,
            }
        }
        self.default_helper.as_ref().map_or(Ok(None), |helper| self.ask(helper, registry))
    }

    fn ask(&self, helper: &str, registry: &str) -> Result<Option<Login>, RegistryError> {
        let Some(ask) = &self.ask_helper else { return Ok(None) };
        let failed =
            |why| RegistryError::Helper { host: registry.to_string(), helper: helper.to_string(), why };
        let server = if registry == DEFAULT_REGISTRY { "https://index.docker.io/v1/" } else { registry };
        let Some(answer) = ask(helper, server).map_err(failed)? else { return Ok(None) };
        let answer: wire::HelperAnswer = serde_json::from_slice(&answer)
            .map_err(|_| failed("its answer is no JSON with Username and Secret".to_string()))?;
        // docker/docker-credential-helpers: this user name marks an identity token.
        Ok(Some(match answer.username.as_str() {
            "<token>" => Login::IdentityToken(answer.secret),
            _ => Login::Password { username: answer.username, password: answer.secret },
        }))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("registries", &self.logins.keys()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Login::Password { username, .. } => write!(f, "Password({username}, ...)"),
            Login::IdentityToken(_) => f.write_str("IdentityToken(...)"),
            Login::RegistryToken(_) => f.write_str("RegistryToken(...)"),
        }
    }
}

/// `https://index.docker.io/v1/` and `https://host/v2/` as docker once wrote them mean the host.
fn normal_key(key: &str) -> String {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let bare = bare.trim_end_matches('/');
    let bare = bare.strip_suffix("/v1").or_else(|| bare.strip_suffix("/v2")).unwrap_or(bare);
    match bare {
        "index.docker.io" | "registry-1.docker.io" => DEFAULT_REGISTRY.to_string(),
        other => other.to_string(),
    }
}

fn login_of(key: &str, entry: &wire::Auth) -> Result<Option<Login>, BadDockerConfig> {
    if !entry.registrytoken.is_empty() {
        return Ok(Some(Login::RegistryToken(entry.registrytoken.clone())));
    }
    if !entry.identitytoken.is_empty() {
        return Ok(Some(Login::IdentityToken(entry.identitytoken.clone())));
    }
    if !entry.username.is_empty() {
        let (username, password) = (entry.username.clone(), entry.password.clone());
        return Ok(Some(Login::Password { username, password }));
    }
    if entry.auth.is_empty() {
        return Ok(None);
    }
    let bad = |why| BadDockerConfig { why: format!("the entry for {key} {why}") };
    let padding = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&base64::alphabet::STANDARD, padding)
        .decode(entry.auth.trim_end_matches('\0'))
        .map_err(|_| bad("is not base64"))?;
    let decoded = String::from_utf8(decoded).map_err(|_| bad("is not UTF-8"))?;
    let (username, password) =
        decoded.split_once(':').ok_or_else(|| bad("has no ':' between user and password"))?;
    let password = password.trim_end_matches('\0').to_string();
    Ok(Some(Login::Password { username: username.to_string(), password }))
}

/// The file's own shape (docker/cli `configfile/file.go`); unknown fields are ignored.
mod wire {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    #[derive(Deserialize)]
    pub struct Config {
        #[serde(default)]
        pub auths: BTreeMap<String, Auth>,
        #[serde(default, rename = "credHelpers")]
        pub cred_helpers: BTreeMap<String, String>,
        #[serde(default, rename = "credsStore")]
        pub creds_store: Option<String>,
    }

    #[derive(Default, Deserialize)]
    #[serde(default)]
    pub struct Auth {
        pub auth: String,
        pub username: String,
        pub password: String,
        pub identitytoken: String,
        pub registrytoken: String,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct HelperAnswer {
        pub username: String,
        pub secret: String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(username: &str, password: &str) -> Option<Login> {
        Some(Login::Password { username: username.to_string(), password: password.to_string() })
    }

    #[test]
    fn docker_config() {
        let config = br#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "bWU6cDp3"},
            "r.example:5000": {"auth": "bWU6c2VjcmV0"},
            "r.example:5000/team": {"username": "t", "password": "u"},
            "gcr.example": {"identitytoken": "it"},
            "empty.example": {}
        }, "HttpHeaders": {"User-Agent": "x"}}"#;
        let known = Credentials::from_docker_config(config).unwrap();
        assert_eq!(known.find("docker.io", "library/app").unwrap(), password("me", "p:w"));
        assert_eq!(known.find("r.example:5000", "app").unwrap(), password("me", "secret"));
        assert_eq!(known.find("r.example:5000", "team/app").unwrap(), password("t", "u"));
        assert_eq!(known.find("gcr.example", "a").unwrap(), Some(Login::IdentityToken("it".to_string())));
        assert_eq!(known.find("empty.example", "a").unwrap(), None);
        assert_eq!(known.find("r.example", "a").unwrap(), None);
        assert!(!format!("{known:?}").contains("secret"));
    }

    #[test]
    fn broken_configs_say_where() {
        for (config, word) in [
            (&b"{"[..], "EOF"),
            (br#"{"auths":{"a.b":{"auth":"%%"}}}"#, "a.b is not base64"),
            (br#"{"auths":{"a.b":{"auth":"YWI="}}}"#, "a.b has no ':'"),
        ] {
            let message = Credentials::from_docker_config(config).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn helpers() {
        let config = br#"{"credHelpers": {"a.example": "one"}, "credsStore": "two"}"#;
        let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let known =
            Credentials::from_docker_config(config).unwrap().with_helper(Arc::new(move |name, server| {
                log.lock().unwrap().push(format!("{name} {server}"));
                match name {
                    "one" => Ok(Some(br#"{"ServerURL":"x","Username":"<token>","Secret":"s"}"#.to_vec())),
                    _ => Err("it is not installed".to_string()),
                }
            }));
        assert_eq!(known.find("a.example", "x").unwrap(), Some(Login::IdentityToken("s".to_string())));
        let message = known.find("docker.io", "x").unwrap_err().to_string();
        assert!(message.contains("docker-credential-two") && message.contains("not installed"), "{message}");
        assert_eq!(*asked.lock().unwrap(), ["one a.example", "two https://index.docker.io/v1/"]);
    }
}

//! Tokens: the registry sends us to a token service, which knows our login.
//!
//! Sources: distribution `docs/spec/auth/token.md` (GET with Basic), `oauth.md` (POST with a refresh
//! token, which docker's config calls identity token).

use std::io::Read as _;

use serde::Deserialize;
use ureq::http::{Method, Uri, header};

use super::address::{escape, with_query};
use super::credentials::Login;
use super::error::RegistryError;
use super::session::{Session, basic};
use super::transport::Payload;

/// What is asked of a token service.
pub(super) struct TokenRequest<'a> {
    /// Its address.
    pub realm: &'a str,
    /// For which registry.
    pub service: Option<&'a str>,
    /// For what.
    pub scopes: &'a [String],
    /// As whom.
    pub login: Option<&'a Login>,
}

/// Real ones have some kilobytes.
const TOKEN_LIMIT: u64 = 256 * 1024;

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
}

impl TokenRequest<'_> {
    /// Fetch a token.
    pub fn fetch(&self, session: &Session) -> Result<String, RegistryError> {
        let asked = format!("a token for '{}'", session.repository);
        self.check_realm(session, &asked)?;
        let (url, form, authorization) = match self.login {
            Some(Login::IdentityToken(token)) => {
                (self.realm.to_string(), Some(self.refresh_form(token)), None)
            }
            Some(Login::Password { username, password }) => {
                (with_query(self.realm, &self.query()), None, Some(basic(username, password)))
            }
            _ => (with_query(self.realm, &self.query()), None, None),
        };
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let mut ask = session.ask(method, url, &asked)?;
        if let Some(form) = &form {
            ask.headers.push((header::CONTENT_TYPE, "application/x-www-form-urlencoded".to_string()));
            ask.payload = Payload::Bytes(form.as_bytes());
        }
        let answer = session.transport.send(&ask, authorization.as_deref())?;
        if answer.status != 200 {
            return Err(session.refuse(answer, &asked));
        }
        let url = answer.url.clone();
        let mut body = Vec::new();
        let read = answer.into_reader().take(TOKEN_LIMIT).read_to_end(&mut body);
        read.map_err(|error| session.transport.read_failure(error, &url, &asked))?;
        let unreadable = || session.bad_answer(&asked, "the token service sent no token");
        let answer: TokenAnswer = serde_json::from_slice(&body).map_err(|_| unreadable())?;
        let tokens = [answer.token, answer.access_token];
        let usable = |token: &String| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        tokens.into_iter().find(usable).ok_or_else(unreadable)
    }

    /// The realm comes from the registry: it must be an address, and fit for our login.
    fn check_realm(&self, session: &Session, asked: &str) -> Result<(), RegistryError> {
        let realm = self.realm.parse::<Uri>().ok();
        let scheme = realm.as_ref().and_then(|realm| realm.scheme_str());
        let authority = realm.as_ref().and_then(|realm| realm.authority());
        match (scheme, authority) {
            (Some("https"), Some(_)) => Ok(()),
            (Some("http"), Some(host)) if self.login.is_some() => session.guard_login(false, host.as_str()),
            (Some("http"), Some(_)) => Ok(()),
            _ => Err(session.bad_answer(asked, "the realm it names is no http or https address")),
        }
    }

    fn query(&self) -> String {
        let service = self.service.map(|service| format!("service={}", escape(service)));
        let scopes = self.scopes.iter().map(|scope| format!("scope={}", escape(scope)));
        service.into_iter().chain(scopes).collect::<Vec<_>>().join("&")
    }

    fn refresh_form(&self, token: &str) -> String {
        let service = self.service.map_or(String::new(), |service| format!("&service={}", escape(service)));
        format!(
            "grant_type=refresh_token&client_id=plimsoll&refresh_token={}&scope={}{service}",
            escape(token),
            escape(&self.scopes.join(" "))
        )
    }
}

//! A conversation with one repository of one registry: how it is reached, who we are there, retries.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::Reference;
use ureq::http::{Method, Uri, header};

use super::access::Access;
use super::address::{Base, ways_to};
use super::challenge::{self, Challenge};
use super::credentials::Login;
use super::error::RegistryError;
use super::event::Events;
use super::token::TokenRequest;
use super::transport::{Answer, Ask, Payload, Transport};

/// An open conversation.
pub(super) struct Session<'a> {
    /// Timeouts, logins, trust.
    pub access: &'a Access,
    /// Where retries are told.
    pub events: Events<'a>,
    /// The registry as the reference names it.
    pub host: String,
    /// The repository as the registry names it.
    pub repository: String,
    /// The connections.
    pub transport: Transport,
    base: Base,
    scopes: Vec<String>,
    login: Option<Login>,
    authorization: Mutex<Option<String>>,
}

impl<'a> Session<'a> {
    /// Find out how the registry is reached and log in as far as it asks for that. `actions` is
    /// `pull` or `pull,push`; `mounts` are other repositories blobs may be taken from.
    pub fn open(
        reference: &Reference,
        actions: &str,
        mounts: &[String],
        access: &'a Access,
        events: Events<'a>,
    ) -> Result<Self, RegistryError> {
        let login = access.credentials.find(&reference.registry, &reference.repository)?;
        let mut scopes = vec![format!("repository:{}:{actions}", reference.repository)];
        scopes.extend(mounts.iter().map(|from| format!("repository:{from}:pull")));
        let mut first_error = None;
        for base in ways_to(&reference.registry, access.insecure) {
            let mut session = Session {
                access,
                events,
                host: reference.registry.clone(),
                repository: reference.repository.clone(),
                transport: Transport::new(&reference.registry, &base, access)?,
                base,
                scopes: scopes.clone(),
                login: login.clone(),
                authorization: Mutex::new(None),
            };
            match access.patience.retry(events, || session.knock()) {
                Ok(None) => return Ok(session),
                Ok(Some(challenge)) => {
                    let authorization = session.authorize(&challenge, None)?;
                    session.authorization = Mutex::new(authorization);
                    return Ok(session);
                }
                Err(error) if speaks_otherwise(&error) => {
                    first_error.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        let host = reference.registry.clone();
        Err(first_error.unwrap_or(RegistryError::Unreachable { host, why: "no way is known".to_string() }))
    }

    /// `GET /v2/`: does a registry answer, and what does it want (distribution-spec, end-1)?
    fn knock(&self) -> Result<Option<Challenge>, RegistryError> {
        let asked = "its API version";
        let answer = self.transport.send(&self.ask(Method::GET, self.base.url("/v2/"), asked)?, None)?;
        match answer.status {
            // Some registries guard or do not have the root and still serve repositories.
            200..=299 | 403 | 404 => Ok(None),
            401 => Ok(challenges(&answer)),
            _ => Err(self.refuse(answer, asked)),
        }
    }

    /// A request without body.
    pub fn ask<'b>(&self, method: Method, url: String, asked: &'b str) -> Result<Ask<'b>, RegistryError> {
        let url = self.parse_url(&url, asked)?;
        let body_time = self.access.patience.body_time(0);
        Ok(Ask { method, url, headers: Vec::new(), payload: Payload::None, asked, body_time })
    }

    fn parse_url(&self, url: &str, asked: &str) -> Result<Uri, RegistryError> {
        url.parse().map_err(|_| self.bad_answer(asked, "an address in it cannot be read"))
    }

    /// The address of a path below the repository: `manifests/1`.
    pub fn url(&self, path: &str) -> String {
        self.base.url(&format!("/v2/{}/{path}", self.repository))
    }

    /// Send once; a token that ran out is renewed once. Busy and failing registries are errors here,
    /// every other status is the caller's to judge.
    pub fn send(&self, ask: &Ask) -> Result<Answer, RegistryError> {
        let mut renewed = false;
        loop {
            let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
            // An upload address may lie on another host, which must not learn our token.
            let known = known.filter(|_| self.base.serves(&ask.url));
            let answer = self.transport.send(ask, known.as_deref())?;
            match answer.status {
                401 if !renewed && self.base.serves(&answer.url) => {
                    renewed = true;
                    let Some(challenge) = challenges(&answer) else {
                        return Err(self.refuse(answer, ask.asked));
                    };
                    let scope = match &challenge {
                        Challenge::Bearer { scope, .. } => scope.as_deref(),
                        Challenge::Basic => None,
                    };
                    let fresh = self.authorize(&challenge, scope)?;
                    if fresh.is_none() || fresh == known {
                        return Err(self.refuse(answer, ask.asked));
                    }
                    *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
                }
                401 | 403 | 429 | 500..=599 => return Err(self.refuse(answer, ask.asked)),
                _ => return Ok(answer),
            }
        }
    }

    /// [`Session::send`], repeated while that may help. Only for requests that change nothing.
    pub fn send_patiently(&self, ask: &Ask) -> Result<Answer, RegistryError> {
        self.access.patience.retry(self.events, || self.send(ask))
    }

    /// The `Authorization` header that meets a challenge; `None` without a login that would.
    fn authorize(&self, challenge: &Challenge, scope: Option<&str>) -> Result<Option<String>, RegistryError> {
        match (challenge, &self.login) {
            (_, Some(Login::RegistryToken(token))) => Ok(Some(format!("Bearer {token}"))),
            (Challenge::Basic, Some(Login::Password { username, password })) => {
                self.guard_login(self.base.https, &self.host)?;
                Ok(Some(basic(username, password)))
            }
            (Challenge::Basic, _) => Ok(None),
            (Challenge::Bearer { realm, service, .. }, login) => {
                let mut scopes = self.scopes.clone();
                scopes.extend(scope.map(str::to_string).filter(|scope| !self.scopes.contains(scope)));
                let request = TokenRequest {
                    realm,
                    service: service.as_deref(),
                    scopes: &scopes,
                    login: login.as_ref(),
                };
                let token = self.access.patience.retry(self.events, || request.fetch(self))?;
                Ok(Some(format!("Bearer {token}")))
            }
        }
    }

    /// Passwords cross a network only encrypted, unless the caller said the registry is insecure.
    pub fn guard_login(&self, https: bool, host: &str) -> Result<(), RegistryError> {
        if https || self.access.insecure || super::address::is_loopback(host) {
            return Ok(());
        }
        Err(RegistryError::LoginUnprotected { host: self.host.clone(), realm: host.to_string() })
    }

    /// A status that is no answer to what was asked, as an error.
    pub fn refuse(&self, answer: Answer, asked: &str) -> RegistryError {
        let host = self.transport.name_of(&answer.url);
        let asked = asked.to_string();
        let retry_after = answer.retry_after();
        let told = answer.told();
        match (told.status, &self.login) {
            (401, None) => RegistryError::LoginNeeded { host, asked, told },
            (401, Some(login)) => RegistryError::LoginRefused { host, user: user_of(login), asked, told },
            (403, _) => RegistryError::Denied { host, asked, told },
            (429, _) => RegistryError::RateLimited { host, told, retry_after },
            (500..=599, _) => RegistryError::ServerFailed { host, asked, told, retry_after },
            _ => RegistryError::Refused { host, asked, told },
        }
    }

    /// An answer that breaks the protocol.
    pub fn bad_answer(&self, asked: &str, why: impl Into<String>) -> RegistryError {
        RegistryError::BadAnswer { host: self.host.clone(), asked: asked.to_string(), why: why.into() }
    }
}

/// The header value of Basic authentication (RFC 7617).
pub(crate) fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

fn user_of(login: &Login) -> String {
    match login {
        Login::Password { username, .. } => username.clone(),
        Login::IdentityToken(_) => "an identity token".to_string(),
        Login::RegistryToken(_) => "a registry token".to_string(),
    }
}

fn challenges(answer: &Answer) -> Option<Challenge> {
    let values = answer.headers.get_all(header::WWW_AUTHENTICATE);
    challenge::parse(values.iter().filter_map(|value| value.to_str().ok()))
}

/// Whether an error may mean "right host, wrong one of http and https".
fn speaks_otherwise(error: &RegistryError) -> bool {
    match error {
        RegistryError::GaveUp { last, .. } => matches!(**last, RegistryError::Cut { .. }),
        RegistryError::Refused { told, .. } => told.status == 400,
        RegistryError::Tls { .. }
        | RegistryError::BadAnswer { .. }
        | RegistryError::ConnectionRefused { .. } => true,
        _ => false,
    }
}

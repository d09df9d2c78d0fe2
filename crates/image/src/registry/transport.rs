//! One request over HTTP: the connection, redirects, and what went wrong in words.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use plimsoll_model::Digest;
use ureq::config::Config;
use ureq::http::{HeaderMap, HeaderName, Method, Request, Response, Uri, header, request};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, AsSendBody, Body, BodyReader, SendBody};

use super::access::{Access, without_password};
use super::address::{Base, is_loopback, resolve_location};
use super::error::{RegistryError, Told, harmless};
use super::patience::Patience;
use super::resolver::{NoNameServer, SystemResolver};

/// A request.
pub(crate) struct Ask<'a> {
    /// GET, HEAD, POST, PUT, PATCH.
    pub method: Method,
    /// Where to.
    pub url: Uri,
    /// Beside `Authorization` and `User-Agent`.
    pub headers: Vec<(HeaderName, String)>,
    /// What is sent.
    pub payload: Payload<'a>,
    /// What it is about, as the object of a sentence.
    pub asked: &'a str,
    /// How long the body of the answer, and the payload, may take.
    pub body_time: Duration,
}

/// The body of a request. It can be produced again: redirects and logins repeat requests.
pub(crate) enum Payload<'a> {
    /// GET and HEAD.
    None,
    /// Bytes in memory.
    Bytes(&'a [u8]),
    /// A part of a file.
    Part(Part<'a>),
}

/// A part of a file as a stream, telling how far it is. A copy begins where it was copied.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    /// The file; its own position is not used.
    pub file: &'a File,
    /// Where the part begins.
    pub at: u64,
    /// Where it ends.
    pub end: u64,
    /// Told the position in the file after each read.
    pub sent: &'a dyn Fn(u64),
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(&mut buffer[..left], self.at)?;
        self.at += count as u64;
        (self.sent)(self.at);
        Ok(count)
    }
}

/// An answer; its body is still to be read.
pub(crate) struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Who answered, after redirects.
    pub url: Uri,
    body: Body,
}

impl Answer {
    /// A header's value, if it is there and is text.
    pub fn header(&self, name: impl ureq::http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The digest the registry names, if it names one that we understand.
    pub fn digest(&self) -> Option<Digest> {
        self.header("docker-content-digest")?.parse().ok()
    }

    /// The announced length of the body.
    pub fn length(&self) -> Option<u64> {
        self.header(header::CONTENT_LENGTH)?.parse().ok()
    }

    /// How long to wait before asking again. Only the form in seconds: the form with a date would
    /// need a clock, and no registry sends it.
    pub fn retry_after(&self) -> Option<Duration> {
        self.header(header::RETRY_AFTER)?.trim().parse().ok().map(Duration::from_secs)
    }

    /// The registry's words about an error. What cannot be read is no reason to fail twice.
    pub fn told(self) -> Told {
        let status = self.status;
        let mut body = Vec::new();
        let _ = self.into_reader().take(64 * 1024).read_to_end(&mut body);
        Told::read(status, &body)
    }

    /// The body as a stream; whoever reads it counts.
    pub fn into_reader(self) -> BodyReader<'static> {
        self.body.into_with_config().limit(u64::MAX).reader()
    }
}

/// Redirects followed for one request.
const HOPS: usize = 5;

/// Connections to one registry and to the hosts it points at.
pub(crate) struct Transport {
    base: Base,
    registry: String,
    own: Agent,
    foreign: Agent,
}

impl Transport {
    /// Prepare connections; nothing is sent yet.
    pub fn new(registry: &str, base: &Base, access: &Access) -> Result<Self, RegistryError> {
        let roots = access.trust.load()?;
        let direct = is_loopback(registry);
        let agent = |https: bool, verified: bool, direct: bool| -> Result<_, RegistryError> {
            let proxy = if direct { None } else { access.proxy.for_scheme(https)? };
            let tls = TlsConfig::builder()
                .root_certs(RootCerts::clone(&roots))
                .disable_verification(!verified)
                .build();
            let config = limits(&access.patience).tls_config(tls).proxy(proxy).build();
            Ok(Agent::with_parts(config, DefaultConnector::default(), SystemResolver::default()))
        };
        // Leniency (`insecure`, loopback) is for the registry alone: a token service or a download
        // host it points at is another machine.
        let own = agent(base.https, base.verified, direct)?;
        let foreign = agent(true, true, false)?;
        Ok(Transport { base: base.clone(), registry: registry.to_string(), own, foreign })
    }

    /// Send a request and follow redirects. `authorization` goes to the host of the request's own
    /// address and nowhere else (CVE-2018-5382, CVE-2020-15157: tokens sent to a host of the
    /// attacker's choice).
    pub fn send(&self, ask: &Ask, authorization: Option<&str>) -> Result<Answer, RegistryError> {
        let mut url = ask.url.clone();
        for _ in 0..=HOPS {
            let authorization = authorization.filter(|_| same_server(&ask.url, &url));
            let answer = self.send_once(ask, &url, authorization)?;
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(answer);
            }
            let location = answer.header(header::LOCATION).unwrap_or_default();
            let bad = |why| self.bad_redirect(ask, location, why);
            let reads = matches!(ask.method, Method::GET | Method::HEAD);
            if !reads && !matches!(answer.status, 307 | 308) {
                return Err(bad("only 307 and 308 keep the method of an upload"));
            }
            url = resolve_location(&url, location).map_err(bad)?;
        }
        Err(self.bad_redirect(ask, &url.to_string(), "there were too many redirects in a row"))
    }

    fn bad_redirect(&self, ask: &Ask, location: &str, why: &'static str) -> RegistryError {
        // Neither the query (signed links) nor a password may end in a log.
        let location = location.split('?').next().unwrap_or_default();
        let location = harmless(&without_password(location), 200);
        RegistryError::BadRedirect {
            host: self.name_of(&ask.url),
            asked: ask.asked.to_string(),
            location,
            why,
        }
    }

    fn send_once(&self, ask: &Ask, url: &Uri, authorization: Option<&str>) -> Result<Answer, RegistryError> {
        let mut request = Request::builder().method(&ask.method).uri(url);
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let agent = self.agent_for(url);
        let response = match ask.payload {
            Payload::None => run(agent, request, (), ask.body_time),
            Payload::Bytes(bytes) => run(agent, request, bytes, ask.body_time),
            Payload::Part(mut part) => {
                request = request.header(header::CONTENT_LENGTH, part.end - part.at);
                run(agent, request, SendBody::from_reader(&mut part), ask.body_time)
            }
        };
        let (parts, body) = response.map_err(|error| self.failure(error, url, ask.asked))?.into_parts();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, url: url.clone(), body })
    }

    /// The host of an address as a person would write it: the registry under its own name.
    pub fn name_of(&self, url: &Uri) -> String {
        if self.base.serves(url) {
            return self.registry.clone();
        }
        url.authority().map_or_else(|| self.registry.clone(), |authority| authority.to_string())
    }

    /// A failure while reading a body, in words.
    pub fn read_failure(&self, error: io::Error, url: &Uri, asked: &str) -> RegistryError {
        self.failure(ureq::Error::from(error), url, asked)
    }

    fn agent_for(&self, url: &Uri) -> &Agent {
        if self.base.serves(url) { &self.own } else { &self.foreign }
    }

    /// The proxy a request to this address went through, as messages may show it.
    fn proxy_for(&self, url: &Uri) -> Option<String> {
        let proxy = self.agent_for(url).config().proxy()?;
        (!proxy.is_no_proxy(url)).then(|| without_password(&proxy.uri().to_string()))
    }

    fn failure(&self, error: ureq::Error, url: &Uri, asked: &str) -> RegistryError {
        let host = self.name_of(url);
        let asked = asked.to_string();
        let by_proxy = |host: String, direct: RegistryError, why: &str| match self.proxy_for(url) {
            Some(proxy) => RegistryError::Proxy { proxy, host, why: harmless(why, 200) },
            None => direct,
        };
        let text = error.to_string();
        match error {
            ureq::Error::HostNotFound => {
                let direct = RegistryError::NameNotResolved { host: host.clone() };
                by_proxy(host, direct, "no address is known for it")
            }
            ureq::Error::Other(error) if error.is::<NoNameServer>() => {
                RegistryError::NoNameServer { host, why: error.to_string() }
            }
            ureq::Error::Timeout(_) => RegistryError::TimedOut { host, asked },
            ureq::Error::ConnectProxyFailed(why) => {
                let direct = RegistryError::Unreachable { host: host.clone(), why: harmless(&why, 200) };
                by_proxy(host, direct, &why)
            }
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                let direct = RegistryError::ConnectionRefused { host: host.clone() };
                by_proxy(host, direct, "it refused the connection")
            }
            ureq::Error::Io(error) => io_failure(&error, host, asked),
            ureq::Error::ConnectionFailed => {
                RegistryError::Unreachable { host, why: "no connection".to_string() }
            }
            ureq::Error::Rustls(error) => tls_failure(&error.to_string(), host),
            ureq::Error::Tls(why) => tls_failure(why, host),
            _ => RegistryError::BadAnswer { host, asked, why: harmless(&text, 200) },
        }
    }
}

fn run(
    agent: &Agent,
    request: request::Builder,
    body: impl AsSendBody,
    body_time: Duration,
) -> Result<Response<Body>, ureq::Error> {
    let request = agent.configure_request(request.body(body)?);
    let request = request.timeout_send_body(Some(body_time)).timeout_recv_body(Some(body_time)).build();
    agent.run(request)
}

/// The timeouts and limits every connection has. Redirects are followed by us, not by ureq: it would
/// follow from https to http.
fn limits(patience: &Patience) -> ureq::config::ConfigBuilder<ureq::typestate::AgentScope> {
    Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(patience.connect))
        .timeout_connect(Some(patience.connect))
        .timeout_send_request(Some(patience.answer))
        .timeout_recv_response(Some(patience.answer))
        .timeout_per_read(Some(patience.idle.min(patience.answer)))
        .timeout_per_write(Some(patience.idle))
}

fn same_server(one: &Uri, other: &Uri) -> bool {
    one.scheme() == other.scheme() && one.authority() == other.authority()
}

fn io_failure(error: &io::Error, host: String, asked: String) -> RegistryError {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::TimedOut | Kind::WouldBlock => RegistryError::TimedOut { host, asked },
        Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
            RegistryError::Cut { host, asked, why: crate::error::reason(error) }
        }
        // rustls hands its errors through `Read` as InvalidData.
        Kind::InvalidData => tls_failure(&error.to_string(), host),
        _ => RegistryError::Unreachable { host, why: crate::error::reason(error) },
    }
}

/// rustls' text begins so for every certificate that does not verify.
fn tls_failure(why: &str, host: String) -> RegistryError {
    match why.split_once("invalid peer certificate: ") {
        Some((_, reason)) => RegistryError::Certificate { host, why: harmless(reason, 200) },
        None => RegistryError::Tls { host, why: harmless(why, 200) },
    }
}

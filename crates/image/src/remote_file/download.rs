//! Asking a server for a file, once and again.

use std::io::{self, Read};
use std::time::Instant;

use plimsoll_model::Digest;
use ureq::http::{HeaderName, Method, Uri, header};

use super::memory::{self, Validators};
use super::{Content, FileAddress, RemoteFileError, date};
use crate::registry::transport::{Answer, Ask, Payload, Transport};
use crate::registry::{Access, Event, RegistryError};
use crate::store::Store;

/// The largest file that is fetched. Real ones (models, installers) stay below; a server that sends
/// without end is stopped before every disk is full.
pub const SIZE_LIMIT: u64 = 64 << 30;

/// `Last-Modified` has a resolution of a second: it tells of a change for certain only if the answer was
/// made so many seconds later (RFC 9110, section 8.8.2.2).
const SETTLED: i64 = 60;

/// A file behind an address, and how it is reached.
pub struct RemoteFile<'a> {
    /// Where it is.
    pub address: &'a FileAddress,
    /// Proxies, certificates, patience.
    pub access: &'a Access,
    /// Where its bytes go.
    pub store: &'a Store,
    /// Told about retries.
    pub events: &'a (dyn Fn(Event) + Sync),
    /// Asked now and then whether to give up.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// What a request gave.
enum Given {
    /// The file is the one remembered.
    Unchanged,
    /// New bytes, in the store now.
    Content(Content, Validators),
}

impl RemoteFile<'_> {
    /// The file as it is on the server now, in the store. It is fetched unless the server says that it
    /// has not changed since the last time.
    pub fn current(&self) -> Result<Content, RemoteFileError> {
        let known = memory::recall(self.store, &self.address.shown());
        let (content, said) = match (self.ask(known.as_ref())?, known) {
            (Given::Unchanged, Some((content, _))) => return Ok(content),
            (Given::Content(content, said), _) => (content, said),
            (Given::Unchanged, None) => return Err(self.strange("it says that nothing changed, unasked")),
        };
        memory::remember(self.store, &self.address.shown(), content, said)?;
        Ok(content)
    }

    /// The file with this checksum, in the store; the server is asked only if it is not there yet.
    pub fn pinned(&self, expected: Digest) -> Result<Content, RemoteFileError> {
        if let Some(content) = self.known(expected) {
            return Ok(content);
        }
        let content = self.current()?;
        match content.digest == expected {
            true => Ok(content),
            false => Err(RemoteFileError::WrongChecksum {
                address: self.address.shown(),
                found: content.digest,
                expected,
            }),
        }
    }

    /// The file with this checksum, if it is in the store.
    pub fn known(&self, expected: Digest) -> Option<Content> {
        let recalled = memory::recall(self.store, &self.address.shown());
        if let Some((content, _)) = recalled.filter(|(content, _)| content.digest == expected) {
            return Some(content);
        }
        let (_, size) = self.store.open_blob(&expected).ok()?;
        Some(Content { digest: expected, size, modified: None })
    }

    fn ask(&self, known: Option<&(Content, Validators)>) -> Result<Given, RemoteFileError> {
        let host = self.address.base.authority.as_str();
        let transport = Transport::new(host, &self.address.base, self.access);
        let transport = transport.map_err(RemoteFileError::Connection)?;
        // An error that no second attempt helps ends the attempts as a success with an error inside.
        let attempt = || match self.attempt(&transport, known) {
            Err(RemoteFileError::Connection(error)) => Err(error),
            other => Ok(other),
        };
        self.access.patience.retry(self.events, attempt).map_err(RemoteFileError::Connection)?
    }

    fn attempt(
        &self,
        transport: &Transport,
        known: Option<&(Content, Validators)>,
    ) -> Result<Given, RemoteFileError> {
        let asked = self.asked();
        if (self.stop)() {
            return Err(RemoteFileError::Connection(given_up(self.address.base.authority.clone())));
        }
        let ask = Ask {
            method: Method::GET,
            url: self.address.url.clone(),
            headers: conditions(known),
            payload: Payload::None,
            asked: &asked,
            body_time: self.access.patience.body_time(SIZE_LIMIT),
        };
        let answer = transport.send(&ask, self.address.authorization.as_deref());
        let answer = answer.map_err(RemoteFileError::Connection)?;
        match answer.status {
            304 if known.is_some() => Ok(Given::Unchanged),
            // A server that does not compare, and still names the file.
            200 if known.is_some_and(|(_, said)| is_same(said, &answer)) => Ok(Given::Unchanged),
            200 => self.download(transport, answer),
            _ => Err(RemoteFileError::Connection(self.refused(transport, answer))),
        }
    }

    fn download(&self, transport: &Transport, answer: Answer) -> Result<Given, RemoteFileError> {
        let too_large = || RemoteFileError::TooLarge { address: self.address.shown(), limit: SIZE_LIMIT };
        let (announced, said) = (answer.length(), validators(&answer));
        if announced.is_some_and(|length| length > SIZE_LIMIT) {
            return Err(too_large());
        }
        let modified = answer.header(header::LAST_MODIFIED).and_then(date::seconds);
        let mut body = Body {
            url: answer.url.clone(),
            asked: self.asked(),
            transport,
            access: self.access,
            stop: self.stop,
            announced,
            stream: answer.into_reader(),
            began: Instant::now(),
            read: 0,
            failure: None,
        };
        let mut writer = self.store.blob_writer()?;
        let copied = writer.copy_from((&mut body).take(SIZE_LIMIT + 1));
        if let Some(failure) = body.failure {
            return Err(RemoteFileError::Connection(failure));
        }
        copied?;
        if writer.len() > SIZE_LIMIT {
            return Err(too_large());
        }
        let (digest, size) = writer.finish(None)?;
        Ok(Given::Content(Content { digest, size, modified }, said))
    }

    fn refused(&self, transport: &Transport, answer: Answer) -> RegistryError {
        let (host, asked) = (transport.name_of(&answer.url), self.asked());
        let retry_after = answer.retry_after();
        let told = answer.told();
        match told.status {
            429 => RegistryError::RateLimited { host, told, retry_after },
            500..=599 => RegistryError::ServerFailed { host, asked, told, retry_after },
            _ => RegistryError::Refused { host, asked, told },
        }
    }

    fn asked(&self) -> String {
        format!("'{}'", self.address.url.path())
    }

    fn strange(&self, why: &str) -> RemoteFileError {
        let (host, asked) = (self.address.base.authority.clone(), self.asked());
        RemoteFileError::Connection(RegistryError::BadAnswer { host, asked, why: why.to_string() })
    }
}

/// No error that a second attempt is made for.
fn given_up(host: String) -> RegistryError {
    RegistryError::Unreachable { host, why: "the build was given up".to_string() }
}

/// The headers that ask for a file only if it has changed.
fn conditions(known: Option<&(Content, Validators)>) -> Vec<(HeaderName, String)> {
    let Some((_, said)) = known else { return Vec::new() };
    match (&said.etag, &said.last_modified) {
        (Some(etag), _) => vec![(header::IF_NONE_MATCH, etag.clone())],
        (None, Some(time)) => vec![(header::IF_MODIFIED_SINCE, time.clone())],
        (None, None) => Vec::new(),
    }
}

/// A weak tag promises the same meaning, not the same bytes.
fn is_same(said: &Validators, answer: &Answer) -> bool {
    let etag = answer.header(header::ETAG);
    etag.is_some_and(|etag| !etag.starts_with("W/")) && etag == said.etag.as_deref()
}

fn validators(answer: &Answer) -> Validators {
    let strong = answer.header(header::ETAG).filter(|etag| !etag.starts_with("W/"));
    let (modified, now) = (answer.header(header::LAST_MODIFIED), answer.header(header::DATE));
    let settled = modified.and_then(date::seconds).zip(now.and_then(date::seconds));
    let settled = settled.is_some_and(|(modified, now)| now - modified >= SETTLED);
    Validators {
        etag: strong.map(str::to_string),
        last_modified: modified.filter(|_| settled).map(str::to_string),
    }
}

/// The body of an answer, given up when it is too slow, an error when it ends too early.
struct Body<'a> {
    transport: &'a Transport,
    access: &'a Access,
    stop: &'a (dyn Fn() -> bool + Sync),
    url: Uri,
    asked: String,
    announced: Option<u64>,
    stream: ureq::BodyReader<'static>,
    began: Instant,
    read: u64,
    failure: Option<RegistryError>,
}

impl Body<'_> {
    fn read_on(&mut self, buffer: &mut [u8]) -> Result<usize, RegistryError> {
        let count = self.stream.read(buffer);
        let count = count.map_err(|error| self.transport.read_failure(error, &self.url, &self.asked))?;
        self.read += count as u64;
        let (host, asked) = (self.transport.name_of(&self.url), self.asked.clone());
        if (self.stop)() {
            return Err(given_up(host));
        }
        if self.began.elapsed() > self.access.patience.body_time(self.read) {
            return Err(RegistryError::TimedOut { host, asked });
        }
        match self.announced {
            Some(announced) if count == 0 && self.read < announced => {
                let why = format!("after {} of {announced} bytes", self.read);
                Err(RegistryError::Cut { host, asked, why })
            }
            _ => Ok(count),
        }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.read_on(buffer).map_err(|error| {
            let message = error.to_string();
            self.failure = Some(error);
            io::Error::other(message)
        })
    }
}

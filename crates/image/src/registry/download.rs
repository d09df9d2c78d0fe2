//! Blobs from a registry: one stream that survives cut connections, and several at once.

use std::io::{self, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use plimsoll_model::Digest;
use plimsoll_model::manifest::Descriptor;
use ureq::BodyReader;
use ureq::http::{Method, Uri, header};

use super::error::RegistryError;
use super::event::{Event, REPORT};
use super::session::Session;
use super::transport::Answer;
use crate::error::Error;
use crate::store::Store;

/// Connections at once; docker's default.
const PARALLEL: usize = 3;

/// A connection that brought so much before it broke was worth its while: attempts count anew. So a
/// blob costs at most size / 1 MiB + attempts connections.
const PROGRESS: u64 = 1 << 20;

/// Fetch the blobs that are not in the store, [`PARALLEL`] at once. The first error stops all.
pub(super) fn fetch_blobs(
    session: &Session,
    blobs: &[Descriptor],
    store: &Store,
) -> Result<(), RegistryError> {
    let mut queue: Vec<&Descriptor> = Vec::new();
    for blob in blobs {
        if queue.iter().any(|queued| queued.digest == blob.digest) {
            continue;
        }
        match store.has_blob(&blob.digest) {
            true => (session.events)(Event::BlobExists { digest: blob.digest, size: blob.size }),
            false => queue.push(blob),
        }
    }
    queue.reverse();
    let (queue, stop, failure) = (Mutex::new(queue), AtomicBool::new(false), Mutex::new(None));
    let next = || lock(&queue).pop().filter(|_| !stop.load(Ordering::Relaxed));
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL.min(lock(&queue).len()) {
            scope.spawn(|| {
                while let Some(blob) = next() {
                    if let Err(error) = fetch_blob(session, blob, store, &stop) {
                        stop.store(true, Ordering::Relaxed);
                        lock(&failure).get_or_insert(error);
                    }
                }
            });
        }
    });
    lock(&failure).take().map_or(Ok(()), Err)
}

/// A panicking thread ends the process through its scope; the data behind its lock is still whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn fetch_blob(
    session: &Session,
    blob: &Descriptor,
    store: &Store,
    stop: &AtomicBool,
) -> Result<(), RegistryError> {
    let mut reader = BlobReader::new(session, blob, stop);
    let result = store.put_blob(&mut reader, Some((blob.digest, blob.size)));
    let (asked, host) = (reader.asked, session.host.clone());
    match (result, reader.failure) {
        (_, Some(failure)) => Err(failure),
        (Ok(_), None) => {
            (session.events)(Event::BlobDone { digest: blob.digest, size: blob.size });
            Ok(())
        }
        (Err(Error::WrongDigest { found, .. }), None) => {
            Err(RegistryError::DigestMismatch { host, asked, found })
        }
        (Err(error), None) => Err(error.into()),
    }
}

/// The bytes of one blob. When the connection breaks it asks for the rest (`Range`, RFC 9110 section
/// 14); the store hashes what comes out, so a registry that resumes wrongly is found out.
struct BlobReader<'a> {
    session: &'a Session<'a>,
    digest: Digest,
    size: u64,
    asked: String,
    stop: &'a AtomicBool,
    body: Option<(BodyReader<'static>, Uri)>,
    at: u64,
    reported: u64,
    tried: u32,
    tried_at: u64,
    failure: Option<RegistryError>,
}

impl<'a> BlobReader<'a> {
    fn new(session: &'a Session<'a>, blob: &Descriptor, stop: &'a AtomicBool) -> Self {
        BlobReader {
            session,
            digest: blob.digest,
            size: blob.size,
            asked: format!("blob {} of '{}'", blob.digest, session.repository),
            stop,
            body: None,
            at: 0,
            reported: 0,
            tried: 0,
            tried_at: 0,
            failure: None,
        }
    }

    fn read_on(&mut self, buffer: &mut [u8]) -> Result<usize, RegistryError> {
        loop {
            let error = match self.read_once(buffer) {
                Ok(count) => {
                    self.advance(count as u64);
                    return Ok(count);
                }
                Err(error) => error,
            };
            self.body = None;
            if self.at >= self.tried_at + PROGRESS {
                self.tried = 0;
            }
            (self.tried, self.tried_at) = (self.tried + 1, self.at);
            self.session.access.patience.pause(self.tried, error, self.session.events)?;
        }
    }

    fn read_once(&mut self, buffer: &mut [u8]) -> Result<usize, RegistryError> {
        let (session, left) = (self.session, self.size - self.at);
        if self.body.is_none() {
            if left == 0 && self.at > 0 {
                return Ok(0);
            }
            self.body = Some(self.open()?);
        }
        let Some((body, url)) = &mut self.body else { return Ok(0) };
        // One byte more than promised shows a stream that does not end.
        let room = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX).max(1));
        match body.read(&mut buffer[..room]) {
            Ok(0) if left == 0 => Ok(0),
            Ok(0) => Err(RegistryError::Cut {
                host: session.transport.name_of(url),
                asked: self.asked.clone(),
                why: format!("after {} of {} bytes", self.at, self.size),
            }),
            Ok(_) if left == 0 => Err(self.wrong_size("more bytes".to_string())),
            Ok(count) => Ok(count),
            // Everything needed is there; whether the connection ends well does not matter.
            Err(_) if left == 0 => Ok(0),
            Err(error) => Err(session.transport.read_failure(error, url, &self.asked)),
        }
    }

    fn advance(&mut self, count: u64) {
        self.at += count;
        if self.at - self.reported >= REPORT || (self.at == self.size && self.reported < self.at) {
            self.reported = self.at;
            (self.session.events)(Event::BlobProgress {
                digest: self.digest,
                done: self.at,
                size: self.size,
            });
        }
    }

    /// Ask for the blob from where we are.
    fn open(&self) -> Result<(BodyReader<'static>, Uri), RegistryError> {
        let session = self.session;
        let url = session.url(&format!("blobs/{}", self.digest));
        let mut ask = session.ask(Method::GET, url, &self.asked)?;
        ask.body_time = session.access.patience.body_time(self.size - self.at);
        if self.at > 0 {
            ask.headers.push((header::RANGE, format!("bytes={}-", self.at)));
        }
        let answer = session.send(&ask)?;
        let from = match answer.status {
            200 => 0,
            206 if range_start(&answer) == Some(self.at) => self.at,
            206 => return Err(session.bad_answer(&self.asked, "it sent another part than the one asked for")),
            404 => {
                let (host, repository) = (session.host.clone(), session.repository.clone());
                return Err(RegistryError::BlobUnknown {
                    host,
                    digest: self.digest,
                    repository,
                    told: answer.told(),
                });
            }
            _ => return Err(session.refuse(answer, &self.asked)),
        };
        if let Some(length) = answer.length().filter(|length| *length != self.size - from) {
            return Err(self.wrong_size(format!("{} bytes", from.saturating_add(length))));
        }
        let url = answer.url.clone();
        let mut body = answer.into_reader();
        // A server without ranges begins again: what we have is passed over.
        let skip = self.at - from;
        let skipped = io::copy(&mut (&mut body).take(skip), &mut io::sink());
        match skipped {
            Ok(count) if count == skip => Ok((body, url)),
            Ok(_) => {
                Err(session.transport.read_failure(io::ErrorKind::UnexpectedEof.into(), &url, &self.asked))
            }
            Err(error) => Err(session.transport.read_failure(error, &url, &self.asked)),
        }
    }

    fn wrong_size(&self, found: String) -> RegistryError {
        let (host, asked) = (self.session.host.clone(), self.asked.clone());
        RegistryError::SizeMismatch { host, asked, expected: self.size, found }
    }
}

impl Read for BlobReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("another blob failed"));
        }
        self.read_on(buffer).map_err(|error| {
            let message = error.to_string();
            self.failure = Some(error);
            io::Error::other(message)
        })
    }
}

/// The first byte of `Content-Range: bytes 5-9/10`.
fn range_start(answer: &Answer) -> Option<u64> {
    let range = answer.header(header::CONTENT_RANGE)?.strip_prefix("bytes")?.trim_start();
    range.split('-').next()?.parse().ok()
}

//! Blobs to a registry: mounted from another repository, in one piece, or in chunks.
//!
//! OCI distribution-spec v1.1, "Pushing blobs": POST opens an upload, PUT with the digest closes it.

use std::cell::Cell;
use std::fs::File;

use plimsoll_model::manifest::Descriptor;
use ureq::http::{Method, Uri, header};

use super::address::{escape, resolve_location, with_query};
use super::error::{RegistryError, harmless};
use super::event::{Event, REPORT};
use super::session::Session;
use super::transport::{Answer, Part, Payload};
use crate::error::Error;
use crate::store::Store;

/// What one PATCH carries, where the whole blob in one PUT was refused. Below the limits of common
/// proxies in front of registries.
const CHUNK: u64 = 16 << 20;

/// Bodies above this are announced (`Expect: 100-continue`), so that a refusal arrives before them.
const ANNOUNCED: u64 = 1 << 20;

/// A blob on its way.
pub(super) struct Upload<'a> {
    /// The conversation.
    pub session: &'a Session<'a>,
    /// Where the bytes are.
    pub store: &'a Store,
    /// Which.
    pub blob: &'a Descriptor,
}

impl Upload<'_> {
    /// Make sure the repository has the blob. `mount_from` is another repository that has it.
    pub fn run(&self, mount_from: Option<&str>) -> Result<(), RegistryError> {
        let (digest, size) = (self.blob.digest, self.blob.size);
        if self.exists()? {
            (self.session.events)(Event::BlobExists { digest, size });
            return Ok(());
        }
        let patience = &self.session.access.patience;
        let mut tried = 0;
        let mut in_chunks = false;
        loop {
            let error = match self.attempt(mount_from.filter(|_| tried == 0), in_chunks) {
                Ok(None) => break,
                Ok(Some(from)) => {
                    (self.session.events)(Event::BlobMounted { digest, size, from });
                    return Ok(());
                }
                Err(error) => error,
            };
            if !in_chunks && wants_chunks(&error) {
                in_chunks = true;
                continue;
            }
            tried += 1;
            patience.pause(tried, error, self.session.events)?;
            // A proxy with a limit on bodies may just cut the connection.
            in_chunks |= tried > 1;
        }
        (self.session.events)(Event::BlobDone { digest, size });
        Ok(())
    }

    fn asked(&self) -> String {
        format!("the upload of blob {} to '{}'", self.blob.digest, self.session.repository)
    }

    fn exists(&self) -> Result<bool, RegistryError> {
        let asked = format!("blob {} of '{}'", self.blob.digest, self.session.repository);
        let url = self.session.url(&format!("blobs/{}", self.blob.digest));
        let answer = self.session.send_patiently(&self.session.ask(Method::HEAD, url, &asked)?)?;
        match answer.status {
            200 => Ok(answer.length().is_none_or(|length| length == self.blob.size)),
            404 => Ok(false),
            _ => Err(self.session.refuse(answer, &asked)),
        }
    }

    /// One attempt; `Some` names the repository the blob was mounted from.
    fn attempt(&self, mount_from: Option<&str>, in_chunks: bool) -> Result<Option<String>, RegistryError> {
        let asked = self.asked();
        let mut url = self.session.url("blobs/uploads/");
        if let Some(from) = mount_from {
            let (digest, from) = (escape(&self.blob.digest.to_string()), escape(from));
            url = with_query(&url, &format!("mount={digest}&from={from}"));
        }
        let mut ask = self.session.ask(Method::POST, url, &asked)?;
        ask.payload = Payload::Bytes(b"");
        let answer = self.session.send(&ask)?;
        match (answer.status, mount_from) {
            (201, Some(from)) => return Ok(Some(from.to_string())),
            // 202 to a mount is "no, but upload it here" (distribution-spec, end-11).
            (202, _) => {}
            _ => return Err(self.session.refuse(answer, &asked)),
        }
        let chunk = minimal_chunk(&answer).max(CHUNK);
        let place = self.place(&answer)?;
        match in_chunks {
            false => self.put_whole(&place)?,
            true => self.put_chunks(place, chunk)?,
        }
        Ok(None)
    }

    /// The address the upload goes on at.
    fn place(&self, answer: &Answer) -> Result<Uri, RegistryError> {
        let location = answer.header(header::LOCATION).unwrap_or_default();
        if location.is_empty() {
            return Err(self.session.bad_answer(&self.asked(), "it opened an upload without a Location"));
        }
        resolve_location(&answer.url, location).map_err(|why| RegistryError::BadRedirect {
            host: self.session.host.clone(),
            asked: self.asked(),
            location: harmless(location, 200),
            why,
        })
    }

    /// PUT with the digest: the end of an upload, with the bytes that are still missing.
    fn put(&self, place: &Uri, payload: Payload, length: u64) -> Result<(), RegistryError> {
        let asked = self.asked();
        let digest = format!("digest={}", escape(&self.blob.digest.to_string()));
        let url = with_query(&place.to_string(), &digest);
        let mut ask = self.session.ask(Method::PUT, url, &asked)?;
        ask.headers.push((header::CONTENT_TYPE, "application/octet-stream".to_string()));
        if length > ANNOUNCED {
            ask.headers.push((header::EXPECT, "100-continue".to_string()));
        }
        ask.body_time = self.session.access.patience.body_time(length);
        ask.payload = payload;
        let answer = self.session.send(&ask)?;
        match answer.status {
            201 | 204 => Ok(()),
            _ => Err(self.session.refuse(answer, &asked)),
        }
    }

    fn put_whole(&self, place: &Uri) -> Result<(), RegistryError> {
        let (file, size) = (self.open()?, self.blob.size);
        let sent = self.progress();
        self.put(place, Payload::Part(Part { file: &file, at: 0, end: size, sent: &sent }), size)
    }

    fn put_chunks(&self, mut place: Uri, chunk: u64) -> Result<(), RegistryError> {
        let (file, asked) = (self.open()?, self.asked());
        let sent = self.progress();
        let mut at = 0;
        while at < self.blob.size {
            let end = self.blob.size.min(at.saturating_add(chunk));
            let mut ask = self.session.ask(Method::PATCH, place.to_string(), &asked)?;
            ask.headers.push((header::CONTENT_TYPE, "application/octet-stream".to_string()));
            ask.headers.push((header::CONTENT_RANGE, format!("{at}-{}", end - 1)));
            ask.body_time = self.session.access.patience.body_time(end - at);
            ask.payload = Payload::Part(Part { file: &file, at, end, sent: &sent });
            let answer = self.session.send(&ask)?;
            if !matches!(answer.status, 201 | 202 | 204) {
                return Err(self.session.refuse(answer, &asked));
            }
            place = self.place(&answer)?;
            at = end;
        }
        self.put(&place, Payload::Bytes(b""), 0)
    }

    /// The blob's file; a damaged store must not reach the registry.
    fn open(&self) -> Result<File, RegistryError> {
        let (file, size) = self.store.open_blob(&self.blob.digest)?;
        if size != self.blob.size {
            let path = self.store.blob_path(&self.blob.digest).unwrap_or_default();
            let why = format!("it has {size} bytes, its manifest says {}", self.blob.size);
            return Err(Error::Damaged { path, why }.into());
        }
        Ok(file)
    }

    /// Tells the position in the blob, not too often.
    fn progress(&self) -> impl Fn(u64) {
        let (digest, size) = (self.blob.digest, self.blob.size);
        let reported = Cell::new(0);
        move |done| {
            if done >= reported.get() + REPORT || (done == size && reported.get() < size) {
                reported.set(done);
                (self.session.events)(Event::BlobProgress { digest, done, size });
            }
        }
    }
}

/// `OCI-Chunk-Min-Length`: smaller chunks than this are refused.
fn minimal_chunk(answer: &Answer) -> u64 {
    answer.header("oci-chunk-min-length").and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// Answers to a whole blob that leave hope for a blob in parts: body too large, method unknown here,
/// length not accepted.
fn wants_chunks(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Refused { told, .. } if matches!(told.status, 405 | 411 | 413 | 501))
}

//! A file behind an http or https address: ADD, and build contexts that are downloaded.
//!
//! The bytes are kept in the store as a blob, and what the server said of them beside it, so that the
//! next build asks whether they changed instead of fetching them again; with a checksum nobody is asked.
//! What a server sends is hostile: its length is bounded, its time is bounded, redirects never lead from
//! https to http, and a login written in the address goes to no other host.

mod address;
mod date;
mod download;
mod error;
mod memory;
mod tree;

pub use address::FileAddress;
pub use download::{RemoteFile, SIZE_LIMIT};
pub use error::RemoteFileError;
pub use memory::{clear, roots};
pub use tree::FetchedFile;

use plimsoll_model::Digest;

/// A file as it was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// The blob in the store.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// `Last-Modified`, in seconds since 1970.
    pub modified: Option<i64>,
}

//! What happens during a pull or a push, as values; the roof decides how they look.

use std::time::Duration;

use plimsoll_model::{Digest, Platform};

/// A step of a pull or a push. Blob events may come from several threads, in any order between blobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The manifest is known; its blobs follow.
    Manifest {
        /// Its digest.
        digest: Digest,
        /// How many blobs it names.
        blobs: usize,
        /// Their sizes added up.
        bytes: u64,
    },
    /// A blob is there already, nothing is transferred.
    BlobExists {
        /// Which.
        digest: Digest,
        /// Its size.
        size: u64,
    },
    /// So much of a blob has been transferred. Not more often than every 256 KiB.
    BlobProgress {
        /// Which.
        digest: Digest,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        size: u64,
    },
    /// A blob was transferred and verified.
    BlobDone {
        /// Which.
        digest: Digest,
        /// Its size.
        size: u64,
    },
    /// The registry took the blob over from another of its repositories.
    BlobMounted {
        /// Which.
        digest: Digest,
        /// Its size.
        size: u64,
        /// That repository.
        from: String,
    },
    /// Something failed and is tried again.
    Retry {
        /// The sentence that would have been the error.
        why: String,
        /// After this pause.
        wait: Duration,
    },
    /// The image is not for the platform asked for.
    OtherPlatform {
        /// What was asked for.
        wanted: Platform,
        /// What the image says of itself.
        found: Platform,
    },
    /// The manifest was accepted; the image is in the registry.
    Pushed {
        /// Its digest.
        digest: Digest,
    },
}

/// Where events go. Called from several threads.
pub(crate) type Events<'a> = &'a (dyn Fn(Event) + Sync);

/// Bytes between two progress events of one blob.
pub(super) const REPORT: u64 = 256 * 1024;

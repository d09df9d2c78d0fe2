//! The public OSV bucket's archives: `all.zip` with one `ID.json` a record, alone or below a folder
//! an ecosystem. A hostile archive costs bounded time and memory.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::AdvisoryRecords;

/// The largest record seen is 94 kB.
const RECORD_LIMIT: u64 = 8 << 20;
/// An ecosystem's archive inside an archive.
const ARCHIVE_LIMIT: u64 = 1 << 30;
/// All records of one archive together, inflated.
const TOTAL_LIMIT: u64 = 4 << 30;

/// The records of one ecosystem, still unread.
#[derive(Debug, Clone)]
pub enum AdvisoryFolder<'a> {
    /// The bytes of an `all.zip`.
    Zip(Cow<'a, [u8]>),
    /// The bytes of each `*.json`.
    Json(Vec<Vec<u8>>),
}

/// Why an archive cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenArchive {
    /// No zip, or a damaged one.
    #[error("the archive is damaged or no zip ({why})")]
    Zip {
        /// The reader's reason.
        why: String,
    },
    /// Too large when unpacked.
    #[error("the archive holds more than {limit} bytes when unpacked")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The storage failed.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// The reason.
        why: String,
    },
}

impl From<zip::result::ZipError> for BrokenArchive {
    fn from(error: zip::result::ZipError) -> Self {
        BrokenArchive::Zip { why: error.to_string() }
    }
}

impl AdvisoryFolder<'_> {
    pub(super) fn for_each(&self, mut take: impl FnMut(&[u8])) -> Result<(), BrokenArchive> {
        match self {
            AdvisoryFolder::Zip(bytes) => for_each_in_zip(bytes, take),
            AdvisoryFolder::Json(records) => {
                records.iter().for_each(|record| take(record));
                Ok(())
            }
        }
    }
}

/// Records too large to be one are handed on cut off, and so counted as broken.
fn for_each_in_zip(bytes: &[u8], mut take: impl FnMut(&[u8])) -> Result<(), BrokenArchive> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut record = Vec::new();
    let mut total: u64 = 0;
    for number in 0..archive.len() {
        let mut file = archive.by_index(number)?;
        if !file.name_raw().ends_with(b".json") {
            continue;
        }
        record.clear();
        let read = file.by_ref().take(RECORD_LIMIT).read_to_end(&mut record);
        read.map_err(|error| BrokenArchive::Zip { why: error.to_string() })?;
        total = total.saturating_add(record.len() as u64);
        if total > TOTAL_LIMIT {
            return Err(BrokenArchive::TooLarge { limit: TOTAL_LIMIT });
        }
        take(&record);
    }
    Ok(())
}

/// One zip file as a whole data base: either folders `ECOSYSTEM/all.zip` or `ECOSYSTEM/ID.json`, or
/// an ecosystem's own `all.zip`, whose records say themselves what they are for.
#[derive(Debug, Clone)]
pub struct AdvisoryArchive(Vec<u8>);

impl AdvisoryArchive {
    /// Take the bytes of a zip file.
    pub fn new(bytes: Vec<u8>) -> Result<Self, BrokenArchive> {
        ZipArchive::new(Cursor::new(bytes.as_slice()))?;
        Ok(AdvisoryArchive(bytes))
    }
}

impl AdvisoryRecords for AdvisoryArchive {
    fn folder(&self, ecosystem: &str) -> Result<Option<AdvisoryFolder<'_>>, BrokenArchive> {
        let mut archive = ZipArchive::new(Cursor::new(self.0.as_slice()))?;
        let Some(number) = archive.index_for_name(&format!("{ecosystem}/all.zip")) else {
            return Ok(Some(AdvisoryFolder::Zip(Cow::Borrowed(&self.0))));
        };
        let mut bytes = Vec::new();
        let read = archive.by_index(number)?.take(ARCHIVE_LIMIT + 1).read_to_end(&mut bytes);
        read.map_err(|error| BrokenArchive::Zip { why: error.to_string() })?;
        if bytes.len() as u64 > ARCHIVE_LIMIT {
            return Err(BrokenArchive::TooLarge { limit: ARCHIVE_LIMIT });
        }
        Ok(Some(AdvisoryFolder::Zip(Cow::Owned(bytes))))
    }
}

//! What can go wrong with images, one sentence each: what happened, where, why, what to do.

use std::io;
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;

/// The result of everything that touches the store, a layer, an archive or the context.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk or a quota is full.
    #[error("no space left to write {}: free some space, or keep the store elsewhere with PLIMSOLL_ROOT", .path.display())]
    NoSpace {
        /// What was being written.
        path: PathBuf,
    },
    /// A file of the host could not be used.
    #[error("cannot {doing} {}: {}", .path.display(), reason(.source))]
    File {
        /// The verb: "read", "create", "open" ...
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store's directory belongs to somebody else.
    #[error("the store {} belongs to user {owner}, not to user {us}: choose another one with PLIMSOLL_ROOT", .path.display())]
    ForeignStore {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// The store's directory is ours, but not ours alone.
    #[error(
        "other users may write to {}, so it cannot be the store: choose another directory with PLIMSOLL_ROOT, \
         or close this one with chmod go-w", .path.display()
    )]
    StoreOpenToOthers {
        /// The directory.
        path: PathBuf,
    },
    /// A file of the store is not what we wrote.
    #[error("{} of the store is damaged ({why}); remove it and pull or build again", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The bytes are not those of the digest.
    #[error(
        "{what} has the digest {found}, but {expected} was promised: it was changed or cut on its way; fetch it again"
    )]
    WrongDigest {
        /// What was read.
        what: String,
        /// What was promised.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// More or fewer bytes than promised.
    #[error(
        "{what} has {found} bytes, but {expected} were promised: it was changed or cut on its way; fetch it again"
    )]
    WrongSize {
        /// What was read.
        what: String,
        /// What was promised.
        expected: u64,
        /// What came (or how much had come when we stopped).
        found: u64,
    },
    /// The stream a blob is made of failed.
    #[error("{what} could not be read to its end: {why}")]
    BrokenStream {
        /// What was read.
        what: String,
        /// The reason.
        why: String,
    },
    /// A blob that should be there is not.
    #[error("blob {digest} is not in the store {}: pull or build the image again", .store.display())]
    MissingBlob {
        /// Which.
        digest: Digest,
        /// Where it was looked for.
        store: PathBuf,
    },
    /// Larger than the reader allows.
    #[error("{what} is larger than {limit} bytes, which is more than such a thing may have")]
    TooLarge {
        /// What.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// No image of that name or id.
    #[error("no image '{name}' in the store{}", did_you_mean(.nearest))]
    NoSuchImage {
        /// What was asked for.
        name: String,
        /// A similar name in the store.
        nearest: Option<String>,
    },
    /// An id prefix that several images have.
    #[error("'{name}' is the beginning of several image ids ({}): write more of it", .ids.join(", "))]
    AmbiguousImage {
        /// What was asked for.
        name: String,
        /// Short ids of those that fit.
        ids: Vec<String>,
    },
    /// A text that is neither reference nor id.
    #[error(transparent)]
    BadReference(#[from] plimsoll_model::reference::BadReference),
    /// A container uses the image.
    #[error("image '{name}' is used by {user}: remove that first, or force it")]
    InUse {
        /// The image.
        name: String,
        /// What uses it.
        user: String,
    },
    /// A manifest or configuration that cannot be understood.
    #[error("{what} cannot be used: {why}")]
    BadImage {
        /// What it was.
        what: String,
        /// Why.
        why: String,
    },
    /// A layer that must not be unpacked or cannot be understood.
    #[error("{layer} is refused: entry '{entry}' {why}")]
    HostileEntry {
        /// The layer or archive.
        layer: String,
        /// The entry's name, shortened.
        entry: String,
        /// The rule it breaks.
        why: String,
    },
    /// A layer or archive as a whole is refused.
    #[error("{what} is refused: {why}")]
    Refused {
        /// The layer or archive.
        what: String,
        /// Why.
        why: String,
    },
    /// A path of an image or a context.
    #[error("{path} {why}")]
    Path {
        /// The path as in the image or context.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!("; did you mean '{name}'?"),
        None => String::new(),
    }
}

/// The kernel's reason in words.
pub fn reason(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => "it does not exist".to_string(),
        Kind::PermissionDenied => "permission denied".to_string(),
        Kind::AlreadyExists => "it exists already".to_string(),
        Kind::NotADirectory => "a part of the path is not a directory".to_string(),
        Kind::IsADirectory => "it is a directory".to_string(),
        Kind::ReadOnlyFilesystem => "the file system is read-only".to_string(),
        Kind::UnexpectedEof => "it ends too early".to_string(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
    }
}

impl Error {
    /// An error of a file of the host, a full disk told apart.
    pub fn file(doing: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::NoSpace { path },
            _ => Error::File { doing, path, source },
        }
    }

    pub(crate) fn link_loop(path: &[u8]) -> Self {
        Error::path(path, "goes through too many symbolic links")
    }

    pub(crate) fn path(path: &[u8], why: impl Into<String>) -> Self {
        Error::Path { path: crate::path::display(path), why: why.into() }
    }
}

/// Name the file and the verb where an `io::Result` comes up.
pub(crate) trait AtFile<T> {
    /// Turn the error into one that says what was done to which file.
    fn at(self, doing: &'static str, path: impl AsRef<Path>) -> Result<T>;
}

impl<T, E: Into<io::Error>> AtFile<T> for std::result::Result<T, E> {
    fn at(self, doing: &'static str, path: impl AsRef<Path>) -> Result<T> {
        self.map_err(|error| Error::file(doing, path, error.into()))
    }
}

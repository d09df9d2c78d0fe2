//! The paths a run wrote.

/// A path written, as left in the writable layer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrittenPath {
    /// Absolute path.
    pub path: String,
    /// Bytes of a file, 0 for others.
    pub bytes: u64,
    /// Directory, file, deleted...
    pub what: Written,
}

/// What was done at a written path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Written {
    /// A new or changed file.
    File,
    /// A new directory.
    Directory,
    /// A link, fifo, socket.
    Other,
    /// Removed from the image's files.
    Deleted,
}

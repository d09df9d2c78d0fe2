//! What a container wrote to stdout and stderr, kept as lines of the kubelet's log format.

mod files;
mod format;
mod reader;
mod writer;

pub(crate) use files::LogFiles;
pub use reader::LogOptions;
pub(crate) use writer::LogWriter;

/// Which of the two outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Standard output; everything a terminal shows.
    Stdout,
    /// Standard error.
    Stderr,
}

//! The files of an image as one tree, its layers laid over each other: a tar stream or a directory.

mod directory;
mod placement;
mod tar;

pub use directory::write_directory;
pub use placement::{Staging, place};
pub use tar::write_tar;

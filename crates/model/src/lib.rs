//! The nouns of plimsoll: plain values every other crate speaks in.
//!
//! Nothing here touches the world: no files, no environment, no clock, no printing.
#![warn(missing_docs)]

pub mod because;
pub mod diagnostic;
pub mod digest;
pub mod file_tree;
pub mod go_text;
pub mod head_comment;
pub mod image_config;
pub mod launch;
pub mod manifest;
pub mod platform;
pub mod port;
pub mod quantity;
pub mod reference;
pub mod signal;
pub mod source;
pub mod user;

pub use because::{Because, Reasoned};
pub use diagnostic::{Certainty, Diagnostic, Edit, Fix, Label, Severity};
pub use digest::Digest;
pub use file_tree::{EntryKind, FileTree, MemoryTree, TreeEntry, TreeError};
pub use image_config::{Healthcheck, HealthcheckTest, HistoryEntry, ImageConfig};
pub use launch::{LaunchSpec, Network, ProcessUser, UserModeProgram};
pub use platform::Platform;
pub use port::{PortSpec, Protocol};
pub use reference::Reference;
pub use signal::Signal;
pub use source::{Source, Span};
pub use user::UserSpec;

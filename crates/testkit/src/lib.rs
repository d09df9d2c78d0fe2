//! What tests share: a hermetic store, images of known content, tiny root file systems, and a registry
//! in the same process that misbehaves on demand.
//!
//! For tests only, so failures of the test machine itself (no temporary directory, no socket) are
//! panics with the reason.

pub mod argv_table;
pub mod corpus;
pub mod files;
pub mod image;
pub mod registry;
pub mod rootfs;
pub mod skip;
pub mod store;
pub mod tls;

pub use corpus::{Corpus, corpus};
pub use files::{FileServer, Served};
pub use registry::{Auth, Fault, TestRegistry};
pub use skip::{program, skip};
pub use store::{TestStore, store};
pub use tls::{ConnectProxy, TlsFront};

//! Registry v2: pull and push.
//!
//! Source of the rules: OCI distribution-spec v1.1, and for logins Docker's token specification
//! (`distribution/docs/spec/auth/token.md`, `oauth.md`). Blocking threads, no async runtime: an
//! image has a handful of blobs, and three connections fill any line.
//!
//! What a registry sends is hostile until its digest proves otherwise: every length is bounded, every
//! retry is counted, nothing reaches the store under a name before its bytes were verified.

mod access;
pub(crate) mod address;
mod challenge;
mod credentials;
mod dns;
mod download;
mod error;
mod event;
mod manifest;
mod patience;
mod pull;
mod push;
mod resolver;

mod session;
mod tags;
mod token;
pub(crate) mod transport;
mod trust;
mod upload;

pub(crate) use access::without_password;
pub use access::{Access, ProxySettings};
pub use credentials::{AskHelper, BadDockerConfig, Credentials, Login};
pub(crate) use error::harmless;
pub use error::{RegistryError, Told};
pub use event::Event;
pub use patience::Patience;
pub use pull::{Pulled, fetch, listed_digest, pull};
pub use push::push;
pub(crate) use session::basic;
pub use trust::Trust;

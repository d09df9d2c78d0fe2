//! Dockerfile to build graph to image, with cache.
//!
//! [`plan`] decides what has to be built (pure), [`execute`] carries it out step by step, asking the
//! step cache first. What a stage's instructions do to the configuration is the contract crate's
//! [`plimsoll_contract::stage::StageState`]: prediction and build share it.

pub mod attestation;
pub mod cache_image;
pub mod cache_mounts;
mod cancel;
pub mod copy;
pub mod error;
pub mod event;
pub mod execute;
pub mod failed_step;
mod files_from;
pub mod foreign;
mod frontend;
pub mod key;
pub mod named_context;
mod owners;
mod place;
pub mod plan;
pub mod provenance;
pub mod pruning;
pub mod reproducible;
pub mod request;
pub mod run;
mod schedule;
mod stage;
pub mod step_cache;
mod why;

pub use error::BuildError;
pub use event::{Event, StepId};
pub use execute::{Built, Keys, UsedImage, build, check};
pub use foreign::Runnable;
pub use named_context::{NamedContext, NamedContexts};
pub use request::{CachePolicy, Reach, Request};
pub use run::RunSettings;
